"""The loss comes to that of a constant answer and stays there: the net has learned nothing at all.

## What it sees
Skill, 1 - loss / loss of the best constant prediction on the labels seen, in each third of the run. It speaks if the run
does not learn, the last two thirds are within the limit of 0, above or below, and the first is not above it.

## Why it hurts
Nothing of how outputs depend on inputs was ever found, not even for a while. It is the symptom of last resort: where a
rule knows the cause, that is listed first. Where none does, the page says what to try.

One batch decides between two halves of all causes. Take one, train on it again and again, and watch its loss. If it does
not fall to nearly 0, the fault lies in the model, the loss or the rate; if it does, it lies in the data: labels that do not
belong to their inputs, inputs that do not say what the labels ask, or nothing to learn.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(2000, 20)
y = (x[:, 0] > 0).float() - 0.5
model = nn.Sequential(nn.Linear(19, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
for step in range(90):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x[:, 1:]).squeeze(1), y).backward()  # the column that matters is left out
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(2000, 20)
y = (x[:, 0] > 0).float() - 0.5
model = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(90):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x).squeeze(1), y).backward()
    optimizer.step()
```

## Limits
- `FLAT` = 0.1: skill in the last two thirds, of either sign: the noise of batches, and of labels learnt by heart. On the
  way there, in the first third, a loss may come down from anywhere. In the last third the skill is below 0.05, as it is of
  every run that does not learn.

## Stays silent when
The run learns, is gaining or it is not known; it had learnt something and lost it; its loss is above the constant's for
long (it diverges, jumps, or comes down slowly); or the best constant of its loss is not known.

## References
Karpathy, *A recipe for training neural networks* (2019): "overfit one batch"; Goodfellow, Bengio & Courville, *Deep
Learning* (2016), §11.5 (debugging strategies: fit a tiny dataset).
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.rules.no_better_than_constant import TEXT as NO_BETTER
from headstart.diagnosis.rules.no_better_than_constant import one_batch
from headstart.diagnosis.skill import course_of
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "symptom"
RESTS_ON = "fact"
NEEDS = ("skill",)
SINCE, STATUS = "0.1.0", "stable"

FLAT = 0.1  # skill in the last two thirds, of either sign: noise of batches, labels learnt by heart

TEXT = Text(
    en={
        "message": "In {steps:number} steps the loss came to {loss:number} and no further. Always answering {baseline} "
        "costs {constant:number}: the net has learned nothing.",
        "cause": "If no cause is listed above this, none is known. Train on one batch alone, as below. If its loss does "
        "not fall to nearly 0, the fault is in the model, the loss or the rate: try 10 times the rate, and a tenth of it. "
        "If it does, the fault is in the data: print some inputs with their labels, just before the model gets them.",
    },
    zh={
        "message": "{steps:number} 步之后，损失停在 {loss:number}，不再下降。始终回答{baseline}的损失是 {constant:number}："
        "网络什么也没有学到。",
        "cause": "如果上面没有列出原因，那就是没有找到已知的原因。请按下面的代码只用一个批次训练。如果它的损失降不到接近 0,"
        "问题在模型、损失函数或学习率：试试 10 倍的学习率，再试试十分之一。如果能降到，问题在数据："
        "在送入模型之前打印几个输入和对应的标签。",
    },
)


def loss_plateau(case: Case) -> Iterator[Finding]:
    """One finding for the run; its step is the last: only the whole run shows it."""
    skill, course = case.skill, course_of(case.record, case.skill)
    if case.learns is not False or skill is None or course is None:
        return
    if not (course.first <= FLAT and abs(course.middle) <= FLAT and abs(course.last) <= FLAT):  # NaN is no plateau
        return
    steps = len(case.record)
    baseline = case.say(NO_BETTER, skill.baseline)
    yield Finding(
        "loss-plateau",
        "error",
        case.say(TEXT, "message", steps=steps, loss=skill.loss, baseline=baseline, constant=skill.constant),
        step=steps - 1,
        evidence=(
            Evidence("skill", course.last, FLAT, (2 * steps // 3, steps - 1)),
            Evidence("skill_before", course.middle, FLAT, (steps // 3, 2 * steps // 3 - 1)),
            Evidence("loss", skill.loss, None, (0, steps - 1), "loss"),
        ),
        cause=case.say(TEXT, "cause"),
        remedy=Remedy("one-batch", one_batch(case)),
    )
