"""A regression loss on class numbers: they are treated as amounts.

## What it sees
The targets of `mse_loss`, `l1_loss`, `smooth_l1_loss` or `huber_loss` on a single output column: whether all are the whole
numbers 0, 1, ..., K - 1, each about equally often, as class labels are and amounts hardly ever.

## Why it hurts
A squared error takes class 2 for something between 1 and 3. Where the net wavers between 0 and 2 the least loss is to say
1, a class that was never in question. With one output a class, cross-entropy says how likely each is.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = torch.tensor([2, 0, 3, 1])[x[:, :4].argmax(1)]
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x).squeeze(1), y.float()).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = torch.tensor([2, 0, 3, 1])[x[:, :4].argmax(1)]
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 4))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `CLASSES` = 3: at least. Two numbers 0 and 1 may be learnt by squared errors as well: the answer is a probability.
- `EVEN` = 0.3: of the mean count, for the rarest number. Counts and ages thin out towards their ends: of a Poisson
  variable the largest value seen is far rarer.

It is advice in any case: whether numbers are amounts, such as grades, is not known to the record.

## Stays silent when
There are several output columns (one-hot labels), a target is no whole number, 0 is not among them, or one of the numbers
between 0 and the largest is missing or rare.

## References
Bishop, *Pattern Recognition and Machine Learning* (2006), 4.1.3: least squares for classification; Hui & Belkin 2021, arXiv
2006.07322, for squared errors on one-hot labels, which are sound.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loss

GROUP = "loss"
RESTS_ON = "share"
NEEDS = ("loss.function",)
SINCE, STATUS = "0.1.0", "stable"

CLASSES = 3  # numbers, at least; two may be learnt as a probability (derivation in the page)
EVEN = 0.3  # of the mean count, for the rarest; amounts thin out towards their ends (derivation in the page)

KINDS = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")

TEXT = Text(
    en={
        "message": "All targets of {kind} are the whole numbers 0 to {most:number}, each about equally often: they look "
        "like classes.",
        "cause": "A regression takes them for amounts, with 1 between 0 and 2: where the net wavers between two classes it "
        "answers one that lies between them.",
        "note": "if they are classes: {classes:number} outputs, target of whole numbers",
    },
    zh={
        "message": "{kind} 的所有目标都是 0 到 {most:number} 的整数，且出现次数大致相同：它们看起来像类别。",
        "cause": "回归把它们当作数量，认为 1 在 0 与 2 之间：当网络在两个类别之间犹豫时，"
        "它会回答介于两者之间的另一个类别。",
        "note": "如果它们是类别：{classes:number} 个输出，target 为整数",
    },
)


def regression_loss_on_classes(case: Case) -> Iterator[Finding]:
    """One finding for each line that does it."""
    for loss in case.record.losses:
        if not loss.trained or loss.kind not in KINDS or not _look_like_classes(loss):
            continue
        classes = len(loss.counts)
        rarest = min(loss.counts) * classes / sum(loss.counts)
        yield Finding(
            "regression-loss-on-classes",
            "advice",
            case.say(TEXT, "message", kind=loss.kind, most=classes - 1),
            step=0,
            evidence=(Evidence("classes", float(classes), float(CLASSES)), Evidence("rarest", rarest, EVEN)),
            cause=case.say(TEXT, "cause"),
            remedy=Remedy(
                "cross-entropy",
                "torch.nn.functional.cross_entropy(logits, target.long().flatten())     # "
                + case.say(TEXT, "note", classes=classes),
                safe=False,
            ),
            line=loss.line,
        )


def _look_like_classes(loss: Loss) -> bool:
    counts = loss.counts
    return len(counts) >= CLASSES and min(counts) >= EVEN * sum(counts) / len(counts)
