"""The terminal report: one screen, the root cause first, and nothing that the reader could not act on."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from headstart.findings import CHECKED, Diagnosis, Finding, NotJudged, Severity
from headstart.record import Record
from headstart.report import words
from headstart.report.phrases import say, spoken
from headstart.report.wrap import columns, wrapped
from headstart.wording import sentences

MARKS: dict[Severity, tuple[str, str]] = {
    "error": ("✗", "bold red"),
    "warning": ("!", "bold yellow"),
    "advice": ("·", "cyan"),
}
VERDICTS = {"failing": "bold red", "warning": "bold yellow", "advice": "cyan", "healthy": "bold green"}
NOTHING = "nothing to judge"
TOLD_WHOLE = 3  # findings; the rest get a line each, so that the report stays one screen
ON_PAPER = 96  # columns where there is no terminal
LABEL = 14  # columns of "instead", "explains", "train.py:24"
ASCII = str.maketrans(
    {"✗": "x", "·": "-", "–": "-", "—": "-", "…": "...", "×": "x", "→": "->", "’": "'", "≥": ">=", "≤": "<="}
)


def render(
    diagnosis: Diagnosis,
    record: Record,
    *,
    width: int | None = None,
    color: bool | None = None,
    ascii: bool = False,
    report_path: Path | str | None = None,
    record_path: Path | str | None = None,
    other_records: Sequence[Path | str] = (),
    next_command: str | None = None,
) -> str:
    """The report as text.

    `width`: columns; by default the terminal's, at most 100. `color`: by default where stdout is a terminal; never
    with NO_COLOR set. `ascii`: ASCII alone, for streams of legacy encodings (see `needs_ascii`). The paths are
    printed as they are given.
    """
    color = (sys.stdout.isatty() if color is None else color) and not os.environ.get("NO_COLOR")
    page = _Page(diagnosis, record, width or _width(), _console(color))
    with spoken(diagnosis.language):
        lines = [*page.head(), *page.findings(), *page.limits()]
        lines += page.foot(
            report_path, record_path, other_records, next_command or _next(diagnosis, report_path, record_path)
        )
    for line in lines:
        line.rstrip()
        page.console.print(line, soft_wrap=True)
    file = page.console.file
    assert isinstance(file, io.StringIO)
    text = file.getvalue()
    return text.translate(ASCII).encode("ascii", "backslashreplace").decode() if ascii else text


def needs_ascii(stream: TextIO) -> bool:
    """Whether `stream` cannot show the report's marks: a legacy encoding, as on some Windows consoles."""
    try:
        "✗·–…×→".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


class _Page:
    """Lays the parts of one report out in `width` columns."""

    def __init__(self, diagnosis: Diagnosis, record: Record, width: int, console: Console) -> None:
        self.diagnosis, self.record, self.width, self.console = diagnosis, record, width, console

    def head(self) -> Iterator[Text]:
        d = self.diagnosis
        verdict = words.verdict(d.verdict, d.steps)
        facts = [words.short(d.script), words.length(d), words.seconds(d.seconds), words.ended(d.ended)]
        line = (
            _text(" · ".join(fact for fact in facts if fact))
            .append(" · ")
            .append(say("nothing" if verdict == NOTHING else verdict), VERDICTS.get(verdict, "bold"))
        )
        yield Text("")
        yield from self._hanging(Text("headstart  ", "bold"), line)
        skill = say("skill", value=words.skill_value(d.skill)) if d.skill else say("skill unknown")
        watched = ""
        if not d.findings:
            layers, parameters = words.count(len(self.record.layers), "layer"), words.parameter_count(self.record)
            watched = say("watched", layers=layers, parameters=words.count(parameters, "parameter"))
        told = words.start(d.skill) if d.ended == CHECKED else skill + words.skill(d.skill)
        yield from self._hanging(Text(" " * 11), _text(watched + told))

    def findings(self) -> Iterator[Text]:
        worst = [finding for finding in self.diagnosis.findings if finding.severity != "advice"]
        whole = (worst or list(self.diagnosis.findings))[:TOLD_WHOLE]
        for finding in whole:
            yield Text("")
            yield from self._whole(finding, with_cause=finding is whole[0])
        rest = [finding for finding in self.diagnosis.findings if finding not in whole]
        if rest:
            yield Text("")
        yield from (self._short(finding) for finding in rest)

    def _whole(self, finding: Finding, with_cause: bool) -> Iterator[Text]:
        mark, style = MARKS[finding.severity]
        title = Text.assemble((f" {mark} ", style), (f"{finding.rule}   ", "bold"))
        yield from self._hanging(title, _text(words.place_of(finding)), indent=3)
        message = _text(finding.message)
        if with_cause and finding.cause:
            message.append(words.plain(sentences(finding.message, finding.cause).removeprefix(finding.message)), "dim")
        yield from self._hanging(Text("   "), message)
        yield from self._evidence(finding)
        yield from self._line(finding.line)
        if finding.remedy:
            yield from self._code(say("instead"), finding.remedy.code)
        if finding.explains:
            told = [
                say("in", rule=other.rule, layer=words.layer(other.layer)) if other.layer else other.rule
                for other in finding.explains
            ]
            yield from self._hanging(_label(say("explains")), _text(words.names(told, 6, "and rules")))

    def _evidence(self, finding: Finding) -> Iterator[Text]:
        rows = [
            (
                words.name_of(evidence.figure),
                words.value_of(evidence),
                words.limit_of(evidence),
                words.at_steps(evidence.steps),
            )
            for evidence in finding.evidence
        ]
        widths = [max(map(cell_len, column)) for column in zip_longest(*rows, fillvalue="")]
        for row in rows:
            cells = (
                cell + " " * (columns - cell_len(cell)) for cell, columns in zip(row, widths, strict=True) if columns
            )
            yield Text("       " + "   ".join(cells))

    def _line(self, line: str | None) -> Iterator[Text]:
        """The user's own, on one line with where it stands if there is room; it may end early, for they have it."""
        if not line:
            return
        source, label = Text(words.plain(words.source_of(self.record, line)), "red"), _label(words.plain(line))
        if cell_len(line) >= LABEL - 1 and label.cell_len + source.cell_len > self.width:
            yield Text.assemble("   ", (words.plain(line), "dim"))
            label = _label("")
        source.truncate(max(20, self.width - label.cell_len), overflow="ellipsis")
        yield label.append(source)

    def _code(self, label: str, code: str) -> Iterator[Text]:
        """Code is never wrapped: it is there to be pasted."""
        lines = words.code_lines(words.plain(code), self.width - LABEL - 3) or [""]
        yield _label(label).append(lines[0], "green")
        yield from (_label("").append(line, "green") for line in lines[1:])

    def _short(self, finding: Finding) -> Text:
        mark, style = MARKS[finding.severity]
        line = Text.assemble((f" {mark} ", style), (f"{finding.rule}   ", "bold"), words.plain(finding.message))
        line.truncate(self.width, overflow="ellipsis")
        return line

    def limits(self) -> Iterator[Text]:
        """What was not judged and could not be seen; a sound run is told the second alone."""
        not_judged = self.diagnosis.not_judged if self.diagnosis.findings else ()
        if self.diagnosis.findings:
            yield Text("")
        if not_judged:
            yield _label(" " + say("not judged"), 0).append(_fitted(not_judged, self.width - LABEL), "dim")
        if self.diagnosis.known:
            yield _label(" " + say("known"), 0).append(f"{self.diagnosis.known} {say('of the baseline')}", "dim")
        if self.diagnosis.unseen:
            unseen = words.names(self.diagnosis.unseen, 3)
            yield from self._hanging(_label(" " + say("not seen"), 0), _text(unseen))

    def foot(
        self,
        report: Path | str | None,
        record: Path | str | None,
        others: Sequence[Path | str],
        next_command: str,
    ) -> Iterator[Text]:
        if report:
            yield _label(" " + say("report"), 0).append(words.plain(str(report)))
        if record:
            yield _label(" " + say("record"), 0).append(words.plain(str(record)))
        if others:
            yield from self._hanging(
                _label(" " + say("also"), 0), _text(words.names([str(other) for other in others], 3))
            )
        yield _label(" " + say("next"), 0).append(words.plain(next_command), "bold")

    def _hanging(self, start: Text, body: Text, indent: int | None = None) -> Iterator[Text]:
        """`body` after `start`, wrapped; its further lines stand under its first, or at `indent`."""
        left = start.cell_len if indent is None else indent
        first, *more = wrapped(body, max(20, self.width - start.cell_len), max(20, self.width - left))
        yield Text.assemble(start, first)
        for line in more:
            yield Text.assemble(" " * left, line)


def _text(text: str) -> Text:
    return Text(words.plain(text))


def _label(label: str, indent: int = 3) -> Text:
    wide = cell_len(label)
    return Text(" " * indent).append(label + " " * (LABEL - wide if wide < LABEL - 1 else 3), "dim")


def _fitted(rules: Sequence[NotJudged], width: int) -> str:
    """As many rules as fit on one line, grouped by the reason; what does not fit is counted."""
    reasons: dict[str, list[str]] = {}
    for rule in rules:
        reasons.setdefault(rule.because, []).append(rule.rule)
    told = {
        words.plain(say("because", rules=words.names(group, 1), because=because)): len(group)
        for because, group in reasons.items()
    }

    def line(groups: Sequence[str]) -> str:
        left = len(rules) - sum(told[group] for group in groups)
        joined = say("semicolon").join(groups)
        return say("more", line=joined, left=left) if left else joined

    kept: list[str] = []
    for group in told:
        if len(line([*kept, group])) <= width:
            kept.append(group)
    return line(kept or [min(told, key=len)])


def _next(diagnosis: Diagnosis, report: Path | str | None, record: Path | str | None) -> str:
    if diagnosis.findings:
        return f"headstart explain {diagnosis.findings[0].rule}"
    if report:
        return f"python -m webbrowser {_quoted(report)}"
    return f"headstart report {_quoted(record) + ' ' if record else ''}--html report.html"


def _quoted(path: Path | str) -> str:
    return f'"{path}"' if " " in str(path) else str(path)


def _width() -> int:
    return columns() or ON_PAPER


def _console(color: bool) -> Console:
    # An empty environment: what NO_COLOR, TERM and COLUMNS say has been decided above.
    return Console(
        file=io.StringIO(),
        force_terminal=color,
        color_system="standard" if color else None,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
        _environ={},
    )
