"""The loss functions that a run calls: their own mean value, and what their labels would allow a constant to reach.

Everything stays on the labels' device until `snapshot`. One call costs a few small operations on the labels, and the
logits' argmax where the labels are classes.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from headstart.monitor.graph import saved
from headstart.monitor.labels import SIGNS, Labels, Reach
from headstart.monitor.operators import RESHAPES, operator
from headstart.monitor.origin import Made, Origin, clipped, origin_of
from headstart.monitor.probabilities import LOOKS, are_probabilities, due
from headstart.monitor.sketch import can_sketch
from headstart.monitor.terms import parts_of, with_signs
from headstart.monitor.written_out import WrittenOut
from headstart.record import Loss, Targets

CLASSES = ("cross_entropy", "nll_loss")
PROBABILITIES = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
NUMBERS = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
DIVERGENCES = ("kl_div",)
BY_HAND = " by hand"  # in the name of a loss that is written out
ALIGNMENTS = ("ctc_loss",)
MARGINS = ("multilabel_soft_margin_loss",)  # binary_cross_entropy_with_logits by another name, but for its reductions

INPUT = ("input", "target")
INPUTS = {  # what a loss function calls its input and its labels, where it is not `input` and `target`
    "ctc_loss": ("log_probs", "targets"),
    "cosine_embedding_loss": ("input1", "target"),
    "margin_ranking_loss": ("input1", "target"),
}

ROWS = 4096  # labels of one call that are looked at, at most
COLUMNS = 4096  # outputs that get a constant each; with more, all share one
FEW = 8  # labels of one call: of fewer it says little that one answer was given to all
SAMPLE = 2048  # target rows kept for medians
SAMPLE_VALUES = 65536  # and values in them
SUM_ROUNDING = 0.01  # probabilities in half precision sum to 1 within it
CHOOSES = ("where", "masked_fill", "masked_select", "index", "masked_scatter")  # some elements, not others
ABOVE = 64  # nodes between a backward's root and a loss that are looked through for a mask


@dataclass(frozen=True)
class Call:
    """One call of a loss function: figures as tensors, not yet waited for."""

    source: Source
    value: Tensor | None  # as reduction="mean" would give it
    accuracy: Tensor | None
    unvaried: Tensor | None  # 1 where all labels were the same
    rows: Tensor  # (rows, columns) targets in float64; of classes (classes,), the labels of each
    more: tuple[tuple[str, Tensor], ...] = ()  # figures of RARE that labels of its kind have beside these

    def figures(self) -> Iterator[tuple[str, Tensor]]:
        """What the record keeps now and then of the labels in one batch."""
        if self.unvaried is not None:
            yield "loss.unvaried", self.unvaried
            if self.source.kind in CLASSES:
                yield "loss.commonest", self.rows.max() / self.rows.sum()
                yield "loss.commonest_class", self.rows.argmax()
        yield from self.more


class Source:
    """One loss function called from one line of the user's code."""

    def __init__(self, name: str, kind: str, line: str | None, options: Mapping[str, Any]) -> None:
        self.name, self.kind, self.line, self.options = name, kind, line, options
        self.by_hand = self.trained = self.density = False
        self.origin: Origin | None = None
        self.shapes: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
        self.softmax_size = 0
        self.probabilities: Tensor | None = None
        self.log_mass: Tensor | None = None
        self._calls = 0  # of cross_entropy
        self._labels: Labels | None = None
        self._straight = False  # a backward went through it, and not through its negative
        self._masked: Tensor | None = None
        self._count = 0.0
        self._mass: Tensor | None = None
        self._mean: Tensor | None = None
        self._square: Tensor | None = None
        self._sample: list[Tensor] = []
        self._sampled = 0
        self._evaluated: Tensor | None = None

    def evaluate(self, call: Call) -> None:
        """Takes the labels of a call without gradients."""
        if self.kind in CLASSES:
            self._evaluated = _added(self._evaluated, call.rows)

    def commit(self, call: Call, negated: bool = False) -> None:
        """Takes the labels of a call that a backward went through; `negated`: through the loss's negative."""
        self.trained = True
        self._straight |= not negated
        if self.kind in CLASSES:
            self._mass = _added(self._mass, call.rows)
        elif self.kind in (*PROBABILITIES, *NUMBERS, *SIGNS):
            if self.kind not in SIGNS:
                self._merge(call.rows)
                self._keep(call.rows)
            if self._labels is None:
                origin = self.origin or Origin()
                reach = Reach(*origin.range) if origin.range and self.kind in NUMBERS else None
                self._labels = Labels(self.kind, self.options, reach)
            self._labels.look(call.rows)

    def meets_mask(self, leaves_out: Tensor) -> None:
        """Of a call whose elements a backward reaches through a mask: whether it left any out."""
        known = self._masked
        self._masked = leaves_out if known is None or known.device != leaves_out.device else known | leaves_out

    def meets_opposite(self, met: bool) -> None:
        """Another loss of the run wants the opposite of this one, as one player of two does."""
        self._straight |= met

    def trace(self, given: Tensor | Made, target: Tensor) -> None:
        """What is to be known of the input itself: from its first call, and again while it may be by chance."""
        axis = given.ndim - 1 if self.kind in ALIGNMENTS else class_axis(given)
        if self.kind == "cross_entropy" and given.ndim:
            self.softmax_size = max(self.softmax_size, given.shape[axis])
        if given.grad_fn is None or (self.origin is not None and self.softmax_size != 1):
            return
        found = origin_of(given, axis)
        self.softmax_size = max(self.softmax_size, found.softmax_size or 0)
        if self.origin is None:
            self.origin, self.shapes = found, (tuple(given.shape), tuple(target.shape))

    def look_for_probabilities(self, logits: Tensor, axis: int) -> None:
        """Of cross_entropy's input: at its first calls, and then now and then."""
        self._calls += 1
        if due(self._calls) and (now := are_probabilities(logits, axis)) is not None:
            known = self.probabilities
            self.probabilities = now if known is None or known.device != now.device else known & now

    def _are_probabilities(self) -> bool:
        told = self.kind != "cross_entropy" or self._calls >= LOOKS
        return told and self.probabilities is not None and bool(self.probabilities)

    def _merge(self, rows: Tensor) -> None:
        """Mean and squared deviations per column, merged by Chan, Golub & LeVeque 1983, eq. 2.1."""
        mean = rows.mean(0)
        square = (rows - mean).square().sum(0)
        n = rows.shape[0]
        if self._mean is None or self._square is None or self._mean.shape != mean.shape:
            self._count, self._mean, self._square = float(n), mean, square
            return
        total = self._count + n
        delta = mean - self._mean
        self._mean = self._mean + delta * (n / total)
        self._square = self._square + square + delta.square() * (self._count * n / total)
        self._count = total

    def _keep(self, rows: Tensor) -> None:
        room = min(SAMPLE, SAMPLE_VALUES // rows.shape[1]) - self._sampled
        if room > 0 and self.kind not in ("mse_loss", *PROBABILITIES):
            kept = rows[:: max(1, rows.shape[0] // 64)][: min(64, room)].float()
            self._sample.append(kept)
            self._sampled += kept.shape[0]

    def snapshot(self) -> Loss:
        """The loss as the record holds it. Waits for the device."""
        targets = Targets()
        if self._mass is not None:
            targets = Targets(count=float(self._mass.sum()), mass=tuple(self._mass.tolist()))
        elif self._mean is not None and self._square is not None:
            targets = Targets(
                count=self._count,
                total=tuple((self._mean * self._count).tolist()),
                square=tuple(self._square.tolist()),
                sample=tuple(tuple(row) for row in torch.cat(self._sample).tolist()) if self._sample else (),
            )
        origin = self.origin or Origin()
        low, high = origin.range or (-math.inf, math.inf)
        return Loss(
            self.name,
            self.kind,
            self.line,
            {name: value.tolist() if isinstance(value, Tensor) else value for name, value in self.options.items()},
            targets,
            self.trained,
            origin.made_by,
            log_mass=None if self.log_mass is None else float(self.log_mass),
            shape=self.shapes[0],
            target_shape=self.shapes[1],
            softmax_axis=origin.softmax_axis,
            softmax_size=self.softmax_size or None,
            class_axis_lost=origin.class_axis_lost,
            units=origin.units,
            low=low if math.isfinite(low) else None,
            high=high if math.isfinite(high) else None,
            probabilities=self._are_probabilities(),
            negated=self.trained and not self._straight,
            by_hand=self.by_hand,
            density=self.density,
            masked=self._masked is not None and bool(self._masked),
            evaluated=() if self._evaluated is None else tuple(map(float, self._evaluated.tolist())),
            **(self._labels.facts() if self._labels is not None else {}),
        )


class Sources:
    """All losses of a run, by function and line."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str | None], Source] = {}
        self.called = False  # a loss since the last step
        self._density_grows = False  # a normal distribution's was maximised somewhere

    def call(self, kind: str, arguments: Mapping[str, Any], loss: Any, line: str | None) -> Call | None:
        """Reads one call; None if it is of a kind, shape or type that nothing is known of."""
        given, target = (arguments[name] for name in INPUTS.get(kind, INPUT))
        if not (can_sketch(loss) and can_sketch(given) and type(target) is Tensor) or target.numel() == 0:
            return None
        source = self._source(kind, arguments, given, line)
        source.trace(given, target)
        value = loss.detach()
        if kind in MARGINS and arguments.get("reduction") != "mean":  # each sample's is the mean over its labels
            value = value * given.shape[-1]
        return _with_clip(_read(source, arguments, given, target, value), given.grad_fn)

    def written_out(self, loss: WrittenOut, line: str | None) -> Call | None:
        """The same of a loss that calls no loss function; `line` is that of its backward."""
        if loss.density and not loss.negative:  # it may be the spread that is learnt: no mean need be any good
            self._density_grows = True
            for source in self.known.values():
                source.meets_opposite(source.density)
            return None
        arguments = {"input": loss.given, "target": loss.target, "reduction": "mean"}
        source = self._source(loss.kind, arguments, loss.given, line, BY_HAND)
        source.density = loss.density
        source.meets_opposite(loss.density and self._density_grows)
        source.by_hand, source.shapes = True, (tuple(loss.given.shape), tuple(loss.target.shape))
        source.trace(Made(loss.maker, tuple(loss.given.shape)), loss.target)
        return _with_clip(_read(source, arguments, loss.given, loss.target, loss.value), loss.maker, loss.other)

    def _source(
        self, kind: str, arguments: Mapping[str, Any], given: Tensor, line: str | None, how: str = ""
    ) -> Source:
        key = (kind + how, line)
        if key not in self.known:
            name = f"{kind}{how} at {line}" if line else kind + how
            meant = "binary_cross_entropy_with_logits" if kind in MARGINS else kind
            self.known[key] = Source(name, meant, line, _options(meant, arguments, given))
        return self.known[key]


def _read(source: Source, arguments: Mapping[str, Any], given: Tensor, target: Tensor, loss: Tensor) -> Call | None:
    read = {
        CLASSES: _classes,
        PROBABILITIES: _probabilities,
        NUMBERS: _numbers,
        DIVERGENCES: _divergence,
        ALIGNMENTS: _alignment,
        SIGNS: _signs,
    }
    reader = next((reader for kinds, reader in read.items() if source.kind in kinds), None)
    return None if reader is None else reader(source, arguments, given, target, loss)


def _with_clip(call: Call | None, *makers: Any) -> Call | None:
    """With the share of the answers that a clip right before the loss holds at its ends, where its slope is 0.

    Of two clips one may hold what is below 0, the other what is above 1.
    """
    shares = [share for maker in makers if call is not None and (share := clipped(maker)) is not None]
    return (
        replace(call, more=(*call.more, ("loss.clipped", torch.stack(shares).sum())))
        if call is not None and shares
        else call
    )


def _added(mass: Tensor | None, more: Tensor) -> Tensor:
    return more if mass is None or mass.shape != more.shape else mass + more


def class_axis(given: Tensor | Made) -> int:
    """Where torch.nn.functional expects the classes."""
    return 1 if given.ndim > 1 else 0


def _options(kind: str, arguments: Mapping[str, Any], given: Tensor) -> dict[str, Any]:
    wanted = ("reduction", "ignore_index", "label_smoothing", "beta", "delta")
    options = {name: arguments[name] for name in wanted if arguments.get(name) is not None}
    for name in ("weight", "pos_weight"):
        value = arguments.get(name)
        if type(value) is Tensor and value.numel() <= COLUMNS:
            options[name] = value.detach().flatten().clone()  # read when the record is written
    if kind in CLASSES:
        options["classes"] = given.shape[class_axis(given)]
    return options


def _classes(
    source: Source, arguments: Mapping[str, Any], logits: Tensor, target: Tensor, loss: Tensor
) -> Call | None:
    axis = class_axis(logits)
    classes = logits.shape[axis]
    weight = arguments.get("weight")
    if source.kind == "cross_entropy":
        source.look_for_probabilities(logits, axis)
    if target.is_floating_point():  # probabilities: the same shape as the logits
        rows = target.detach().movedim(axis, -1).reshape(-1, classes)
        mass = rows[:ROWS].double().sum(0)
        unvaried = mass.max() == mass.sum() if classes > 1 else None
        return Call(source, _mean(arguments, loss, rows.shape[0]), None, unvaried, mass)
    labels, ignored = target.detach().reshape(-1).long(), arguments.get("ignore_index", -100)
    answers = logits.detach().argmax(axis).reshape(-1)
    right = answers == labels
    if 0 <= ignored < classes:
        right &= labels != ignored
        labels = labels.where(labels != ignored, -1)
    places = labels.clamp(-1, classes) + 1  # what is no class falls into the first place or the last
    mass = _counts(places, classes + 2)[1:-1]
    if source.kind == "nll_loss" and source.log_mass is None:
        source.log_mass = logits.detach().float().logsumexp(axis).abs().amax()
    count = mass.sum()
    mean = _mean(arguments, loss, count if weight is None else (mass * weight.detach()).sum())
    counted = count if weight is None else (mass * (weight.detach() != 0)).sum()
    more = [("loss.ignored", 1 - counted / labels.numel())]
    if labels.numel() >= FEW:
        if not (count.is_cpu and count == labels.numel()):  # asking a CPU costs no wait
            answers = answers.where((places > 0) & (places <= classes), classes)
        more += _answered(answers, classes)
    return Call(source, mean, right.sum() / count, mass.max() == count, mass, tuple(more))


def _probabilities(
    source: Source, arguments: Mapping[str, Any], given: Tensor, target: Tensor, loss: Tensor
) -> Call | None:
    if arguments.get("weight") is not None:
        return None
    threshold = 0.0 if source.kind == "binary_cross_entropy_with_logits" else 0.5
    if given.shape != target.shape:
        return None
    answers = given.detach() > threshold
    accuracy = (answers == (target.detach() > 0.5)).float().mean()
    rows = _rows(target)
    more: list[tuple[str, Tensor]] = [("loss.target_mean", rows.mean())]
    if answers.numel() >= FEW:
        more += _answered(answers.reshape(-1).long(), 2)
    return Call(source, _mean(arguments, loss, target.numel()), accuracy, _unvaried(rows), rows, tuple(more))


def _numbers(source: Source, arguments: Mapping[str, Any], given: Tensor, target: Tensor, loss: Tensor) -> Call | None:
    if arguments.get("weight") is not None or not target.is_floating_point():
        return None
    count = max(given.numel(), target.numel())
    rows = _rows(target)
    more = [("loss.target_mean", rows.mean())]
    if given.shape == target.shape and rows.shape[0] >= FEW:
        spread = (_rows(given).var(0).sum() / rows.var(0).sum()).sqrt()
        more += [("loss.spread", spread)]
    return Call(source, _mean(arguments, loss, count), None, _unvaried(rows), rows, tuple(more))


def _divergence(
    source: Source, arguments: Mapping[str, Any], given: Tensor, target: Tensor, loss: Tensor
) -> Call | None:
    """Of its input: whether it is log-probabilities, or probabilities, along the last axis or that of the classes."""
    if source.probabilities is None and given.ndim:
        x = given.detach().float()
        axes = {axis for axis in (class_axis(x), x.ndim - 1) if x.shape[axis] > 1}
        if axes:
            source.log_mass = torch.stack([x.logsumexp(axis).abs().amax() for axis in axes]).amin()
            sums = torch.stack([(x.sum(axis) - 1).abs().amax() for axis in axes]).amin()
            source.probabilities = (x >= 0).all() & (sums < SUM_ROUNDING)
    return Call(source, None, None, None, target.detach().new_empty(0))


def _answered(answers: Tensor, classes: int) -> list[tuple[str, Tensor]]:
    """The commonest of the answers 0 to `classes` - 1, and its share."""
    counts = _counts(answers, classes + 1)[:-1]
    return [("loss.answered", counts.max() / counts.sum()), ("loss.answered_class", counts.argmax())]


def _counts(values: Tensor, size: int) -> Tensor:
    """How often each of 0 to `size` - 1 occurs; `bincount` waits for a device."""
    if values.is_cpu:
        return torch.bincount(values, minlength=size)
    return torch.zeros(size, dtype=torch.long, device=values.device).index_add_(0, values, torch.ones_like(values))


def _alignment(
    source: Source, arguments: Mapping[str, Any], given: Tensor, target: Tensor, loss: Tensor
) -> Call | None:
    """How far its input is from log-probabilities over the last axis; at the first time, where nothing is padding."""
    if source.log_mass is None and given.ndim > 1:
        source.log_mass = given[0].detach().float().logsumexp(-1).abs().amax()
    return Call(source, None, None, None, target.detach().new_empty(0))


def _signs(source: Source, arguments: Mapping[str, Any], given: Tensor, target: Tensor, loss: Tensor) -> Call | None:
    return Call(source, None, None, None, _rows(target))


def _mean(arguments: Mapping[str, Any], loss: Tensor, count: Any) -> Tensor:
    reduction = arguments.get("reduction", "mean")
    return loss.clone() if reduction == "mean" and loss.ndim == 0 else loss.sum() / count


def _rows(target: Tensor) -> Tensor:
    flat = target.detach().reshape(target.shape[0], -1) if target.ndim > 1 else target.detach().reshape(-1, 1)
    if flat.shape[1] > COLUMNS:
        flat = flat[:, :COLUMNS].reshape(-1, 1)
    step = max(1, flat.shape[0] // ROWS)
    return flat[::step].to(torch.float32 if flat.device.type == "mps" else torch.float64)


def _unvaried(rows: Tensor) -> Tensor:
    return (rows == rows[:1]).all().float()


def is_negative_of(root: Tensor, call: Call, key: str) -> bool:
    """Whether a backward's root is minus the call's own loss, or minus a sum that it is added to."""
    node: Any = root.grad_fn
    negative = False
    while node is not None and node.metadata.get(key) is not call:
        op = operator(node.name())
        if op not in ("neg", "mean", "sum"):
            return negative and _is_added(node, call, key)
        negative ^= op == "neg"
        node = node.next_functions[0][0]
    return negative and node is not None


def _is_added(node: Any, call: Call, key: str) -> bool:
    """Whether `node` is a sum in which the call's loss has a positive factor wherever it stands."""
    signs: set[int] = set()
    todo = [(node, 1)]
    for _ in range(ABOVE):
        if not todo:
            return signs == {1}
        term, sign = todo.pop()
        if term.metadata.get(key) is call:
            signs.add(sign)
        else:
            todo += [(below, sign * own) for (below, _), own in with_signs(parts_of(term)) or () if below is not None]
    return False


def masked(call: Call, share: Tensor) -> Call:
    """The same call where a mask may have left out all of its labels."""
    more = tuple(
        (name, value.where(share < 1, torch.ones_like(value)) if name == "loss.ignored" else value)
        for name, value in call.more
    )
    return replace(call, more=more)


def mask_of(root: Tensor, call: Call, key: str) -> Tensor | None:
    """The share of a loss's elements that what multiplies or chooses them leaves out, as a tensor not yet waited for.

    Where it is some and not known how many, a half. None: nothing stands between the elements and their mean or sum.
    """
    above: dict[Any, Any] = {}
    todo: deque[Any] = deque([root.grad_fn])
    while todo and len(above) < ABOVE:
        node = todo.popleft()
        if node.metadata.get(key) is call:
            return _mask_above(node, above, root.device)
        for child, _ in node.next_functions:
            if child is not None and child not in above:
                above[child] = node
                todo.append(child)
    return None


def _mask_above(node: Any, above: Mapping[Any, Any], device: torch.device) -> Tensor | None:
    parent = above.get(node)
    while parent is not None and (operator(parent.name()) in ("neg", "add") or _reshapes(parent)):
        node, parent = parent, above.get(parent)
    if parent is None:
        return None
    op = operator(parent.name())
    if op in CHOOSES:
        return torch.full((), 0.5, device=device)
    if op != "mul":
        return None
    factor = saved(parent, "other" if parent.next_functions[0][0] is node else "self")
    if factor is None or factor.numel() < 2:
        return None
    share = (factor.detach() == 0).float().mean()
    # What has a graph is no mask: a focal loss's factor may come to 0 where all is learnt.
    return share.clamp(max=0.5) if factor.requires_grad else share


def _reshapes(node: Any) -> bool:
    return operator(node.name()) in RESHAPES - {"slice", "select", "split", "chunk", "unbind"}
