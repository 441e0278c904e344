"""A regression loss on classes: class numbers are treated as amounts, or one-hot labels as columns for their medians.

## What it sees
The targets of `mse_loss`, `l1_loss`, `smooth_l1_loss` or `huber_loss` on a single output column: whether all are the whole
numbers 0, 1, ..., K - 1, each about equally often, as class labels are and amounts hardly ever. And those of `l1_loss` on
several columns: whether each row is one-hot.

## Why it hurts
A squared error takes class 2 for something between 1 and 3. Where the net wavers between 0 and 2 the least loss is to say
1, a class that was never in question. With one output a class, cross-entropy says how likely each is.

Of absolute errors the best answer is not the mean but the median, and the median of a one-hot column is 0 as long as its
class is less likely than all others together. So while the net is unsure, the least loss is to say no to every class; of
probabilities, which must sum to 1, it is to put all on one class, where the softmax has no slope left.

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
- `HALF` = 0.5: of the labels, for the commonest of the one-hot classes. Below it each column's median is 0.

On class numbers it is advice in any case: whether they are amounts, such as grades, is not known to the record. On one-hot
labels it is a warning in a run that does not learn, else advice: with time, absolute errors may get there.

## Stays silent when
A target is no whole number, 0 is not among them, or one of the numbers between 0 and the largest is missing or rare. On
one-hot labels: the errors are squared; there are two classes, or one has half of all.

## References
Bishop, *Pattern Recognition and Machine Learning* (2006), 4.1.3: least squares for classification; Hui & Belkin 2021, arXiv
2006.07322, for squared errors on one-hot labels, which are sound; Zhang & Sabuncu 2018, arXiv 1805.07836, on how hard it is
to learn from absolute ones.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.skill import REGRESSIONS
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loss

GROUP = "loss"
RESTS_ON = "share"
NEEDS = ("loss.function",)
SINCE, STATUS = "0.1.0", "stable"

CLASSES = 3  # numbers, at least; two may be learnt as a probability (derivation in the page)
EVEN = 0.3  # of the mean count, for the rarest; amounts thin out towards their ends (derivation in the page)
HALF = 0.5  # of the labels, for the commonest one-hot class: below, each column's median is 0


TEXT = Text(
    en={
        "message": "All targets of {kind} are the whole numbers 0 to {most:number}, each about equally often: they look "
        "like classes.",
        "cause": "A regression takes them for amounts, with 1 between 0 and 2: where the net wavers between two classes it "
        "answers one that lies between them.",
        "note": "if they are classes: {classes:number} outputs, target of whole numbers",
        "one_hot": "The targets of {kind} are one-hot labels of {classes:number} classes, the commonest with {share:share} "
        "of all: by absolute errors the best constant answer is 0 for every class.",
        "median": "The absolute error asks for the median, and that is 0 for each class that is less likely than all "
        "others together. An unsure net is told to name no class, or to name one whatever comes in.",
        "logits": "{classes:number} outputs without a softmax",
    },
    zh={
        "message": "{kind} 的所有目标都是 0 到 {most:number} 的整数，且出现次数大致相同：它们看起来像类别。",
        "cause": "回归把它们当作数量，认为 1 在 0 与 2 之间：当网络在两个类别之间犹豫时，"
        "它会回答介于两者之间的另一个类别。",
        "note": "如果它们是类别：{classes:number} 个输出，target 为整数",
        "one_hot": "{kind} 的目标是 {classes:number} 个类别的 one-hot 标签，最常见的类别占 {share:share}："
        "按绝对误差，最好的常数回答是每个类别都为 0。",
        "median": "绝对误差要的是中位数；只要一个类别的可能性小于其他类别之和，它的中位数就是 0。"
        "于是没有把握的网络被引导着不说任何类别，或者不论输入是什么都只说同一个类别。",
        "logits": "{classes:number} 个输出，不加 softmax",
    },
)


def regression_loss_on_classes(case: Case) -> Iterator[Finding]:
    """One finding for each line that does it."""
    for loss in case.record.losses:
        if loss.trained and loss.kind == "l1_loss" and (share := _one_hot(loss)) is not None:
            yield _of_one_hot(case, loss, share)
        if not loss.trained or loss.kind not in REGRESSIONS or not _look_like_classes(loss):
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


def _of_one_hot(case: Case, loss: Loss, share: float) -> Finding:
    classes = len(loss.targets.total)
    note = case.say(TEXT, "logits", classes=classes)
    return Finding(
        "regression-loss-on-classes",
        "warning" if case.learns is False else "advice",
        case.say(TEXT, "one_hot", kind=loss.kind, classes=classes, share=share),
        step=0,
        evidence=(Evidence("classes", float(classes), float(CLASSES)), Evidence("commonest_class_share", share, HALF)),
        cause=case.say(TEXT, "median"),
        remedy=Remedy(
            "cross-entropy",
            f"torch.nn.functional.cross_entropy(logits, target.argmax(-1))     # {note}",
            safe=False,
        ),
        line=loss.line,
    )


def _one_hot(loss: Loss) -> float | None:
    """The commonest class's share of the labels; None if they are not one-hot, or it is half of them or more."""
    targets = loss.targets
    rows = targets.sample
    if (
        len(targets.total) < CLASSES
        or not rows
        or not all(sorted(row) == [0.0] * (len(row) - 1) + [1.0] for row in rows)
    ):
        return None
    share = max(targets.total) / targets.count
    return share if share < HALF else None


def _look_like_classes(loss: Loss) -> bool:
    counts = loss.counts
    return len(counts) >= CLASSES and min(counts) >= EVEN * sum(counts) / len(counts)
