"""`headstart notebooks`, as people type it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from headstart.cli import app
from headstart.commands import notebooks
from headstart.errors import HeadstartError

ROOT = Path(__file__).parents[1]
NAMES = sorted(path.name for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
find_spec = importlib.util.find_spec


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C")


def has_jupyter(monkeypatch: pytest.MonkeyPatch, *, installed: bool) -> None:
    def found(name: str, *given: object) -> object:
        return (object() if installed else None) if name == "notebook" else find_spec(name, *given)

    monkeypatch.setattr(importlib.util, "find_spec", found)


def run(*arguments: str) -> list[str]:
    result = CliRunner().invoke(app, ["notebooks", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout.splitlines()


def test_all_notebooks_come_into_the_current_folder() -> None:
    said = run()
    assert sorted(path.name for path in Path().iterdir()) == NAMES
    assert [line for line in said if line.startswith("copied")] == [f"copied    {name}" for name in NAMES]
    for name in NAMES:
        assert Path(name).read_bytes() == (ROOT / "notebooks" / name).read_bytes()


@pytest.mark.parametrize("option", [["--lang", "zh"], []])
def test_in_chinese_on_request_or_by_the_locale(option: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    if not option:
        monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    run("lessons/new", *option)
    for name in NAMES:
        assert nbformat.read(Path("lessons/new") / name, 4) == nbformat.read(ROOT / "notebooks" / "zh" / name, 4)


def test_a_notebook_that_is_there_is_kept() -> None:
    Path(NAMES[2]).write_text("mine", encoding="utf-8")
    said = run()
    assert f"kept      {NAMES[2]}" in said
    assert Path(NAMES[2]).read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in Path().iterdir()) == NAMES


def test_the_last_line_is_the_next_command(monkeypatch: pytest.MonkeyPatch) -> None:
    has_jupyter(monkeypatch, installed=True)
    assert run("lessons")[-1] == f"next      jupyter notebook {Path('lessons') / NAMES[0]}"
    has_jupyter(monkeypatch, installed=False)
    assert run()[-1] == f"next      pip install jupyter matplotlib && jupyter notebook {NAMES[0]}"


@pytest.mark.parametrize(("option", "opens"), [([], True), (["--no-open"], False)])
def test_jupyter_is_opened_at_a_terminal(option: list[str], opens: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    has_jupyter(monkeypatch, installed=True)
    commands: list[list[str]] = []
    monkeypatch.setattr(subprocess, "call", lambda command: commands.append(command) or 0)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    if opens:
        with pytest.raises(notebooks.typer.Exit) as ended:
            notebooks.notebooks(Path("lessons"))
        assert ended.value.exit_code == 0
    else:
        notebooks.notebooks(Path("lessons"), no_open=True)
    assert commands == ([[sys.executable, "-m", "notebook", str(Path("lessons") / NAMES[0])]] if opens else [])


def test_a_folder_that_cannot_be_made_is_named() -> None:
    Path("file").write_text("", encoding="utf-8")
    with pytest.raises(HeadstartError, match="file cannot be written"):
        notebooks.notebooks(Path("file"))


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(HeadstartError, match="'de'"):
        notebooks.notebooks(Path(), lang="de")


def test_an_installation_without_notebooks_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import headstart

    monkeypatch.setattr(headstart, "__file__", str(tmp_path / "src" / "headstart" / "__init__.py"))
    with pytest.raises(HeadstartError, match="no notebooks"):
        notebooks.notebooks()


@pytest.mark.slow
def test_a_wheel_holds_the_notebooks_in_both_languages(tmp_path: Path) -> None:
    hatchling = pytest.importorskip("hatchling.builders.wheel")
    (built,) = hatchling.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    held = zipfile.ZipFile(built).namelist()
    for folder in ("", "zh/"):
        assert [name for name in NAMES if f"headstart/notebooks/{folder}{name}" not in held] == []
