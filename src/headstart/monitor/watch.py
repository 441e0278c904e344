"""`with hs.watch(model, optimizer) as record:` and no change in the loop."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import TracebackType

from torch.nn import Module
from torch.optim import Optimizer

from headstart.errors import HeadstartError
from headstart.monitor import attach
from headstart.monitor.observer import Observer
from headstart.record import Record, prune, read_record

KEPT = 20  # records in .headstart/


class Watch:
    """A watch on one model. `path` is its record's file, which exists once the first step begins."""

    def __init__(self, model: Module, path: Path) -> None:
        self.path = path
        self._observer = Observer(self._claim, attach.script_facts, attach.BIRTHS, only=model)

    def __enter__(self) -> Watch:
        attach.attach(self._observer)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        attach.detach(self._observer, "finished" if kind is None else f"exception {kind.__name__}")

    def read(self) -> Record:
        """The record as it is now, while training goes on or after."""
        if self._observer._outbox is not None:
            self._observer._outbox.flush()
        return read_record(self.path)

    def _claim(self) -> Path:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        prune(self.path.parent, KEPT - 1)
        return self.path


def watch(model: Module, optimizer: Optimizer | None = None, *, record: Path | str | None = None) -> Watch:
    """Watches every layer of `model` while it trains inside the `with` block.

    Args:
        model: the module that is trained; any coding style, any device.
        optimizer: need not be given, for its steps are seen anyway; given, its parameters are checked at once.
        record: the file to write; by default `.headstart/<script>-<time>.db`, of which the newest 20 are kept.

    Raises:
        HeadstartError: `record` exists already, or `model` is no module.

    Example:
        >>> with hs.watch(model) as record:
        ...     train(model)
        >>> hs.diagnose(record).verdict
        'healthy'
    """
    if not isinstance(model, Module):
        raise HeadstartError(
            f"hs.watch was given {type(model).__name__}, not a torch.nn.Module", "Give the model: hs.watch(model)"
        )
    if optimizer is not None:
        _check(model, optimizer)
    path = Path(record) if record is not None else _new_path()
    if path.exists():
        raise HeadstartError(f"{path} exists already", "Name another file, or remove it")
    return Watch(model, path)


def _check(model: Module, optimizer: Optimizer) -> None:
    own = {id(parameter) for parameter in model.parameters()}
    if not any(id(parameter) in own for group in optimizer.param_groups for parameter in group["params"]):
        raise HeadstartError(
            "The optimizer holds none of the model's parameters",
            "Make it from the model that you train: torch.optim.SGD(model.parameters(), lr=...)",
        )


def _new_path() -> Path:
    script = Path(sys.argv[0] or "python").stem or "python"
    stem = f"{script}-{time.strftime('%Y%m%d-%H%M%S')}"
    folder = Path(".headstart")
    names = (folder / f"{stem}{suffix}.db" for suffix in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(path for path in names if not path.exists())
