"""A loss that cannot be negative is: it is not what it claims.

## What it sees
The least mean value of a cross-entropy, a negative log-likelihood or a binary cross-entropy over the run. For labels and
probabilities that are any, none of them falls below 0.

## Why it hurts
What is below its minimum has none: the run makes the loss fall without end, and answers get no better. Most often
labels lie outside of 0..1: of a label 2 or -1 binary cross-entropy is -∞ at one end. Or what it is given does, where the
loss is written out: of scores of more than 1 the logarithm is above 0.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] > 0).float() * 2 - 1
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.binary_cross_entropy_with_logits(model(x).squeeze(1), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] > 0).float()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.binary_cross_entropy_with_logits(model(x).squeeze(1), y).backward()
    optimizer.step()
```

## Limits
- `ROUNDING` = 0.01: below zero. Log-probabilities in half precision and clamped ones come to -1e-3.

## Stays silent when
nll-without-log-softmax tells why, log-probabilities were multiplied by something (the advantage of a policy gradient), or
a class weight is negative.

## References
Cover & Thomas, *Elements of Information Theory* (2006), 2.1: the entropy of labels is not negative, and 2.6: a
cross-entropy is no less than it.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.rules.labels_out_of_range import BINARY, fitted
from headstart.diagnosis.rules.nll_without_log_softmax import lacks_log_softmax
from headstart.diagnosis.rules.softmax_wrong_dim import over_wrong_axis
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loss

GROUP = "loss"
RESTS_ON = "fact"
NEEDS = ("loss.function",)
SINCE, STATUS = "0.1.0", "stable"

ROUNDING = 0.01  # below zero; what half precision makes of log-probabilities (derivation in the page)

TEXT = Text(
    en={
        "message": "{kind} came to {value:number}, and it cannot be less than 0.",
        "labels": "Its labels reach from {least:number} to {most:number}, and it takes labels between 0 and 1: of others "
        "it has no minimum, so that it falls without end.",
        "input": "Nothing keeps what it is given between 0 and 1, and the logarithm of more than 1 counts against the "
        "rest. Scores are no probabilities before a sigmoid has made them so.",
        "scores": "scores: the last layer's outputs",
        "cause": "Its labels or its input are not what it takes: class indices or probabilities that sum to 1.",
    },
    zh={
        "message": "{kind} 的值到了 {value:number}，而它不可能小于 0。",
        "labels": "标签的范围是 {least:number} 到 {most:number}，而它只接受 0 到 1 之间的标签：对其他标签它没有最小值，"
        "会无限下降。",
        "input": "没有什么把它得到的值限制在 0 与 1 之间，而大于 1 的数的对数会与其余部分相抵。"
        "分数要经过 sigmoid 才是概率。",
        "scores": "scores：最后一层的输出",
        "cause": "它的标签或输入不是它所需要的：类别编号，或和为 1 的概率。",
    },
)


def loss_below_its_minimum(case: Case) -> Iterator[Finding]:
    """One finding for each line whose loss falls below 0."""
    for loss in case.record.losses:
        series = case.record.loss_of(loss.name)
        step = series.first_below(-ROUNDING)
        if not loss.trained or step is None or not _has_minimum(loss):
            continue
        value = min(value for value in series.values if value == value)
        lowest = series.steps[series.values.index(value)]
        outside = _outside(loss)
        yield Finding(
            "loss-below-its-minimum",
            "error",
            case.say(TEXT, "message", kind=loss.kind, value=value),
            step=0,  # what it was given was so from the start, whenever it shows
            evidence=(
                Evidence("loss", value, -ROUNDING, tuple(sorted({step, lowest})), "loss"),
                *((Evidence("largest_label", outside["most"], 1.0),) if outside else ()),
                *((Evidence("smallest_label", outside["least"], 0.0),) if outside else ()),
            ),
            cause=case.say(TEXT, "labels", **outside)
            if outside
            else case.say(TEXT, "input" if _takes_scores(loss) else "cause"),
            remedy=fitted(case, loss) if outside else _with_logits(case) if _takes_scores(loss) else None,
            line=loss.line,
        )


def _has_minimum(loss: Loss) -> bool:
    if loss.kind not in ("cross_entropy", "nll_loss", *BINARY) or lacks_log_softmax(loss) or over_wrong_axis(loss):
        return False
    weights = loss.options.get("weight") or ()
    scaled = loss.kind == "nll_loss" and loss.made_by == "mul"
    return not scaled and all(weight >= 0 for weight in weights)


def _takes_scores(loss: Loss) -> bool:
    """Of binary cross-entropy that is written out: PyTorch's own refuses what lies outside of 0..1."""
    return loss.by_hand and loss.kind == "binary_cross_entropy" and loss.high is None


def _with_logits(case: Case) -> Remedy:
    code = "loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, labels)"
    return Remedy("with-logits", f"{code}     # {case.say(TEXT, 'scores')}", safe=False)


def _outside(loss: Loss) -> dict[str, float] | None:
    """The least and the most of labels that lie outside of 0..1."""
    if loss.kind not in BINARY or loss.least is None or loss.most is None or (loss.least >= 0 and loss.most <= 1):
        return None
    return {"least": loss.least, "most": loss.most}
