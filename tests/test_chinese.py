"""The HTML report in 简体中文: nothing of it is left in English, nothing is translated that nobody says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import headstart
from headstart.report.chinese import CHINESE
from headstart.report.maps import _SHARES
from headstart.report.phrases import PHRASES
from headstart.report.proof import TITLES

ROOT = Path(headstart.__file__).parent
PAGE = sorted((ROOT / "report").glob("*.py"))
JUDGES = sorted((ROOT / "diagnosis").rglob("*.py"))
# Said through a name: tables of names, verdicts and facts of the run.
INDIRECT = {
    *TITLES.values(),
    *_SHARES.values(),
    *("failing", "error", "warning", "advice", "healthy", "nothing to judge", "training", "evaluation"),
    *("script", "threads", "device", "seed", "rank", "world size", "pid", "world size"),
    *("Standard deviation of the activations", "Standard deviation of the gradients"),
    *("Table of ledger", "Table of layer-table"),
    "Made by headstart {version}. This page holds all it needs and sends nothing anywhere.",
}


def _first_arguments(files: list[Path], function: str) -> Iterator[str]:
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function:
                yield from (str(argument.value) for argument in node.args[:1] if isinstance(argument, ast.Constant))


PHRASES_OF_THE_PAGE = sorted({*_first_arguments(PAGE, "tr"), *INDIRECT})
NAMED_IN_PARTS = {"batchnorm_stale_statistics.py"}  # "weight of the start", "weight of the latest"
FIGURES = sorted({figure.replace("_", " ").replace(".", " ") for figure in _first_arguments(JUDGES, "Evidence")})


@pytest.mark.parametrize("english", PHRASES_OF_THE_PAGE)
def test_every_phrase_of_the_page_is_translated(english: str) -> None:
    assert english in CHINESE


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_that_a_rule_shows_has_a_chinese_name(figure: str) -> None:
    assert figure in CHINESE


def test_no_figure_s_name_is_computed() -> None:
    """For what the tests above do not see, they do not ask a translation of."""
    computed = {
        file.name
        for file in JUDGES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Evidence"
        if not isinstance(node.args[0], ast.Constant)
    }
    assert computed <= NAMED_IN_PARTS


def test_no_translation_is_left_over() -> None:
    assert not set(CHINESE) - {*PHRASES_OF_THE_PAGE, *FIGURES, *_computed()}


def _computed() -> set[str]:
    """Figures whose names are made of parts."""
    return {name for name in CHINESE if name.startswith("weight of the ")}


@pytest.mark.parametrize("english", sorted(CHINESE))
def test_a_translation_has_the_same_fields(english: str) -> None:
    assert _fields(CHINESE[english]) == _fields(english)


def _fields(text: str) -> set[str]:
    return {f"{name}:{form}" for _, name, form, _ in Formatter().parse(text) if name}


def test_the_page_says_no_word_twice() -> None:
    """What the terminal says as well is in phrases.py alone."""
    twice = set(PHRASES.en.values()) & {e for e in CHINESE if not re.search(r"[{ ]", e)}
    assert {e for e in twice if CHINESE[e] != _of_the_terminal(e)} == set()


def _of_the_terminal(english: str) -> str:
    key = next(key for key, text in PHRASES.en.items() if text == english)
    return PHRASES.zh[key]
