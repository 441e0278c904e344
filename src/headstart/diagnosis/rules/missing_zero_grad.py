"""Gradients are never cleared, so that every step uses the sum of all gradients so far.

## What it sees
At each step, whether the gradients of the step before were cleared before this step's backward (`loop.cleared`):
set to None, zeroed in place, or replaced, in whatever way. Of a step that is given a closure: whether they were cleared
once within it, or before.

## Why it hurts
`backward()` adds to `.grad`. Without clearing, a step follows the sum of all past gradients: they point to where the
weights were long ago, and the sum grows with every step, as if the learning rate did.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(60):
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
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `UNCLEARED` = 0.9: share of the optimizer's steps. Accumulation over micro-batches clears once a step, so it has 0;
  a loop that forgets has 1. The tenth allows for a loop that clears once an epoch.
- `STEPS` = 3: that were looked at.

## Stays silent when
Gradients are accumulated over micro-batches and cleared once a step, or fewer than three steps were looked at.

## References
The PyTorch documentation of `torch.optim.Optimizer.zero_grad`; its tutorial on zeroing gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from headstart.diagnosis import code
from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Optimizer, Series

GROUP = "loop"
RESTS_ON = "fact"
NEEDS = ("loop.cleared",)
SINCE, STATUS = "0.1.0", "stable"

UNCLEARED = 0.9  # share of the steps; accumulation has 0 and a loop that forgets 1 (derivation in the page)
STEPS = 3  # looked at, at least: the first step of a run has nothing to clear, the second may be chance

TEXT = Text(
    en={
        "hand": "The weights were updated by hand {steps:number} times with gradients that had not been cleared since "
        "the update before: each step follows the sum of all gradients so far.",
        "message": "{optimizer} stepped {steps:number} times on gradients that were not cleared since the step "
        "before: each step follows the sum of all gradients so far.",
        "cause": "backward() adds to .grad. The sum grows with every step, as if the learning rate did, and points "
        "to where the weights were long ago.",
        "note": "before each backward",
        "after": "after the update",
    },
    zh={
        "hand": "有 {steps:number} 次手写的权重更新使用了上一次更新之后未清零的梯度：每一步都沿着迄今所有梯度之和更新。",
        "message": "{optimizer} 有 {steps:number} 步使用了上一步之后未清零的梯度：每一步都沿着迄今所有梯度之和更新。",
        "cause": "backward() 会累加到 .grad 上。这个和随每一步增大，就像学习率在增大，并且指向权重很久以前的位置。",
        "note": "放在每次 backward 之前",
        "after": "放在更新之后",
    },
)


def missing_zero_grad(case: Case) -> Iterator[Finding]:
    """One finding for each optimizer, and one for updates by hand."""
    for optimizer in (*case.record.optimizers, None):
        cleared = case.record.series(optimizer.name if optimizer else "", "loop.cleared")
        if len(cleared) >= STEPS and 1 - fmean(cleared.values) > UNCLEARED:
            yield _finding(case, optimizer, cleared)


def _finding(case: Case, optimizer: Optimizer | None, cleared: Series) -> Finding:
    uncleared = [step for step, value in zip(cleared.steps, cleared.values, strict=True) if not value]
    return Finding(
        "missing-zero-grad",
        "error",
        case.say(TEXT, "message", optimizer=optimizer.name, steps=len(uncleared))
        if optimizer
        else case.say(TEXT, "hand", steps=len(uncleared)),
        step=uncleared[0],
        evidence=(
            Evidence(
                "uncleared_share",
                len(uncleared) / len(cleared),
                UNCLEARED,
                (uncleared[0], uncleared[-1]),
                "loop.cleared",
            ),
        ),
        cause=case.say(TEXT, "cause"),
        remedy=Remedy(
            "zero-grad",
            code.clear_first(case.say(TEXT, "note"))
            if optimizer
            else f"{_weight(case)}.grad = None     # {case.say(TEXT, 'after')}",
        ),
    )


def _weight(case: Case) -> str:
    return next((parameter.name for parameter in case.record.parameters if parameter.trainable), "w")
