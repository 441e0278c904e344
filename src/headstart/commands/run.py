from __future__ import annotations

import contextlib
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from headstart.commands import Command
from headstart.judging import Baseline, ExtendSelect, Format, Ignore, JsonFile, Judging, Lang, SarifFile, Select, write

if TYPE_CHECKING:
    from headstart.findings import Diagnosis
    from headstart.runner import Run


class COMMAND(Command):
    """Headstart's options end where the program begins: at SCRIPT, `-m` or `--`; what follows is the program's."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        values = {name for option in self.params if not getattr(option, "is_flag", True) for name in option.opts}
        place = 0
        while place < len(args) and args[place].startswith("-") and args[place] not in ("-", "--", "-m"):
            place += 2 if args[place] in values else 1
        return super().parse_args(ctx, [*args[:place], "--", *args[place:]] if place < len(args) else args)


def run(
    program: Annotated[
        list[str],
        typer.Argument(metavar="SCRIPT [ARGS]...", help="A script, or -m MODULE, or -- COMMAND, and its arguments."),
    ],
    json: JsonFile = None,
    sarif: SarifFile = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The HTML report; by default beside the record.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The record; by default .headstart/<script>-<time>.db.")
    ] = None,
    fail_on: Annotated[
        Literal["warning", "error"] | None,
        typer.Option(
            metavar="warning|error",
            help="End with status 3 if such a finding, or a worse one, is there and the program ended well.",
        ),
    ] = None,
    stop_after: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Stop cleanly after N optimizer steps.")
    ] = None,
    select: Select = None,
    extend_select: ExtendSelect = None,
    ignore: Ignore = None,
    baseline: Baseline = None,
    lang: Lang = None,
    format: Format = "text",
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing of headstart's own.")] = False,
) -> None:
    """Run an unmodified PyTorch program under watch and diagnose it.

    The program runs as it does without headstart: the same output, results, exit status and signals. The diagnosis
    goes to stderr, so that a redirected stdout holds what the program wrote, and nothing else. Everything after
    SCRIPT belongs to the program.

    \b
    Examples:
      headstart run train.py --epochs 3
      headstart run --fail-on error --json out.json train.py
      headstart run --lang zh --ignore batchnorm-small-batch train.py
      headstart run -m package.train
      headstart run -- torchrun --nproc-per-node 2 train.py
      headstart run -- python -X dev train.py

    [tool.headstart] in pyproject.toml holds the same settings: select, extend-select, ignore, lang, and limits by rule.

    A Python that is started with -I, -E or -S goes unwatched. PYTHONPATH, as the program sees it, begins with a
    folder of headstart's: that is how the processes it starts are watched, too.
    """
    from headstart.relay import end_like
    from headstart.report import github
    from headstart.runner import run_child

    judging = Judging.of(select, extend_select, ignore, lang, baseline)
    done = run_child(program, record, stop_after=stop_after)
    try:
        diagnosis, text = _judge(done, report, judging)
        write(diagnosis, json, sarif)
        if format == "github":
            _say(github.render(diagnosis).rstrip("\n"))
        elif not quiet:
            _say(text)
        status = _status(diagnosis, fail_on)
    except (Exception, KeyboardInterrupt) as error:  # the program's own status comes first
        _say(_why_not_judged(error))
        status = 2 if json or sarif or report or fail_on else 0
    end_like(done.status or status)


def _judge(done: Run, report: Path | None, judging: Judging) -> tuple[Diagnosis, str]:
    """The diagnosis and its text for the terminal; writes the HTML report beside the record."""
    from headstart.findings import Diagnosis

    if not done.records:
        return Diagnosis((), (), None, done.name, 0, 0.0, done.ended), _nothing_to_judge(done)

    from headstart.record import read_record
    from headstart.report import html, terminal
    from headstart.report.write import write_whole

    path, *others = (_short(path) for path in done.records)
    record = read_record(path)
    diagnosis = judging.diagnose(record)
    page = report or path.with_suffix(".html")
    write_whole(page, html.render(diagnosis, record))
    text = terminal.render(
        diagnosis,
        record,
        width=_width(),
        color=sys.stderr.isatty(),
        ascii=terminal.needs_ascii(sys.stderr),
        report_path=page,
        record_path=path,
        other_records=others,
    )
    return diagnosis, text


def _nothing_to_judge(done: Run) -> str:
    from headstart.report import words

    facts = " · ".join(fact for fact in (done.name, words.ended(done.ended), "nothing to judge") if fact)
    return f"\nheadstart  {facts}\n           {done.unseen}\n next         headstart run --help\n"


def _status(diagnosis: Diagnosis, fail_on: str | None) -> int:
    fails = {None: (), "error": ("failing",), "warning": ("failing", "warning")}[fail_on]
    return 3 if diagnosis.verdict in fails else 0


def _why_not_judged(error: BaseException) -> str:
    from headstart.errors import HeadstartError

    if isinstance(error, HeadstartError):
        return f"headstart: {error.what}.\n  {error.do}.\n"
    text = "".join(traceback.format_exception(error))
    return f"headstart: The run could not be judged; this is a fault of headstart's own.\n{text}"


def _say(text: str) -> None:
    if not text:
        return
    with contextlib.suppress(OSError):  # nobody reads stderr any more
        sys.stderr.write(text if text.endswith("\n") else text + "\n")
        sys.stderr.flush()


def _short(path: Path) -> Path:
    """As one would type it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _width() -> int | None:
    """Columns of the terminal that stderr is, at most 100; None where it is none."""
    return min(100, os.get_terminal_size(2).columns) if sys.stderr.isatty() else None
