"""Batch norm takes its statistics over a handful of values, or within one sample: they are noise, or another function.

## What it sees
Over how many values (batch times length, or times height times width) each channel's mean and variance are taken at most
training steps, and how many samples they come from. It is exact.

## Why it hurts
The variance of n normal values is known to a relative standard error of sqrt(2 / (n - 1)): 53 % with 8, 100 % with 3, 141 %
with 2. Each sample is scaled by the accident of its neighbours, the running statistics that evaluation uses fit no single
batch, and with n = 2 batch norm leaves nothing but a sign: its output is +1 and -1 whatever the two values were.

A batch of one picture has values enough, but all of them its own: each picture is normalised by itself, so that its
brightness and contrast are gone, which evaluation then leaves in. The net is trained as one function and used as another.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] + x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for batch in torch.randperm(512).split(2):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] + x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.LayerNorm(64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for batch in torch.randperm(512).split(2):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
    optimizer.step()
```

## Limits
- `FEW` = 8: with 8 the standard error of the variance is 53 % of the variance, sqrt(2 / 7); with 7, from where it speaks,
  58 %.
- `ERROR` = 1.0: relative standard error from which it is a warning, whether the run learns or not: up to 3 values. Between
  the two it is advice, and a warning in a run that does not learn.

A batch of one sample is advice where the model is evaluated in evaluation mode, and a warning in a run that does not learn.

## Stays silent when
Only some batches are small, such as the last of an epoch; maps are large (a batch of 2 with 64 by 64 pixels gives 8,192
values); the batch norm is frozen in evaluation mode, is never used in it (instance norm by
another name), or takes its statistics over several processes.

## References
Wu and He 2018, *Group normalization*, arXiv 1803.08494, figure 1: the error of batch norm by batch size; Ioffe 2017, arXiv
1702.03275.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from headstart.diagnosis import code
from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Mode

GROUP = "norm"
RESTS_ON = "fact"
NEEDS = ("mode.norm",)
SINCE, STATUS = "0.1.0", "stable"

FEW = 8  # values; with 8 the variance is known to 53 % of itself, with 7 to 58 %
ERROR = 1.0  # relative standard error of the variance, sqrt(2 / (n - 1))

TEXT = Text(
    en={
        "message": "{layer} takes its mean and variance over {values:number} values: the variance is uncertain by "
        "{error:share} of itself.",
        "cause": "With so few values batch norm mostly adds noise: each sample is scaled by the accident of the others in "
        "its batch, and evaluation uses other statistics than training did. Use larger batches, or a norm that does not "
        "need them.",
        "other": "takes its statistics within each sample",
        "single": "{layer} mostly takes its mean and variance within a single sample, and is evaluated by its running "
        "statistics.",
        "single_cause": "In training each sample is normalised by itself, so that how bright and how contrasted it is is "
        "lost; in evaluation it is not. Use larger batches, or a norm that does the same in both.",
    },
    zh={
        "message": "{layer} 只用 {values:number} 个值计算均值和方差：方差的相对误差高达 {error:share}。",
        "cause": "值这么少时，批归一化主要是在添加噪声：每个样本都按同一批里碰巧出现的其他样本来缩放，"
        "而评估时用的又是另一套"
        "统计量。请增大批量，或改用不依赖批量的归一化。",
        "other": "在每个样本内部计算统计量",
        "single": "{layer} 在训练中多半只用单个样本计算均值和方差，评估时却用运行统计量。",
        "single_cause": "训练时每个样本都按自己归一化，它的亮度和对比度因此丢失；评估时却保留下来。请增大批量，或改用"
        "在两种模式下行为相同的归一化。",
    },
)


def batchnorm_small_batch(case: Case) -> Iterator[Finding]:
    """One finding for all batch norms, told of the one with the fewest values."""
    found = [(mode.values, mode) for mode in case.record.modes if mode.values is not None and mode.values < FEW]
    if not found:
        yield from _single(case)
        return
    values, mode = min(found, key=lambda pair: pair[0])
    error = relative_error(values)
    layer = case.record.layer(mode.name)
    yield Finding(
        "batchnorm-small-batch",
        "warning" if error >= ERROR or case.learns is False else "advice",
        case.say(TEXT, "message", layer=mode.name, values=values, error=error),
        mode.name,
        0,
        (Evidence("values", values, FEW), Evidence("relative_error", error, ERROR)),
        case.say(TEXT, "cause"),
        _remedy(case, mode),
        tuple(mode.name for _, mode in found),
        layer.line if layer else None,
    )


def _single(case: Case) -> Iterator[Finding]:
    """Batches of one sample, which evaluation does not normalise in the same way."""
    found = [mode for mode in case.record.modes if mode.samples == 1 and mode.steps and mode.tracks and mode.evaluated]
    if not found:
        return
    mode = found[0]
    layer = case.record.layer(mode.name)
    yield Finding(
        "batchnorm-small-batch",
        "warning" if case.learns is False else "advice",
        case.say(TEXT, "single", layer=mode.name),
        mode.name,
        0,
        (Evidence("samples", 1, 2),),
        case.say(TEXT, "single_cause"),
        _remedy(case, mode),
        tuple(mode.name for mode in found),
        layer.line if layer else None,
    )


def _remedy(case: Case, mode: Mode) -> Remedy:
    layer = case.record.layer(mode.name)
    units = layer.units if layer and layer.units else None
    other = f"torch.nn.GroupNorm({_groups(units) if units else 1}, {units or 'channels'})"
    return Remedy("group-norm", f"{code.path(mode.name)} = {other}     # {case.say(TEXT, 'other')}", safe=False)


def _groups(units: int) -> int:
    """Of 16 channels or more, as in `hs.norm.convert`: after a linear layer, groups of 2 would leave a sign again."""
    groups = math.gcd(units, 32)
    while groups > 1 and units // groups < 16:
        groups //= 2
    return groups


def relative_error(values: int) -> float:
    """Standard error of the variance of so many normal values, as a share of the variance."""
    return math.sqrt(2 / (values - 1)) if values > 1 else math.inf
