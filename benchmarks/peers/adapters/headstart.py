import json
import subprocess
import sys

from adapters import Script

LINES = ""  # headstart run train.py

CAUSES: dict[str, set[str]] = {}  # its rules are those that programs are judged by


def examine(script: Script) -> None:
    told = script.folder / "found.json"
    command = [sys.executable, "-m", "headstart", "run", "--quiet", "--json", told, script.program]
    script.output = subprocess.run(command, cwd=script.folder, capture_output=True, text=True, check=False).stdout
    for finding in json.loads(told.read_text(encoding="utf-8"))["findings"]:
        script.note(finding["rule"], finding["severity"])
