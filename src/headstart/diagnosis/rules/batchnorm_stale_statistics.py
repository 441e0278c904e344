"""Batch norm's running statistics are not those of the data: they are still what they started from.

## What it sees
Each batch norm's momentum, and how many batches its running statistics have seen. After t batches the start, mean 0 and
variance 1, has a weight of (1 - momentum)^t left in them. And batch norms that are only evaluated, in a copy of a net that
trains (a moving average of its weights): at three evaluations or more their weights had moved since the first, and in the
end their statistics are mean 0 and variance 1 to the bit. It is exact.

## Why it hurts
Training uses the statistics of the batch, evaluation the running ones. A momentum that is too small for the length of the
run (0.001 after 300 batches: the start still weighs 74 %), or zero, leaves them near 0 and 1: evaluation then measures
another net than the one that was trained. In PyTorch momentum is the weight of the *new* batch, 0.1 by default; in other
libraries it is the weight of the old ones, 0.9 or 0.99. Running statistics are buffers: `parameters()` does not give them,
and an average that goes through it leaves the copy with the statistics that it was made with.

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

It is a warning where the start weighs too much and the run evaluates in evaluation mode, or a copy has it; else it is
advice.

## Stays silent when
Momentum is `None` (a plain average of all batches), or the batch norm is frozen in evaluation mode, for most steps at
least. Of the start's weight also where the net comes with statistics from elsewhere (its count of batches does not begin
at zero), or the run was killed before its end: a momentum that keeps the last batch only is told all the same. Of a copy
where its statistics were taken or given to it before its last evaluation, as `torch.optim.swa_utils.update_bn` does, it
was made of a net that had statistics already, or no batch norm trains in training mode.

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
        "left": "{norms:number} batch norms of a copy that is evaluated ({kind} of {channels:number} channels is the "
        "first) have weights that move, and the running statistics that they were made with: mean 0 and variance 1.",
        "left_cause": "parameters() gives no buffers, and the running statistics are buffers. The copy normalises by "
        "statistics that are nobody's: it is another net than the one that trains.",
        "buffers": "running statistics, counts",
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
        "left": "一个被评估的副本中有 {norms:number} 个批归一化（第一个是 {channels:number} 个通道的 {kind}），"
        "它们的权重在变，运行统计量却仍是创建时的均值 0 和方差 1。",
        "left_cause": "parameters() 不包含缓冲区，而运行统计量是缓冲区。副本用来归一化的统计量不属于任何数据："
        "它已不是训练的那个网络。",
        "buffers": "运行统计量和批次计数",
    },
)


def batchnorm_stale_statistics(case: Case) -> Iterator[Finding]:
    """One finding for all that are late, one for all that follow the last batch, and one for copies that follow none."""
    yield from _of_copies(case)
    norms = [mode for mode in case.record.modes if mode.p is None and mode.steps and mode.momentum is not None]
    if len(case.record) < ENOUGH_STEPS or not norms:
        return
    late = [
        (mode, weight)
        for mode in norms
        if (weight := start_weight(case, mode)) > START and mode.eval_steps <= mode.steps  # else that is the fault
    ]
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


def _of_copies(case: Case) -> Iterator[Finding]:
    left = case.record.meta.get("left_behind")
    if left and any(mode.p is None and mode.tracks and mode.steps for mode in case.record.modes):
        yield Finding(
            "batchnorm-stale-statistics",
            "warning",
            case.say(TEXT, "left", **left),
            evidence=(Evidence("batch_norms_left_behind", float(left["norms"])),),
            cause=case.say(TEXT, "left_cause"),
            remedy=Remedy(
                "copy-buffers",
                "for mine, new in zip(copy.buffers(), model.buffers()):\n"
                f"    mine.copy_(new)     # {case.say(TEXT, 'buffers')}",
            ),
        )


def start_weight(case: Case, mode: Mode) -> float:
    """What is left of the start in the running statistics; 0 where it is not known."""
    seen = case.record.series(mode.name, "norm.batches")
    if not seen or seen.first > 1 or seen.steps[-1] < case.record.steps[-1] or mode.momentum is None:
        return 0.0
    return float((1 - mode.momentum) ** seen.last)
