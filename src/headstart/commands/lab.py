"""`headstart lab`: the textbook's claims as experiments, each with a measured verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headstart.judging import Lang

if TYPE_CHECKING:
    from headstart.diagnosis.text import Language
    from headstart.lab.claim import Claim, Result, Size

FILE = Path(".headstart/lab.json")


def lab(
    claims: Annotated[
        list[str] | None, typer.Argument(metavar="CLAIM...", help="Claims or groups; without one, all.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A small share of MNIST and fewer epochs.")] = False,
    seeds: Annotated[int, typer.Option(metavar="N", min=3, help="Runs of each point.")] = 3,
    lang: Lang = None,
    list_: Annotated[bool, typer.Option("--list", help="Name all claims, and run none.")] = False,
    json: Annotated[Path, typer.Option(metavar="FILE", help="Where results are kept, after each claim.")] = FILE,
    report: Annotated[bool, typer.Option("--report", help="Write the HTML page beside FILE.")] = False,
) -> None:
    """Run the textbook's claims on MNIST, and print which hold, with the figures that decide it.

    \b
    Examples:
      headstart lab --list
      headstart lab init-zero --quick
      headstart lab norm --seeds 5 --report
      headstart lab --quick --report --lang zh
    """
    from headstart.lab import catalogue, find
    from headstart.lab.claim import FULL, QUICK
    from headstart.lab.page import render
    from headstart.lab.results import load
    from headstart.report.write import write_whole

    language, chosen = _language(lang), find(claims or ())
    if list_:
        _print_list(chosen, language)
        return
    finished = _run(chosen, seeds, QUICK if quick else FULL, json, language)
    if json.exists():
        print(f"\nsaved     {json}")
        if report:
            page = json.with_suffix(".html")
            write_whole(page, render(catalogue(), load(json), language))
            print(f"report    {page}")
    if not finished:
        raise typer.Exit(130)
    print("next      headstart lab --list" if report else "next      headstart lab --quick --report")


def _run(claims: Sequence[Claim], seeds: int, size: Size, file: Path, language: Language) -> bool:
    """Whether all claims were run; Ctrl-C stops after those that are saved."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from headstart.lab.results import run

    points = sum(seeds * len(claim.series) * len(claim.x) for claim in claims)
    columns = (TextColumn("{task.description}"), BarColumn(24), TaskProgressColumn(), TimeRemainingColumn())
    done, console = 0, Console(stderr=True)
    hidden = not console.is_terminal
    with Progress(*columns, console=console, disable=hidden, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("", total=points)
        results = run(
            claims, range(seeds), size, file, lambda claim: bar.update(task, advance=1, description=claim.name)
        )
        try:
            for claim, result in zip(claims, results, strict=True):
                bar.stop()  # it is drawn on stderr; the verdict goes to stdout
                _print(claim, result, language)
                bar.start()
                done += 1
        except KeyboardInterrupt:
            bar.stop()
            print(f"\nstopped   after {done} of {len(claims)} claims")
    return done == len(claims)


def _print(claim: Claim, result: Result, language: Language) -> None:
    from headstart.lab.page import MARKS, WORDS, measured
    from headstart.report.wrap import columns, listed
    from headstart.wording import number

    width = columns()
    verdict = f"{WORDS.say(language, result.verdict)}: {claim.sentence(language)}"
    lines = [listed(f"  {MARKS[result.verdict]}", verdict, 4, width)]
    for part in result.parts:
        held = WORDS.say(language, "seeds", held=part.held, seeds=len(part.values))
        value = f"{measured(part.spread)} {part.sense} {number(part.limit)}"
        lines += [listed("", claim.label(language, part.key), 6, width), f"          {value}; {held}"]
    print("\n".join([f"\n{claim.name}   {result.seconds:.0f} s", *lines]), flush=True)


def _print_list(claims: Iterable[Claim], language: Language) -> None:
    from headstart.lab.page import WORDS
    from headstart.report.wrap import columns, listed

    group = ""
    for claim in claims:
        if claim.group != group:
            group = claim.group
            print(f"\n{group}  {WORDS.say(language, group)}")
        print(listed(f"  {claim.name}", claim.sentence(language), 32, columns()))
    print("\nnext      headstart lab init-zero --quick")


def _language(asked: str | None) -> Language:
    """The one asked for, else the locale's."""
    import os

    from headstart.diagnosis.text import LANGUAGES
    from headstart.errors import HeadstartError

    if asked is None:
        locale = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
        return "zh" if locale.startswith("zh") else "en"
    for language in LANGUAGES:
        if asked == language:
            return language
    raise HeadstartError(f"There are no texts in {asked!r}", f"Give --lang one of {', '.join(LANGUAGES)}")
