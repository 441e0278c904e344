"""Finds the function that `headstart check` is given as MODULE:FACTORY, and reads what it returns."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from headstart.errors import HeadstartError

NAMES = ("model", "batch", "loss", "optimizer")


def load(target: str) -> Callable[[], Any]:
    """The function that `target` names: "package.module:function" or "folder/file.py:function".

    Raises:
        HeadstartError: it is no such name, the module cannot be imported, or it has no such function.
    """
    place, _, name = target.rpartition(":")
    if not place or not name:
        raise HeadstartError(f"{target!r} is not MODULE:FACTORY", "Name both, as in headstart check train:make")
    module = _file(Path(place)) if place.endswith(".py") else _module(place)
    made = getattr(module, name, None)
    if not callable(made):
        near = difflib.get_close_matches(name, _functions(module), 1, 0.4)
        hint = f"Did you mean {place}:{near[0]}? " if near else ""
        fault = "has no function" if made is None else f"has {type(made).__name__}, no function,"
        raise HeadstartError(f"{place} {fault} {name!r}", f"{hint}Write one that returns (model, batch, loss)")
    return made  # type: ignore[no-any-return]


def parts_of(factory: Callable[[], Any], target: str) -> tuple[Any, ...]:
    """What `factory` returns as (model, batch, loss, optimizer), with None for what it leaves out.

    Raises:
        HeadstartError: it fails, or returns something else.
    """
    try:
        made = factory()
    except Exception as error:  # the function is the user's own
        raise HeadstartError(f"{target} fails: {_place(error)}", "Call it by itself until it works") from error
    if isinstance(made, Mapping) and set(made) <= set(NAMES) and {"model", "batch"} <= set(made):
        return tuple(made.get(name) for name in NAMES)
    if isinstance(made, (tuple, list)) and 2 <= len(made) <= len(NAMES):
        return (*made, *[None] * (len(NAMES) - len(made)))
    given = f"{len(made)} values" if isinstance(made, (tuple, list)) else type(made).__name__
    raise HeadstartError(
        f"{target} returns {given}", "Return (model, batch), (model, batch, loss) or (model, batch, loss, optimizer)"
    )


def _functions(module: ModuleType) -> list[str]:
    return [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]


def _module(name: str) -> ModuleType:
    sys.path.insert(0, str(Path.cwd()))  # as `python -m` would find it
    try:
        return importlib.import_module(name)
    except Exception as error:  # the module is the user's own
        raise HeadstartError(
            f"{name} cannot be imported: {_place(error)}",
            "Start headstart in the folder that holds it, or name the file: headstart check src/train.py:make",
        ) from error


def _file(path: Path) -> ModuleType:
    if not path.is_file():
        raise HeadstartError(f"There is no file {path}", "Name a Python file, or a module without .py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    sys.path.insert(0, str(path.parent.resolve()))  # as `python FILE` would
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the file is the user's own
        raise HeadstartError(f"{path} cannot be imported: {_place(error)}", f"python {path} shows the same") from error
    return module


def _place(error: Exception) -> str:
    """The error, and the last line of the user's that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    others = (str(Path(__file__).parent), sys.prefix, sys.base_prefix, "<")
    own = [frame for frame in frames if not frame.filename.startswith(others)]
    where = f" ({Path(own[-1].filename).name}:{own[-1].lineno})" if own and own[-1].lineno else ""
    return f"{type(error).__name__}: {error}{where}"
