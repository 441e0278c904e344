"""Batch norm's running statistics are not those of the data: they are still what they started from.

## What it sees
Each batch norm's momentum, and how many batches its running statistics have seen. After t batches the start, mean 0 and
variance 1, has a weight of (1 - momentum)^t left in them. It is exact.

## Why it hurts
Training uses the statistics of the batch, evaluation the running ones. A momentum that is too small for the length of the
run (0.001 after 300 batches: the start still weighs 74 %), or zero, leaves them near 0 and 1: evaluation then measures
another net than the one that was trained. In PyTorch momentum is the weight of the *new* batch, 0.1 by default; in other
libraries it is the weight of the old ones, 0.9 or 0.99.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = 5 * torch.randn(640, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64, momentum=0.001), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(10):
    model.train()
    for batch in torch.randperm(512).split(64):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        print(nn.functional.cross_entropy(model(x[512:]), y[512:]))
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = 5 * torch.randn(640, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(10):
    model.train()
    for batch in torch.randperm(512).split(64):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        print(nn.functional.cross_entropy(model(x[512:]), y[512:]))
```

## Limits
- `START` = 0.5: the weight of the start from which most of the running statistics is not data.
- `LATEST` = 0.9: a momentum from which they are those of the last batch, and little else.
- `ENOUGH_STEPS` = 20: a shorter run is a trial, not a training.

It is a warning where the start weighs too much and the run evaluates in evaluation mode; else it is advice.

## Stays silent when
Momentum is `None` (a plain average of all batches), or the batch norm is frozen in evaluation mode. Of the start's weight
also where the net comes with statistics from elsewhere (its count of batches does not begin at zero), or the run was
killed before its end: a momentum that keeps the last batch only is told all the same.

## References
Ioffe and Szegedy 2015, arXiv 1502.03167, section 3.1; the PyTorch documentation of `torch.nn.BatchNorm1d` on momentum; Wu
and Johnson 2021, *Rethinking "batch" in BatchNorm*, arXiv 2105.07576, section 3.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis import code
from headstart.diagnosis.case import Case
from headstart.diagnosis.skill import ENOUGH_STEPS
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Mode

GROUP = "norm"
RESTS_ON = "fact"
NEEDS = ("norm.batches",)
SINCE, STATUS = "0.1.0", "stable"

START = 0.5  # weight of the start, (1 - momentum)^batches: more is not data
LATEST = 0.9  # momentum: the weight of the last batch
DEFAULT = "0.1"  # PyTorch's momentum

TEXT = Text(
    en={
        "start": "The running statistics of {layer} are still {weight:share} mean 0 and variance 1, where they started: "
        "{batches:number} batches with momentum {momentum:number}.",
        "start_cause": "In PyTorch momentum is the weight of the new batch. With this one the running statistics are "
        "late by more than the run is long, and evaluation, which uses them, measures another net than was trained.",
        "latest": "The running statistics of {layer} are {weight:share} those of the last batch: momentum is "
        "{momentum:number}.",
        "latest_cause": "In PyTorch momentum is the weight of the new batch, not of the old ones as in other libraries. "
        "Evaluation depends on the accident of the last batch.",
        "default": "the default",
    },
    zh={
        "start": "{layer} 的运行统计量仍有 {weight:share} 是初始的均值 0 和方差 1：只见过 {batches:number} 个批次，动量为 "
        "{momentum:number}。",
        "start_cause": "在 PyTorch 中，动量是新批次的权重。用这个动量，直到训练结束运行统计量也跟不上；评估使用它们，测到的"
        "就不是训练出来的那个网络。",
        "latest": "{layer} 的运行统计量有 {weight:share} 来自最后一个批次：动量为 {momentum:number}。",
        "latest_cause": "在 PyTorch 中，动量是新批次的权重，而不像其他库那样是旧值的权重。"
        "评估结果取决于碰巧是最后的那个批次。",
        "default": "默认值",
    },
)


def batchnorm_stale_statistics(case: Case) -> Iterator[Finding]:
    """One finding for all that are late, and one for all that follow the last batch."""
    norms = [mode for mode in case.record.modes if mode.p is None and mode.steps and mode.momentum is not None]
    if len(case.record) < ENOUGH_STEPS or not norms:
        return
    late = [(mode, weight) for mode in norms if (weight := start_weight(case, mode)) > START]
    latest = [(mode, mode.momentum or 0.0) for mode in norms if (mode.momentum or 0.0) >= LATEST]
    for key, limit, found in (("start", START, late), ("latest", LATEST, latest)):
        if not found:
            continue
        mode, weight = max(found, key=lambda pair: pair[1])
        batches = case.record.series(mode.name, "norm.batches").last
        layer = case.record.layer(mode.name)
        yield Finding(
            "batchnorm-stale-statistics",
            "warning" if key == "start" and any(mode.evaluated for mode, _ in found) else "advice",
            case.say(TEXT, key, layer=mode.name, weight=weight, batches=batches, momentum=mode.momentum),
            mode.name,
            None,
            (Evidence(f"weight_of_the_{key}", weight, limit), Evidence("batches", batches)),
            case.say(TEXT, f"{key}_cause"),
            Remedy("momentum", f"{code.path(mode.name)}.momentum = {DEFAULT}     # {case.say(TEXT, 'default')}"),
            tuple(mode.name for mode, _ in found),
            layer.line if layer else None,
        )


def start_weight(case: Case, mode: Mode) -> float:
    """What is left of the start in the running statistics; 0 where it is not known."""
    seen = case.record.series(mode.name, "norm.batches")
    if not seen or seen.first > 1 or seen.steps[-1] < case.record.steps[-1] or mode.momentum is None:
        return 0.0
    return float((1 - mode.momentum) ** seen.last)
