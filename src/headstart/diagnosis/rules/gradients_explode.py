"""The gradient grows out of proportion, on its way back through the net or from step to step.

## What it sees
The root mean square of the gradient at each layer's output. Along the depth: its median over the last third of the
run, over that of the last layer (of several outputs the one with the largest gradient). In time: the largest of all
layers at each step, over what it was in the first steps.

## Why it hurts
A learning rate that suits the other layers, or the first steps, then makes updates a thousand times too large: the
weights are thrown away at once, and the loss jumps or is not a number a few steps later.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = x[:, :1] * x[:, 1:2]
layers = []
for width in (20, 64, 64, 64, 64, 64, 64, 64):
    layers += [nn.Linear(width, 64), nn.ReLU()]
model = nn.Sequential(*layers, nn.Linear(64, 1))
for module in model:
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=1.0)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
for step in range(40):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = x[:, :1] * x[:, 1:2]
layers = []
for width in (20, 64, 64, 64, 64, 64, 64, 64):
    layers += [nn.Linear(width, 64), nn.ReLU()]
model = nn.Sequential(*layers, nn.Linear(64, 1))
for module in model:
    if isinstance(module, nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
for step in range(40):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
```

## Limits
- `GROWTH` = 1e3: over the last layer, or over the first steps. A good update is about 1e-3 of its weight, so that
  a thousand times the gradient replaces the weight in one step.
- `FIRST` = 10: steps that say what is usual. Fewer are noise; more would take in a growth that starts early.

## Stays silent when
Gradients are large everywhere and always (a summed loss): only growth counts. A net that starts from a zero last
layer is measured at its largest layer. In a run that learns it is advice at most.

## References
Bengio, Simard & Frasconi 1994; Pascanu, Mikolov & Bengio 2013 (clipping).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median

from headstart.diagnosis.backflow import Received, received, ways_back
from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "signal"
RESTS_ON = "size"
NEEDS = ("weight_gradient.std",)
SINCE, STATUS = "0.1.0", "stable"

GROWTH = 1e3  # over the last layer or the first steps; times a good update, 1e-3 of a weight, it is the weight
FIRST = 10  # steps that say what is usual; fewer are noise, more would take in a growth that starts early
SECOND_LOOK = {"GROWTH": 30.0}

TEXT = Text(
    en={
        "depth": "The gradient that reaches {layer} is {ratio:number} times what {source} gets: it grows on its way "
        "back through the net.",
        "time": "The gradient of {layer} grew {ratio:number} times over what it was in the first steps.",
        "cause": "Each layer on the way multiplies the gradient by its weights; above the law's size this compounds "
        "with depth (in a recurrent net with length), and one step then undoes all that was learnt.",
        "note": "between backward and step",
    },
    zh={
        "depth": "到达 {layer} 的梯度是 {source} 的 {ratio:number} 倍：它在反向传播的途中不断增大。",
        "time": "{layer} 的梯度增大到最初几步的 {ratio:number} 倍。",
        "cause": "途中的每一层都把梯度乘以它的权重；超过法则的部分随深度（在循环网络中随长度）累乘，"
        "一步更新就会毁掉已经学到的"
        "一切。",
        "note": "放在 backward 与 step 之间",
    },
)


def gradients_explode(case: Case) -> Iterator[Finding]:
    """Along the depth if it shows there, else in time."""
    yield from list(_along_the_depth(case)) or _in_time(case)


def _along_the_depth(case: Case) -> Iterator[Finding]:
    found = [way for way in ways_back(case, from_outputs=True) if way.ratio > GROWTH]
    if found:
        way = max(found, key=lambda way: way.ratio)
        layers = tuple(way.to.layer.name for way in found)
        step = way.first_step(GROWTH)
        yield _finding(case, "depth", way.to, way.ratio, step or 0, layers, way.source.layer.name)


def _in_time(case: Case) -> Iterator[Finding]:
    largest: dict[int, tuple[float, Received]] = {}
    for layer in received(case):
        for step, value in zip(layer.series.steps, layer.series.values, strict=True):
            if math.isfinite(value) and value > largest.get(step, (0.0, layer))[0]:
                largest[step] = (value, layer)
    first = {step: value for step, (value, _) in sorted(largest.items())[:FIRST]}
    usual = median(first.values()) if first else 0.0
    start = min((step for step, value in first.items() if value <= usual), default=0)  # a fall before it is no growth
    beyond = [
        (step, value, layer)
        for step, (value, layer) in sorted(largest.items())
        if step > start and value > GROWTH * usual > 0
    ]
    if beyond:
        step = beyond[0][0]
        _, value, layer = max(beyond, key=lambda row: row[1])
        yield _finding(case, "time", layer, value / usual, step, (layer.layer.name,))


def _finding(
    case: Case, key: str, to: Received, ratio: float, step: int, layers: tuple[str, ...], source: str = ""
) -> Finding:
    return Finding(
        "gradients-explode",
        "error",
        case.say(TEXT, key, layer=to.layer.name, ratio=ratio, source=source),
        to.layer.name,
        step,
        (
            Evidence("gradient_ratio", ratio, GROWTH, (step, to.series.steps[-1])),
            Evidence("gradient_rms", to.typical, None, (to.series.steps[-1],), to.figure),
        ),
        case.say(TEXT, "cause"),
        Remedy("clip", f"torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)     # {case.say(TEXT, 'note')}"),
        layers,
        to.layer.line,
    )
