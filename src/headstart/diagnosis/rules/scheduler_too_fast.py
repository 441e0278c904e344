"""The learning rate has died away long before the run ends: what comes after moves nothing.

## What it sees
The learning rate at every step. Its sum over the run is how far the optimizer can get at all; the rule asks when nearly
all of that is spent.

And what a ReduceLROnPlateau is told. It cuts the rate where its figure no longer gets better; `mode` says which way that
is, and "min", a loss that falls, is the default. It speaks if at its first cuts the figure had got worse by that, and the
loss of the evaluation had got better. Where none is seen, that of training is taken if the figure is this loss itself, or
counts right answers: shares of the samples of the evaluation's DataLoader.

## Why it hurts
A schedule that is meant for epochs and stepped at every batch is through within the first epoch. The rest of the run
costs its time and changes nothing. An accuracy that rises is a loss that gets worse and worse to mode="min": the better
the net becomes, the sooner it is stopped.

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

- `CUTS` = 2: of a ReduceLROnPlateau, the first ones, each at a figure worse and a loss better than before it.
- `BETTER` = 0.9: of the first loss, what is left of it at the last cut, at most. `ITSELF` = 1.5: a figure is the training's
  loss if it is never further from it than by this factor. `WHOLE` = 0.01: so near to whole numbers are counts of answers;
  that three losses are comes by chance eight times in a million. Errors, which are to fall, are fewer than half of the
  answers in a run that has a skill of more than half.

It is a warning in a run that is known not to learn, else advice: a run may well be over before it ends.

Of several optimizers the rates come in one series, and rates of two kinds have no sum. There all is spent from the step on
after which every rate is below 1 - `SPENT` of the lowest that any of them began with.

## Stays silent when
The run has fewer than 20 steps; of several optimizers one goes on at a rate that is not as low as that. The
figure of a ReduceLROnPlateau gets worse as the loss does: that is what it is for.

## References
The PyTorch documentation of `torch.optim.lr_scheduler`, "How to adjust learning rate".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from statistics import fmean
from typing import Any

from headstart.diagnosis import skill
from headstart.diagnosis.case import Case
from headstart.diagnosis.rules.overfitting import by_step
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Optimizer, Series

GROUP = "optimizer"
RESTS_ON = "share"
NEEDS = ("lr",)
SINCE, STATUS = "0.1.0", "stable"

SPENT = 0.999
BY = 0.5
CUTS = 2
BETTER = 0.9
ITSELF = 1.5
WHOLE = 0.01

TEXT = Text(
    en={
        "message": "The learning rate has died away by step {step:number} of {steps:number}: it falls from {first:number} "
        "to {last:number}.",
        "cause": "What follows is {left:share} of the steps and moves the weights by less than a thousandth of what came "
        "before. Is the scheduler stepped at every batch while its lengths count epochs?",
        "note": "once an epoch; or give it the number of all steps",
        "other": "ReduceLROnPlateau has cut the learning rate {cuts:number} times, from {first:number} to {last:number}, "
        "while the net became better: the loss fell from {loss:number} to {fell:number}.",
        "min": "It is told a figure that rises, from {told:number} to {then:number}, and waits for one that falls: "
        'mode="min" is its default, and meant for losses.',
        "max": "It is told a figure that falls, from {told:number} to {then:number}, and waits for one that rises: "
        'mode="max" is meant for accuracies.',
        "higher": "of what should rise",
        "lower": "of what should fall",
    },
    zh={
        "message": "学习率在 {steps:number} 步中的第 {step:number} 步就已消失：从 {first:number} 降到 {last:number}。",
        "cause": "其后的 {left:share} 步对权重的移动不到之前的千分之一。调度器是否每个批次都更新，而长度是按轮次数设定的？",
        "note": "每个轮次一次；或者按总步数设定",
        "other": "ReduceLROnPlateau 把学习率降了 {cuts:number} 次，从 {first:number} 降到 {last:number}，"
        "而网络其实在变好：损失从 {loss:number} 降到了 {fell:number}。",
        "min": '交给它的数在上升，从 {told:number} 到 {then:number}，它等的却是下降：mode="min" 是默认值，用于损失。',
        "max": '交给它的数在下降，从 {told:number} 到 {then:number}，它等的却是上升：mode="max" 用于准确率。',
        "higher": "用于应当上升的数",
        "lower": "用于应当下降的数",
    },
)


def scheduler_too_fast(case: Case) -> Iterator[Finding]:
    """One finding for the run."""
    if (found := next(_other_ways(case), None)) is not None:
        yield found
        return
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


def _other_ways(case: Case) -> Iterator[Finding]:
    """Of each ReduceLROnPlateau that waits for its figure to go the other way."""
    for facts in case.record.meta.get("plateaus") or ():
        values, rates, steps = facts["values"], facts["rates"], facts["steps"]
        cuts = _at_odds(case, facts)
        if len(cuts) < CUTS:
            continue
        first, last = _loss_then(case, facts, 0), _loss_then(case, facts, cuts[-1])
        if first is None or last is None or last > BETTER * first:
            continue
        told, then = values[0], values[cuts[-1]]
        other, note = ("min", "lower") if facts["mode"] == "max" else ("max", "higher")
        yield Finding(
            "scheduler-too-fast",
            "warning" if case.learns is False else "advice",
            case.say(TEXT, "other", cuts=len(cuts), first=rates[0], last=rates[cuts[-1] + 1], loss=first, fell=last),
            step=steps[cuts[0]],
            evidence=(
                Evidence("rate_cuts", len(cuts), CUTS, (steps[cuts[0]], steps[cuts[-1]]), "lr"),
                Evidence("figure_told", then, told),
            ),
            cause=case.say(TEXT, facts["mode"], told=told, then=then),
            remedy=Remedy("other-mode", f'ReduceLROnPlateau(optimizer, mode="{other}")     # {case.say(TEXT, note)}'),
            line=facts["line"],
        )


def _at_odds(case: Case, facts: dict[str, Any]) -> list[int]:
    """The first cuts, as many as were each at a figure worse and a loss better than before. Later ones move little."""
    values, rates = facts["values"], facts["rates"]
    sign = 1 if facts["mode"] == "max" else -1
    found: list[int] = []
    before = 0, _loss_then(case, facts, 0)
    for place, (rate, then) in enumerate(pairwise(rates)):
        if then < rate and place > 0:
            loss = _loss_then(case, facts, place)
            if loss is None or before[1] is None or loss >= before[1]:
                break
            if sign * values[place] >= sign * values[before[0]]:
                break
            found.append(place)
            before = place, loss
    return found


def _loss_then(case: Case, facts: dict[str, Any], place: int) -> float | None:
    """The loss that belongs to a figure: of the evaluation before it, or of training where the figure is that itself."""
    if (
        case.skill is None
        or (loss := next((x for x in case.record.losses if x.name == case.skill.source), None)) is None
    ):
        return None
    steps = facts["steps"]
    began = steps[place - 1] if place else 0
    if held_out := by_step(case, loss, "loss"):
        return _mean_between(held_out, began, steps[place])
    trained = _mean_between(case.record.loss_of(loss.name), began, steps[place])
    value = facts["values"][place]
    if facts["mode"] == "min":
        return trained if _counts_answers(case, facts["values"]) else None
    same = trained is not None and 0 < value <= ITSELF * trained and trained <= ITSELF * value
    return trained if same else None


def _counts_answers(case: Case, values: Sequence[float]) -> bool:
    """Whether they are shares, or percents, of right answers among the samples of an evaluation."""
    if case.skill is None or not case.skill.value > 0.5:
        return False
    numbers = {loader.samples for loader in case.record.loaders if loader.begun_evaluating and loader.samples}
    return any(
        all(0 <= value <= whole and _is_whole(value / whole * number) for value in values) and max(values) > whole / 2
        for number in numbers
        for whole in (1, 100)
    )


def _is_whole(value: float) -> bool:
    return abs(value - round(value)) <= WHOLE


def _mean_between(series: Series, began: int, until: int) -> float | None:
    """After `began`, up to `until`."""
    values = [value for step, value in zip(series.steps, series.values, strict=True) if began < step <= until]
    return fmean(values) if values else None
