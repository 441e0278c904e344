"""What a function of this package did to a model: frozen values that print as a table, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from torch import nn


@dataclass(frozen=True)
class Change:
    """One layer that was changed."""

    layer: str  # dotted module path
    before: str
    after: str
    note: str = ""


@dataclass(frozen=True)
class Kept:
    """One layer that was looked at and left as it is."""

    layer: str
    what: str
    because: str


@dataclass(frozen=True)
class Report:
    """All that was changed, all that was kept and why. `print` shows it, `undo` takes it back."""

    did: str
    model: nn.Module  # the model itself; another object only where the model as a whole was replaced
    changed: tuple[Change, ...]
    kept: tuple[Kept, ...] = ()
    back: Callable[[], nn.Module] = field(repr=False, kw_only=True)

    def undo(self) -> nn.Module:
        """Put the layers back and return the model. Raises HeadstartError where they were replaced since."""
        return self.back()

    def __str__(self) -> str:
        lines = [f"{self.did} · {len(self.changed)} changed, {len(self.kept)} kept"]
        if self.changed:
            lines += table(
                ("layer", "before", "after", ""), [(c.layer, c.before, c.after, c.note) for c in self.changed]
            )
        if self.kept:
            lines += table(("kept", "", "because"), [(k.layer, k.what, k.because) for k in self.kept])
        return "\n".join(lines)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of left-aligned columns, indented by two spaces."""
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]
