"""Each notebook runs from top to bottom, in a folder of its own, and was saved with its outputs."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # the kernel's own
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs(name, tmp_path):
    notebook = nbformat.read(ROOT / name, 4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(o.get("text", "") for cell in notebook.cells for o in cell.get("outputs", []))
    assert "healthy, skill 0.9" in printed
    assert "symmetric-weights |" in printed


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_was_saved_executed(name):
    cells = [cell for cell in nbformat.read(ROOT / name, 4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


def test_both_languages_hold_the_same_code():
    for name in NOTEBOOKS:
        if not name.startswith("zh/"):
            mine, theirs = (
                [c.source for c in nbformat.read(ROOT / n, 4).cells if c.cell_type == "code"]
                for n in (name, f"zh/{name}")
            )
            assert mine == theirs
