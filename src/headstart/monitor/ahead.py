"""Whether a net that is to tell the next word is given it: the labels are its own words, and a place sees what follows.

Both halves stand in the graph. The embedding saved its words and the loss its labels: these are those words, moved by one.
And an attention between such words saved its weights, or its mask; a recurrent layer says itself that it reads both ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from headstart.monitor.graph import Graph, Operation, saved
from headstart.monitor.modules import Slot
from headstart.monitor.operators import signed

NEXT = 0.99  # of the labels that differ from the word at their own place; between two texts one may be no next word
SEEN = 16  # such labels, at least
BEHIND_A_MASK = 0.01  # of an attention's weight, at most
CLOSED = -1e3  # added to a score: its exponential is 0 in single precision
LARGEST = 2**22  # words of a batch, and weights of an attention's first samples, that are looked at
WITHIN = 16  # operations from a softmax back to the product of its scores

SCORES = ("bmm", "mm", "baddbmm")
SOFTMAXES = ("softmax", "safe_softmax")
NARROWS = ("slice", "select", "split", "split_with_sizes", "unsafe_split", "chunk", "unbind")


@dataclass(frozen=True)
class Ahead:
    """What sees the words that it is to tell."""

    operation: Operation
    words: int  # of a sequence
    same: float  # share of the labels that are the next word
    later: float | None  # of an attention's weight, on average over the places with a label; None: a recurrent layer


@dataclass(frozen=True)
class _Task:
    """Words that were looked up, of which the labels of a loss are the next ones."""

    lookup: Operation
    loss: Operation
    rows: int
    words: int
    counted: Tensor  # (rows, words): whether a place has a label that counts
    same: float


def ahead(graph: Graph) -> Ahead | None:
    """The layer that does so the most. On the CPU alone: its words and weights are read."""
    lookups = [op for op in graph.operations if op.op == "embedding"]
    losses = [op for op in graph.losses() if op.op.startswith("nll_loss")]
    if not lookups or len(losses) != 1 or not _may_see(graph):
        return None
    tasks = [task for lookup in lookups if (task := _task(lookup, losses[0])) is not None]
    if len(tasks) != 1:  # a second look at the same words is an encoder's, which is to see them all
        return None
    task = tasks[0]
    below, above = _below(graph, task.lookup), _above(graph, task)
    most: Ahead | None = None
    for operation in graph.operations:
        if operation.index not in below or operation.index not in above:
            continue
        if _reads_both_ways(operation):
            if _arrives_whole(graph, operation, above):
                return Ahead(operation, task.words, task.same, None)
        elif (later := _later(graph, operation, below, task)) > (BEHIND_A_MASK if most is None else most.later or 0.0):
            most = Ahead(operation, task.words, task.same, later)
    return most


def _may_see(graph: Graph) -> bool:
    kinds = (op.role == "attention" or op.op in SOFTMAXES or _reads_both_ways(op) for op in graph.operations)
    return any(kinds)


def _task(lookup: Operation, loss: Operation) -> _Task | None:
    words, labels = saved(lookup.node, "indices"), saved(loss.node, "target")
    if words is None or labels is None or not words.is_cpu or words.layout is not torch.strided or words.ndim != 2:
        return None
    if not 0 < words.numel() <= LARGEST:
        return None
    ignored = signed(loss.node._saved_ignore_index)
    for turned in (False, True):  # (samples, words), or (words, samples)
        length = words.shape[0 if turned else 1]
        rows = words.numel() // length
        for cut in (0, 1):  # with a label for each word, or for each but the last
            if length < 3 or labels.numel() != rows * (length - cut) or labels.device != words.device:
                continue
            ordered = labels.reshape(length - cut, rows).T if turned else labels.reshape(rows, length - cut)
            told, here = ordered[:, : length - 1], words.T if turned else words
            counts = (told != ignored) & (told != here[:, :-1])
            seen, same = counts.sum(), ((told == here[:, 1:]) & counts).sum()
            if bool((seen >= SEEN) & (same >= NEXT * seen)):
                counted = torch.zeros_like(here, dtype=torch.bool)
                counted[:, : length - 1] = told != ignored
                return _Task(lookup, loss, rows, length, counted, float(same / seen))
    return None


def _below(graph: Graph, lookup: Operation) -> set[int]:
    """What hangs on the words."""
    found = {lookup.index}
    for operation in graph.operations[lookup.index + 1 :]:
        if any(index in found for index in operation.inputs):
            found.add(operation.index)
    return found


def _above(graph: Graph, task: _Task) -> set[int]:
    """From where a way leads to the loss on which each word keeps its place: a pooling ends it."""
    found = set(task.loss.inputs)
    for operation in reversed(graph.operations[: task.loss.index]):
        if any(index in found for index in operation.consumers) and _keeps_places(operation.shape, task):
            found.add(operation.index)
    return found


def _keeps_places(shape: tuple[int, ...], task: _Task) -> bool:
    sizes = {n for words in (task.words - 1, task.words) for n in (words, words * task.rows)}
    return any(size in sizes for size in (shape if len(shape) > 2 else shape[:1]))


def _reads_both_ways(operation: Operation) -> bool:
    module = operation.tag.module() if isinstance(operation.tag, Slot) and operation.tag.module is not None else None
    return isinstance(module, nn.RNNBase) and module.bidirectional


def _arrives_whole(graph: Graph, operation: Operation, above: set[int]) -> bool:
    """Whether both directions go the same way: halves that are taken apart may each have a loss of its own."""
    consumers = [graph.operations[index] for index in operation.consumers]
    cuts = (op for op in consumers if op.op in NARROWS and op.shape[-1:] != operation.shape[-1:])
    return not any(cuts) and any(op.index in above for op in consumers)


def _later(graph: Graph, operation: Operation, below: set[int], task: _Task) -> float:
    """Which share of an attention's weight lies on later words than the place's own; 0 also where that is not known."""
    sides = _sides(graph, operation)
    if len(sides) < 2 or not all(index in below for index in sides):
        return 0.0
    weights = _weights(operation, task)
    if weights is None or weights.shape[-2:] != (task.words, task.words) or task.words**2 > LARGEST:
        return 0.0
    samples = task.rows if weights.numel() % (task.rows * task.words**2) == 0 else 1
    heads = weights.reshape(samples, -1, task.words, task.words)
    weights = heads[: LARGEST // task.words**2, 0].float()  # one has the mask of all
    later = weights.triu(1).sum(-1) / weights.sum(-1).clamp(min=1e-6)
    counted = task.counted[: len(later)] if samples > 1 else task.counted
    return float(later.expand(counted.shape).where(counted, 0.0).sum() / counted.sum().clamp(min=1))


def _sides(graph: Graph, operation: Operation) -> tuple[int, ...]:
    """Of which operations an attention compares the outputs; none where one of them has no graph."""
    here = operation
    if operation.op in SOFTMAXES and graph.axes_of(operation) == [len(operation.shape) - 1]:
        for _ in range(WITHIN):
            if here.op in SCORES or not here.inputs:
                break
            here = graph.operations[here.inputs[0]]
    if here.role != "attention" and here.op not in SCORES:
        return ()
    first = 1 if here.op == "baddbmm" else 0
    index_of = {op.node: op.index for op in graph.operations}
    sides = [index_of.get(node) for node, _ in here.node.next_functions[first : first + 2]]
    return tuple(side for side in sides if side is not None)


def _weights(operation: Operation, task: _Task) -> Tensor | None:
    """Of an attention (..., words, words): its own, or 1 where a mask lets through and 0 elsewhere; None: not known."""
    node: Any = operation.node
    if operation.role != "attention":
        return saved(node, "result")
    if getattr(node, "_saved_is_causal", True) or operation.shape[-2:-1] != (task.words,):
        return None
    name = next((name for name in ("attn_mask", "attn_bias") if hasattr(node, f"_saved_{name}")), None)
    whole = task.counted.new_ones(task.words, task.words)
    if name is None:
        return whole if "flash" in operation.op else None  # it takes no mask
    if getattr(getattr(node, f"_raw_saved_{name}", node), "unpack_hook", node) is not None:
        return None
    if getattr(node, f"_saved_{name}") is None:
        return whole
    mask = saved(node, name)
    if mask is None or mask.ndim < 2 or mask.shape[-1] != task.words:
        return None
    passes = mask if mask.dtype == torch.bool else mask > CLOSED
    return passes.expand(*passes.shape[:-2], task.words, task.words)
