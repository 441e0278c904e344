"""The training loss falls on while the evaluation loss rises far above its best: samples are learnt by heart.

## What it sees
The loss that is taken under `torch.no_grad()`, or of what the model gave there, by its step, beside that of training. It
speaks if the training loss is far below the best constant answer's, and the last evaluations lie far above the best one,
which came early.

## Why it hurts
What is learnt after the best evaluation holds for the training samples only. Above the loss of the best constant answer
the net is, on new data, worse than one that ignores its inputs: surely wrong costs more than unsure.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(600, 40)
y = (x[:, 0] + 2 * torch.randn(600) > 0).long()
model = nn.Sequential(nn.Linear(40, 256), nn.ReLU(), nn.Linear(256, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(120):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x[:100]), y[:100]).backward()
    optimizer.step()
    if epoch % 10 == 0:
        with torch.no_grad():
            held_out = nn.functional.cross_entropy(model(x[100:]), y[100:])
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(600, 40)
y = (x[:, 0] + 0.1 * torch.randn(600) > 0).long()
model = nn.Sequential(nn.Linear(40, 256), nn.ReLU(), nn.Linear(256, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=0.1)
for epoch in range(120):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x[:500]), y[:500]).backward()
    optimizer.step()
    if epoch % 10 == 0:
        with torch.no_grad():
            held_out = nn.functional.cross_entropy(model(x[500:]), y[500:])
```

## Limits
- `POINTS` = 5: evaluations at different steps, at least; the last three of them are averaged.
- `LEARNT` = 0.5: skill in training, from which there is something to be learnt by heart.
- `RISE` = 1.5: times the best evaluation's loss. Between epochs of a sound training it wavers by some percent.
- `WORSE` = 1.1: times the constant answer's loss, and times the best evaluation's. With all of the last three evaluations
  above both, what was learnt by heart is worse than nothing on new samples, however near to nothing the best one was.

It is a warning above the constant answer's loss, else advice. Where most answers are right all the same, only their
confidence is too high, which is advice, too.

## Stays silent when
The run evaluates seldom or never under `torch.no_grad()`, the training ends near the best evaluation (early stopping), or
no best constant answer is known.

## References
Prechelt, *Early stopping, but when?* (1998); Guo et al. 2017, arXiv 1706.04599, §3 (the loss overfits before the accuracy).
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from headstart.diagnosis import code
from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loss, Optimizer, Series

GROUP = "optimizer"
RESTS_ON = "share"
NEEDS = ("skill",)
SINCE, STATUS = "0.1.0", "stable"

POINTS = 5  # evaluations at different steps, at least
LEARNT = 0.5  # skill in training
RISE = 1.5  # times the best evaluation's loss; it wavers by some percent
WORSE = 1.1  # times the constant's loss; the labels held out may be a little harder for it than those of training

TEXT = Text(
    en={
        "message": "The evaluation loss was best at step {step:number} with {best:number} and ends at {last:number}, while "
        "the training loss goes down to {train:number}.",
        "cause": "What the net learnt after that step holds for its training samples only.",
        "worse": "What the net learnt after that step holds for its training samples only: on new ones it is now worse "
        "than always answering the same, which costs {constant:number}.",
        "note": "and keep the weights of the best evaluation; more data or augmentation help most",
    },
    zh={
        "message": "评估损失在第 {step:number} 步最好，为 {best:number}，最后是 {last:number}；"
        "而训练损失降到了 {train:number}。",
        "cause": "网络在那一步之后学到的只适用于训练样本。",
        "worse": "网络在那一步之后学到的只适用于训练样本：对新样本，"
        "它现在比始终给出同一个答案（损失为 {constant:number}）还差。",
        "note": "并保留评估最好时的权重；更多数据或数据增强最有帮助",
    },
)


def overfitting(case: Case) -> Iterator[Finding]:
    """One finding, of the loss that the skill is of."""
    loss = next((one for one in case.record.losses if case.skill and one.name == case.skill.source), None)
    if loss is None or case.skill is None or not case.skill.value >= LEARNT:
        return
    held_out = by_step(case, loss, "loss")
    if len(held_out) < POINTS:
        return
    best = min(held_out.values)
    step = held_out.steps[held_out.values.index(best)]
    last = fmean(held_out.values[-3:])
    wrong = not _mostly_right(case, loss)
    hopeless = wrong and min(held_out.values[-3:]) > WORSE * max(best, case.skill.constant)
    if step in held_out.steps[-3:] or not (hopeless or last > RISE * best):
        return
    worse = last > case.skill.constant and wrong
    limits = [RISE * best, *([WORSE * max(best, case.skill.constant)] if hopeless else [])]
    facts = {"step": step, "best": best, "last": last, "train": case.skill.loss, "constant": case.skill.constant}
    optimizer = next(iter(case.record.optimizers), Optimizer("AdamW", "AdamW"))
    decayed = f"{code.optimizer(optimizer, weight_decay='1e-2')}     # {case.say(TEXT, 'note')}"
    yield Finding(
        "overfitting",
        "warning" if worse else "advice",
        case.say(TEXT, "message", **facts),
        None,
        step,
        (
            Evidence("evaluation_loss", last, min(limits), (step, held_out.steps[-1])),
            Evidence("training_loss", case.skill.loss),
        ),
        case.say(TEXT, "worse" if worse else "cause", **({"constant": case.skill.constant} if worse else {})),
        Remedy("regularise", decayed, safe=False),
        line=loss.line,
    )


def by_step(case: Case, loss: Loss, figure: str) -> Series:
    """The mean of all evaluations of this kind of loss between two steps."""
    record, found = case.record, dict[int, list[float]]()
    of = record.loss_of if figure == "loss" else record.accuracy_of
    for one in record.losses:
        if one.kind == loss.kind:
            series = of(one.name, "eval")
            for step, value in zip(series.steps, series.values, strict=True):
                found.setdefault(step, []).append(value)
    steps = tuple(sorted(found))
    return Series(steps, tuple(fmean(found[step]) for step in steps))


def _mostly_right(case: Case, loss: Loss) -> bool:
    """Whether the accuracy is more than half way from the commonest class's share to 1."""
    accuracy = by_step(case, loss, "accuracy")
    mass = loss.targets.mass
    return bool(accuracy) and bool(mass) and fmean(accuracy.values[-3:]) > (1 + max(mass) / sum(mass)) / 2
