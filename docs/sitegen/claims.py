"""A page for each of the lab's claims, and the list of them: from the claims' files and the saved results."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from headstart.diagnosis.text import Language
from headstart.lab import GROUPS, catalogue, curves
from headstart.lab.claim import Claim, Result
from headstart.lab.page import MARKS, measured
from headstart.lab.page import WORDS as LAB
from headstart.lab.results import load
from headstart.wording import number
from sitegen import plot
from sitegen.markdown import Page, fenced, folded, table
from sitegen.words import WORDS

SAVED = Path(__file__).parents[1] / "lab.json"  # headstart lab --quick --json docs/lab.json


def pages(language: Language) -> Iterator[Page]:
    """The list first."""
    yield Page("claims/index.md", WORDS.say(language, "claims"), _list(language))
    for claim in catalogue():
        yield Page(path(claim.name), claim.name, page(claim, language))


def plots(language: Language) -> Iterator[tuple[str, str]]:
    """Each plot's path and SVG."""
    for claim in catalogue():
        if claim.name in results():
            yield f"plots/lab/{claim.name}.svg", plot.svg(claim, results()[claim.name], language)
            if claim.curves:
                yield f"plots/lab/{claim.name}-curves.svg", curves.svg(claim, results()[claim.name], language)


def path(claim: str) -> str:
    return f"claims/{claim}.md"


@cache
def results() -> dict[str, Result]:
    return {result.name: result for result in load(SAVED)} if SAVED.exists() else {}


def verdicts(language: Language, group: str | None = None, folder: str = "") -> str:
    """A table of the claims, of one group or all: sentence, verdict, how often their parts held."""
    heads = [WORDS.say(language, name) for name in ("claim", "sentence", "verdict", "held")]
    rows = [
        (f"[{claim.name}]({folder}{claim.name}.md)", claim.sentence(language), *_verdict(claim, language))
        for claim in catalogue()
        if group in (None, claim.group)
    ]
    return table(heads, rows)


def _verdict(claim: Claim, language: Language) -> tuple[str, str]:
    if claim.name not in results():
        return WORDS.say(language, "not run"), ""
    result = results()[claim.name]
    held, of = sum(part.held for part in result.parts), sum(len(part.values) for part in result.parts)
    return LAB.say(language, result.verdict), WORDS.say(language, "held of", held=held, of=of)


def _list(language: Language) -> str:
    parts = [f"# {WORDS.say(language, 'claims')}", WORDS.say(language, "claims lead", count=len(catalogue()))]
    parts += [_size(language)] if results() else []
    for group in GROUPS:
        parts += [f"## {LAB.say(language, group)}", verdicts(language, group)]
    return "\n\n".join(parts)


def _size(language: Language) -> str:
    """Of the runs whose results are saved."""
    sizes = {(result.size, len(result.seeds)) for result in results().values()}
    texts = [
        LAB.say(
            language,
            "size",
            claims=sum((result.size, len(result.seeds)) == (size, seeds) for result in results().values()),
            seeds=seeds,
            train=size.train,
            test=size.test,
            epochs=size.epochs,
        )
        for size, seeds in sorted(sizes, key=str)
    ]
    return WORDS.say(language, "size", size="; ".join(texts))


def page(claim: Claim, language: Language) -> str:
    """The sentence, what counts as holding, what was measured, and the experiment in words and in code."""
    result = results().get(claim.name)
    parts = [f"# {claim.name}", f"> {claim.sentence(language)}", _told(claim, result, language)]
    parts += [f"## {WORDS.say(language, 'counts as holding')}", _parts(claim, result, language)]
    parts.append(LAB.say(language, "criterion"))
    if result:
        parts += [f"![{claim.sentence(language)}](../plots/lab/{claim.name}.svg)"]
        if claim.curves:
            parts += [f"![{claim.curves.say(language, 'y')}](../plots/lab/{claim.name}-curves.svg)"]
    parts += [f"## {WORDS.say(language, 'experiment')}"]
    parts += [
        (claim.page.zh if language == "zh" else claim.page.en)["page"],
        _measured(claim, result, language),
        f"## {WORDS.say(language, 'run it')}",
    ]
    parts.append(fenced("sh", f"headstart lab {claim.name} --quick"))
    module = inspect.getmodule(claim.experiment)
    assert module is not None
    file = f"src/{module.__name__.replace('.', '/')}.py"
    parts.append(folded(file, fenced("python", inspect.getsource(module))))
    return "\n\n".join(part.strip("\n") for part in parts)


def _told(claim: Claim, result: Result | None, language: Language) -> str:
    if result is None:
        return WORDS.say(language, "not run")
    verdict, held = _verdict(claim, language)
    return f"{MARKS[result.verdict]} {WORDS.say(language, 'verdict is', verdict=verdict, held=held)}"


def _parts(claim: Claim, result: Result | None, language: Language) -> str:
    """A row for each inequality, with what the saved runs gave."""
    heads = [LAB.say(language, name) for name in ("part", "limit", *(("measured", "held") if result else ()))]
    rows = []
    for place, part in enumerate(claim.parts):
        row = [claim.label(language, part.key), f"{part.sense} {number(part.limit)}"]
        if result:
            decided = result.parts[place]
            held = LAB.say(language, "seeds", held=decided.held, seeds=len(decided.values))
            row += [measured(decided.spread), held]
        rows.append(row)
    return table(heads, [[cell.replace("<", "&lt;") for cell in row] for row in rows])


def _measured(claim: Claim, result: Result | None, language: Language) -> str:
    """Every figure at every point, folded away."""
    if result is None:
        return ""
    heads = ["", claim.label(language, "x"), *(claim.label(language, figure) for figure in claim.figures)]
    rows = [
        [
            claim.label(language, series),
            claim.label(language, x),
            *(_spread(result, figure, series, x) for figure in claim.figures),
        ]
        for series in claim.series
        for x in claim.x
    ]
    title = LAB.say(language, "figures", seeds=len(result.seeds), seconds=result.seconds)
    return folded(title, table(heads, rows))


def _spread(result: Result, figure: str, series: str, x: str | int | float) -> str:
    spread = result.spread(figure, series, x)
    return f"{number(spread.mean)} ± {number(spread.std)}"
