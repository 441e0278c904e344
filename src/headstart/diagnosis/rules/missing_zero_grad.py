"""Gradients are never cleared, so that every step uses the sum of all gradients so far.

## What it sees
At each step, whether the gradients of the step before were cleared before this step's backward (`loop.cleared`):
set to None, zeroed in place, or replaced, in whatever way. Of a step that is given a closure: whether they were cleared
once within it, or before.

Of updates by hand also how much of the update before is in each, beside a multiple of the gradient (`loop.carried`, on the
CPU alone): 0 without momentum, and with momentum that. All of it is carried where gradients are summed up in tensors of the
user's own that are never emptied.

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
- `CARRIED` = 0.995: of the update before, at least, and no more than 1 over it. Momentum is 0.9 mostly, 0.99 at most.

## Stays silent when
Gradients are accumulated over micro-batches and cleared once a step, or fewer than three steps were looked at. Of sums
of the user's own: an update is more than the update before and the gradient, or points where the gradient does.

## References
The PyTorch documentation of `torch.optim.Optimizer.zero_grad`; its tutorial on zeroing gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean, median

from headstart.diagnosis import code
from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Optimizer, Series

GROUP = "loop"
RESTS_ON = "fact"
NEEDS = ("loop.emptied",)
SINCE, STATUS = "0.1.0", "stable"

UNCLEARED = 0.9  # share of the steps; accumulation has 0 and a loop that forgets 1 (derivation in the page)
CARRIED = 0.995  # of the update before
STEPS = 3  # looked at, at least: the first step of a run has nothing to clear, the second may be chance

TEXT = Text(
    en={
        "hand": "The weights were updated by hand {steps:number} times with gradients that had not been cleared since "
        "the update before: each step follows the sum of all gradients so far.",
        "message": "{optimizer} stepped {steps:number} times on gradients that were not cleared since the step "
        "before: each step follows the sum of all gradients so far.",
        "cause": "backward() adds to .grad. The sum grows with every step, as if the learning rate did, and points "
        "to where the weights were long ago.",
        "sums": "The updates by hand carry all of the update before, {steps:number} times: what they sum the gradients up "
        "in is never emptied.",
        "undamped": "The sum grows with every step and points to where the weights were long ago. Assigning a list or a "
        "tensor of zeros gives it another name and makes no copy: what is added to the one is added to the other.",
        "empty": "a new one for each batch",
        "note": "before each backward",
        "after": "after the update",
    },
    zh={
        "hand": "有 {steps:number} 次手写的权重更新使用了上一次更新之后未清零的梯度：每一步都沿着迄今所有梯度之和更新。",
        "message": "{optimizer} 有 {steps:number} 步使用了上一步之后未清零的梯度：每一步都沿着迄今所有梯度之和更新。",
        "cause": "backward() 会累加到 .grad 上。这个和随每一步增大，就像学习率在增大，并且指向权重很久以前的位置。",
        "sums": "手写的更新有 {steps:number} 次带着上一次更新的全部：用来累加梯度的张量从未清空。",
        "undamped": "这个和随每一步增大，并且指向权重很久以前的位置。把一个全零的列表或张量赋给另一个名字并不会复制它："
        "加到一个上，就是加到另一个上。",
        "empty": "每个批次都用新的",
        "note": "放在每次 backward 之前",
        "after": "放在更新之后",
    },
)


def missing_zero_grad(case: Case) -> Iterator[Finding]:
    """One finding for each optimizer, and for updates by hand one of each form."""
    for optimizer in (*case.record.optimizers, None):
        cleared = case.record.series(optimizer.name if optimizer else "", "loop.cleared")
        if len(cleared) >= STEPS and 1 - fmean(cleared.values) > UNCLEARED:
            yield _finding(case, optimizer, cleared)
    carried = case.record.series("", "loop.carried")
    if len(carried) >= STEPS and fmean(CARRIED <= share <= 1 / CARRIED for share in carried.values) > UNCLEARED:
        yield _sums(case, carried)


def _sums(case: Case, carried: Series) -> Finding:
    return Finding(
        "missing-zero-grad",
        "error",
        case.say(TEXT, "sums", steps=len(carried)),
        step=carried.steps[0],
        evidence=(
            Evidence(
                "share_carried", median(carried.values), CARRIED, (carried.steps[0], carried.steps[-1]), "loop.carried"
            ),
        ),
        cause=case.say(TEXT, "undamped"),
        remedy=Remedy("empty-sums", f"sums = [torch.zeros_like(w) for w in weights]     # {case.say(TEXT, 'empty')}"),
    )


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
