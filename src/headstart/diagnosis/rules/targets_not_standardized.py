"""A regression's targets are far larger than anything that a fresh net answers, and the run does not learn.

## What it sees
The size of the targets of a squared, absolute or Huber loss: √(mean² + std²) over all that the run saw. It speaks if
that is more than the limit and the run does not learn.

## Why it hurts
A net that is set up well answers numbers of size 1. Targets of size s start with a squared error of s² and gradients of
size s. Plain SGD diverges unless its rate is many times smaller: each of L layers must grow by s^(1/L), which makes the
loss about s^(2 - 2/L) times as curved, s times with two layers. Adam, whose steps have the size of the learning rate,
needs a great many before the output is as large as the targets: s / lr, if only the last bias can make it so. And where
the mean is what is large, all that time goes into one number.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 8)
y = 300_000 + 50_000 * x[:, :1]
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for step in range(100):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 8)
y = 300_000 + 50_000 * x[:, :1]
y = (y - y.mean()) / y.std()
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for step in range(100):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
```

## Limits
- `SIZE` = 10: times what a fresh net answers, which is about 1. From here its first squared error is above 50 times what
  it would be with standardised targets, (10² + 1) / (1 + 1).

## Stays silent when
The run learns (many nets reach targets of size 100 in time), the loss is none of these, or targets are small. Or plain
descent on the squared errors of a single linear layer diverges: that hangs on the inputs and the rate alone.

## References
Bishop, *Neural Networks for Pattern Recognition* (1995), §8.2; LeCun et al., *Efficient BackProp* (1998), §4.5.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from headstart.diagnosis import quadratic
from headstart.diagnosis.case import Case
from headstart.diagnosis.skill import REGRESSIONS
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loss

GROUP = "data"
RESTS_ON = "size"
NEEDS = ("loss.function",)
SINCE, STATUS = "0.1.0", "stable"

SIZE = 10.0  # times what a fresh net answers; derivation in the page
SECOND_LOOK = {"SIZE": 2.0}


TEXT = Text(
    en={
        "message": "The targets have mean {mean:number} and std {std:number}, while a fresh net answers numbers of size 1.",
        "cause": "The first errors, and with squared errors the gradients, are as large as the targets: steps are far too "
        "large for plain SGD, and far too many are needed by Adam.",
        "note": "and back where you predict: output * std + mean",
    },
    zh={
        "message": "目标值的均值为 {mean:number}，标准差为 {std:number}，而刚初始化的网络输出大小约为 1。",
        "cause": "最初的误差（平方误差时还有梯度）和目标值一样大：对普通 SGD 来说步子太大，对 Adam 来说需要的步数太多。",
        "note": "预测时再变换回来：output * std + mean",
    },
)


def targets_not_standardized(case: Case) -> Iterator[Finding]:
    """One finding, of the loss with the largest targets."""
    if case.learns is not False or quadratic.diverges(case):
        return
    sizes = [(math.hypot(*moments), loss) for loss in case.record.losses if (moments := moments_of(loss))]
    size, loss = max(sizes, key=lambda pair: pair[0], default=(0.0, None))
    if loss is None or not size > SIZE:
        return
    mean, std = moments_of(loss) or (0.0, 0.0)
    note = case.say(TEXT, "note")
    yield Finding(
        "targets-not-standardized",
        "error",
        case.say(TEXT, "message", mean=mean, std=std),
        None,
        0,
        (Evidence("target_size", size, SIZE), Evidence("target_mean", mean), Evidence("target_std", std)),
        case.say(TEXT, "cause"),
        Remedy("standardize-targets", f"target = (target - mean) / std     # {note}"),
        line=loss.line,
    )


def moments_of(loss: Loss) -> tuple[float, float] | None:
    """Mean and std over all columns of the targets, columns of different means counted as spread."""
    targets = loss.targets
    values = targets.count * len(targets.total)
    if not loss.trained or loss.kind not in REGRESSIONS or not values:
        return None
    mean = sum(targets.total) / values
    columns = sum((total / targets.count - mean) ** 2 for total in targets.total) / len(targets.total)
    return mean, math.sqrt(sum(targets.square) / values + columns)
