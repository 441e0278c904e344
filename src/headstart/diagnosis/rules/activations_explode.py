"""The signal grows out of proportion on its way through the net, or from step to step.

## What it sees
The standard deviation of each layer's output. Along the depth: its median over the last third of the run, over that of
the first layer on its way (of several the one with the largest output). In time: its largest value, over what it was in
the first steps. It speaks in a run that does not learn.

## Why it hurts
Outputs a thousand times too large make a loss and gradients that are as much too large, at one learning rate for all
layers: the first steps throw the net somewhere it does not come back from.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = x[:, :1] * x[:, 1:2]
first, last = nn.Linear(20, 64), nn.Linear(64, 1)
branches = [nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64)) for _ in range(16)]
for branch in branches:
    nn.init.kaiming_normal_(branch[0].weight)
    nn.init.kaiming_normal_(branch[2].weight)
parameters = [p for part in (first, *branches, last) for p in part.parameters()]
optimizer = torch.optim.SGD(parameters, lr=1e-3)
for step in range(40):
    out = first(x)
    for branch in branches:
        out = out + branch(out)  # the sum's variance triples with each branch
    optimizer.zero_grad()
    nn.functional.mse_loss(last(out), y).backward()
    nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = x[:, :1] * x[:, 1:2]
first, last = nn.Linear(20, 64), nn.Linear(64, 1)
branches = [nn.Sequential(nn.LayerNorm(64), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64)) for _ in range(8)]
for branch in branches:
    nn.init.zeros_(branch[3].weight)
parameters = [p for part in (first, *branches, last) for p in part.parameters()]
optimizer = torch.optim.Adam(parameters, lr=1e-3)
for step in range(40):
    out = first(x)
    for branch in branches:
        out = out + branch(out)
    optimizer.zero_grad()
    nn.functional.mse_loss(last(out), y).backward()
    nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
```

## Limits
- `GROWTH` = 1e3: over the first layer, or over the first steps. In 83 sound programs the most was 12.
- `FIRST` = 10: steps that say what is usual.

## Stays silent when
The run learns or it is not known, or a norm follows the layer.

## References
He et al. 2015, §2.2; Zhang, Dauphin & Ma, *Fixup initialization* (2019), §2: residual branches without normalisation.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from headstart.diagnosis import code
from headstart.diagnosis.case import LINEAR, Case
from headstart.diagnosis.forward import SIGNAL, Signal, courses, signals
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Layer

GROUP = "signal"
RESTS_ON = "size"
NEEDS = ("activation.std", "skill")
SINCE, STATUS = "0.1.0", "stable"

GROWTH = 1e3  # over the first layer or the first steps; 12 in the most of 83 sound programs
FIRST = 10  # steps that say what is usual
SECOND_LOOK = {"GROWTH": 100.0}

TEXT = Text(
    en={
        "depth": "The signal grows on its way through the net: what {layer} gives is {ratio:number} times as large as what "
        "{source} gives.",
        "time": "The outputs of {layer} grew to {ratio:number} times what they were in the first steps.",
        "cause": "Each layer on the way multiplies the signal, or each branch adds to it; above the size that it came with "
        "this compounds with depth. The loss and the gradients are as much too large.",
        "updates": "The weights have grown, by steps that were too large; so have the loss and the gradients.",
        "branch": "branches that start from 0 leave the sum as it is; or put a norm in front of each",
        "note": "weights by the law that keeps the signal's size, and no factor besides",
    },
    zh={
        "depth": "信号在网络中不断增大：{layer} 的输出是 {source} 的 {ratio:number} 倍。",
        "time": "{layer} 的输出增大到最初几步的 {ratio:number} 倍。",
        "cause": "途中的每一层都在放大信号，或每个支路都在往上加；超出原来大小的部分随深度累乘。损失和梯度也同样过大。",
        "updates": "过大的更新使权重不断增大。损失和梯度也同样过大。",
        "branch": "从 0 开始的支路不改变求和的结果；或在每个支路前加归一化",
        "note": "按保持信号大小的法则初始化权重，不要再乘系数",
    },
)


def activations_explode(case: Case) -> Iterator[Finding]:
    """Along the depth if it shows there, else in time."""
    if case.learns is False:
        yield from list(_along_the_depth(case)) or _in_time(case)


def _along_the_depth(case: Case) -> Iterator[Finding]:
    found = [way for way in courses(case) if way.ratio > GROWTH]
    if found:
        way = max(found, key=lambda way: way.ratio)
        layers = tuple(way.to.layer.name for way in found)
        remedy = _start(case, [way.to.layer for way in found])
        step = way.first_step(GROWTH) or 0
        yield _finding(case, "depth", way.to, way.ratio, step, layers, remedy, way.source.layer.name)


def _in_time(case: Case) -> Iterator[Finding]:
    grown: list[tuple[int, float, Signal]] = []
    for signal in signals(case):
        usual = median(signal.series.values[:FIRST])
        step = signal.series.first_above(GROWTH * usual)
        if usual > 0 and step is not None:
            grown.append((step, max(signal.series.values) / usual, signal))
    if grown:
        step, ratio, signal = min(grown, key=lambda row: row[0])
        layers = tuple(signal.layer.name for _, _, signal in grown)
        yield _finding(case, "time", signal, ratio, step, layers, _slower(case))


def _finding(
    case: Case,
    key: str,
    to: Signal,
    ratio: float,
    step: int,
    layers: tuple[str, ...],
    remedy: Remedy | None,
    source: str = "",
) -> Finding:
    return Finding(
        "activations-explode",
        "error",
        case.say(TEXT, key, layer=to.layer.name, ratio=ratio, source=source),
        to.layer.name,
        step,
        (
            Evidence("signal_ratio", ratio, GROWTH, (step, to.series.steps[-1])),
            Evidence("signal_std", to.typical, None, (to.series.steps[-1],), SIGNAL),
        ),
        case.say(TEXT, "cause" if key == "depth" else "updates"),
        remedy,
        layers,
        to.layer.line,
    )


def _start(case: Case, layers: list[Layer]) -> Remedy:
    ends = [layer for layer in layers if layer.residual and layer.kind in LINEAR]
    if ends:
        lines = "\n".join(f"torch.nn.init.zeros_({code.weight(layer)})" for layer in ends[: code.MOST])
        return Remedy("zero-branches", f"{lines}     # {case.say(TEXT, 'branch')}")
    return Remedy("re-initialise", f"{code.init_all(layers)}     # {case.say(TEXT, 'note')}")


def _slower(case: Case) -> Remedy | None:
    found = code.rate_of(case.record.optimizers)
    return code.slower(*found, f"lr={found[1]:g} / 10") if found else None
