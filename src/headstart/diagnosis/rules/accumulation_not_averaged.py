"""Gradients of several micro-batches are summed and not averaged: the learning rate is as many times larger.

## What it sees
How many backwards come before each step, through the same loss function at the same line, and whether what backward
is called on is that loss's mean itself or a share of it. It is exact.

## Why it hurts
`backward` adds to `.grad`. After k micro-batches it holds the sum of k mean gradients, k times the gradient of the
whole batch, and SGD takes a step k times as long.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(60):
    optimizer.zero_grad()
    for part in range(8):
        nn.functional.cross_entropy(model(x[part::8]), y[part::8]).backward()
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
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(60):
    optimizer.zero_grad()
    for part in range(8):
        loss = nn.functional.cross_entropy(model(x[part::8]), y[part::8]) / 8
        loss.backward()
    optimizer.step()
```

## Limits
- `SAME` = 0.001: relative distance up to which two losses are one; sums in float32 are closer.
- `MOST_STEPS` = 0.8: share of the steps with the same number of backwards; an epoch's last step may have fewer.

A learning rate that was tuned with the sum is as good as another: it is advice, and a warning only in a run that is
known not to learn and whose loss does not fall: steps that are too long do not go down in each third of a run.

## Stays silent when
The loss is divided, several losses go backward one after the other, there is more than one optimizer, or it is not
`torch.optim.SGD`: Adam and its kin do not mind the gradient's scale, and of others it is not known.

## References
The PyTorch documentation, *Automatic Mixed Precision examples*, "Gradient accumulation".
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "loop"
RESTS_ON = "fact"
NEEDS = ("lr", "loop.backwards", "loss.function")
SINCE, STATUS = "0.1.0", "stable"

SAME = 0.001
MOST_STEPS = 0.8

TEXT = Text(
    en={
        "message": "{count:number} backwards come before each step, and their gradients are summed, not averaged.",
        "cause": "backward adds to .grad, so that the step is {count:number} times as long as that of the whole batch: "
        "the learning rate is {count:number} times larger than it says.",
        "note": "the mean over the micro-batches",
    },
    zh={
        "message": "每次更新之前有 {count:number} 次反向传播，它们的梯度被求和而没有取平均。",
        "cause": "backward 会累加到 .grad，因此每一步是整个批次的 {count:number} 倍："
        "实际学习率是所设数值的 {count:number} 倍。",
        "note": "对各个小批次取平均",
    },
)


def accumulation_not_averaged(case: Case) -> Iterator[Finding]:
    """One finding for the run."""
    count = _accumulated(case)
    trained = [loss for loss in case.record.losses if loss.trained]
    kinds = {optimizer.kind for optimizer in case.record.optimizers}
    if count < 2 or len(trained) != 1 or len(case.record.optimizers) != 1 or kinds != {"SGD"}:
        return
    values = case.record.loss_of(trained[0].name)
    by_step: dict[int, list[float]] = {}
    for step, value in zip(values.steps, values.values, strict=True):
        by_step.setdefault(step, []).append(value)
    roots = dict(zip(case.record.loss.steps, case.record.loss.values, strict=True))
    full = [step for step, own in by_step.items() if len(own) == count and math.isfinite(roots.get(step, math.nan))]
    whole = [step for step in full if abs(roots[step] - sum(by_step[step]) / count) <= SAME * abs(roots[step])]
    if not full or len(whole) < len(full):
        return
    yield Finding(
        "accumulation-not-averaged",
        "warning" if case.learns is False and not case.loss_falls else "advice",
        case.say(TEXT, "message", count=count),
        step=0,
        evidence=(Evidence("backwards_per_step", count, series="loop.backwards"),),
        cause=case.say(TEXT, "cause", count=count),
        remedy=Remedy("average", f"(loss / {count}).backward()     # {case.say(TEXT, 'note')}"),
        line=trained[0].line,
    )


def _accumulated(case: Case) -> int:
    """How many backwards most of the steps have; 0 if they differ too much."""
    counts = case.record.series("", "loop.backwards").values
    often, times = Counter(counts).most_common(1)[0]
    return int(often) if times >= MOST_STEPS * len(counts) else 0
