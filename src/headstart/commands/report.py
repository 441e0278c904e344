from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headstart.judging import Baseline, ExtendSelect, Format, Ignore, JsonFile, Judging, Lang, SarifFile, Select, write


def report(
    record: Annotated[
        Path | None, typer.Argument(metavar="RECORD", help="A run's record; by default the newest in .headstart/.")
    ] = None,
    json: JsonFile = None,
    sarif: SarifFile = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the HTML report, one file.")] = None,
    select: Select = None,
    extend_select: ExtendSelect = None,
    ignore: Ignore = None,
    baseline: Baseline = None,
    lang: Lang = None,
    format: Format = "text",
) -> None:
    """Judge a run's record again, with today's rules; the training is not repeated.

    \b
    Examples:
      headstart report
      headstart report .headstart/train-20261123-074112.db --html report.html
      headstart report --json - | jq .verdict
      headstart report --lang zh --select loss,loop
    """
    import sys

    from headstart.record import newest, read_record
    from headstart.report import github, terminal
    from headstart.report import html as page
    from headstart.report.write import write_whole

    judging = Judging.of(select, extend_select, ignore, lang, baseline)
    path = record or newest()
    read = read_record(path)
    diagnosis = judging.diagnose(read)
    write(diagnosis, json, sarif)
    if html:
        write_whole(html, page.render(diagnosis, read))
    if format == "github":
        print(github.render(diagnosis), end="")
    elif "-" not in (json, sarif):
        text = terminal.render(
            diagnosis, read, ascii=terminal.needs_ascii(sys.stdout), report_path=html, record_path=path
        )
        print(text, end="")
