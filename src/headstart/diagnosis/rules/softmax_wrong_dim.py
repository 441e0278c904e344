"""The softmax before a classification loss runs over the wrong axis: over the batch, say, and not over the classes.

## What it sees
The axis of the softmax or log-softmax nearest to the input of `nll_loss` or `cross_entropy`, in the graph of a loss that
was trained on, followed through views and transposes to where it lies in the loss's input. Of `mse_loss`, `l1_loss` and
`binary_cross_entropy` whose targets are one-hot or other distributions, a softmax over the batch. It is exact.

## Why it hurts
The loss takes the classes of one sample as a distribution. A softmax over the batch makes the samples compete with one
another instead: each class's values sum to 1 over the batch, and what a sample's answer is depends on its neighbours.
Alone in a batch every sample gets log 1 = 0 for each class.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2), nn.LogSoftmax(dim=0))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.nll_loss(model(x), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2), nn.LogSoftmax(dim=1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.nll_loss(model(x), y).backward()
    optimizer.step()
```

## Limits
None: it is exact. With `cross_entropy`, which normalises over the classes once more, it is a warning, and an
error only in a run that is known not to learn.

## Stays silent when
The axis is as long as that of the classes (a matrix of similarities, each sample against each, may be normalised both
ways), a softmax before `cross_entropy` is told by softmax-before-cross-entropy already, or something between the softmax
and the loss mixes values.

## References
The PyTorch documentation of `torch.nn.NLLLoss` (classes in the second dimension) and of `torch.nn.functional.softmax`,
whose implicit `dim` is 0 for tensors of one or three dimensions, and deprecated.
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

COMPARED = ("mse_loss", "l1_loss", "binary_cross_entropy")  # with targets of the outputs' shape

TEXT = Text(
    en={
        "message": "The softmax before {kind} runs over dimension {axis:number} of its input {shape}; the classes are in "
        "dimension {classes:number}.",
        "batch": "The softmax before {kind} runs over the batch (dimension 0 of {shape}); the classes are in dimension "
        "{classes:number}.",
        "cause": "So the samples compete for each class, and not the classes for each sample: an answer depends on "
        "whatever else is in the batch.",
        "note": "over the classes",
    },
    zh={
        "message": "{kind} 之前的 softmax 作用在输入 {shape} 的第 {axis:number} 维上，而类别在第 {classes:number} 维。",
        "batch": "{kind} 之前的 softmax 作用在批次上（{shape} 的第 0 维），而类别在第 {classes:number} 维。",
        "cause": "于是变成样本之间争夺每个类别，而不是类别之间竞争每个样本：一个样本的答案取决于同一批里的其他样本。",
        "note": "作用在类别上",
    },
)


def softmax_wrong_dim(case: Case) -> Iterator[Finding]:
    """One finding for each line that does it."""
    for loss in case.record.losses:
        if not loss.trained or not over_wrong_axis(loss):
            continue
        classes = _classes(loss)
        key = "batch" if loss.softmax_axis == 0 else "message"
        last = case.record.loss_of(loss.name)
        code = "torch.nn.functional.cross_entropy(logits, target)"
        if loss.kind == "nll_loss":
            code = (
                f"torch.nn.functional.nll_loss(logits.log_softmax({classes}), target)     # {case.say(TEXT, 'note')}"
            )
        yield Finding(
            "softmax-wrong-dim",
            "warning" if loss.kind == "cross_entropy" and case.learns is not False else "error",
            case.say(TEXT, key, kind=loss.kind, axis=loss.softmax_axis, shape=loss.shape, classes=classes),
            step=0,
            evidence=(
                Evidence("softmax_dim", float(loss.softmax_axis or 0)),
                *((Evidence("loss", last.last, None, (last.steps[-1],), "loss"),) if last else ()),
            ),
            cause=case.say(TEXT, "cause"),
            remedy=Remedy("over-classes", code),
            line=loss.line,
        )


def over_wrong_axis(loss: Loss) -> bool:
    """Whether the last softmax before the loss ran over an axis that is not that of the classes, nor as long."""
    axis, classes = loss.softmax_axis, _classes(loss)
    if loss.kind in COMPARED:
        return axis == 0 and _are_distributions(loss) and loss.shape[0] != loss.shape[1]
    if loss.kind not in ("nll_loss", "cross_entropy") or axis is None or max(axis, classes) >= len(loss.shape):
        return False
    doubled = loss.kind == "cross_entropy" and loss.made_by == "softmax"
    return axis != classes and loss.shape[axis] != loss.shape[classes] and not doubled


def _are_distributions(loss: Loss) -> bool:
    """Whether the targets of a sample sum to 1, in the mean over all; so do its outputs, over the right axis."""
    targets, plain = loss.targets, len(loss.shape) == 2 and loss.target_shape == loss.shape
    return (
        plain
        and loss.made_by == "softmax"
        and 1 < len(targets.total) == loss.shape[1]
        and math.isclose(sum(targets.total), targets.count, rel_tol=1e-4)
    )


def _classes(loss: Loss) -> int:
    return 1 if len(loss.shape) > 1 else 0
