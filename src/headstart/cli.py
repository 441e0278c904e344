"""The commands: found by file name in `commands/`, each a few lines over the API, imports inside the functions."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import typer

from headstart import commands
from headstart.errors import HeadstartError

app = typer.Typer(
    help="A sound start for PyTorch models, and a plain answer when training does not work.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """The console script. Bad input ends with one clear error and status 2."""
    try:
        app()
    except HeadstartError as error:
        print(f"headstart: {error.what}.\n  {error.do}.", file=sys.stderr)
        sys.exit(2)


def _register() -> None:
    for module in sorted(pkgutil.iter_modules(commands.__path__), key=lambda module: commands.order(module.name)):
        command = importlib.import_module(f"headstart.commands.{module.name}")
        settings, kind = getattr(command, "SETTINGS", {}), getattr(command, "COMMAND", commands.Command)
        function = getattr(command, module.name)
        app.command(module.name, cls=kind, context_settings=settings, short_help=commands.summary(function))(function)


_register()
