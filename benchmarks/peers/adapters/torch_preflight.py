import json
import subprocess
import sys
from pathlib import Path

from adapters import Script

LINES = ""

CAUSES = {
    "TG003": {"missing-zero-grad"},
    "TG005": {"softmax-before-cross-entropy"},
    "TG006": {"sigmoid-before-bce-with-logits"},
    "TG011": {"trained-in-eval-mode"},
    "TG014": {"accumulation-not-averaged"},
}
SPEED = {"TG004", "TG007", "TG010", "TG013"}  # hints about speed and memory: no faults
SEVERITY = {"note": "advice", "warning": "warning", "error": "error"}


def examine(script: Script) -> None:
    command = [Path(sys.executable).with_name("torch-preflight"), "check", "--format", "json", script.program]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    for finding in json.loads(told)["diagnostics"]:
        if finding["code"] not in SPEED:
            script.note(finding["code"], SEVERITY[finding["severity"]])
