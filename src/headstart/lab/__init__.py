"""The textbook's claims, each one file and one experiment; found by name.

A file whose name begins with a group's is a claim. Its module is its page (docstring), its facts (the constants below)
and one function of the file's name, which measures one point of the experiment for one seed:

    TEXT = Text(en={"sentence": ..., "x": ..., ...}, zh={...})  # names of series, figures and parts as well
    SERIES = ("zero", "drawn")       # what is compared: a line of the plot each
    X = ("relu", "tanh", "sigmoid")  # where it is compared: the plot's axis
    FIGURES = ("accuracy", "copies") # what is measured; the plot shows the first at first
    PARTS = (Part("chance", lambda at: at("accuracy", "zero", "relu"), below=0.2),)  # when the sentence holds

    def init_zero(point: Point) -> dict[str, float]: ...

One that gives `Traced`, its figures with the curve of its training, says in CURVES = Text(...) what the curves show, and
names the panel of each place.

torch is imported inside the functions: `headstart lab --list` does without. Adding a claim touches one new file; the page's
Chinese text is a file of the same name in zh/.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from headstart.diagnosis.page import unwrapped
from headstart.diagnosis.text import Text
from headstart.errors import HeadstartError
from headstart.lab.claim import Claim

GROUPS = (
    "init",
    "data",
    "norm",
    "activation",
    "optimizer",
    "faq",
    "next",
)  # in the order in which the textbook has them


@lru_cache(maxsize=1)
def catalogue() -> tuple[Claim, ...]:
    """All claims, by group and name."""
    files = sorted(found.name for found in pkgutil.iter_modules(__path__))
    return tuple(_claim(group, file) for group in GROUPS for file in files if file.startswith(f"{group}_"))


def find(names: Sequence[str]) -> tuple[Claim, ...]:
    """The claims called so, a group's name standing for all of it; all, if none is named.

    Raises HeadstartError with the nearest match if a name is unknown.
    """
    if not names:
        return catalogue()
    for name in names:
        _check(name)
    return tuple(claim for claim in catalogue() if claim.name in names or claim.group in names)


def _check(name: str) -> None:
    known = [*GROUPS, *(claim.name for claim in catalogue())]
    if name not in known:
        near = difflib.get_close_matches(name, known, 1, 0.4)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise HeadstartError(f"There is no claim {name!r}", f"{hint}headstart lab --list names all claims")


def _claim(group: str, file: str) -> Claim:
    module = importlib.import_module(f"{__name__}.{file}")
    return Claim(
        name=file.replace("_", "-"),
        group=group,
        text=module.TEXT,
        series=module.SERIES,
        x=module.X,
        figures=module.FIGURES,
        parts=module.PARTS,
        experiment=getattr(module, file),
        page=_page(file, (module.__doc__ or "").strip()),
        curves=getattr(module, "CURVES", None),
    )


def _page(file: str, english: str) -> Text:
    path = Path(__file__).parent / "zh" / f"{file}.md"
    chinese = unwrapped(path.read_text(encoding="utf-8")).strip() if path.exists() else english
    return Text(en={"page": english}, zh={"page": chinese})
