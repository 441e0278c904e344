"""Which samples enter a model, told apart by fingerprints: 64 values of each, strided, hashed as integers.

Two samples are the same if their bits are. What is kept is bounded: a hash of each batch, so that the order of two
epochs can be compared, and of the samples those whose fingerprint is divisible by a power of two. That choice depends
on the sample alone, so that a sample is kept in all epochs and in evaluation, or in none, and shares are unbiased.

A step costs a few small operations on its inputs; the rest is done for many steps at once, as the record is written.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

from headstart.monitor.modules import Modules
from headstart.monitor.places import Places, spread
from headstart.monitor.turns import Turns, take
from headstart.record import Samples as Facts
from headstart.record import Values

PLACES = 64  # values of a sample that are read
CHANGES = 7  # neighbours among them that must differ: in less, different samples are alike by chance
ROWS = 2048  # samples of a batch that are looked at, at most
KEPT = 1024  # samples that are kept of a model, at most
TENSORS = 4  # that together are one sample: x, mask, ...
CALLS = 16  # of a model in one step that are looked at
PENDING = 1 << 19  # samples that wait for the record to be written
LOOKS = 64  # different batches without gradients whose samples are remembered
WHOLE = 8  # calls whose values are looked at, whether they are whole numbers
MOST = 64  # models that are followed

SOURCES = 6  # data sets that are told apart, as long as the run lasts

DENSE = 1024  # steps that are all looked at; then
STRETCH = 64  # steps from the start of each doubling, and of epochs:
EPOCHS = 64  # of the first, then of each doubling
PASSES, PASS = 16, 256  # evaluations that are all looked at, then at each doubling; calls in one

BITS = (1 << 53) - 1  # a float holds them exactly
BITS_OF = {torch.float32: torch.int32, torch.float64: torch.int64, torch.float16: torch.int16}
BITS_OF[torch.bfloat16] = torch.int16


@dataclass
class Call:
    """One call of a model: its samples' hashes, still on their device."""

    step: int
    training: bool
    hashes: Tensor  # (rows,)
    changes: Tensor  # (rows,)
    values: Tensor | None = None  # of some of the rows, as `spread` takes them; None: this call is not looked at so
    shape: tuple[int, ...] = ()  # of a sample
    source: int = 0  # the data set that it comes from, as `Samples.loader_begins` numbers them
    since: int = 0  # the step at which the weights were last drawn or loaded anew


@dataclass
class Evaluation:
    """How often a model was evaluated on one data set."""

    at: int = -1  # the step at which the present pass began
    passes: int = 0
    calls: int = 0  # of the present pass


@dataclass
class Kept:
    """One sample, and where it was seen."""

    trained: int = 0
    first: int = -1  # steps
    second: int = -1
    evaluated: int = 0
    turns: Turns = field(default_factory=Turns)

    def figures(self) -> tuple[int, int, int, int]:
        return self.trained, self.first, self.second, self.evaluated


@dataclass
class Entry:
    """One model that is given samples."""

    module: weakref.ref[Module]
    facts: Facts
    known: bool = False  # that it is no part of another model
    calls: list[Call] = field(default_factory=list)
    kept: dict[int, Kept] = field(default_factory=dict)  # by fingerprint
    step: int = -1  # of its last call in training
    in_step: int = 0  # calls in it
    evaluations: dict[int, Evaluation] = field(default_factory=dict)  # by data set
    was_training: bool = False
    looks: dict[int, tuple[list[int], list[int]]] = field(default_factory=dict)  # kept: trained on before, not yet
    fractions: list[Tensor] = field(default_factory=list)  # of each first calls: whether a value was no whole number
    places: Places = field(default_factory=Places)
    dirty: bool = False

    def all_facts(self) -> Facts:
        """Waits for the device."""
        kept = tuple((key, *seen.figures()) for key, seen in self.kept.items())
        looks = []
        for before, others in self.looks.values():
            known, never = ([key for key in keys if key in self.kept] for keys in (before, others))
            looks.append((len(known), sum(not self.kept[key].trained for key in never)))
        return replace(
            self.facts,
            kept=kept,
            looks=tuple(looks),
            whole=not any(map(bool, self.fractions)),
            joined=sum(seen.turns.joined for seen in self.kept.values()),
            left=sum(seen.turns.left for seen in self.kept.values()),
            alike=self.places.alike,
        )


class Samples:
    """The samples of all models of one run."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._entries: dict[int, Entry] = {}
        self._settled: dict[int, weakref.ref[Module]] = {}  # modules that are no model, as far as is known
        self._met: list[int] = []  # modules since `settle`
        self._looking = True
        self._stretch = 0  # steps of the present stretch that are left
        self._epochs = 0
        self._step = 0  # that is not over yet
        self._pending = 0
        self._source = 0  # of what is evaluated now
        self._sources: dict[int, int] = {}  # by the data set's id
        self._since = 0

    def follows(self, module: Module, grad: bool) -> bool:
        """Whether `entered` wants this call: asked at each call of any module; `grad`: gradients are on."""
        return id(module) in self._entries and (self._looking or not grad)

    def is_new(self, module: Module) -> bool:
        known = self._settled.get(id(module))
        return id(module) not in self._entries and (known is None or known() is not module)

    def entered(self, module: Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], grad: bool) -> None:
        """After a call of a model, or of a module that may be one; `grad`: gradients are on."""
        entry = self._entries.get(id(module))
        if entry is None or entry.module() is not module:
            entry = self._meet(module, args, kwargs) if grad else None
        if entry is None or not self._wants(entry, module, grad):
            return
        given = _given(args, kwargs)
        if not given or self._pending > PENDING:
            return
        hashes, changes = fingerprints(given)
        self._pending += hashes.shape[0]
        shape = tuple(given[0].shape[given[0].ndim > 1 :])
        copy = spread(_values(given[0])).clone() if entry.places.wants(given[0], grad, self._source) else None
        entry.calls.append(Call(self._step, grad, hashes, changes, copy, shape, self._source, self._since))
        if len(entry.fractions) < WHOLE:
            entry.fractions.append(_has_fractions(given))
        rows = _rows(given[0])
        if grad and rows > entry.facts.batch:
            entry.facts = replace(entry.facts, batch=rows, shape=entry.facts.shape or shape)

    def settle(self) -> None:
        """Once a whole model has been seen: which of its modules is the model."""
        if not self._met:
            return
        for key in self._met:
            ref = self._settled.get(key)
            module = None if ref is None else ref()
            if module is not None and self._modules.is_outermost(module) and _trains(module):
                del self._settled[key]  # it was given no data, but may be yet
        self._met.clear()
        for key, entry in list(self._entries.items()):
            module = entry.module()
            if module is None or not self._modules.is_outermost(module):
                self._settled[key] = entry.module
                del self._entries[key]
            elif not entry.known:
                entry.known = True
                entry.facts = replace(entry.facts, name=self._modules.path(module) or type(module).__name__.lower())

    def loader_begins(self, dataset: Any) -> None:
        """What is evaluated until the next step or loader comes from this data set; from no loader, or one of too many: 0.

        A data set that is gone may lend its number to the next: then the two are one to us, as they would be without it.
        """
        if id(dataset) not in self._sources and len(self._sources) < SOURCES:
            self._sources[id(dataset)] = len(self._sources) + 1
        self._source = self._sources.get(id(dataset), 0)

    def weights_are_new(self) -> None:
        """They were drawn or loaded anew after the last step."""
        self._since = self._step

    def epoch_begins(self) -> None:
        """A loader began to give batches to train on."""
        self._epochs += 1
        if self._epochs <= EPOCHS or self._epochs & (self._epochs - 1) == 0:
            self._stretch = STRETCH
            self._looking = True

    def end_step(self, step: int) -> None:
        self._step, self._source = step + 1, 0
        self._stretch = STRETCH if self._step & step == 0 else self._stretch - 1
        self._looking = self._step < DENSE or self._stretch > 0

    def batches(self) -> Iterator[tuple[int, str, int]]:
        """Step, model and hash of the batches since the last time. Waits for the device."""
        self._pending = 0
        for entry in self._entries.values():
            calls = [call for call in entry.calls if call.step < self._step or not call.training]
            entry.calls = [call for call in entry.calls if call.step >= self._step and call.training]
            if calls and entry.known:
                entry.dirty = True
                for device in {call.hashes.device for call in calls}:
                    found = _fold(entry, [call for call in calls if call.hashes.device == device])
                    yield from ((step, entry.facts.name, batch) for step, batch in found.items())

    def changed(self) -> Iterator[Facts | Values]:
        """What is known of models that were given samples since the last time."""
        for entry in self._entries.values():
            if entry.dirty:
                entry.dirty = False
                yield entry.all_facts()
                yield from entry.places.changed(entry.facts.name)

    def _meet(self, module: Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Entry | None:
        self._met.append(id(module))
        if len(self._entries) >= MOST or not _trains(module) or not _given(args, kwargs):
            self._settled[id(module)] = weakref.ref(module)
            return None
        entry = self._entries[id(module)] = Entry(weakref.ref(module), Facts(""))
        return entry

    def _wants(self, entry: Entry, module: Module, grad: bool) -> bool:
        """Whether this call is looked at; counts it."""
        if not grad:
            own = entry.evaluations.setdefault(self._source, Evaluation())
            if own.at != self._step:
                own.at, own.calls, own.passes = self._step, 0, own.passes + 1
            own.calls += 1
            return own.calls <= PASS and (own.passes <= PASSES or own.passes & (own.passes - 1) == 0)
        entry.was_training |= module.training
        if entry.was_training and not module.training:  # an evaluation that keeps its gradients, or a mistake
            return False
        if entry.step != self._step:
            entry.step, entry.in_step = self._step, 0
        entry.in_step += 1
        return entry.in_step <= CALLS


def fingerprints(given: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """A hash of each sample, and how many of the values that it was made of differ from the one before."""
    hashes = changes = None
    for number, x in enumerate(given):
        bits = _bits(_values(x))
        weights = _multipliers(x.device)[number * PLACES : number * PLACES + bits.shape[1]]
        own, differ = (bits * weights).sum(1), (bits[:, 1:] != bits[:, :-1]).sum(1)
        hashes = own if hashes is None else hashes + own
        changes = differ if changes is None else changes + differ
    assert hashes is not None
    assert changes is not None
    return hashes, changes


def mixed(hashes: Tensor) -> Tensor:
    """Each bit of the result depends on all bits (the finalizer of SplitMix64, Steele, Lea & Flood 2014)."""
    hashes = (hashes ^ (hashes >> 30)) * -0x40A7B892E31B1A47
    hashes = (hashes ^ (hashes >> 27)) * -0x6B2FB644ECCEEE15
    return hashes ^ (hashes >> 31)


def _fold(entry: Entry, calls: Sequence[Call]) -> dict[int, int]:
    """Takes the calls' samples into what is kept; the hash of each step's batch."""
    sizes = [call.hashes.shape[0] for call in calls]
    raw = torch.cat([call.hashes for call in calls])
    place = _multipliers(raw.device, ROWS)
    sums = (raw * torch.cat([place[:size] for size in sizes])).cumsum(0)
    ends = torch.tensor(sizes).cumsum(0)
    batches = mixed(sums[ends.to(raw.device) - 1].diff(prepend=sums.new_zeros(1))).tolist()
    told = torch.cat([call.changes for call in calls]) >= CHANGES
    hashes = mixed(raw) & BITS
    chosen = (told & (hashes % entry.facts.rate == 0)).nonzero().flatten().cpu()
    owners = torch.bucketize(chosen, ends, right=True).tolist()
    counts = told.cumsum(0)[ends.to(raw.device) - 1].diff(prepend=sums.new_zeros(1)).tolist()
    by_step: dict[int, list[int]] = {}
    twice = [call.training and _is_again(by_step, call.step, b) for call, b in zip(calls, batches, strict=True)]
    for call, count, again in zip(calls, counts, twice, strict=True):
        _count(entry, call, 0 if again else count)
    present, known = -1, set[int]()
    batch_of: dict[int, list[int]] = {}
    for key, owner in zip(hashes[chosen.to(raw.device)].tolist(), owners, strict=True):
        call, batch = calls[owner], batches[owner]
        if owner != present and not call.training and (batch in entry.looks or len(entry.looks) < LOOKS):
            entry.looks[batch] = ([], [])  # seen before: as it is now
        present = owner
        if not call.training and key in entry.kept and entry.kept[key].trained:
            known.add(owner)
        if not twice[owner]:
            _keep(entry, key, call, entry.looks.get(batch))
            batch_of.setdefault(owner, []).append(key)
    for owner, keys in batch_of.items():
        if (call := calls[owner]).step < DENSE:  # all steps up to now were looked at
            take([entry.kept[key].turns for key in keys if key in entry.kept], call.training, call.step, call.since)
    for owner, call in enumerate(calls):
        if call.values is not None and owner not in known:
            entry.places.take(call.values, spread(call.hashes).tolist(), call.shape, call.training, call.source)
    entry.facts = replace(entry.facts, steps=entry.facts.steps + len(by_step))
    return {step: _joined(own) for step, own in by_step.items()}


def _is_again(by_step: dict[int, list[int]], step: int, batch: int) -> bool:
    """Whether the step saw that very batch before, as a closure that is called again does; notes it."""
    own = by_step.setdefault(step, [])
    if batch in own:
        return True
    own.append(batch)
    return False


def _joined(batches: Sequence[int]) -> int:
    found = 0
    for batch in batches:
        found = (found * 31 + batch) & BITS
    return found


def _count(entry: Entry, call: Call, count: int) -> None:
    if call.training:
        entry.facts = replace(entry.facts, trained=entry.facts.trained + count)
    else:
        entry.facts = replace(entry.facts, evaluated=entry.facts.evaluated + count)


def _keep(entry: Entry, key: int, call: Call, look: tuple[list[int], list[int]] | None) -> None:
    seen = entry.kept.get(key)
    if seen is None:
        if key % entry.facts.rate:
            return
        seen = entry.kept[key] = Kept()
        if len(entry.kept) > KEPT:
            entry.facts = replace(entry.facts, rate=entry.facts.rate * 2)
            entry.kept = {key: seen for key, seen in entry.kept.items() if key % entry.facts.rate == 0}
    if not call.training:
        seen.evaluated += 1
        if look is not None:
            look[not seen.trained].append(key)
        return
    if not seen.trained:
        seen.first = call.step
    elif seen.trained == 1:
        seen.second = call.step
    seen.trained += 1


def _has_fractions(given: Sequence[Tensor]) -> Tensor:
    values = [_values(x) for x in given if x.is_floating_point()]
    return torch.stack([(part != part.round()).any() for part in values]).any() if values else torch.zeros(())


def _trains(module: Module) -> bool:
    return any(parameter.requires_grad for parameter in module.parameters())


def _given(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Tensor]:
    """The tensors that hold the samples: the first one, and all that are as long."""
    found = list(_tensors((*args, *kwargs.values()), 3))
    if not found or found[0].requires_grad:
        return []
    rows, device = _rows(found[0]), found[0].device
    return [x for x in found if _rows(x) == rows and x.device == device and not x.requires_grad][:TENSORS]


def _tensors(values: Sequence[Any], depth: int) -> Iterator[Tensor]:
    for value in values:
        if _is_plain(value):
            yield value
        elif depth and isinstance(value, (tuple, list)) and len(value) <= PLACES:
            yield from _tensors(value, depth - 1)
        elif depth and type(value) is dict and len(value) <= PLACES:
            yield from _tensors(tuple(value.values()), depth - 1)


def _is_plain(x: Any) -> bool:
    """A tensor with values of its own: no functorch wrapper, fake, sparse, nested or other subclass."""
    return (
        type(x) is Tensor
        and x.layout is torch.strided
        and x.ndim > 0
        and x.numel() > 0
        and not (x.is_meta or x.is_complex() or x.is_quantized)
        and not torch._C._functorch.is_functorch_wrapped_tensor(x)
    )


def _rows(x: Tensor) -> int:
    """A vector is one sample."""
    return x.shape[0] if x.ndim > 1 else 1


def _values(x: Tensor) -> Tensor:
    """(rows, places): of each sample, or of every so many where there are more than ROWS, the same places."""
    if x.ndim == 1:
        x = x[None]
    rows, size = x.shape[0], x.numel() // x.shape[0]
    count, step = _geometry(size)
    every = -(-rows // ROWS)
    if x.is_contiguous():
        return x.as_strided((-(-rows // every), count), (size * every, step), x.storage_offset())
    place = torch.arange(0, count * step, step, device=x.device)
    index: list[Any] = []
    for length in reversed(x.shape[1:]):
        index.insert(0, place % length)
        place = place // length
    return x[(slice(None, None, every), *index)]


def _bits(values: Tensor) -> Tensor:
    """As integers that are equal where the values are the same bit by bit."""
    if values.dtype in BITS_OF:
        return values.view(BITS_OF[values.dtype])
    return values if values.dtype is torch.int64 else values.to(torch.int64)


@lru_cache(maxsize=4096)
def _geometry(size: int) -> tuple[int, int]:
    """Number and step of the places in a sample of `size` values; a step that shares a divisor sees few columns."""
    steps = range(max(1, size // PLACES), 0, -1)
    step = next((step for step in steps if math.gcd(step, size) == 1), 1)
    return min(PLACES, -(-size // step)), step


@lru_cache(maxsize=16)
def _multipliers(device: torch.device, count: int = PLACES * TENSORS) -> Tensor:
    """Odd numbers of 64 bits that look random and are always the same, made on the device that needs them."""
    return mixed(torch.arange(1, count + 1, device=device) * -0x61C8864680B583EB) | 1
