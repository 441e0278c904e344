"""A layer hardly moves while others of its kind do, in a run that does not learn, or by a rate of its own.

## What it sees
The length of each weight's way over the run, its updates added up, as a share of the weight's own size, beside the median
way of the other layers of the same class. It speaks if the run starts from fresh weights and does not learn; as advice
in any run that does, where the layer's learning rate is why: it is a thousandth of the others', or less.

## Why it hurts
However long the way, no weight is further from its start than that. A layer that stays at its random first values passes
on a random mixture of what it gets, and what this mixture has lost no other layer brings back.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(40, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 2))
groups = [{"params": model[0].parameters(), "lr": 1e-7}, {"params": model[1:].parameters()}]
optimizer = torch.optim.Adam(groups, lr=1e-3)
for step in range(100):
    x = torch.randn(256, 40)
    y = (x[:, 0] * x[:, 1] > 0).long()
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(40, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(100):
    x = torch.randn(256, 40)
    y = (x[:, 0] + x[:, 1] > 0).long()
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `SHARE` = 1e-3: of the others' median way. Layers of one net differ by their width and their gradients; with one rate for
  all, ways differ by a factor of ten or so.
- `WAY` = 0.01: of a weight's size, which the layer's own way stays below and the others' median reaches.
- `OTHERS` = 2: layers of the same class, at least, to be compared with.
- `RATE` = 1e-3: of the others' learning rate, in a run that learns: what is meant to learn slowly learns faster than this,
  and what is meant to stand still is frozen.
- `ENOUGH` = 100: steps. Trying a script out for a few steps is no training.

## Stays silent when
The run learns, or it is not known, and the layer's rate is none of its own; weights have been trained before, or are
frozen; the layer starts from zero, is an embedding or a scale of a branch; or its weights do not move at all, of which
other rules say why.

## References
Glorot & Bengio 2010, §3 (layers that learn at different paces); You, Gitman & Ginsburg 2017, arXiv 1708.03888, §4 (the
ratio of update and weight by layer).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from headstart.diagnosis import code
from headstart.diagnosis.case import RECURRENT, Case, is_linear
from headstart.diagnosis.fresh import is_among_the_batch, starts_fresh
from headstart.diagnosis.text import Text
from headstart.diagnosis.updates import Moves, moves, path
from headstart.findings import Evidence, Finding, Remedy

GROUP = "signal"
RESTS_ON = "size"
NEEDS = ("update.std", "weight.std", "skill")
SINCE, STATUS = "0.1.0", "stable"

SHARE = 1e-3  # of the others' median way; with one rate for all, ways differ by a factor of ten or so
WAY = 0.01  # of a weight's size: within it, what it computes is what it computed at the start
OTHERS = 2  # layers of the same class, at least
RATE = 1e-3  # of the others' rate, in a run that learns
ENOUGH = 100  # steps; fewer are a try, not a training
SECOND_LOOK = {"SHARE": 0.03, "WAY": 0.1}

TEXT = Text(
    en={
        "message": "{layer} does not learn: over the whole run it came at most {way:number} of its size from its start, "
        "the other layers {others:number}.",
        "rate": "Its learning rate is {lr:number}, that of the others {usual:number}. A small rate is for layers that have "
        "been trained before; this one still has its random first weights.",
        "gradient": "Its gradients are too small beside its weights. What it passes on is still what its random first "
        "weights make of its input.",
        "faster": "one rate for all layers of a fresh net",
        "law": "weights by the law that keeps the gradient's size",
    },
    zh={
        "message": "{layer} 没有学习：在整个运行中，它离开起点至多为自身大小的 {way:number}，而其他层为 {others:number}。",
        "rate": "它的学习率是 {lr:number}，其他层是 {usual:number}。小学习率适用于已经训练过的层；"
        "而这一层仍是随机的初始权重。",
        "gradient": "与权重相比，它的梯度太小。它传递下去的仍是随机初始权重对输入的变换。",
        "faster": "从头训练的网络，所有层用同一个学习率",
        "law": "按保持梯度大小的法则初始化权重",
    },
)


@dataclass(frozen=True)
class Still:
    """A layer that hardly moves."""

    move: Moves
    way: float
    others: float  # median of the other layers of its class


def layer_not_learning(case: Case) -> Iterator[Finding]:
    """One finding for all such layers, told of the one with the shortest way."""
    if len(case.record) < ENOUGH:
        return
    found = [still for still in _still(case) if case.learns is False or _has_no_rate(case, still)]
    matches = all(is_among_the_batch(loss) for loss in case.record.losses if loss.trained)
    if not found or not starts_fresh(case, answers=not matches):
        return
    worst = min(found, key=lambda still: still.way)
    layer, steps = worst.move.layer, worst.move.share.steps
    rates = _rates(case, worst)
    yield Finding(
        "layer-not-learning",
        "error" if case.learns is False else "advice",
        case.say(TEXT, "message", layer=layer.name, way=worst.way, others=worst.others),
        layer.name,
        steps[0],
        (
            Evidence("way", worst.way, SHARE * worst.others, (steps[0], steps[-1]), "update.std"),
            Evidence("others_way", worst.others, WAY, (steps[0], steps[-1])),
        ),
        case.say(TEXT, "rate", lr=rates[0], usual=rates[1]) if rates else case.say(TEXT, "gradient"),
        _remedy(case, worst, rates),
        tuple(still.move.layer.name for still in found),
        layer.line,
    )


def _still(case: Case) -> list[Still]:
    known = [move for move in moves(case) if is_linear(move.layer) or move.layer.kind in RECURRENT]
    ways = [(move, path(move.share, len(case.record))) for move in known]
    found = []
    for move, way in ways:
        others = [w for other, w in ways if other.layer.kind == move.layer.kind and other is not move]
        if len(others) >= OTHERS and 0 < way < SHARE * median(others) and way < WAY <= median(others):
            found.append(Still(move, way, median(others)))
    return found


def _has_no_rate(case: Case, still: Still) -> bool:
    rates = _rates(case, still)
    return rates is not None and rates[0] <= RATE * rates[1]


def _rates(case: Case, still: Still) -> tuple[float, float] | None:
    """Its rate and the others', where that is the reason."""
    own = still.move.weight.lr
    others = [weight.lr for layer, weight in case.weighted() if layer is not still.move.layer and weight.lr]
    usual = median(others) if others else 0.0
    return (own, usual) if own is not None and own < usual / 10 else None


def _remedy(case: Case, still: Still, rates: tuple[float, float] | None) -> Remedy:
    if rates is None:
        return Remedy("re-initialise", f"{code.init(still.move.layer)}     # {case.say(TEXT, 'law')}")
    kind = next((one.kind for one in case.record.optimizers if one.name == still.move.weight.optimizer), "SGD")
    note = case.say(TEXT, "faster")
    return Remedy("one-rate", f"torch.optim.{kind}(model.parameters(), lr={rates[1]:g})     # {note}")
