"""Each notebook runs from top to bottom in any folder, was saved with its outputs, and is what its text beside it says."""

from __future__ import annotations

from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("[0-9]*.ipynb"))
ENGLISH = [name for name in NOTEBOOKS if not name.startswith("zh/")]
PRINTS = {  # what a reader was told to see, with the tests' quick setting as well
    "01_mnist_baseline": ("healthy, skill 0.9", "symmetric-weights |"),
    "02_initialization": ("different units: 1 of 8", "hs.initialize      loss"),
    "03_preprocessing": ("whitened, 50 components  condition number of the 50 largest:     1.00", "whitened, all"),
    "04_batchnorm": ("same as torch: True", "recalibrated", "largest difference of the logits"),
    "05_activations": ("ReLU                  1.4142", "slope 0.01:"),
    "06_diagnose_and_fix": (
        "softmax-before-cross-entropy",
        "parameters-not-in-optimizer",
        "missing-zero-grad",
        "inputs-not-standardized",
        "weights-too-large",
        "verdict: healthy",
    ),
    "07_next_steps": ("OneCycle", "batch of   2"),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # the kernel's own
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs(name, tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSTART_QUICK", "1")
    notebook = nbformat.read(ROOT / name, 4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    for expected in PRINTS[Path(name).stem]:
        assert expected in printed_by(notebook)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_was_saved_executed_with_plots_and_without_warnings(name):
    notebook = nbformat.read(ROOT / name, 4)
    assert [cell.execution_count for cell in code_of(notebook)] == list(range(1, len(code_of(notebook)) + 1))
    outputs = [output for cell in code_of(notebook) for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not [output.text for output in outputs if output.get("name") == "stderr"]
    for expected in PRINTS[Path(name).stem]:
        assert expected in printed_by(notebook)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_its_text(name):
    text = jupytext.read((ROOT / name).with_suffix(".py"))
    notebook = nbformat.read(ROOT / name, 4)
    assert [(c.cell_type, c.source) for c in text.cells] == [(c.cell_type, c.source) for c in notebook.cells]


def test_every_text_has_its_notebook():
    texts = sorted(path.relative_to(ROOT).with_suffix(".ipynb").as_posix() for path in ROOT.rglob("[0-9]*.py"))
    assert texts == NOTEBOOKS


@pytest.mark.parametrize("name", ENGLISH)
def test_both_languages_hold_the_same_code_in_the_same_order(name):
    english, chinese = nbformat.read(ROOT / name, 4), nbformat.read(ROOT / "zh" / name, 4)
    assert [c.cell_type for c in english.cells] == [c.cell_type for c in chinese.cells]
    translated = [c.source.replace('LANGUAGE = "zh"', 'LANGUAGE = "en"') for c in code_of(chinese)]
    assert [c.source for c in code_of(english)] == translated


@pytest.mark.parametrize("name", ENGLISH)
def test_a_question_stands_before_the_results(name):
    questions = [c for c in nbformat.read(ROOT / name, 4).cells if c.cell_type == "markdown" and "?" in c.source]
    assert len(questions) >= 4


@pytest.mark.parametrize("folder", ["", "zh"])
def test_the_readme_lists_each_notebook(folder):
    page = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    for name in ENGLISH:
        assert f"]({name})" in page


def code_of(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed_by(notebook):
    return "".join(output.get("text", "") for cell in code_of(notebook) for output in cell.outputs)
