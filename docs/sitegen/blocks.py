"""The parts of README and docs that the code gives, between `<!-- begin: NAME -->` and `<!-- end: NAME -->`.

`of(NAME, language)` makes a part; `renewed(text, language)` is a page with all of its parts as they are today. What a
run printed counts as unchanged where only its numbers differ, and keeps its seconds and its date in any case: they are
never the same.
"""

from __future__ import annotations

import ast
import atexit
import inspect
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from headstart import settings
from headstart.diagnosis.explain import GROUPS
from headstart.diagnosis.rules import Rule, catalogue, find
from headstart.diagnosis.text import Language
from sitegen import claims
from sitegen.markdown import fenced, table
from sitegen.words import SPEAKS, WORDS

BLOCK = re.compile(r"<!-- begin: (?P<name>.+?) -->\n(?P<body>.*?)<!-- end: (?P=name) -->", re.DOTALL)
NUMBER = re.compile(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?")
TIMES = (re.compile(r"(?<=· )\d+\.\d(?= s ·)"), re.compile(r"\d{8}-\d{6}"))
SAMPLE = "symmetric-weights"  # the rule whose Example is the script of the samples
PRINTED = ("terminal", "json", "github")  # by a run


def renewed(text: str, language: Language) -> str:
    """Raises KeyError for a block that nobody makes."""

    def new(block: re.Match[str]) -> str:
        name, body = block["name"], of(block["name"], language)
        if name in PRINTED:
            if _masked(body) == _masked(block["body"]):
                return block[0]
            body = _with_times(body, block["body"])
        return f"<!-- begin: {name} -->\n{body}<!-- end: {name} -->"

    return BLOCK.sub(new, text)


def of(name: str, language: Language) -> str:
    kind, _, argument = name.partition(" ")
    return MAKERS[kind](language, *([argument] if argument else []))


def _with_times(new: str, old: str) -> str:
    """`new` with the seconds and the dates of `old`, where it has any."""
    for form in TIMES:
        if kept := form.search(old):
            new = form.sub(kept[0], new)
    return new


def _masked(text: str) -> str:
    return NUMBER.sub("#", text)


def _rules(language: Language) -> str:
    """A row for each group that has rules."""
    comma = "、" if language == "zh" else ", "
    heads = [WORDS.say(language, name) for name in ("rule", "speaks when")]
    rows = [
        (
            comma.join(_named(rule, language) for rule in catalogue() if rule.group == group),
            SPEAKS.say(language, group),
        )
        for group in GROUPS
        if any(rule.group == group for rule in catalogue())
    ]
    return table(heads, rows)


def _named(rule: Rule, language: Language) -> str:
    return WORDS.say(language, "on request", rule=rule.name) if rule.on_request else rule.name


def _lab(language: Language) -> str:
    return claims.verdicts(language, folder="claims/")


def _example(language: Language, rule: str) -> str:
    return fenced("python", find(rule).page.code("Example"))


def _terminal(language: Language) -> str:
    told, _ = _run(language)
    return fenced("", f"$ headstart run train.py\n{told}")


def _json(language: Language) -> str:
    return fenced("json", _judged("--json", "-", "--select", "init,signal,batchnorm-small-batch"))


def _github(language: Language) -> str:
    return fenced("", _judged("--format", "github"))


def _settings(language: Language) -> str:
    """The sample in the docstring of the module that reads them."""
    docstring = ast.get_docstring(ast.parse(inspect.getsource(settings))) or ""
    return fenced("toml", docstring.partition("\n\n")[2].strip())


@cache
def _run(language: Language) -> tuple[str, Path]:
    """What a run of the sample prints in `language`, and the folder with its record."""
    folder = Path(tempfile.mkdtemp(prefix="headstart-sample-"))
    atexit.register(shutil.rmtree, folder)
    (folder / "train.py").write_text(find(SAMPLE).page.code("Example"), encoding="utf-8")
    return _headstart(folder, "run", "--lang", language, "train.py").stderr.strip(), folder


def _judged(*options: str) -> str:
    _, folder = _run("en")
    return _headstart(folder, "report", "--lang", "en", *options).stdout


def _headstart(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "headstart", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)


MAKERS: dict[str, Callable[..., str]] = {
    "rules": _rules,
    "lab": _lab,
    "example": _example,
    "terminal": _terminal,
    "json": _json,
    "github": _github,
    "settings": _settings,
}
