"""A schedule is stepped far less often than it is made for, still warms up when the run ends, or begins again and again.

## What it sees
How many steps a OneCycleLR, CosineAnnealingLR or PolynomialLR is made for, and how many it made. It speaks if it is made
for as many as the optimizer made, so counts batches, and came less than a fifth of the way.

And the learning rate at every step: it rises through the whole run, by about as much at each step, or in stairs of about
one slope, such as one for each epoch, and the run learns nothing. Or it rises again and again from where it began, each
time as far, and falls back at once.

## Why it hurts
A schedule that counts batches and is stepped once an epoch stays where it began: one cycle at a twenty-fifth of the rate
that was chosen, a cosine at its top. A warm-up that is meant for the steps of a long training and taken over for a short
run never reaches the rate that was chosen. Nor does one that counts the steps of its epoch, and so begins anew with each.

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
- `SAME` = 0.1: share by which the steps that a schedule is made for may differ from those of the optimizer: the last batch
  of an epoch may be counted or not.
- `SHARE` = 0.2: of the optimizer's steps, those that the schedule made; more is a schedule that is stepped for several
  batches at a time, as where gradients are accumulated.
- `RISES` = 2: how many times its first value the rate comes to; less is no warm-up.
- `EVEN` = 0.05: share by which the slopes in the run's halves differ, at most: a line. A search for a learning rate rises
  ever faster.
- `STAIRS` = 5: levels of the rate, at least; fewer make no line.
- `TEETH` = 3: rises that end where the rate falls back to within `SAME` of where it began, each as long and as far as the
  first but for `SAME` of it. Cycles of a rate fall as slowly as they rise, or fall slowly and jump up.

A rising rate is a warning in a run that is known not to learn, and advice in one that has not come to skill by its end,
but might if it went on. A schedule that counts batches and steps by epochs is a warning where it begins low, as one cycle
does, and advice where it begins at its top. A warm-up that begins anew is a warning in a run that is known not to learn,
else advice.

## Stays silent when
The run was stopped before its end. Of a rising rate: the run learns or its skill is not known, the rate falls anywhere or
stands still in the end for longer than on any stair before, or several optimizers step. Of one that begins anew: it
falls slowly anywhere in the first three rises, or several optimizers step.

## References
The PyTorch documentation of `torch.optim.lr_scheduler.LinearLR` and `OneCycleLR` ("step should be called after a batch has
been used for training"). Smith (2017), *Cyclical Learning Rates*, §3.3 (the
range test, which is not meant here).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice, pairwise

from headstart.diagnosis import skill
from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Series

GROUP = "optimizer"
RESTS_ON = "share"
NEEDS = ("lr",)
SINCE, STATUS = "0.1.0", "stable"

SAME = 0.1
SHARE = 0.2
RISES = 2
EVEN = 0.05
STAIRS = 5
TEETH = 3  # rises of one length and height, each ended by a fall to where it began: no schedule that is meant does so

BEGINS_LOW = ("OneCycleLR",)

TEXT = Text(
    en={
        "message": "The learning rate still rises when the run ends: it came to {last:number} in {steps:number} steps.",
        "cause": "Its warm-up is made for more steps than were run, or is stepped too seldom: the rate that was chosen "
        "is never reached, and nothing was learnt with this one.",
        "anew": "The learning rate rises to {peak:number} and falls back to where it began, {times:number} times, "
        "each after {length:number} steps.",
        "within": "Its warm-up counts the steps of an epoch, not those of the run: each epoch begins it anew, and the rate "
        "that was chosen is not reached.",
        "count": "counted over all epochs",
        "note": "a warm-up for a tenth of the steps that are run",
        "counts": "{kind} is made for {planned:number} steps, as many as the optimizer makes; it made {done:number} of "
        "them in {steps:number}.",
        "low": "It counts batches and is stepped once an epoch, or never: its rate stays near where it begins, far below "
        "the one that was chosen.",
        "top": "It counts batches and is stepped once an epoch, or never: its rate stays at the top and never falls.",
        "batches": "for each batch, right after optimizer.step()",
    },
    zh={
        "message": "运行结束时学习率仍在上升：{steps:number} 步之后才到 {last:number}。",
        "cause": "预热所设的步数超过了实际运行的步数，或者更新得太少：从未达到所选的学习率，"
        "而在当前学习率下什么也没有学到。",
        "anew": "学习率升到 {peak:number} 又落回起点，共 {times:number} 次，每次 {length:number} 步。",
        "within": "预热数的是一个轮次之内的步数，而不是整个运行的步数：每个轮次都重新预热，从未达到所选的学习率。",
        "count": "跨所有轮次计数",
        "note": "预热只占总步数的十分之一",
        "counts": "{kind} 按 {planned:number} 步设定，与优化器的步数一样多；"
        "而优化器走了 {steps:number} 步时，它只走了 {done:number} 步。",
        "low": "它按批次计数，却每个轮次才更新一次，或者从不更新：学习率停在起点附近，远低于所选的值。",
        "top": "它按批次计数，却每个轮次才更新一次，或者从不更新：学习率停在最高处，从不下降。",
        "batches": "每个批次一次，紧跟在 optimizer.step() 之后",
    },
)


def scheduler_too_slow(case: Case) -> Iterator[Finding]:
    """One finding for the run."""
    if case.record.ended == "stopped":
        return
    yield from list(islice(chain(_stepped_by_epoch(case), _still_rising(case), _begins_anew(case)), 1))


def _stepped_by_epoch(case: Case) -> Iterator[Finding]:
    """A schedule that counts as many steps as its optimizer makes, and makes hardly any of them."""
    steps_of = {optimizer.name: optimizer.steps for optimizer in case.record.optimizers}
    for one in case.record.meta.get("schedules") or ():
        planned, done, steps = one["planned"], one["done"], one["steps"]
        counts_batches = abs(planned - steps_of.get(one["optimizer"], 0)) <= SAME * planned
        if not counts_batches or steps < skill.ENOUGH_STEPS or done > SHARE * steps:
            continue
        low = one["kind"] in BEGINS_LOW
        yield Finding(
            "scheduler-too-slow",
            "warning" if low else "advice",
            case.say(TEXT, "counts", **one),
            evidence=(Evidence("schedule_steps", done, SHARE * steps, series="lr"),),
            cause=case.say(TEXT, "low" if low else "top"),
            remedy=Remedy("each-batch", f"scheduler.step()     # {case.say(TEXT, 'batches')}", safe=False),
            line=one["line"],
        )


def _still_rising(case: Case) -> Iterator[Finding]:
    lr = case.record.lr
    if len(case.record.optimizers) != 1 or not _has_learnt_nothing(case):
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


def _begins_anew(case: Case) -> Iterator[Finding]:
    lr = case.record.lr
    teeth = _teeth(lr)
    if len(case.record.optimizers) != 1 or len(teeth) < TEETH:
        return
    (start, end), (last, _) = teeth[0], teeth[-1]
    peak = lr.values[end - 1]
    yield Finding(
        "scheduler-too-slow",
        "warning" if case.learns is False else "advice",
        case.say(TEXT, "anew", peak=peak, times=len(teeth), length=end - start),
        step=lr.steps[end],
        evidence=(Evidence("lr", peak, steps=(lr.steps[start], lr.steps[last]), series="lr"),),
        cause=case.say(TEXT, "within"),
        remedy=Remedy(
            "count-all-steps",
            f"step = epoch * len(loader) + batch     # {case.say(TEXT, 'count')}",
            safe=False,
        ),
    )


def _teeth(lr: Series) -> list[tuple[int, int]]:
    """The first rises of the rate that end where it falls back to its first value: from and up to which step."""
    rates, start = lr.values, 0
    teeth: list[tuple[int, int]] = []
    for place in range(1, len(rates)):
        if rates[place] >= rates[place - 1]:
            continue
        rise = rates[start:place]
        first = rates[: teeth[0][1]] if teeth else rise
        levels = len(set(rise)) >= STAIRS and rise[-1] > RISES * rise[0]
        alike = abs(len(rise) - len(first)) <= SAME * len(first) and abs(rise[-1] - first[-1]) <= SAME * first[-1]
        if not levels or not alike or abs(rates[place] - rates[0]) > SAME * first[-1]:
            break
        teeth.append((start, place))
        start = place
    return teeth


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
