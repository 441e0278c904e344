"""One file a command: its function has the file's name, its docstring is its `--help`, with an example."""

from __future__ import annotations

import inspect
from typing import Any

from typer.core import TyperCommand

ORDER = ("demo", "run", "report", "fix", "check", "stats", "lab", "explain", "view", "notebooks")


def order(name: str) -> int:
    """The place of a command in `headstart --help`: by how a newcomer meets them."""
    return ORDER.index(name)


def summary(function: Any) -> str:
    """Its first sentences, whole; typer would cut them off at the width of the terminal."""
    return " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())


class Command(TyperCommand):
    """Names its arguments as they are typed; typer's versions differ in the brackets and types that they add."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        arguments = [param for param in self.params if param.param_type_name == "argument"]
        return ["[OPTIONS]", *(str(a.metavar) if a.required else f"[{a.metavar}]" for a in arguments)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        told: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                own = str(param.metavar).split(" ")[0] if param.param_type_name == "argument" else record[0]
                told[param.param_type_name].append((own, record[1]))
        for title, rows in (("Arguments", told["argument"]), ("Options", told["option"])):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)
