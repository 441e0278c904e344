"""In which mode what depends on it is called: batch norm and dropout, while training and while evaluating."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module, MultiheadAttention, SyncBatchNorm
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.modules.rnn import RNNBase

from headstart.monitor.dropouts import Site
from headstart.monitor.sketch import can_sketch
from headstart.record import Mode

MODAL = (_BatchNorm, _DropoutNd, RNNBase, MultiheadAttention)  # whose forward pass may depend on `training`
MOST = 2000  # modules that are followed
SIZES = 16  # different batch sizes that are told apart of one module

NameOf = Callable[[Module], str | None]


@dataclass
class Entry:
    """One module, and how it was called."""

    module: weakref.ref[Module | Site]
    facts: Mode  # its name is given once the whole model has been seen
    first: Tensor | None  # batches that its running statistics had seen after its first call; None: was told
    born: int  # the step of that call
    counter: Tensor | None = None  # the very tensor that counts them: what main() made is gone as the run ends
    step: int = -1  # of its last call with gradients; in that step, in training mode:
    in_training: bool = False
    evaluated_at: int = -1  # the steps of its last calls without gradients, by mode
    evaluated_in_training_at: int = -1
    judged_at: int = -1
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)  # values of a channel, samples
    dirty: bool = True


class Modes:
    """All batch norms and dropouts of one run."""

    def __init__(self, name_of: NameOf) -> None:
        self.live = False  # a layer was called with gradients and in training mode since the last step
        self._entries: dict[int, Entry] = {}
        self._now: list[Entry] = []  # called with gradients since the last step
        self._name_of = name_of

    def trained(self, module: Module | Site, args: tuple[Any, ...], step: int) -> None:
        """A call with gradients."""
        entry = self._entries.get(id(module))
        if entry is None or entry.module() is not module:
            if len(self._entries) >= MOST or (facts := _facts(module, len(self._entries))) is None:
                return
            entry = self._entries[id(module)] = Entry(weakref.ref(module), facts, _batches(module), step)
        if entry.step != step:
            entry.step, entry.in_training = step, False
            entry.counter = _counter(module)  # it is exchanged where the module is moved
            self._now.append(entry)
        entry.in_training |= module.training
        self.live |= module.training
        size = _size(module, args) if module.training else None
        if size is not None and (size in entry.sizes or len(entry.sizes) < SIZES):
            entry.sizes[size] += 1

    def has_trained(self, module: Module) -> bool:
        """Whether it was called with gradients."""
        entry = self._entries.get(id(module))
        return entry is not None and entry.module() is module

    def evaluated(self, module: Module | Site, step: int) -> None:
        """A call without gradients, of a module that trains: often, so that it costs a look-up and a comparison."""
        entry = self._entries.get(id(module))
        if entry is None or entry.module() is not module:
            return
        if module.training and entry.evaluated_in_training_at != step:
            entry.evaluated_in_training_at, entry.dirty = step, True
            entry.facts = replace(entry.facts, evaluated_in_training=entry.facts.evaluated_in_training + 1)
        elif not module.training and entry.evaluated_at != step:
            entry.evaluated_at, entry.dirty = step, True
            entry.facts = replace(entry.facts, evaluated=entry.facts.evaluated + 1)

    def dropped(self, site: Site, p: float, training: bool, step: int, with_gradients: bool) -> None:
        """A dropout called as a function. `F.dropout` drops unless told otherwise: it says nothing of the net's mode."""
        site.p, site.training = p, training
        if not with_gradients:
            self.evaluated(site, step)
            return
        live = self.live
        self.trained(site, (), step)
        self.live = live

    def judged(self, step: int) -> None:
        """A loss was computed without gradients."""
        for entry in self._entries.values():
            if entry.evaluated_in_training_at == step and entry.judged_at != step:
                entry.judged_at, entry.dirty = step, True
                entry.facts = replace(entry.facts, judged_in_training=entry.facts.judged_in_training + 1)

    def end_step(self, step: int) -> None:
        """The calls with gradients since the last step were training.

        An evaluation among them that keeps its gradients changes nothing: a step is in evaluation mode only if nothing
        in it was called in training mode.
        """
        for entry in self._now:
            known = entry.facts
            if entry.in_training:
                entry.facts = replace(known, steps=known.steps + 1, trained_until=step, eval_steps=0)
            else:
                entry.facts = replace(known, eval_steps=0 if self.live else known.eval_steps + 1)
            entry.dirty = True
            self._describe(entry)
        self._now, self.live = [], False

    def batches(self, step: int, ended: bool = False) -> Iterator[tuple[int, str, Tensor]]:
        """Step, name and number of batches that each batch norm's running statistics have seen.

        As the run ends, of those that are gone as well, unless another has taken the name.
        """
        told = set[str]()
        for entry in self._entries.values():
            module = entry.module()
            name = None if module is None else self._path(module)
            if module is None or name is None or (seen := _batches(module)) is None:
                continue
            told.add(name)
            if entry.first is not None:
                yield entry.born, name, entry.first
                entry.first = None
            yield step, name, seen
        gone = [entry for entry in self._entries.values() if ended and entry.module() is None]
        last = {entry.facts.name: entry.counter for entry in gone if entry.counter is not None}
        for name, counter in last.items():
            if name and name not in told:
                yield step, name, counter.clone()

    def changed(self) -> Iterator[Mode]:
        """What is known of modules that were called since the last time."""
        for entry in self._entries.values():
            self._describe(entry)
            if entry.dirty and entry.facts.name:
                entry.dirty = False
                values, samples = max(entry.sizes, key=entry.sizes.__getitem__, default=(None, None))
                yield replace(entry.facts, values=values, samples=samples)

    def _describe(self, entry: Entry) -> None:
        """Notes what only the module itself tells: one that a function made is gone before the run's end is written."""
        module = entry.module()
        if module is None or (name := self._path(module)) is None:
            return
        entry.facts = replace(
            entry.facts,
            name=name,
            momentum=module.momentum if isinstance(module, _BatchNorm) else None,
            trainable=any(p is not None and p.requires_grad for p in module._parameters.values()),
            line=module.line if isinstance(module, Site) else None,
        )

    def _path(self, module: Module | Site) -> str | None:
        return f"{module.kind} ({module.line})" if isinstance(module, Site) else self._name_of(module)


def _facts(module: Module | Site, order: int) -> Mode | None:
    """None of a module that does the same in both modes."""
    p = None
    if not isinstance(module, _BatchNorm):
        p = _dropped(module)
        if not p:
            return None
    tracks = isinstance(module, _BatchNorm) and module.running_mean is not None
    kind = module.kind if isinstance(module, Site) else type(module).__name__
    return Mode("", kind, order, p, tracks=tracks)


def _dropped(module: Module | Site) -> float:
    if isinstance(module, (Site, _DropoutNd)):
        return float(module.p)
    if isinstance(module, RNNBase):
        return float(module.dropout) if module.num_layers > 1 else 0.0
    return float(module.dropout) if isinstance(module, MultiheadAttention) else 0.0


def _batches(module: Module | Site) -> Tensor | None:
    counted = _counter(module)
    return None if counted is None else counted.clone()


def _counter(module: Module | Site) -> Tensor | None:
    counted = getattr(module, "num_batches_tracked", None)
    if type(counted) is not Tensor or counted.is_meta or torch._C._functorch.is_functorch_wrapped_tensor(counted):
        return None
    return counted


def _size(module: Module | Site, args: tuple[Any, ...]) -> tuple[int, int] | None:
    """Over how many values, of how many samples, each channel's statistics are taken; of several processes together it is
    not known."""
    if not isinstance(module, _BatchNorm) or isinstance(module, SyncBatchNorm) or not args or not can_sketch(args[0]):
        return None
    given: Tensor = args[0]
    return (given.numel() // given.shape[1], given.shape[0]) if given.ndim > 1 and given.shape[1] else None
