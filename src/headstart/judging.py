"""What every command that judges has in common: which rules are asked, in which language, and where the answer goes."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from headstart.errors import HeadstartError
from headstart.findings import Diagnosis
from headstart.record import Record
from headstart.settings import Settings, settings

JsonFile = Annotated[
    str | None, typer.Option("--json", metavar="FILE", help="Write the diagnosis as JSON; '-' is stdout.")
]
SarifFile = Annotated[str | None, typer.Option("--sarif", metavar="FILE", help="Write the findings as SARIF 2.1.0.")]
Select = Annotated[
    list[str] | None, typer.Option("--select", metavar="RULES", help="Ask these rules or groups only: loss,dead-relu.")
]
ExtendSelect = Annotated[
    list[str] | None,
    typer.Option("--extend-select", metavar="RULES", help="Ask these beside the others, as rules on request."),
]
Ignore = Annotated[
    list[str] | None, typer.Option("--ignore", metavar="RULES", help="Leave these rules or groups out.")
]
Lang = Annotated[str | None, typer.Option("--lang", metavar="en|zh", help="Of the texts; by default the locale's.")]
Format = Annotated[
    Literal["text", "github"],
    typer.Option("--format", metavar="text|github", help="text, or annotations for GitHub's workflows."),
]
Baseline = Annotated[
    Path | None, typer.Option("--baseline", metavar="FILE", help="Leave out what this earlier --json holds.")
]


@dataclass(frozen=True)
class Judging:
    """The options, read and checked before anything runs."""

    settings: Settings
    known: frozenset[tuple[str, str | None]] = frozenset()

    @classmethod
    def of(
        cls,
        select: list[str] | None,
        extend_select: list[str] | None,
        ignore: list[str] | None,
        lang: str | None,
        baseline: Path | None,
    ) -> Judging:
        from headstart.report.baseline import read

        chosen = settings(select, ignore, lang, extend_select=extend_select)
        return cls(chosen, read(baseline) if baseline else frozenset())

    def diagnose(self, record: Record) -> Diagnosis:
        from headstart.diagnosis import diagnose

        with self.settings.in_force():
            return self.without_known(diagnose(record, language=self.settings.language, rules=self.settings.rules))

    def without_known(self, diagnosis: Diagnosis) -> Diagnosis:
        from headstart.report.baseline import leave_out

        return leave_out(diagnosis, self.known) if self.known else diagnosis


def write(diagnosis: Diagnosis, json: str | None, sarif: str | None) -> None:
    """The files that were asked for; "-" is stdout."""
    from headstart.report import json as document
    from headstart.report import sarif as log
    from headstart.report.write import write_whole

    if json == sarif == "-":
        raise HeadstartError("Both --json and --sarif go to stdout", "Name a file for one of them")
    for where, render in ((json, document.render), (sarif, log.render)):
        if where == "-":
            sys.stdout.buffer.write(render(diagnosis).encode("utf-8", "backslashreplace"))
            sys.stdout.buffer.flush()
        elif where:
            write_whole(where, render(diagnosis))
