"""The program as it is, by plain Python: what the time of tools that take a script is taken over."""

import subprocess
import sys

from adapters import Script


def examine(script: Script) -> None:
    command = [sys.executable, script.program]
    script.output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
