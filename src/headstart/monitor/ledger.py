"""The parameter ledger: each tensor that is or could be trained, who holds it, whether it gets gradients and moves.

It keeps no tensor alive: of what is gone the line is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from headstart.monitor.sketch import Sheet, Sheets, can_sketch, on_device, sample_view
from headstart.monitor.weak import Reference, reference
from headstart.record import Parameter

ENOUGH = 64  # values that tell most units apart
ROWS = 2**14  # of a table, at most: copying one of millions of words would take the run's memory


@dataclass(eq=False)
class Entry:
    """One parameter: its line of the ledger, and where its figures go."""

    facts: Parameter  # but for what follows
    tensor: Reference
    weight: int  # streams
    gradient: int
    update: int
    units_dims: set[int] = field(default_factory=set)  # the dimensions that count its units, as it was used
    lr: float | None = None
    weight_decay: float | None = None
    seen: int = 0  # sketched steps; of which
    with_gradient: int = 0
    moved: int = 0
    dirty: bool = True
    first: Tensor | None = None  # its sample as it was first seen, in its own precision, until it is known to change
    settled: bool = False  # it is known to change

    @property
    def units_dim(self) -> int | None:
        """The dimension that counts its units; None: not known, or used both ways."""
        return next(iter(self.units_dims)) if len(self.units_dims) == 1 else None

    def line(self) -> Parameter:
        """The line as it stands now."""
        return replace(
            self.facts,
            units_dim=self.units_dim,
            lr=self.lr,
            weight_decay=self.weight_decay,
            steps_seen=self.seen,
            steps_with_gradient=self.with_gradient,
            steps_moved=self.moved,
        )


@dataclass(eq=False)
class Block:
    """Parameters of one device that are updated together; while they all live."""

    sheet: Sheet
    entries: list[Entry] = field(default_factory=list)
    views: list[Tensor] = field(default_factory=list)
    addresses: list[int] = field(default_factory=list)
    before: slice | None = None  # rows of this step's weights
    gradients: slice | None = None  # and of the gradients of those that have one; None: one lies otherwise in memory
    followed: tuple[int, ...] = ()  # places of those entries
    worth: tuple[tuple[int, ...], Tensor, Tensor] | None = None  # for followed: these places, values for one sampled

    def parameters(self) -> list[Tensor]:
        return [parameter for entry in self.entries if (parameter := entry.tensor()) is not None]

    def samples(self, parameters: Sequence[Tensor]) -> list[Tensor]:
        """The samples' views, made anew where a parameter's storage was exchanged."""
        for index, parameter in enumerate(parameters):
            if parameter.data_ptr() != self.addresses[index]:
                self.views[index] = sample_view(parameter.detach())
                self.addresses[index] = parameter.data_ptr()
        return self.views

    def descent(self, updates: slice, gradients: slice) -> Tensor:
        """-g·Δ of all values, as the samples in these rows tell it."""
        if self.worth is None or self.worth[0] != self.followed:
            device, own = self.views[0].device, self.parameters()
            each = [own[place].numel() / self.views[place].shape[0] for place in self.followed]
            self.worth = self.followed, on_device(self.followed, device), on_device(each, device)
        _, places, worth = self.worth
        return -self.sheet.products(updates, places, gradients).dot(worth)


class Ledger:
    """Sketches weights, gradients and updates of the parameters that one optimizer (or the user's hand) moves."""

    def __init__(self, sheets: Sheets, new_stream: Callable[[str, str], int]) -> None:
        self.lines: list[Entry] = []
        self.met = 0  # tensors, those among them that took another's place
        self._entries: dict[int, Entry] = {}  # by an id that may be that of one that is gone
        self._sheets = sheets
        self._new_stream = new_stream
        self._blocks: dict[tuple[int, ...], list[Block]] = {}
        self._after: list[Block] = []
        self._new: list[Entry] = []  # updated for the first time in this step

    def __contains__(self, parameter: Tensor) -> bool:
        return self.find(parameter) is not None

    def find(self, parameter: Tensor) -> Entry | None:
        """Its line, if it has one."""
        entry = self._entries.get(id(parameter))
        return entry if entry is not None and entry.tensor() is parameter else None

    def of(self, parameter: Tensor) -> Entry:
        """The line of a tensor that has one."""
        entry = self.find(parameter)
        assert entry is not None
        return entry

    def add(self, parameter: Tensor, name: str, layer: str | None = None) -> Entry:
        """A new line; a second name of the same tensor is noted on the first."""
        if (entry := self.find(parameter)) is not None:
            if name != entry.facts.name and name not in entry.facts.shared_with:
                entry.facts = replace(entry.facts, shared_with=(*entry.facts.shared_with, name))
                entry.dirty = True
            return entry
        self.met += 1
        taken = next((line for line in self.lines if line.facts.name == name), None)
        if taken is not None:  # the same variable holds a new tensor: w = (w - lr * g).requires_grad_()
            return self._rebind(taken, parameter)
        rounding = torch.finfo(parameter.dtype).eps / 2 if parameter.is_floating_point() else None
        facts = Parameter(name, tuple(parameter.shape), layer, parameter.requires_grad, rounding=rounding)
        weight, gradient, update = (self._new_stream(name, kind) for kind in ("weight", "weight_gradient", "update"))
        self.lines.append(Entry(facts, self._reference(parameter), weight, gradient, update))
        self._entries[id(parameter)] = self.lines[-1]
        return self.lines[-1]

    def name_of(self, parameter: Tensor) -> str | None:
        entry = self.find(parameter)
        return None if entry is None else entry.facts.name

    def tensors(self) -> list[tuple[Tensor, Entry]]:
        """Those that live."""
        return [(parameter, line) for line in self.lines if (parameter := line.tensor()) is not None]

    def has_gradient_in(self, gradients: Iterable[Tensor]) -> bool:
        """Whether one of them is the gradient of a parameter of the ledger."""
        given = {id(gradient) for gradient in gradients}
        return any(parameter.is_leaf and id(parameter.grad) in given for parameter, _ in self.tensors())

    def changes(self) -> Iterator[tuple[str, Tensor | float]]:
        """Whether each parameter's sample differs from its first one by a single bit: (name, 1 or 0).

        Unlike updates it is exact in every precision, and says whether what a step did was undone. Whether it requires
        grad is asked as well: what was once to be trained is trainable.
        """
        for parameter, entry in self.tensors():
            if parameter.requires_grad and not entry.facts.trainable:
                entry.facts, entry.dirty = replace(entry.facts, trainable=True), True
            if entry.settled or not can_sketch(parameter):
                continue
            sample = sample_view(parameter.detach())
            if entry.first is None or entry.first.shape != sample.shape or entry.first.device != sample.device:
                entry.first = sample.clone()
                continue
            changed = (sample != entry.first).any()
            if changed.device.type == "cpu" and changed:
                entry.first, entry.settled = None, True
            yield entry.facts.name, changed

    def remember_new(self) -> None:
        """Keeps the first samples of what is updated for the first time: `changes` is asked ever more seldom."""
        for entry in self._new:
            if entry.first is None and not entry.settled and (parameter := entry.tensor()) is not None:
                entry.first = sample_view(parameter.detach()).clone()
        self._new.clear()

    def zeros(self) -> Iterator[tuple[str, Tensor]]:
        """Whether each frozen weight of two or more dimensions is zero in all of its sample: (name, true or false)."""
        for parameter, entry in self.tensors():
            if not parameter.requires_grad and parameter.ndim > 1 and can_sketch(parameter):
                yield entry.facts.name, (sample_view(parameter.detach()) == 0).all()

    def reached(self) -> Iterator[tuple[str, Tensor]]:
        """Whether each `nn.Parameter` that no optimizer holds and that has a gradient has one that is not zero."""
        for parameter, entry in self.tensors():
            if (
                entry.facts.optimizer is None
                and isinstance(parameter, torch.nn.Parameter)
                and can_sketch(parameter.grad)
            ):
                yield entry.facts.name, sample_view(parameter.grad).any()

    def held_by(self, optimizer: str, parameter: Tensor, lr: float | None, weight_decay: float | None) -> None:
        entry = self.of(parameter)
        if entry.facts.optimizer != optimizer:
            entry.facts = replace(entry.facts, optimizer=optimizer)
        if entry.lr != lr or entry.weight_decay != weight_decay:
            entry.lr, entry.weight_decay, entry.dirty = lr, weight_decay, True

    def penalised(self, parameters: Iterable[Tensor]) -> None:
        """Notes that a term of the loss is made of these weights alone."""
        for parameter in parameters:
            entry = self.find(parameter)
            if entry is not None and not entry.facts.penalised:
                entry.facts, entry.dirty = replace(entry.facts, penalised=True), True

    def cancelled(self, biases: Iterable[tuple[Tensor, bool]]) -> None:
        """Notes of biases whether batch norms cancel them; once one does not, they are none of these."""
        for bias, cancelled in biases:
            entry = self.find(bias)
            if entry is not None and entry.facts.cancelled in (None, not cancelled):
                always = cancelled and entry.facts.cancelled is None
                entry.facts, entry.dirty = replace(entry.facts, cancelled=always), True

    def before_update(self, parameters: Sequence[Tensor], gradients: Mapping[int, Tensor] | None = None) -> None:
        """Samples weights and gradients: those in `.grad`, or `gradients` by the parameter's id."""
        self._after = self._blocks_of(parameters)
        for block in self._after:
            own = block.parameters()
            block.before = block.sheet.put_all([entry.weight for entry in block.entries], block.samples(own))
            followed, samples, alike = [], [], True
            for place, (entry, parameter) in enumerate(zip(block.entries, own, strict=True)):
                gradient = parameter.grad if gradients is None else gradients.get(id(parameter))
                if can_sketch(gradient) and gradient.shape == parameter.shape:
                    followed.append(place)
                    samples.append(sample_view(gradient))
                    alike = alike and gradient.stride() == parameter.stride()
                elif gradient is not None:
                    alike = False
                    if not entry.facts.sparse:
                        entry.facts, entry.dirty = replace(entry.facts, sparse=True), True
            rows = block.sheet.put_all([block.entries[place].gradient for place in followed], samples)
            block.gradients, block.followed = rows if alike and followed else None, tuple(followed)

    def after_update(self) -> Tensor | None:
        """Samples the weights again: the updates. Returns their descent, where it is known.

        That is -g·Δ: by how much they would lower the loss if it were straight from where the gradients g were taken.
        """
        descents = []
        for block in self._after:
            if block.before is not None:
                samples = block.samples(block.parameters())
                rows = block.sheet.put_all([entry.update for entry in block.entries], samples)
                block.sheet.subtract(rows, block.before)
                descents.append(None if block.gradients is None else block.descent(rows, block.gradients))
                block.before = block.gradients = None
        self._after = []
        return descents[0] if len(descents) == 1 else None

    def forget_update(self) -> None:
        """No update follows what was sampled before it."""
        self._after = []

    def _blocks_of(self, parameters: Sequence[Tensor]) -> list[Block]:
        key = tuple(id(parameter) for parameter in parameters)
        if key not in self._blocks:
            blocks: dict[torch.device, Block] = {}
            for parameter in parameters:
                if can_sketch(parameter):
                    block = blocks.setdefault(parameter.device, Block(self._sheets.sheet(parameter.device)))
                    block.entries.append(self.of(parameter))
                    self._new.append(block.entries[-1])
                    block.views.append(sample_view(parameter.detach()))
                    block.addresses.append(parameter.data_ptr())
            self._blocks = {key: list(blocks.values()), **dict(list(self._blocks.items())[:7])}
        return self._blocks[key]

    def _rebind(self, entry: Entry, parameter: Tensor) -> Entry:
        for old in [key for key, line in self._entries.items() if line is entry]:
            del self._entries[old]
            self._forget(old)
        entry.tensor = self._reference(parameter)
        self._entries[id(parameter)] = entry
        return entry

    def _reference(self, parameter: Tensor) -> Reference:
        key = id(parameter)
        return reference(parameter, lambda: self._forget(key))

    def _forget(self, key: int) -> None:
        """A tensor is gone: what was kept to sample it goes, too. Called at any time: so nothing is changed in place."""
        gone = [block for keys, blocks in self._blocks.items() if key in keys for block in blocks]
        if gone:
            self._blocks = {keys: blocks for keys, blocks in self._blocks.items() if key not in keys}
            self._after = [block for block in self._after if block not in gone]


def distinct_units(weight: Tensor, units_dim: int) -> Tensor:
    """How many units' incoming weights differ: exact, by an integer hash of the bits, whatever the order of sums."""
    weight = weight.detach()[:ROWS] if units_dim == 1 else weight.detach()
    rows = weight.movedim(units_dim, 0).flatten(1)
    if (
        rows.device.type == "cpu" and rows.shape[1] > 2 * ENOUGH
    ):  # the answer costs no wait and spares most of the work
        found = _distinct_rows(rows[:, :ENOUGH])
        if found == rows.shape[0]:
            return found
    return _distinct_rows(rows)


def _distinct_rows(rows: Tensor) -> Tensor:
    bits = (rows + 0.0).view({8: torch.int64, 4: torch.int32, 2: torch.int16}[rows.element_size()]).long()
    places = torch.arange(1, bits.shape[1] + 1, device=bits.device)
    factors = (places * 0x9E3779B97F4A7C1) ^ (places << 17)  # odd-looking and different for each place; wraps
    hashes = ((bits + 0x7F4A7C15) * (factors | 1)).sum(1).sort().values
    return (hashes[1:] != hashes[:-1]).sum() + 1
