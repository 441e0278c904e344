"""The findings of the HTML report, each a card: what, where, the evidence with its plot, the remedy, what follows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html import escape

from headstart.findings import Diagnosis, Evidence, Finding, Severity
from headstart.record import Record
from headstart.report import words
from headstart.report.phrases import say, tr
from headstart.report.plots import Figure
from headstart.report.section import Section, place

CODE_WIDTH = 100  # characters that a card has room for on a wide screen
MARKS: dict[Severity, str] = {"error": "✗", "warning": "!", "advice": "·"}


def cards(diagnosis: Diagnosis, record: Record, proofs: Sequence[Figure | None]) -> Section:
    """`proofs`: the plot of each finding, or None where the record holds no series of it."""
    section = Section("findings", tr("Findings"))
    if not diagnosis.findings:
        return section.add(f'<p class="lead">{_nothing_found(diagnosis)}</p>')
    if len(diagnosis.findings) > 1:
        section = replace(section, note=tr("The most likely root cause comes first."))
    for finding, figure in zip(diagnosis.findings, proofs, strict=True):
        section = section.add(_card(finding, record, figure))
    return section


def _nothing_found(diagnosis: Diagnosis) -> str:
    if not diagnosis.steps:
        return tr("No training step was seen, so there was nothing to judge.")
    return tr('Nothing found. What could not be judged is listed <a href="#not-judged">below</a>.')


def _card(finding: Finding, record: Record, figure: Figure | None) -> str:
    place_of = words.place_of(finding, 6)
    parts = [
        f'<h3><span class="mark" aria-hidden="true">{MARKS[finding.severity]}</span> {escape(finding.rule)} '
        f'<span class="severity">{tr(finding.severity)}</span></h3>',
        f'<p class="where">{_breakable(place_of)}</p>' if place_of else "",
        f'<p class="message">{_prose(finding.message)}</p>',
        f'<p class="cause">{_prose(finding.cause)}</p>' if finding.cause else "",
        _evidence(finding),
        place(figure, "") if figure else "",
        _line(finding, record),
        _remedy(finding),
        _consequences(finding),
    ]
    body = "\n".join(part for part in parts if part)
    return f'<article class="card {finding.severity}">\n{body}\n</article>'


def _evidence(finding: Finding) -> str:
    if not finding.evidence:
        return ""
    heads = (tr("evidence"), tr("value"), tr("limit"), tr("when"))
    columns = list(zip(heads, *map(_evidence_row, finding.evidence), strict=True))
    head, *rows = zip(*(column for column in columns if any(column[1:])), strict=True)
    heads_told = "".join(f'<th scope="col">{name}</th>' for name in head)
    rows_told = "".join(
        f'<tr><th scope="row">{_text(name)}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for name, *cells in rows
    )
    return f'<table class="evidence"><thead><tr>{heads_told}</tr></thead><tbody>{rows_told}</tbody></table>'


def _evidence_row(evidence: Evidence) -> tuple[str, str, str, str]:
    return (
        words.name_of(evidence.figure),
        words.value_of(evidence),
        words.bound_of(evidence),
        words.at_steps(evidence.steps),
    )


def _line(finding: Finding, record: Record) -> str:
    if not finding.line:
        return ""
    source = words.source_of(record, finding.line)
    code = f"<pre><code>{_text(source)}</code></pre>" if source else ""
    return f'<div class="code yours"><p class="label">{_text(finding.line)}</p>{code}</div>'


def _remedy(finding: Finding) -> str:
    if finding.remedy is None:
        return ""
    code = "\n".join(words.code_lines(finding.remedy.code, CODE_WIDTH))
    caution = "" if finding.remedy.safe else f" · {tr('changes what the model computes')}"
    return (
        f'<div class="code instead"><p class="label">{say("instead")}{caution}'
        f'<button type="button" class="copy">{tr("copy")}</button></p>'
        f"<pre><code>{_text(code)}</code></pre></div>"
    )


def _consequences(finding: Finding) -> str:
    if not finding.explains:
        return ""
    items = "".join(_consequence(other) for other in finding.explains)
    return f'<div class="explains"><p class="label">{say("explains")}</p><ul>{items}</ul></div>'


def _consequence(other: Finding) -> str:
    where = words.place_of(other)
    return (
        f"<li><b>{escape(other.rule)}</b>{f' · {_breakable(where)}' if where else ''}<br>{_prose(other.message)}</li>"
    )


def _text(text: str) -> str:
    return escape(words.plain(text))


def _prose(text: str) -> str:
    """A text in which a number keeps its sign of percent."""
    return re.sub(r"(?<=\d) (?=%)", "\u00a0", _text(text))


def _breakable(names: str) -> str:
    """Dotted names, which a narrow screen may break behind their dots."""
    return _text(names).replace(".", ".<wbr>")
