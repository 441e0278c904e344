"""What a newcomer reads first: the commands' help, and the lists and pages that they print."""

from __future__ import annotations

import ast
import io
import re

import pytest
from rich.console import Console
from typer.testing import CliRunner

from headstart import cli
from headstart.diagnosis.rules import catalogue
from headstart.report.markdown import Page
from headstart.report.wrap import listed

NAMES = sorted(str(command.name) for command in cli.app.registered_commands)


def help_of(*command: str) -> str:
    done = CliRunner().invoke(cli.app, [*command, "--help"], prog_name="headstart", env={"COLUMNS": "80"})
    assert done.exit_code == 0, done.output
    return done.output


def page_of(text: str, width: int) -> list[str]:
    file = io.StringIO()
    Console(width=width, file=file, color_system=None).print(Page(text), crop=False)
    return file.getvalue().splitlines()


def test_each_command_s_sentence_is_whole() -> None:
    text = " ".join(help_of().split())
    assert "..." not in text.partition("Commands:")[2]
    assert "see what headstart says of it." in text
    assert "the training is not repeated." in text


@pytest.mark.parametrize("name", NAMES)
def test_help_fits_80_columns_and_has_no_types_of_python_s(name: str) -> None:
    text = help_of(name)
    for line in text.splitlines():
        assert len(line) <= 80 or "#" in line, line
    assert not re.search(r"<(str|int|float|path|list|int range)\b", text)
    assert not re.search(r"\[\[|\{", text)


@pytest.mark.parametrize(
    ("name", "usage"),
    [
        ("run", "headstart run [OPTIONS] SCRIPT [ARGS]..."),
        ("check", "headstart check [OPTIONS] MODULE:FACTORY"),
        ("lab", "headstart lab [OPTIONS] [CLAIM...]"),
        ("notebooks", "headstart notebooks [OPTIONS] [DIR]"),
        ("demo", "headstart demo [OPTIONS]"),
    ],
)
def test_the_usage_names_what_is_typed(name: str, usage: str) -> None:
    assert help_of(name).splitlines()[0] == f"Usage: {usage}"


def test_a_list_is_wrapped_behind_its_names_where_there_is_a_width() -> None:
    assert listed("  rule", "what it sees, in so many words", 10, 34) == (
        "  rule    what it sees, in so many\n          words"
    )
    assert listed("  rule", "what it sees, in so many words", 10, None) == "  rule    what it sees, in so many words"


def test_code_on_a_page_can_be_pasted_however_narrow_the_terminal() -> None:
    rule = next(rule for rule in catalogue() if rule.name == "batchnorm-shared")
    lines = page_of(rule.markdown("en"), 60)
    code = lines[
        lines.index("import torch") : next(n for n, line in enumerate(lines) if line.strip() == "Use instead")
    ]
    ast.parse("\n".join(code))
    assert max(map(len, code)) > 60


def test_prose_on_a_page_fills_its_lines() -> None:
    lines = page_of("在 CPU 上，其他标签会引发 IndexError，它只报出一个标签。\n\nOne two three four.", 20)
    assert [line for line in lines if line] == [
        "在 CPU 上，其他标签",
        "会引发 IndexError，",
        "它只报出一个标签。",
        "One two three four.",
    ]
