"""Dropout called as a function, `F.dropout(x, 0.5)`: the user's line that calls it stands for a module."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, ClassVar

from torch import Tensor
from torch.nn import Module

from headstart.monitor.names import is_own, line_of, locals_of

MOST = 200  # lines that are followed


class Site:
    """One line that calls a dropout, and what is read of a module."""

    _parameters: ClassVar[dict[str, Tensor]] = {}

    def __init__(self, kind: str, line: str) -> None:
        self.kind = kind
        self.line = line
        self.p = 0.0  # of its last call, as is:
        self.training = False


class Sites:
    """All lines of one run that call a dropout."""

    def __init__(self) -> None:
        self._known: dict[tuple[CodeType, int], Site | None] = {}

    def at(self, caller: FrameType, kind: str, watches: Callable[[Module], bool] | None) -> Site | None:
        """None for torch's own modules and other libraries, and for what no watched module calls."""
        key = caller.f_code, caller.f_lineno
        if key in self._known:
            return self._known[key]
        site = None
        if is_own(caller) and (watches is None or _is_in(caller, watches)):
            site = Site(f"F.{kind}", line_of(caller))
        if len(self._known) < MOST:
            self._known[key] = site
            return site
        return None


def _is_in(caller: FrameType, watches: Callable[[Module], bool]) -> bool:
    holder: Any = locals_of(caller).get("self")
    return isinstance(holder, Module) and watches(holder)
