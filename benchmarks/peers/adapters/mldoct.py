import subprocess
import sys
from pathlib import Path

from mldoctor.linter import lint_script

from adapters import Script

LINES = ""  # mldoctor check train.py, mldoctor watch train.py

CAUSES = {
    "missing_zero_grad": {"missing-zero-grad"},
    "double_softmax": {"softmax-before-cross-entropy"},
    "missing_eval": {"evaluated-in-training-mode"},
    "nan": {"not-finite"},
    "loss exploded": {"learning-rate-too-high", "gradients-explode"},
}
SPEED = {"cpu_bottleneck", "oom_leak"}  # hints about speed and memory: no faults
SEVERITY = {"INFO": "advice", "WARNING": "warning", "ERROR": "error", "CRITICAL": "error"}
ALERTS = {"CRITICAL INSTABILITY": "nan", "Loss value exploded": "loss exploded", "EARLY STOPPING": "stopped early"}


def examine(script: Script) -> None:
    for finding in lint_script(str(script.program))[0]:
        if finding["type"] not in SPEED:
            script.note(finding["type"], SEVERITY[finding["severity"]])
    command = [Path(sys.executable).with_name("mldoctor"), "watch", script.program]
    script.output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    for words, name in ALERTS.items():
        if words in script.output:
            script.note(name, "error")
