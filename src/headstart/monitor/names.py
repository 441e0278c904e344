"""Names for what has none of its own: models and raw tensors by their variables, layers by the line that made them."""

from __future__ import annotations

import inspect
import os
import sys
import sysconfig
import weakref
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

_FOREIGN = (
    str(Path(__file__).resolve().parent.parent) + os.sep,
    str(Path(torch.__file__).resolve().parent) + os.sep,
    sysconfig.get_path("stdlib") + os.sep,
    sysconfig.get_path("purelib") + os.sep,
    sysconfig.get_path("platlib") + os.sep,
    sysconfig.get_path("scripts") + os.sep,  # `headstart` itself, torchrun
    "<frozen",
)
ASKS_FOR_LOCALS = frozenset({"locals", "vars", "dir", "eval", "exec", "f_locals"})
_WRAPPERS = ("_orig_mod.", "module.", "_forward_module.")  # torch.compile's, DistributedDataParallel's, Fabric's


def user_frames() -> Iterator[FrameType]:
    """The frames of the user's own code on this thread's stack, innermost first."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if not _is_foreign(frame.f_code.co_filename):
            yield frame
        frame = frame.f_back


def user_line() -> str | None:
    """ "train.py:24", relative to the working directory where it lies below; None outside any user code."""
    frame = next(user_frames(), None)
    return None if frame is None else line_of(frame)


def line_of(frame: FrameType) -> str:
    return f"{_short(frame.f_code.co_filename)}:{frame.f_lineno}"


def is_own(frame: FrameType) -> bool:
    """Whether it runs the user's own code."""
    return not _is_foreign(frame.f_code.co_filename)


def variable_of(value: object) -> str | None:
    """The name under which the user's code holds `value` itself: `generator`, `self.critic`, `w1`."""
    for frame in user_frames():
        for scope in (locals_of(frame), frame.f_globals):
            for name, held in list(scope.items()):
                if held is value and not name.startswith("_"):
                    return name
                if name == "self" and (found := _attribute_of(held, value)):
                    return found
                if isinstance(held, (list, tuple)) and type(value) is Tensor:
                    for index, item in enumerate(held):
                        if item is value:
                            return f"{name}[{index}]"
    return None


def locals_of(frame: FrameType) -> dict[str, Any]:
    """The variables of a running frame, read so that the user's code does not notice; empty where it would.

    Before Python 3.13 a function's `f_locals` is a dict that stays with the frame and keeps alive what it held as it was
    read; and it is the very one that `locals()` has given to the function, which would see later variables in it.
    """
    if sys.version_info >= (3, 13) or not frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        return dict(frame.f_locals)
    if not ASKS_FOR_LOCALS.isdisjoint(frame.f_code.co_names):
        return {}
    kept = frame.f_locals
    found = dict(kept)
    if sys.gettrace() is None:  # a debugger may write it back
        kept.clear()
    return found


class BirthPlaces:
    """The user's line that made each module, while it lives."""

    def __init__(self) -> None:
        self._lines: weakref.WeakKeyDictionary[Module, str | None] = weakref.WeakKeyDictionary()

    def made(self, module: Module, _: None) -> None:
        """Of a class of the user's: not where its own `__init__` calls that of `Module`, but where it is called."""
        made_in = next((frame for frame in user_frames() if not _makes(frame, module)), None)
        self._lines[module] = line_of(made_in) if made_in is not None else user_line()

    def line(self, module: Module) -> str | None:
        return self._lines.get(module)


def unwrapped(name: str) -> str:
    """A dotted path without the names that wrappers put in front of it."""
    while name.startswith(_WRAPPERS):
        name = name.partition(".")[2]
    return name.replace("._orig_mod", "")


def _makes(frame: FrameType, module: Module) -> bool:
    own = frame.f_code
    is_constructor = own.co_name == "__init__" and own.co_argcount > 0
    return is_constructor and locals_of(frame).get(own.co_varnames[0]) is module


def _attribute_of(holder: object, value: object) -> str | None:
    attributes: dict[str, Any] = getattr(holder, "__dict__", {})
    everything = {**attributes, **attributes.get("_modules", {})}
    return next((name for name, held in everything.items() if held is value), None)


@lru_cache(maxsize=4096)
def _is_foreign(filename: str) -> bool:
    return filename.startswith(_FOREIGN)


@lru_cache(maxsize=256)  # also so that a file keeps its name when the program changes its working directory
def _short(filename: str) -> str:
    try:
        relative = os.path.relpath(filename)
    except ValueError:  # another drive
        return filename
    return filename if relative.startswith("..") else relative
