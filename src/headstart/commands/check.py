from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headstart.judging import Baseline, ExtendSelect, Format, Ignore, JsonFile, Judging, Lang, SarifFile, Select, write


def check(
    factory: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:FACTORY", help="A function that returns (model, batch), or with a loss and an optimizer."
        ),
    ],
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
    from headstart.report import github, terminal
    from headstart.report import html as page
    from headstart.report.write import write_whole

    judging = Judging.of(select, extend_select, ignore, lang, baseline)
    with judging.settings.in_force():
        given = parts_of(load(factory), factory)
        found = look(*given, language=judging.settings.language, name=factory, rules=judging.settings.rules)
    diagnosis = judging.without_known(found.diagnosis)
    write(diagnosis, json, sarif)
    if html:
        write_whole(html, page.render(diagnosis, found.record))
    if format == "github":
        print(github.render(diagnosis), end="")
    elif "-" not in (json, sarif):
        text = terminal.render(
            diagnosis,
            found.record,
            ascii=terminal.needs_ascii(sys.stdout),
            report_path=html,
            next_command=None if diagnosis.findings else "headstart run train.py",
        )
        print(text, end="")
