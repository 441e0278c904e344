"""Dropout that no model holds: the user's line that calls it stands for a module.

It is a function, `F.dropout(x, 0.5)`, or a module that is made as it is used, `nn.Dropout(0.5)(x)`: a new one each time,
and always in training mode.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, ClassVar
from weakref import WeakSet

from torch import Tensor
from torch.nn import Module
from torch.nn.modules.dropout import _DropoutNd

from headstart.monitor.names import is_own, line_of, locals_of

MOST = 200  # lines that are followed
DEEP = 8  # frames of torch between a module's `forward` and the user's line that calls it


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
        self._held: WeakSet[Module] = WeakSet()

    def at(self, caller: FrameType, kind: str, watches: Callable[[Module], bool] | None) -> Site | None:
        """None for modules that a model holds, for other libraries, and for what no watched module calls."""
        frame, kind = caller, f"F.{kind}"
        if not is_own(caller):
            made = locals_of(caller).get("self")
            if not isinstance(made, _DropoutNd) or made in self._held or (user := _user_of(caller)) is None:
                return None
            holder = locals_of(user).get("self")
            if not isinstance(holder, Module) or any(module is made for module in holder.modules()):
                self._held.add(made)
                return None
            frame, kind = user, f"nn.{type(made).__name__}"
        key = frame.f_code, frame.f_lineno
        if key in self._known:
            return self._known[key]
        site = Site(kind, line_of(frame)) if watches is None or _is_in(frame, watches) else None
        if len(self._known) < MOST:
            self._known[key] = site
            return site
        return None


def _is_in(caller: FrameType, watches: Callable[[Module], bool]) -> bool:
    holder: Any = locals_of(caller).get("self")
    return isinstance(holder, Module) and watches(holder)


def _user_of(frame: FrameType | None) -> FrameType | None:
    for _ in range(DEEP):
        frame = None if frame is None else frame.f_back
        if frame is not None and is_own(frame):
            return frame
    return None
