"""Right of the record neither torch nor NumPy is imported: a verdict takes milliseconds and any machine."""

from __future__ import annotations

import subprocess
import sys

import pytest

RIGHT = """
errors findings wording record diagnosis diagnosis.explain diagnosis.rules diagnosis.skill report report.terminal
report.json report.html runner cli commands
""".split()

PROGRAM = """
import importlib, sys
importlib.import_module("headstart.{module}")
if "{module}" == "diagnosis.rules":
    from headstart.diagnosis.rules import catalogue
    assert len(catalogue()) >= 10
print(sorted({{"torch", "numpy"}} & set(sys.modules)))
"""


@pytest.mark.parametrize("module", RIGHT)
def test_a_module_right_of_the_record_imports_neither_torch_nor_numpy(module):
    program = PROGRAM.format(module=module)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.stdout == "[]\n", ran.stdout + ran.stderr
