"""The learning rate is too high: one step moves the weights by much of their own size, and the loss jumps.

## What it sees
Each update's root mean square as a share of its weight's, the median over the weights at each step, and the loss
before and after the first step at which that share passes the limit. And a loss that grows at each step to the end, by a
factor or by little for long, under steps that are as long as the gradient: SGD's, or those of updates by hand. And by how
much each step would lower the loss if that were straight: the product of update and gradient, over the loss. Where the run
is not known to fail, all this is advice; so is a step of Adam and its like that is as long as the weights are large.

## Why it hurts
The gradient tells which way the loss falls close to where the weights are. A step that is not small beside the
weights themselves goes far beyond that: it throws away what the start had made sound, overshoots, kills ReLUs,
saturates tanh and sigmoid, or grows from step to step until the numbers overflow. Gradient descent goes down only with a
rate below 2 over the largest curvature; above it each step goes too far by more than the one before. A loss that cannot
be below 0 cannot fall by more than itself: a step that promises many times as much has gone past its lowest point.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1.0)
for step in range(80):
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
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(80):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `LARGE` = 0.25: an update over its weight. Four such steps outweigh all that was there before; a sound run's first
  steps are a hundredth to a tenth, and a thousandth later.
- `RISE` = 2: the loss after such a step over the largest one up to it. Of 23 small runs with rates from 0.001 to 20
  all that did not learn for their rate passed both limits.
- `TIMES` = 5: steps in a row, the last ones of the run, each with a loss at least `RISE` times the one before, and the last
  as many times above all losses before them. Then it needs no size of the weights, no 20 steps and no optimizer.
- `FAR` = 1000: the last loss over all before, where each of those steps, five or more, raises it by however little. A rate
  that is a tenth above 2 over the curvature multiplies it by 1.44 at each step.
- `PROMISE` = 10: by how many times itself a step would lower the loss if it were straight. Of a convex loss a step of
  gradient descent brings the weights nearer to the best ones for certain below 2. Nets are not convex, and recover from
  such steps at times: so five times as much, and 2 in a second look at a run of which nothing else is known.
- `WHOLE` = 1: the first such update over its weight, of an optimizer that divides by the gradient's size, so that it is the
  rate's doing alone. It outweighs all that was there, whatever the loss does. Where the run is not known to fail, it and
  `LARGE` are over what PyTorch's own start would be, if the weights are smaller.
- `DONE` = 0.95: skill, above which that is nothing to speak of.
- `START` = 2: the first loss over the best constant's, above which such a step is the start's doing: the limit of
  initial-loss-off.
- `TARGETS` = 10: root mean square of a regression's targets. Gradients grow with them, so that above it an optimizer
  whose steps are as large as the gradient goes too far at any usual rate.

## Stays silent when
The loss does not grow step by step to the end; and it does not rise, or turns NaN without having risen, under steps shorter
than the weights are large, and the run learns, it is not known whether it does, or no step promises more than there is of
the loss (or the first loss is far above the constant's, some losses are below 0, or several optimizers take turns); a
weight starts from zero, or the targets are large, unless the optimizer divides by the gradient's size. Gradients that are
never cleared, inputs that are not standardised and weights that are too large make updates large, too: where they are
found, they explain it.

## References
LeCun, Bottou, Orr & Müller, *Efficient BackProp* (1998), §5; Goodfellow, Bengio & Courville, *Deep Learning* (2016),
§11.4.1; Polyak, *Introduction to Optimization* (1987), §5.3.2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from headstart.diagnosis import code, skill
from headstart.diagnosis.case import Case
from headstart.diagnosis.descent import promises
from headstart.diagnosis.skill import runs_away
from headstart.diagnosis.text import Text
from headstart.diagnosis.updates import ADAPTIVE, Moves, moves, typical
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loss

GROUP = "optimizer"
RESTS_ON = "size"
NEEDS = ("update.std", "weight.std", "loss")
SINCE, STATUS = "0.1.0", "stable"

LARGE = 0.25  # of a weight's root mean square, in one step: four outweigh all that was there
RISE = skill.RISE  # times the largest loss up to that step; passed by all small runs that did not learn for their rate
TIMES = skill.TIMES  # steps to the end, each with a loss RISE times the one before
FAR = skill.FAR  # times all losses before, at the end of steps that each raise it, by however little
PROMISE = 10.0  # times the loss: five times the bound of convex ones (Polyak 1987, §5.3.2)
START = 2.0  # times the best constant's loss: as initial-loss-off has it
WHOLE = 1.0  # of a weight's root mean square, in a step whose size is the rate's alone: nothing is left of it
DONE = 0.95  # skill, above which that is nothing to speak of
TARGETS = 10.0  # root mean square; a regression's gradient grows with it, and the stable rate with its inverse
SECOND_LOOK = {"LARGE": 0.05, "RISE": 1.2, "PROMISE": 5.0}

HAND = {"diverges": "by_hand", "drifts": "drifts_by_hand"}  # of updates whose rate is not known

TEXT = Text(
    en={
        "message": "The learning rate of {lr:number} is too high: step {step:number} moves the weights by "
        "{share:share} of their own size.",
        "rise": "The loss was {before:number} before that step and reached {after:number} after it. A gradient says which "
        "way is down close by; so large a step goes far beyond, and throws away what the weights held.",
        "broken": "The loss was {before:number} before that step and overflows after it. A gradient says which "
        "way is down close by; so large a step goes far beyond, and the next ones are larger still.",
        "outweighs": "So long a step outweighs all that the weights held: nothing is left of the initialisation, and how "
        "far the net gets hangs on where such steps happen to land.",
        "diverges": "The learning rate of {lr:number} is too high: at each step to the end the loss is at least "
        "{factor:number} times the one before, and it comes from {before:number} to {after:number}.",
        "by_hand": "The learning rate is too high: at each step to the end the loss is at least {factor:number} times the "
        "one before, and it comes from {before:number} to {after:number}.",
        "drifts": "The learning rate of {lr:number} is too high: each of the last {steps:number} steps raises the loss, "
        "from {before:number} to {after:number}.",
        "drifts_by_hand": "The learning rate is too high: each of the last {steps:number} steps raises the loss, from "
        "{before:number} to {after:number}.",
        "curvature": "Gradient descent goes down only with a rate below 2 over the largest curvature. Above it each step "
        "goes too far by more than the one before. Inputs or targets of tens and hundreds make the curvature large.",
        "overshoots": "The learning rate of {lr:number} is too high: if it went straight on, step {step:number} would "
        "lower the loss by {times:number} times as much as there is of it.",
        "overshoots_by_hand": "The learning rate is too high: if it went straight on, step {step:number} would lower the "
        "loss by {times:number} times as much as there is of it.",
        "past": "A gradient says how steep the loss is close by. The loss cannot fall below 0: a step that promises "
        "several times all that there is goes past the lowest point and up on the other side.",
        "slower": "a tenth of {lr:number}; if that is still too high, a tenth again",
        "slower_by_hand": "if that is still too high, a tenth again",
    },
    zh={
        "message": "学习率 {lr:number} 过高：第 {step:number} 步对权重的改动达到权重自身大小的 {share:share}。",
        "rise": "这一步之前损失为 {before:number}，之后达到 {after:number}。梯度只说明附近哪个方向是下坡；"
        "这么大的一步远远越过了"
        "这个范围，也丢掉了权重原有的内容。",
        "broken": "这一步之前损失为 {before:number}，之后溢出。梯度只说明附近哪个方向是下坡；这么大的一步远远越过了"
        "这个范围，接下来的步子还会更大。",
        "outweighs": "这么长的一步超过了权重原有的一切：初始化已荡然无存，网络能学到多少，全看这样的步子碰巧落在哪里。",
        "diverges": "学习率 {lr:number} 过高：直到最后，每一步的损失都至少是前一步的 {factor:number} 倍，"
        "它从 {before:number} 升到了 {after:number}。",
        "by_hand": "学习率过高：直到最后，每一步的损失都至少是前一步的 {factor:number} 倍，"
        "它从 {before:number} 升到了 {after:number}。",
        "drifts": "学习率 {lr:number} 过高：最后 {steps:number} 步中每一步都使损失升高，从 {before:number} 升到了 "
        "{after:number}。",
        "drifts_by_hand": "学习率过高：最后 {steps:number} 步中每一步都使损失升高，从 {before:number} 升到了 "
        "{after:number}。",
        "curvature": "只有学习率低于 2 除以最大曲率时，梯度下降才会下降；高于它，每一步都比前一步越过得更远。"
        "几十、几百大小的输入或目标会使曲率很大。",
        "overshoots": "学习率 {lr:number} 过高：如果损失一直沿直线下降，第 {step:number} 步会让它下降自身的 "
        "{times:number} 倍。",
        "overshoots_by_hand": "学习率过高：如果损失一直沿直线下降，第 {step:number} 步会让它下降自身的 {times:number} 倍。",
        "past": "梯度只说明附近的损失有多陡。损失不可能低于 0：一步若预示下降全部损失的好几倍，就会越过最低点，到达另一侧的"
        "高处。",
        "slower": "{lr:number} 的十分之一；如果仍然过高，再取十分之一",
        "slower_by_hand": "如果仍然过高，再取十分之一",
    },
)


@dataclass(frozen=True)
class Leap:
    """The first step that is large beside the weights, and what it does to the loss."""

    step: int
    share: float  # of the weights' size
    before: float  # the largest loss up to it
    after: float  # the largest one behind it, infinite included; what is not a number may have other reasons, log 0 or 0/0

    @property
    def rises(self) -> bool:
        return self.after > RISE * self.before


def learning_rate_too_high(case: Case) -> Iterator[Finding]:
    """One finding, of the first step that went too far."""
    optimizer = next(iter(case.record.optimizers), None)
    adaptive = optimizer is not None and optimizer.kind in ADAPTIVE
    judged = adaptive or not any(map(_has_large_targets, case.record.losses))
    found = moves(case)
    leap = _leap(case, found) if judged else None
    if leap is None or optimizer is None or not _counts(case, leap, found, adaptive):
        yield from list(_divergence(case)) or (_overshoot(case) if judged and case.learns is False else [])
        return
    rate = dict(zip(case.record.lr.steps, case.record.lr.values, strict=True)).get(leap.step, case.record.lr.first)
    facts = {"lr": rate, "step": leap.step, "share": leap.share, "before": leap.before, "after": leap.after}
    rise = Evidence("loss_rise", leap.after / leap.before, RISE, (leap.step,), "loss")
    yield Finding(
        "learning-rate-too-high",
        "error" if leap.rises and case.learns is False else "advice",
        case.say(TEXT, "message", **facts),
        None,
        leap.step,
        (
            Evidence("update_share", leap.share, LARGE if leap.rises else WHOLE, (leap.step,), "update.std"),
            *([rise] if leap.rises else []),
        ),
        case.say(TEXT, ("rise" if math.isfinite(leap.after) else "broken") if leap.rises else "outweighs", **facts),
        _remedy(case, rate),
        (),
        optimizer.line,
    )


def _counts(case: Case, leap: Leap, found: list[Moves], adaptive: bool) -> bool:
    """In a run that is not known to fail, weights that are smaller than PyTorch's own take the blame for their share.

    Those begin with 1 / √(3 fan_in) (`kaiming_uniform_(a=5 ** 0.5)`).
    """
    if leap.rises and case.learns is False:
        return True
    ratios = [one.start * math.sqrt(3 * (one.layer.fan_in or 1)) for one in found]
    share = leap.share * min(1, median(ratios))
    done = case.skill is not None and case.skill.value > DONE
    return (leap.rises and share >= LARGE) or (adaptive and share >= WHOLE and not done)


def _divergence(case: Case) -> Iterator[Finding]:
    """Of steps as long as the gradient, which is all the longer the further they go beyond."""
    kinds = {optimizer.kind for optimizer in case.record.optimizers}
    start = runs_away(case.record, RISE, TIMES, FAR)
    if start is None or any(case.record.series("", "loop.climbed").values) or not kinds <= {"SGD"}:
        return
    values = [value for value in case.record.loss.since(start).values if math.isfinite(value)]
    factor = min(later / earlier for earlier, later in pairwise(values))
    key = "diverges" if factor >= RISE else "drifts"
    facts = {"before": values[0], "after": values[-1]}
    facts |= {"factor": factor} if factor >= RISE else {"steps": len(values) - 1}
    grown = (factor, RISE) if factor >= RISE else (values[-1] / values[0], FAR)
    rate = max(case.record.lr.values, default=None)
    yield Finding(
        "learning-rate-too-high",
        "error",
        case.say(TEXT, HAND[key], **facts) if rate is None else case.say(TEXT, key, lr=rate, **facts),
        None,
        start,
        (Evidence("loss_rise", *grown, (start, case.record.loss.steps[-1]), "loss"),),
        case.say(TEXT, "curvature"),
        _remedy(case, rate),
    )


def _overshoot(case: Case) -> Iterator[Finding]:
    """Of a step that promises more than there is to be had."""
    promised = promises(case.record)
    step = promised.first_above(PROMISE)
    if step is None or not _starts_sound(case):
        return
    times = dict(zip(promised.steps, promised.values, strict=True))[step]
    rate = dict(zip(case.record.lr.steps, case.record.lr.values, strict=True)).get(step)
    yield Finding(
        "learning-rate-too-high",
        "error",
        case.say(TEXT, "overshoots_by_hand" if rate is None else "overshoots", lr=rate, step=step, times=times),
        None,
        step,
        (Evidence("promise", times, PROMISE, (step,), "update.descent"),),
        case.say(TEXT, "past"),
        _remedy(case, rate),
    )


def _starts_sound(case: Case) -> bool:
    """Whether the first loss, where its constant is known, is none that a start far off makes large with its gradients."""
    if case.skill is None:
        return True
    return case.record.loss_of(case.skill.source).first <= START * case.skill.constant


def _leap(case: Case, found: list[Moves]) -> Leap | None:
    shares = typical(found)
    step = shares.first_above(LARGE)
    before = [value for value in case.record.loss.until(step or 0).values if math.isfinite(value)]
    behind = case.record.loss.since((step or 0) + 1).values
    if step is None or not behind or not before or max(before) <= 0:
        return None
    share = dict(zip(shares.steps, shares.values, strict=True))[step]
    return Leap(step, share, max(before), max((value for value in behind if not math.isnan(value)), default=0.0))


def _has_large_targets(loss: Loss) -> bool:
    targets = loss.targets
    if not targets.count or not targets.total:
        return False
    squares = sum(
        total**2 / targets.count + square for total, square in zip(targets.total, targets.square, strict=True)
    )
    return math.sqrt(squares / targets.count / len(targets.total)) > TARGETS


def _remedy(case: Case, rate: float | None) -> Remedy:
    if rate is None or not case.record.optimizers:
        return Remedy("slower", f"lr = lr / 10     # {case.say(TEXT, 'slower_by_hand')}")
    return code.slower(case.record.optimizers[0], rate, case.say(TEXT, "slower", lr=rate))
