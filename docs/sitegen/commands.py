"""The page of all commands, each with its `--help`."""

from __future__ import annotations

import pkgutil
from functools import cache

from typer.testing import CliRunner

from headstart import cli, commands
from headstart.diagnosis.text import Language
from sitegen.markdown import Page, fenced, table
from sitegen.words import COMMANDS, WORDS

COLUMNS = "96"


def page(language: Language) -> Page:
    heads = [WORDS.say(language, name) for name in ("command", "does")]
    rows = [(f"[`headstart {name}`](#{name})", COMMANDS.say(language, name)) for name in names()]
    parts = [f"# {WORDS.say(language, 'commands')}", table(heads, rows)]
    for name in names():
        heading = f"## `headstart {name}` {{ #{name} }}"
        parts += [heading, COMMANDS.say(language, name), fenced("text", help_of(name))]
    return Page("commands.md", WORDS.say(language, "commands"), "\n\n".join(parts))


def names() -> list[str]:
    """In the order of `headstart --help`."""
    return sorted((found.name for found in pkgutil.iter_modules(commands.__path__)), key=commands.order)


@cache
def help_of(name: str) -> str:
    """What `headstart NAME --help` prints on a terminal of 96 columns."""
    done = CliRunner().invoke(cli.app, [name, "--help"], prog_name="headstart", env={"COLUMNS": COLUMNS})
    assert done.exit_code == 0, done.output
    return "\n".join(line.rstrip() for line in done.output.strip().splitlines())
