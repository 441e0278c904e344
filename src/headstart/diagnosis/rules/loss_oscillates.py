"""The loss on the same samples goes up and down, again and again: the steps are longer than the valley is wide.

## What it sees
The loss on the same samples (by their fingerprints): at each step where all steps see one batch, else the mean of each
epoch, with its standard error. It counts peaks and troughs in the last two thirds of the run. From one batch to the next a
loss may jump for the batches' sake; on the same samples it is the weights that went somewhere and came back.

## Why it hurts
Along a direction with curvature c a step of gradient descent turns the distance d to the bottom into (1 - lr c) d. Above
lr = 2 / c each step ends further up the other side than it began. The loss of a curved net keeps that from growing for
ever, but not from swinging: what the net could learn in the other directions is lost in it.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = 3 + torch.randn(256, 50)
y = x[:, :25].mean(1) - x[:, 25:].mean(1)
y = (y - y.mean()) / y.std()
model = nn.Linear(50, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
for step in range(80):
    optimizer.zero_grad()
    nn.functional.l1_loss(model(x)[:, 0], y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = 3 + torch.randn(256, 50)
y = x[:, :25].mean(1) - x[:, 25:].mean(1)
y = (y - y.mean()) / y.std()
x = (x - x.mean(0)) / x.std(0)  # flattens the steepest direction, so that the same rate will do
model = nn.Linear(50, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
for step in range(80):
    optimizer.zero_grad()
    nn.functional.l1_loss(model(x)[:, 0], y).backward()
    optimizer.step()
```

## Limits
- `SWING` = 0.1: from trough to peak, at least, as a share of the best constant's loss; of epochs also `ERRORS` = 5 standard
  errors of the difference of two means.
- `TURNS` = 4 peaks and troughs in the last two thirds: down, up, down and up again.
- `NEW` = 0.9: a run that learns is told only if its lowest loss of the last third is more than that of the lowest before.
  It is advice then: near the edge of stability many a net learns on while its loss swings (Cohen et al. 2021).

## Stays silent when
It is not known whether the run learns; a learning rate rises in the last two thirds (cycles, warm restarts); there are
several optimizers or models; batches differ and an epoch has fewer than eight, is of no fixed length, or its samples are
never twice the same; the loss is not what backward was called on; or, where all steps see one batch, the labels differ, a
dropout is on, or each step's loss is unrelated to the one before, as where the model draws noise of its own.

A period of two steps cannot be told from two batches by turns by the loss alone: the fingerprints tell them apart.

## References
LeCun, Bottou, Orr & Müller, *Efficient BackProp* (1998), §5.2; Cohen, Kaur, Li, Kolter & Talwalkar, *Gradient descent on
neural networks typically occurs at the edge of stability* (2021), arXiv 2103.00065.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from headstart.diagnosis import code
from headstart.diagnosis.case import Case
from headstart.diagnosis.levels import Level, Turn, are_random, levels_of, turns
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "symptom"
RESTS_ON = "fact"
NEEDS = ("loss", "skill", "samples.batch")
SINCE, STATUS = "0.1.0", "stable"

SWING = 0.1  # of the best constant's loss, from trough to peak
ERRORS = 5.0  # standard errors of the difference of two epochs' means
TURNS = 4  # in the last two thirds
NEW = 0.9  # of the lowest loss before: what a run that learns on still falls to

TEXT = Text(
    en={
        "steps": "On the same samples at every step, the loss turns {turns:number} times in the last two thirds of the "
        "run, between about {low:number} and {high:number}.",
        "epochs": "On the same samples in every epoch of {epoch:number} steps, the mean loss turns {turns:number} times in "
        "the last two thirds of the run, between about {low:number} and {high:number}.",
        "cause": "The samples do not differ, so it is the steps: they lead across the bottom of the valley, up its other "
        "side, and back. If no cause is listed above this, make them smaller. Inputs that are not centred make the valley "
        "steep; a momentum close to 1, or gradients that are never cleared, carry the weights across.",
        "learns": "The samples do not differ, so it is the steps: they lead across the bottom of the valley and back. The "
        "net learns all the same, but no longer gets lower; with smaller steps at the end it would settle.",
        "slower": "a tenth of {lr:number}; if it still swings, a tenth again",
    },
    zh={
        "steps": "每一步用的都是同样的样本，而在最后三分之二的训练中，损失掉头 {turns:number} 次，大约在 {low:number} 与 "
        "{high:number} 之间摆动。",
        "epochs": "每个轮次（{epoch:number} 步）用的都是同样的样本，而在最后三分之二的训练中，"
        "平均损失掉头 {turns:number} 次，"
        "大约在 {low:number} 与 {high:number} 之间摆动。",
        "cause": "样本没有变化，所以原因在步子上：它们越过谷底，冲上对面的坡，再冲回来。如果上面没有列出原因，"
        "就把步子改小。"
        "没有中心化的输入会让谷变得很陡；接近 1 的动量，或者从不清零的梯度，也会让权重冲过谷底。",
        "learns": "样本没有变化，所以原因在步子上：它们越过谷底，又冲回来。网络仍然学到了东西，但损失不再降低；"
        "最后阶段把步子改小，损失就会稳定下来。",
        "slower": "{lr:number} 的十分之一；如果仍然摆动，再取十分之一",
    },
)


def loss_oscillates(case: Case) -> Iterator[Finding]:
    """One finding for the run; its step is that of the first turn that counts."""
    start = len(case.record) // 3
    if case.learns is None or case.skill is None or len(case.record.optimizers) > 1 or _rises(case, start):
        return
    known = levels_of(case)
    later = [level for level in known.levels if level.step >= start] if known else []
    if known is None or not later or not all(math.isfinite(level.loss) for level in later):
        return
    least = SWING * case.skill.constant
    found = turns(later, least, ERRORS)
    if len(found) < TURNS or (known.epoch == 1 and are_random(later)):
        return
    if case.learns and (_reaches_new_lows(known.levels, len(case.record)) or not _lasts(found, len(case.record))):
        return
    low, high = (median(turn.level.loss for turn in found if turn.peak is peak) for peak in (False, True))
    facts = {"turns": len(found), "low": low, "high": high, "epoch": known.epoch}
    steps = (found[0].level.step, found[-1].level.step)
    yield Finding(
        "loss-oscillates",
        "advice" if case.learns else "error",
        case.say(TEXT, "steps" if known.epoch == 1 else "epochs", **facts),
        step=steps[0],
        evidence=(
            Evidence("loss_turns", len(found), TURNS, steps, "loss"),
            Evidence("loss_swing", high - low, least, steps, "loss"),
        ),
        cause=case.say(TEXT, "learns" if case.learns else "cause"),
        remedy=_remedy(case),
    )


def _rises(case: Case, start: int) -> bool:
    rates = case.record.lr.since(start).values
    return any(later > earlier for earlier, later in pairwise(rates))


def _reaches_new_lows(levels: Sequence[Level], steps: int) -> bool:
    last = [level.loss for level in levels if level.step >= 2 * steps // 3]
    before = [level.loss for level in levels if level.step < 2 * steps // 3]
    return not last or not before or min(last) <= NEW * min(before)


def _lasts(found: Sequence[Turn], steps: int) -> bool:
    """Whether as many turns are in the last third alone: else it has settled."""
    return sum(turn.level.step >= 2 * steps // 3 for turn in found) >= TURNS


def _remedy(case: Case) -> Remedy | None:
    known = code.rate_of(case.record.optimizers)
    return None if known is None else code.slower(*known, case.say(TEXT, "slower", lr=known[1]))
