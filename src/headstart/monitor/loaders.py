"""The DataLoaders of a run: how much they hold, in which order they give it, and when they begin anew."""

from __future__ import annotations

import types
import weakref
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from torch.utils.data import (
    ConcatDataset,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
)

from headstart.record import Loader

BEGUN = 256  # beginnings that are kept
MOST = 64  # loaders that are told apart


class Loaders:
    """All loaders of one run, by the line that goes through them and what they hold."""

    def __init__(self) -> None:
        self._known: dict[Loader, Loader] = {}  # by its facts before it began
        self._dirty: set[Loader] = set()
        self._last: dict[Loader, tuple[Any, weakref.ref[Any], int]] = {}  # latest pass, where none gave a second batch

    def begins(self, loader: DataLoader[Any], iterator: Any, step: int, line: str | None, grad: bool) -> None:
        key = _facts(loader, line)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= MOST:
                return
            known = replace(key, name=f"{key.name}~{len(self._known)}" if self._names(key.name) else key.name)
        if not grad:
            known = replace(known, begun_evaluating=known.begun_evaluating + 1)
        else:
            known = self._after_one_batch(key, known, loader, iterator)
            if len(known.begun) < BEGUN:
                known = replace(known, begun=(*known.begun, step))
        self._known[key] = known
        self._dirty.add(key)

    def _after_one_batch(self, key: Loader, known: Loader, loader: DataLoader[Any], iterator: Any) -> Loader:
        """Counts how often one batch was taken and no more. It keeps the latest iteration until the next one begins."""
        if not known.begun:
            if _starts_alike(loader):
                alive = weakref.ref(loader, lambda _: self._last.pop(key, None))  # the iterator keeps the data alive
                self._last[key] = (iterator, alive, _version(loader.dataset))
        elif key in self._last:
            last, same, version = self._last[key]
            if getattr(last, "_num_yielded", 0) == 1 and same() is loader and version == _version(loader.dataset):
                self._last[key] = (iterator, same, version)
                return replace(known, firsts=known.firsts + 1)
            del self._last[key]
            return replace(known, firsts=0)
        return known

    def changed(self) -> Iterator[Loader]:
        """Those that began since the last time."""
        yield from (self._known[key] for key in self._dirty)
        self._dirty.clear()

    def _names(self, name: str) -> bool:
        return any(known.name == name for known in self._known.values())


def _facts(loader: DataLoader[Any], line: str | None) -> Loader:
    weighs = loader.sampler if type(loader.sampler) is WeightedRandomSampler else None
    return Loader(
        f"DataLoader at {line}" if line else "DataLoader",
        line,
        samples=length_of(loader.dataset),
        batch=loader.batch_size,
        order=_order(loader.sampler),
        stream=isinstance(loader.dataset, IterableDataset),
        workers=loader.num_workers,
        sampler=type(loader.sampler).__name__,
        weighed=None if weighs is None else len(weighs.weights),
        draws=None if weighs is None else int(weighs.num_samples),
    )


def _order(sampler: Any) -> str | None:
    """How the default batches are drawn; with batches of the user's own, the sampler is a sequential one, unused."""
    if type(sampler) is SequentialSampler:
        return "sequential"
    if type(sampler) is RandomSampler:
        return "replacement" if sampler.replacement else "random"
    if type(sampler) is WeightedRandomSampler:
        return "replacement" if sampler.replacement else "random"
    return None


def _starts_alike(loader: DataLoader[Any]) -> bool:
    """Whether each pass gives the same samples first, by no code of the user's; with workers, iterations are not kept."""
    plain = loader.num_workers == 0 and loader.collate_fn is default_collate
    return (
        plain and _order(loader.sampler) == "sequential" and loader.batch_size is not None and _is_held(loader.dataset)
    )


def _is_held(dataset: Any) -> bool:
    """Whether a sample is the same each time that it is asked for, but for its augmentation."""
    kind = type(dataset)
    if kind is Subset:
        return _is_held(dataset.dataset)
    if kind is TensorDataset:
        return not any(tensor.is_inference() for tensor in dataset.tensors)
    return kind.__module__.startswith("torchvision.datasets.")


def _version(dataset: Any) -> int:
    """Rises as the samples are overwritten, such as those of a replay buffer."""
    if type(dataset) is Subset:
        return _version(dataset.dataset)
    return sum(tensor._version for tensor in dataset.tensors) if type(dataset) is TensorDataset else 0


def length_of(dataset: Any) -> int | None:
    """The number of samples, where that is known without running code of the user's; None where it is not."""
    kind = type(dataset)
    if kind in (list, tuple, range):
        return len(dataset)
    if kind is TensorDataset:
        return int(dataset.tensors[0].shape[0])
    if kind is Subset and type(dataset.indices) in (list, tuple, range):
        return len(dataset.indices)
    if kind is ConcatDataset:
        return int(dataset.cumulative_sizes[-1])
    own = getattr(kind, "__len__", None)
    return len(dataset) if isinstance(own, types.FunctionType) and _only_reads(own, dataset) else None


def _only_reads(own: types.FunctionType, dataset: Any) -> bool:
    """Whether `__len__` is of the kind `return len(self.x)`: it names nothing but `len` and plain attributes."""
    names = set(own.__code__.co_names) - {"len", "shape"}
    held = vars(dataset) if hasattr(dataset, "__dict__") else {}
    plain = ("builtins", "torch", "numpy", "pandas.core.frame")
    return names <= held.keys() and all(type(held[name]).__module__ in plain for name in names)
