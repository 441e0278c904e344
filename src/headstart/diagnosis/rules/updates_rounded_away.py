"""Nearly all updates are lost in rounding: they are less than half the distance from a weight to the next number.

## What it sees
The share of a weight's values that a step leaves as they were to the last bit, and the share of its gradient's values
that are zero, over the steps.

## Why it hurts
A number holds 8 bits of precision in bfloat16, 11 in float16, 24 in float32. What is added to a weight and is less than
half of its last bit (0.2 to 0.4 % of its size in bfloat16) is gone, at every step anew: steps do not add up. So the net
stands still at a rate that trains it well in float32.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20).bfloat16()
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2)).bfloat16()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
for step in range(120):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x).float(), y).backward()
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
optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
for step in range(120):
    optimizer.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = nn.functional.cross_entropy(model(x).float(), y)
    loss.backward()
    optimizer.step()
```

## Limits
- `LOST` = 0.75: share of the values that stay as they were although their gradient is not zero, as the median over the
  steps and over the weights. An optimizer that leaves out some values on purpose (Rprop where the sign changes) leaves out
  half at most; this is half-way from there to all. Those that still move are the smallest ones, which weigh least.
- `ENOUGH` = 20: steps. Fewer are a try, and a warm-up may begin with a rate of 0.
- `WAY` = 0.01: of a weight's size, which is where learning-rate-too-low has its own limit. A step loses 1/256 of a value
  at most in bfloat16, 1/2,048 in float16, 1/17 million in float32, where even 100,000 steps lose less than that: had
  nothing been rounded, the weight would be where it is. Below it the rate is to blame only if the updates of every weight
  are lost, and from the first step on.

It is an error in a run that does not learn, and a warning in one that has come to no skill by its end, but still gains.

## Stays silent when
The run learns, or its skill is not known; the gradients are zero themselves, or vanish while it trains (in
float32 nothing is lost then that would have counted); or not one value moves in the whole run: weights-never-change tells
that.

## References
Higham (2002), *Accuracy and Stability of Numerical Algorithms*, §2.1 and §4.2 (stagnation); Micikevicius et al. (2018),
*Mixed Precision Training*, §3.1: a master copy of the weights in float32.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

from headstart.diagnosis import skill
from headstart.diagnosis.case import Case
from headstart.diagnosis.skill import ENOUGH_STEPS as ENOUGH
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Parameter

GROUP = "optimizer"
RESTS_ON = "share"
NEEDS = ("update.zeros", "weight_gradient.zeros", "skill", "lr")
SINCE, STATUS = "0.1.0", "stable"

__all__ = ["ENOUGH", "LOST", "WAY", "updates_rounded_away"]

LOST = 0.75  # of a weight's values; what leaves out values on purpose (Rprop) leaves out half
WAY = 0.01  # of a weight's size, that rounding may have taken over the run: with less it would be where it is

TEXT = Text(
    en={
        "message": "{lost:share} of the values of {weight} stay as they were at a step, to the last bit, though their "
        "gradients are not zero: the updates are lost in rounding.",
        "cause": "An update that is smaller than half the distance from a weight to its neighbour (0.2 to 0.4 % of it in "
        "bfloat16) is gone, at every step anew. The learning rate of {lr:number} is too small for the precision in which "
        "the weights are kept.",
        "note": "the weights in float32; autocast computes in bfloat16",
    },
    zh={
        "message": "每一步中，{weight} 有 {lost:share} 的值一位也没有改变，尽管它们的梯度不是零：更新在舍入中丢失了。",
        "cause": "小于权重与相邻数之间距离一半的更新（在 bfloat16 中约为权重的 0.2% 到 0.4%）会消失，而且每一步都重新消失。"
        "对于权重所用的精度，学习率 {lr:number} 太小了。",
        "note": "权重用 float32，由 autocast 以 bfloat16 计算",
    },
)


def updates_rounded_away(case: Case) -> Iterator[Finding]:
    """One finding, told of the first weight."""
    if not _has_learnt_nothing(case) or len(case.record) < ENOUGH:
        return
    found = [(weight, lost) for _, weight in case.weighted() if (lost := _lost(case, weight)) is not None]
    moves = any(min(case.record.series(weight.name, "update.zeros").values) < 1 for weight, _ in found)
    if not found or not moves or median(lost for _, lost in found) <= LOST:
        return
    coarse = any(lost > LOST and _takes(case, weight) > WAY for weight, lost in found)
    if not coarse and (case.learns is not False or not _is_the_rates(case, found)):
        return
    weight, lost = next((weight, lost) for weight, lost in found if lost > LOST)
    steps = case.record.series(weight.name, "update.zeros").steps
    yield Finding(
        "updates-rounded-away",
        "error" if case.learns is False else "warning",
        case.say(TEXT, "message", weight=weight.name, lost=lost),
        weight.layer,
        steps[0],
        (Evidence("lost", lost, LOST, (steps[0], steps[-1]), "update.zeros"),),
        case.say(TEXT, "cause", lr=max(case.record.lr.values, default=0.0)),
        Remedy(
            "master-weights",
            f"model.float()     # {case.say(TEXT, 'note')}\n"
            'with torch.autocast("cuda", dtype=torch.bfloat16):\n    loss = criterion(model(inputs), targets)',
        ),
    )


def _has_learnt_nothing(case: Case) -> bool:
    """Whether it ends without skill. One that still gains is slow, and it is this that makes it so."""
    return case.learns is False or (case.skill is not None and case.skill.value < skill.NO_SKILL)


def _takes(case: Case, weight: Parameter) -> float:
    """The most that rounding can have kept from it over the run, as a share of its size."""
    return math.inf if weight.rounding is None else len(case.record) * weight.rounding


def _is_the_rates(case: Case, found: Sequence[tuple[Parameter, float]]) -> bool:
    """Whether the rate is too small for every weight, and was so before anything could make the gradients smaller."""
    return all(lost > LOST and (_lost(case, weight, 1) or 0.0) > LOST for weight, lost in found)


def _lost(case: Case, weight: Parameter, until: int | None = None) -> float | None:
    """The share of its values with a gradient that a step leaves as they were, the median over the steps."""
    stays = case.record.series(weight.name, "update.zeros")
    stays = stays if until is None else stays.until(until - 1)
    without = case.record.series(weight.name, "weight_gradient.zeros")
    zeros = dict(zip(without.steps, without.values, strict=True))
    shares = [
        max(0.0, stay - zeros[step]) / (1 - zeros[step])
        for step, stay in zip(stays.steps, stays.values, strict=True)
        if zeros.get(step, 1.0) < 1
    ]
    return median(shares) if shares else None
