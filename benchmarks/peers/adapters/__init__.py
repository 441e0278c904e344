"""How each tool is wired into a program: one file a tool, with the hook-up that its documentation describes.

A file holds `LINES`, what a user would write into the script for it; `CAUSES`, which of headstart's rules name the same
cause as each of the tool's findings, read generously; and either a `Wired` named `Wiring`, for tools that live in the
training loop, or a function `examine`, for tools that take the script itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Run:
    """What a program has when it first calls its model, by the expressions of programs.toml."""

    model: Any
    optimizer: Any
    loss: Callable[[Any, Any], Any]
    classes: int | None
    batch: Callable[[], tuple[Any, Any]]  # inputs and targets as they are now
    step: int = 0
    noted: list[tuple[str, str]] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    def note(self, name: str, severity: str) -> None:
        """A finding: the tool's name for it, and "error", "warning" or "advice"; each counts once."""
        if (name, severity) not in self.noted:
            self.noted.append((name, severity))


class Wired:
    """A tool in the training loop; every method is called by the host."""

    def start(self, run: Run) -> None:
        """Before the model is first called."""

    def backward(self, run: Run, loss: float) -> None:
        """After each backward()."""

    def stepped(self, run: Run, loss: float) -> None:
        """After each step of the optimizer."""

    def finish(self, run: Run) -> None:
        """After the program's last line."""


@dataclass
class Script:
    """What a tool gets that takes a script: the program, the same one known to be good, and a folder to write to."""

    program: Path
    reference: Path
    folder: Path
    model: str
    noted: list[tuple[str, str]] = field(default_factory=list)
    output: str = ""  # what the program printed, where the tool ran it

    note = Run.note


class NotApplicable(Exception):  # noqa: N818
    """The tool's documentation has no way to wire it into this program."""
