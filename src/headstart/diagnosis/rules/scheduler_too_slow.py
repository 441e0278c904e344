"""The learning rate is still being warmed up when the run ends, and the run learns nothing.

## What it sees
The learning rate at every step: it rises through the whole run, by about as much at each step, or in stairs of about one
slope, such as one for each epoch.

## Why it hurts
A warm-up that is meant for the steps of a long training, stepped once an epoch or taken over for a short run, never
reaches the rate that was chosen.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1, (step + 1) / 100_000))
for step in range(90):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
    schedule.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1, (step + 1) / 10))
for step in range(90):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
    schedule.step()
```

## Limits
- `RISES` = 2: how many times its first value the rate comes to; less is no warm-up.
- `EVEN` = 0.05: share by which the slopes in the run's halves differ, at most: a line. A search for a learning rate rises
  ever faster.
- `STAIRS` = 5: levels of the rate, at least; fewer make no line.

It is a warning in a run that is known not to learn, and advice in one that has not come to skill by its end, but might if
it went on.

## Stays silent when
The run learns or its skill is not known, the rate falls anywhere or stands still in the end for longer than on any stair
before, several optimizers step, or the run was stopped before its end.

## References
The PyTorch documentation of `torch.optim.lr_scheduler.LinearLR`. Smith (2017), *Cyclical Learning Rates*, §3.3 (the
range test, which is not meant here).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from headstart.diagnosis import skill
from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Series

GROUP = "optimizer"
RESTS_ON = "share"
NEEDS = ("lr",)
SINCE, STATUS = "0.1.0", "stable"

RISES = 2
EVEN = 0.05
STAIRS = 5

TEXT = Text(
    en={
        "message": "The learning rate still rises when the run ends: it came to {last:number} in {steps:number} steps.",
        "cause": "Its warm-up is made for more steps than were run, or is stepped too seldom: the rate that was chosen "
        "is never reached, and nothing was learnt with this one.",
        "note": "a warm-up for a tenth of the steps that are run",
    },
    zh={
        "message": "运行结束时学习率仍在上升：{steps:number} 步之后才到 {last:number}。",
        "cause": "预热所设的步数超过了实际运行的步数，或者更新得太少：从未达到所选的学习率，"
        "而在当前学习率下什么也没有学到。",
        "note": "预热只占总步数的十分之一",
    },
)


def scheduler_too_slow(case: Case) -> Iterator[Finding]:
    """One finding for the run."""
    lr = case.record.lr
    if len(case.record.optimizers) != 1 or case.record.ended == "stopped" or not _has_learnt_nothing(case):
        return
    if len(lr) < skill.ENOUGH_STEPS or not _is_a_rising_line(lr, len(case.record)):
        return
    steps = max(1, len(case.record) // 10)
    yield Finding(
        "scheduler-too-slow",
        "warning" if case.learns is False else "advice",
        case.say(TEXT, "message", last=lr.last, steps=len(case.record)),
        step=0,
        evidence=(Evidence("lr", lr.last, steps=(0, lr.steps[-1]), series="lr"),),
        cause=case.say(TEXT, "cause"),
        remedy=Remedy(
            "shorter-warm-up",
            f"torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, total_iters={steps})     # {case.say(TEXT, 'note')}",
        ),
    )


def _has_learnt_nothing(case: Case) -> bool:
    """Whether it ends without skill. Where the rate rises, so may the skill: a gain says nothing of what the run lacks."""
    return case.learns is False or (case.skill is not None and case.skill.value < skill.NO_SKILL)


def _is_a_rising_line(lr: Series, end: int) -> bool:
    """Whether the first steps of all its levels lie on a line that goes on to the end."""
    before = (None, *lr.values)
    levels = [(step, value) for step, value, old in zip(lr.steps, lr.values, before, strict=False) if value != old]
    if len(levels) < STAIRS:
        return False
    (first, low), (middle, half), (last, high) = levels[0], levels[len(levels) // 2], levels[-1]
    early, late = (half - low) / (middle - first), (high - half) / (last - middle)
    rises = all(b > a for (_, a), (_, b) in pairwise(levels)) and high > RISES * low
    goes_on = end - last <= max(b - a for (a, _), (b, _) in pairwise(levels))
    return rises and goes_on and abs(late - early) <= EVEN * late
