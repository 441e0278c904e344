"""Makes notebooks from their text and runs them: `python notebooks/build.py` for all, or name some: `02 zh/05`.

The .py file beside each notebook is its source (Jupytext's percent format); the .ipynb adds outputs and plots.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parent


def main(names: list[str]) -> None:
    for source in sorted([*ROOT.glob("[0-9]*.py"), *ROOT.glob("zh/[0-9]*.py")]):
        name = source.relative_to(ROOT).as_posix()
        if not names or any(name.startswith(wanted) for wanted in names):
            start = time.monotonic()
            build(source)
            print(f"{name}  {time.monotonic() - start:.0f} s")


def build(source: Path) -> None:
    notebook = jupytext.read(source)
    notebook.metadata.pop("jupytext", None)  # the text is a plain .py file, whoever edits it
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    with tempfile.TemporaryDirectory() as folder:  # records go to .headstart/ of the folder where it runs
        client = NotebookClient(notebook, timeout=600, record_timing=False, resources={"metadata": {"path": folder}})
        client.execute()
    notebook.metadata.language_info.pop("version")
    notebook.nbformat_minor = 5
    nbformat.write(notebook, source.with_suffix(".ipynb"))


if __name__ == "__main__":
    main(sys.argv[1:])
