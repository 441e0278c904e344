from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def check(
    factory: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:FACTORY", help="A function that returns (model, batch), or with a loss and an optimizer."
        ),
    ],
    json: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the diagnosis as JSON; '-' is stdout, with nothing else.")
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the HTML report, one file.")] = None,
) -> None:
    """Ask, before any training, what one batch forward and backward can tell.

    FACTORY returns (model, batch), (model, batch, loss) or (model, batch, loss, optimizer), or a dict of these names.
    A batch is (inputs, targets), as a DataLoader gives it; a loss takes (output, targets). No weight is moved.

    \b
    Examples:
      headstart check train:make          # make() in train.py or in the package train
      headstart check src/train.py:make
      headstart check train:make --json - | jq .verdict
    """
    import sys

    from headstart.factory import load, parts_of
    from headstart.preflight import look
    from headstart.report import html as page
    from headstart.report import json as document
    from headstart.report import terminal
    from headstart.report.write import write_whole

    found = look(*parts_of(load(factory), factory), name=factory)
    if json == "-":
        sys.stdout.buffer.write(document.render(found.diagnosis).encode())
    elif json:
        write_whole(json, document.render(found.diagnosis))
    if html:
        write_whole(html, page.render(found.diagnosis, found.record))
    if json != "-":
        text = terminal.render(
            found.diagnosis,
            found.record,
            ascii=terminal.needs_ascii(sys.stdout),
            report_path=html,
            next_command=None if found.diagnosis.findings else "headstart run train.py",
        )
        print(text, end="")
