"""The learning rate has died away long before the run ends: what comes after moves nothing.

## What it sees
The learning rate at every step. Its sum over the run is how far the optimizer can get at all; the rule asks when nearly
all of that is spent.

## Why it hurts
A schedule that is meant for epochs and stepped at every batch is through within the first epoch. The rest of the run
costs its time and changes nothing.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.1)
for epoch in range(20):
    for batch in range(8):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[batch::8]), y[batch::8]).backward()
        optimizer.step()
        schedule.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.1)
for epoch in range(20):
    for batch in range(8):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[batch::8]), y[batch::8]).backward()
        optimizer.step()
    schedule.step()
```

## Limits
- `SPENT` = 0.999: share of the learning rate's sum that counts as all of it.
- `BY` = 0.5: share of the run's steps after which nothing is left. A cosine spends it in 92 % of the steps, OneCycleLR
  in 93 %, a line to zero in 97 %, three decays by ten at 30, 60 and 90 % of the run in 88 %.

It is a warning in a run that is known not to learn, else advice: a run may well be over before it ends.

Of several optimizers the rates come in one series, and rates of two kinds have no sum. There all is spent from the step on
after which every rate is below 1 - `SPENT` of the lowest that any of them began with.

## Stays silent when
The run has fewer than 20 steps; of several optimizers one goes on at a rate that is not as low as that.

## References
The PyTorch documentation of `torch.optim.lr_scheduler`, "How to adjust learning rate".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from headstart.diagnosis import skill
from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Optimizer

GROUP = "optimizer"
RESTS_ON = "share"
NEEDS = ("lr",)
SINCE, STATUS = "0.1.0", "stable"

SPENT = 0.999
BY = 0.5

TEXT = Text(
    en={
        "message": "The learning rate has died away by step {step:number} of {steps:number}: it falls from {first:number} "
        "to {last:number}.",
        "cause": "What follows is {left:share} of the steps and moves the weights by less than a thousandth of what came "
        "before. Is the scheduler stepped at every batch while its lengths count epochs?",
        "note": "once an epoch; or give it the number of all steps",
    },
    zh={
        "message": "学习率在 {steps:number} 步中的第 {step:number} 步就已消失：从 {first:number} 降到 {last:number}。",
        "cause": "其后的 {left:share} 步对权重的移动不到之前的千分之一。调度器是否每个批次都更新，而长度是按轮次数设定的？",
        "note": "每个轮次一次；或者按总步数设定",
    },
)


def scheduler_too_fast(case: Case) -> Iterator[Finding]:
    """One finding for the run."""
    lr = case.record.lr
    if not case.record.optimizers or len(lr) < skill.ENOUGH_STEPS or min(lr.values) < 0:
        return
    place = _all_spent(lr.values) if len(case.record.optimizers) == 1 else _all_low(lr.values, case.record.optimizers)
    if place is None:
        return
    share = (place + 1) / len(lr)
    if share > BY or lr.last >= max(lr.values):
        return
    step = lr.steps[place]
    yield Finding(
        "scheduler-too-fast",
        "warning" if case.learns is False else "advice",
        case.say(TEXT, "message", step=step, steps=len(case.record), first=max(lr.values), last=lr.last),
        step=step,
        evidence=(Evidence("spent_by", share, BY, (step,), "lr"),),
        cause=case.say(TEXT, "cause", left=1 - share),
        remedy=Remedy("schedule-by-epoch", f"scheduler.step()     # {case.say(TEXT, 'note')}"),
    )


def _all_spent(rates: Sequence[float]) -> int | None:
    """Where the sum over the run is reached."""
    spent = list(accumulate(rates))
    return next(place for place, far in enumerate(spent) if far >= SPENT * spent[-1]) if spent[-1] > 0 else None


def _all_low(rates: Sequence[float], optimizers: Sequence[Optimizer]) -> int | None:
    """The last place of a rate that is not low beside what each of several optimizers began with."""
    began = [rate for optimizer in optimizers if isinstance(rate := optimizer.options.get("lr"), (int, float))]
    if len(began) < len(optimizers):
        return None
    return next((place for place in reversed(range(len(rates))) if rates[place] >= (1 - SPENT) * min(began)), None)
