"""Outputs and targets have different shapes, and the loss compares each output with the target of every sample.

## What it sees
The shapes that `mse_loss`, `l1_loss`, `smooth_l1_loss` or `huber_loss` was given, in a loss that was trained on: as many
values in both, in shapes of different rank, which broadcast to something bigger. It is exact. A mean of squares or of
absolute values that is written out, `((output - target) ** 2).mean()`, is read from its graph, also where it is one term of
several, as a critic's is. So is a product whose mean or sum a loss is: of log-probabilities and advantages, of each
sample's loss and its weight.

## Why it hurts
Of outputs (N, 1) and targets (N,) broadcasting makes a table of N × N differences, each output against each target. The
mean over it is least where all outputs are one value (for squares the targets' mean, for absolute values their median):
that is what the net learns, whatever its inputs. The mean over a table of products is the one side's mean times the
other's: no advantage belongs to its action any more, no weight to its sample.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = x[:, 0] * x[:, 1]
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = x[:, 0] * x[:, 1]
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x).squeeze(1), y).backward()
    optimizer.step()
```

## Limits
None: it is exact.

## Stays silent when
Broadcasting only repeats the target, as for one value that all outputs shall come to, or both have the same rank, as where
every pair is compared on purpose: `a[:, None] - b[None, :]`. In a term of several also where a row was made a column,
`a[:, None] - b`, or another term compares outputs with outputs, as an energy distance does. A loss that is written out is
read on the CPU only; of a difference also only if nothing but reshaping stands between it and the last layer.

## References
The PyTorch documentation, *Broadcasting semantics*, and of `torch.nn.MSELoss`: target "same shape as the input"; torch's
own `UserWarning` of it, which a script's other output hides.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import zip_longest

from headstart.diagnosis.case import Case
from headstart.diagnosis.skill import REGRESSIONS
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loss

GROUP = "loss"
RESTS_ON = "fact"
NEEDS = ("loss",)
SINCE, STATUS = "0.1.0", "stable"


TEXT = Text(
    en={
        "message": "{kind} is given outputs of shape {given} and targets of shape {target}, and compares {pairs:number} "
        "pairs instead of {values:number}.",
        "by_hand": "A difference is taken of outputs of shape {given} and targets of shape {target}: it compares "
        "{pairs:number} pairs instead of {values:number}.",
        "term": "A term of the loss takes a difference of outputs and targets, of which one side has the shape "
        "({values:number}, 1) and the other ({values:number},): it compares {pairs:number} pairs instead of "
        "{values:number}.",
        "outer": "A term of the loss multiplies the shape ({values:number}, 1) by the shape ({values:number},), and "
        "averages {pairs:number} products instead of {values:number}.",
        "factors": "Broadcasting multiplies the value of each sample by the weights, or advantages, of all samples. The "
        "mean of these products is the mean of the values times that of the weights: which belongs to which is lost.",
        "cause": "Broadcasting sets each output against the targets of all samples. The loss is then least where all "
        "outputs are one value (of squares the targets' mean), whatever comes in.",
    },
    zh={
        "message": "{kind} 得到形状为 {given} 的输出和形状为 {target} 的目标，比较了 {pairs:number} 对，而不是 "
        "{values:number} 对。",
        "by_hand": "形状为 {given} 的输出与形状为 {target} 的目标相减，比较了 {pairs:number} 对，"
        "而不是 {values:number} 对。",
        "term": "损失中有一项把形状一个为 ({values:number}, 1)、另一个为 ({values:number},) 的输出和目标相减，"
        "比较了 {pairs:number} 对，而不是 {values:number} 对。",
        "outer": "损失中有一项把形状 ({values:number}, 1) 与形状 ({values:number},) 相乘，取了 {pairs:number} 个乘积的"
        "平均，而不是 {values:number} 个。",
        "factors": "广播把每个样本的数值与所有样本的权重（或优势）相乘。这些乘积的平均等于数值的平均乘以权重的平均："
        "哪个权重属于哪个样本已经丢失。",
        "cause": "广播让每个输出与所有样本的目标相比。这时所有输出都取同一个值（对平方误差是目标的均值）"
        "损失才最小，与输入无关。",
    },
)


def loss_broadcast(case: Case) -> Iterator[Finding]:
    """One finding for each line that does it."""
    for loss in case.record.losses:
        pairs = _pairs(loss)
        if not loss.trained or pairs is None:
            continue
        values = math.prod(loss.shape)
        yield Finding(
            "loss-broadcast",
            "error",
            case.say(
                TEXT,
                "by_hand" if loss.by_hand else "message",
                kind=loss.kind,
                given=loss.shape,
                target=loss.target_shape,
                pairs=pairs,
                values=values,
            ),
            step=0,
            evidence=(Evidence("pairs", float(pairs), float(values), (0,)),),
            cause=case.say(TEXT, "cause"),
            remedy=Remedy("same-shape", f"torch.nn.functional.{loss.kind}(output, target.view_as(output))"),
            line=loss.line,
        )
    seen = case.record.series("", "loss.paired")
    if seen and not any(loss.trained and loss.by_hand and _pairs(loss) for loss in case.record.losses):
        yield _of_a_term(case, round(seen.first), seen.steps[0])
    products = case.record.series("", "loss.outer")
    if products:
        yield _of_a_term(case, round(products.first), products.steps[0], product=True)


def _of_a_term(case: Case, values: int, step: int, product: bool = False) -> Finding:
    code = "(value * weight.view_as(value)).mean()" if product else "(output.view_as(target) - target).pow(2).mean()"
    return Finding(
        "loss-broadcast",
        "error",
        case.say(TEXT, "outer" if product else "term", pairs=values**2, values=values),
        step=step,
        evidence=(Evidence("pairs", float(values**2), float(values), (step,)),),
        cause=case.say(TEXT, "factors" if product else "cause"),
        remedy=Remedy("same-shape", code),
    )


def _pairs(loss: Loss) -> int | None:
    """How many values are compared where broadcasting makes more of them than either side has."""
    given, target = loss.shape, loss.target_shape
    if loss.kind not in REGRESSIONS or len(given) == len(target) or math.prod(given) != math.prod(target):
        return None
    pairs = math.prod(max(sizes) for sizes in zip_longest(given[::-1], target[::-1], fillvalue=1))
    return pairs if pairs > math.prod(given) else None
