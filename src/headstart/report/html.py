"""The HTML report: one page that holds all it needs and reaches for nothing else."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path

from headstart import __version__
from headstart.errors import HeadstartError
from headstart.findings import Diagnosis
from headstart.record import Record
from headstart.report import curves, maps, words
from headstart.report.cards import cards
from headstart.report.facts import not_judged, run_facts, unseen
from headstart.report.header import header
from headstart.report.plots import Figure
from headstart.report.proof import proof
from headstart.report.section import Section
from headstart.report.tables import layer_table, ledger


def render(diagnosis: Diagnosis, record: Record) -> str:
    """The page as text: Plotly, styles, script and figures inside it.

    A policy in its head forbids every request, and every script but these two by their hashes, so that a hostile
    script's name, layer or line stays text. Raises HeadstartError if the installed plotly lacks its JavaScript.
    """
    proofs = [proof(record, finding, f"proof-{place}") for place, finding in enumerate(diagnosis.findings)]
    sections = [cards(diagnosis, record, proofs), *_plots(diagnosis, record), *_tables(diagnosis, record)]
    figures = [figure for figure in proofs if figure] + [figure for part in sections for figure in part.figures]
    scripts = (_plotly(), _part("page.js"))
    title = f"{words.verdict(diagnosis.verdict, diagnosis.steps)}: {diagnosis.script} · headstart"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="headstart {__version__}">
<title>{escape(words.plain(title))}</title>
<style>
{_part("page.css")}</style>
</head>
<body>
{header(diagnosis, record)}
{_navigation(sections)}
<main>
{"".join(section.html() for section in sections)}
</main>
<footer>Made by headstart {__version__}. This page holds all it needs and sends nothing anywhere.</footer>
<script type="application/json" id="figures">{_data(figures)}</script>
<script>{scripts[0]}</script>
<script>{scripts[1]}</script>
</body>
</html>
"""


def _plots(diagnosis: Diagnosis, record: Record) -> list[Section]:
    loss, accuracy, rate = curves.loss(record, diagnosis), curves.accuracy(record), curves.rate(record)
    return [
        Section("curves", "Curves")
        .plot(loss, "No loss was seen: no backward was called under watch.")
        .pair(
            (accuracy, "No accuracy: no loss with class labels was recognised."),
            (rate, "No learning rate: no optimizer was seen to step."),
        ),
        Section(
            "activations", "Activations", "Each row is a layer, first on top; each column a stretch of steps."
        ).plot(maps.activations(record), "No activation was sketched in this run."),
        Section("gradients", "Gradients", "The gradient of the loss with respect to each layer's output.").plot(
            maps.gradients(record), "No gradient was sketched in this run."
        ),
        Section(
            "updates",
            "Updates",
            "How far a step moves each tensor, as a share of its size: 10⁻³ is usual; red is faster, blue slower.",
        ).plot(maps.updates(record), "No update was sketched in this run: no optimizer was seen to step."),
    ]


def _tables(diagnosis: Diagnosis, record: Record) -> list[Section]:
    return [
        ledger(record),
        layer_table(record),
        run_facts(diagnosis, record),
        not_judged(diagnosis),
        unseen(diagnosis),
    ]


def _navigation(sections: Sequence[Section]) -> str:
    links = "".join(f'<a href="#{section.name}">{escape(section.title)}</a>' for section in sections if section.listed)
    return f'<nav aria-label="Sections"><div>{links}</div></nav>'


def _data(figures: Sequence[Figure]) -> str:
    text = json.dumps({figure.name: figure.json() for figure in figures}, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")  # no name can end the element


def _policy(scripts: Sequence[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _part(name: str) -> str:
    return files("headstart.report").joinpath(name).read_text(encoding="utf-8")


@cache
def _plotly() -> str:
    """Plotly's own JavaScript, found without importing plotly: that would cost 80 ms."""
    found = importlib.util.find_spec("plotly")
    folders = found.submodule_search_locations if found else None
    for folder in folders or ():
        path = Path(folder) / "package_data" / "plotly.min.js"
        if path.is_file():
            # The hash in the policy is of the text as the browser parses it: with plain line ends.
            return path.read_text(encoding="utf-8").replace("\r\n", "\n").replace("</script", "<\\/script")
    raise HeadstartError(
        "The installed plotly has no plotly.min.js, which the HTML report needs", "Run: pip install plotly"
    )
