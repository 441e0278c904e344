"""Weight decay pulls far harder than the loss: the weights shrink to nothing, and nothing is learnt.

## What it sees
Of each weight matrix that an optimizer decays: the size of `weight_decay` times the weights beside that of their
gradients (AdamW and its kin, which decay apart from the gradient: the decay's share of each update), and how much is
left of the weights in the end.

## Why it hurts
Decay alone multiplies the weights by 1 - lr * weight_decay at every step. Where the loss does not pull against it, they
go to zero, and the net to a constant.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=1.0)
for step in range(90):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=1e-4)
for step in range(90):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `PULL` = 3: decay over gradient, in the median of the steps. Where the two are in balance, as they are in the end of a
  long training, it is 1.
- `SHARE` = 0.9: of an update that is decay, where decay is apart from the gradient.
- `LEFT` = 0.1: of a weight's size at the end, beside its size at the start.

It speaks only in a run that is known not to learn, and where all decayed weight matrices are beyond all limits,
each looked at in three steps or more.

## Stays silent when
The run learns, one decayed matrix keeps its size, or there is no decay.

## References
Loshchilov & Hutter (2019), *Decoupled Weight Decay Regularization*. TheDeepChecker (Ben Braiek & Khomh 2022),
"regularization overwhelms the loss".
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median

from headstart.diagnosis import ledger
from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Parameter, Series

GROUP = "optimizer"
RESTS_ON = "share"
NEEDS = ("weight.std", "weight_gradient.std", "update.std", "skill")
SINCE, STATUS = "0.1.0", "stable"

PULL = 3.0
SHARE = 0.9
LEFT = 0.1
DECOUPLED = ("AdamW", "NAdamW", "SGDW", "Lion", "Muon")

TEXT = Text(
    en={
        "message": "Weight decay of {decay:number} shrinks all weight matrices to at most {left:share} of what they were.",
        "cause": "Decay pulls at the weights far harder than the loss does, so that they go to zero and the net to a "
        "constant. Usual values are between 1e-5 and 1e-2; AdamW's is 1e-2 to 1e-1.",
        "note": "or none, until the net learns",
    },
    zh={
        "message": "权重衰减 {decay:number} 使所有权重矩阵缩小到原来的 {left:share} 以下。",
        "cause": "衰减对权重的拉力远大于损失,因此权重趋于零,网络趋于常数。常用值在 1e-5 与 1e-2 之间;"
        "AdamW 为 1e-2 到 1e-1。",
        "note": "在网络学会之前也可以不用衰减",
    },
)


def regularisation_dominates(case: Case) -> Iterator[Finding]:
    """One finding for the run."""
    decayed = [(layer, weight) for layer, weight in case.weighted() if weight.weight_decay]
    if case.learns is not False or not decayed:
        return
    left = [_left(case, weight) for _, weight in decayed]
    if not all(share is not None and share < LEFT for share in left) or not all(_pulls(case, w) for _, w in decayed):
        return
    layers = tuple(dict.fromkeys(layer.name for layer, _ in decayed))
    most = max(share for share in left if share is not None)
    decay = max(weight.weight_decay or 0.0 for _, weight in decayed)
    kind = _kind(case, decayed[0][1])
    yield Finding(
        "regularisation-dominates",
        "error",
        case.say(TEXT, "message", decay=decay, left=most),
        layers[0],
        0,
        (Evidence("weight_left", most, LEFT, series="weight.std"),),
        case.say(TEXT, "cause"),
        Remedy(
            "less-decay",
            f"torch.optim.{kind}(model.parameters(), weight_decay=1e-4)     # {case.say(TEXT, 'note')}",
        ),
        layers,
    )


def _pulls(case: Case, weight: Parameter) -> bool:
    """Whether decay outweighs the loss in the median of the steps."""
    decay, lr = weight.weight_decay or 0.0, weight.lr or 0.0
    sizes = _size(case, weight, "weight")
    if _kind(case, weight) in DECOUPLED:
        ratios = _ratios(sizes, _size(case, weight, "update"), lr * decay)
        return len(ratios) >= ledger.STEPS and median(ratios) > SHARE
    ratios = _ratios(sizes, _size(case, weight, "weight_gradient"), decay)
    return len(ratios) >= ledger.STEPS and median(ratios) > PULL


def _left(case: Case, weight: Parameter) -> float | None:
    sizes = _size(case, weight, "weight")
    return sizes.last / sizes.first if len(sizes) > 1 and sizes.first > 0 else None


def _ratios(above: Series, below: Series, factor: float) -> list[float]:
    by_step = dict(zip(below.steps, below.values, strict=True))
    pairs = [(value, by_step[step]) for step, value in zip(above.steps, above.values, strict=True) if step in by_step]
    return [factor * a / b if b > 0 else math.inf for a, b in pairs if a > 0]


def _size(case: Case, weight: Parameter, tensor: str) -> Series:
    """Its root mean square, by step."""
    mean, std = (case.record.series(weight.name, f"{tensor}.{figure}") for figure in ("mean", "std"))
    return Series(mean.steps, tuple(math.hypot(a, b) for a, b in zip(mean.values, std.values, strict=True)))


def _kind(case: Case, weight: Parameter) -> str:
    return next((one.kind for one in case.record.optimizers if one.name == weight.optimizer), "SGD")
