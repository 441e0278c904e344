"""The HTML report of a run: its findings, curves, maps and tables on one page."""

from __future__ import annotations

from headstart import __version__
from headstart.findings import Diagnosis
from headstart.record import Record
from headstart.report import curves, maps, words
from headstart.report.cards import cards
from headstart.report.facts import not_judged, run_facts, unseen
from headstart.report.header import header
from headstart.report.page import FOOTER, page
from headstart.report.phrases import spoken, tr
from headstart.report.proof import proof
from headstart.report.section import Section
from headstart.report.tables import layer_table, ledger


def render(diagnosis: Diagnosis, record: Record) -> str:
    """The page as text. Raises HeadstartError if the installed plotly lacks its JavaScript."""
    with spoken(diagnosis.language):
        return _page(diagnosis, record)


def _page(diagnosis: Diagnosis, record: Record) -> str:
    proofs = [proof(record, finding, f"proof-{place}") for place, finding in enumerate(diagnosis.findings)]
    sections = [cards(diagnosis, record, proofs), *_plots(diagnosis, record), *_tables(diagnosis, record)]
    figures = [figure for figure in proofs if figure] + [figure for part in sections for figure in part.figures]
    title = f"{words.verdict_said(diagnosis)}: {words.short(diagnosis.script)} · headstart"
    return page(
        words.plain(title),
        header(diagnosis, record),
        sections,
        figures,
        language="zh-CN" if diagnosis.language == "zh" else "en",
        contents=tr("Sections"),
        footer=tr(FOOTER, version=__version__),
    )


def _plots(diagnosis: Diagnosis, record: Record) -> list[Section]:
    loss, accuracy, rate = curves.loss(record, diagnosis), curves.accuracy(record), curves.rate(record)
    return [
        Section("curves", tr("Curves"))
        .plot(loss, tr("No loss was seen: no backward was called under watch."))
        .pair(
            (accuracy, tr("No accuracy: no loss with class labels was recognised.")),
            (rate, tr("No learning rate: no optimizer was seen to step.")),
        ),
        Section(
            "activations", tr("Activations"), tr("Each row is a layer, first on top; each column a stretch of steps.")
        ).plot(maps.activations(record), tr("No activation was sketched in this run.")),
        Section(
            "gradients", tr("Gradients"), tr("The gradient of the loss with respect to each layer's output.")
        ).plot(maps.gradients(record), tr("No gradient was sketched in this run.")),
        Section(
            "updates",
            tr("Updates"),
            tr("How far a step moves each tensor, as a share of its size: 10⁻³ is usual; red is faster, blue slower."),
        ).plot(maps.updates(record), tr("No update was sketched in this run: no optimizer was seen to step.")),
    ]


def _tables(diagnosis: Diagnosis, record: Record) -> list[Section]:
    return [
        ledger(record),
        layer_table(record),
        run_facts(diagnosis, record),
        not_judged(diagnosis),
        unseen(diagnosis),
    ]
