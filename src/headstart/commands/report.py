from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    record: Annotated[
        Path | None, typer.Argument(metavar="RECORD", help="A run's record; by default the newest in .headstart/.")
    ] = None,
    json: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the diagnosis as JSON; '-' is stdout, with nothing else.")
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the HTML report, one file.")] = None,
) -> None:
    """Judge a run's record again, with today's rules; the training is not repeated.

    \b
    Examples:
      headstart report
      headstart report .headstart/train-20261123-074112.db --html report.html
      headstart report --json - | jq .verdict
    """
    import sys

    from headstart.diagnosis import diagnose
    from headstart.record import newest, read_record
    from headstart.report import html as page
    from headstart.report import json as document
    from headstart.report import terminal
    from headstart.report.write import write_whole

    path = record or newest()
    read = read_record(path)
    diagnosis = diagnose(read)
    if json == "-":
        sys.stdout.buffer.write(document.render(diagnosis).encode())
    elif json:
        write_whole(json, document.render(diagnosis))
    if html:
        write_whole(html, page.render(diagnosis, read))
    if json != "-":
        text = terminal.render(
            diagnosis, read, ascii=terminal.needs_ascii(sys.stdout), report_path=html, record_path=path
        )
        print(text, end="")
