"""`binary_cross_entropy_with_logits` is given probabilities: the logistic function is applied twice.

## What it sees
The operator that made the first argument of `binary_cross_entropy_with_logits`, in the graph of a loss that was trained
on, through reshapes; likewise of `multilabel_soft_margin_loss`, which is the same loss. It is exact.

## Why it hurts
The loss applies the logistic function itself. Of a probability between 0 and 1 it makes one between 0.5 and 0.73: a label
of 0 costs log 2 = 0.693 at least, one of 1 costs log(1 + 1/e) = 0.313, however sure the net is.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).float()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1), nn.Sigmoid())
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.BCEWithLogitsLoss()
for step in range(60):
    optimizer.zero_grad()
    criterion(model(x).squeeze(1), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).float()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.BCEWithLogitsLoss()
for step in range(60):
    optimizer.zero_grad()
    criterion(model(x).squeeze(1), y).backward()
    optimizer.step()
```

## Limits
None: it is exact.

## Stays silent when
Anything but a reshape lies between the two.

## References
The PyTorch documentation of `torch.nn.BCEWithLogitsLoss`: it "combines a Sigmoid layer and the BCELoss in one single
class".
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loss

GROUP = "loss"
RESTS_ON = "fact"
NEEDS = ("loss.function",)
SINCE, STATUS = "0.1.0", "stable"

TEXT = Text(
    en={
        "message": "{called} is given the output of a sigmoid, and applies another: a label of 0 "
        "costs {floor:number} at least.",
        "cause": "It takes logits. Of a probability between 0 and 1 its own sigmoid makes one between 0.5 and 0.73, so "
        "that no input can be told to be negative.",
        "note": "logits: what enters the sigmoid; apply sigmoid to predict, not to train",
    },
    zh={
        "message": "{called} 得到的是 sigmoid 的输出，又做了一次 sigmoid：标签 0 的损失至少为 {floor:number}。",
        "cause": "它需要的是 logits。0 与 1 之间的概率再经过一次 sigmoid 会落在 0.5 与 0.73 之间，无法表示任何输入为负类。",
        "note": "logits：进入 sigmoid 之前的值；预测时才用 sigmoid，训练时不用",
    },
)


def sigmoid_before_bce_with_logits(case: Case) -> Iterator[Finding]:
    """One finding for each line that does it."""
    for loss in case.record.losses:
        if loss.trained and loss.kind == "binary_cross_entropy_with_logits" and loss.made_by == "sigmoid":
            last = case.record.loss_of(loss.name)
            yield Finding(
                "sigmoid-before-bce-with-logits",
                "error",
                case.say(TEXT, "message", called=_called(loss), floor=math.log(2)),
                step=0,
                evidence=(
                    Evidence("loss_floor", math.log(2)),
                    *((Evidence("loss", last.last, None, (last.steps[-1],), "loss"),) if last else ()),
                ),
                cause=case.say(TEXT, "cause"),
                remedy=Remedy(
                    "give-logits",
                    f"torch.nn.functional.{_called(loss)}(logits, target)     # {case.say(TEXT, 'note')}",
                ),
                line=loss.line,
            )


def _called(loss: Loss) -> str:
    """The function that was called: one other is the same loss."""
    name = loss.name.partition(" ")[0]
    return name if name == "multilabel_soft_margin_loss" else loss.kind
