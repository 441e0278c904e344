"""The signal dies out on its way through the net: what its last layers get hardly differs from nothing.

## What it sees
The standard deviation of each layer's output, as a median over the last third of the run, over that of the first layer
on its way (of several the one with the largest output). It speaks in a run that does not learn.

## Why it hurts
A signal a thousand times smaller than the biases it meets says nothing of the inputs any more: the net answers with a
constant, and on the way back each weight's gradient is as small as the signal that it was given.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] > 0).long()
hidden = [nn.Linear(20, 64, bias=False), *(nn.Linear(64, 64, bias=False) for _ in range(4))]
head = nn.Linear(64, 2)
parameters = [*head.parameters(), *(p for layer in hidden for p in layer.parameters())]
optimizer = torch.optim.SGD(parameters, lr=0.1)
for step in range(40):
    out = x
    for layer in hidden:
        out = 0.1 * layer(out).relu()  # "for stability"
    optimizer.zero_grad()
    nn.functional.cross_entropy(head(out), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] > 0).long()
hidden = [nn.Linear(20, 64), *(nn.Linear(64, 64) for _ in range(4))]
for layer in hidden:
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
head = nn.Linear(64, 2)
parameters = [*head.parameters(), *(p for layer in hidden for p in layer.parameters())]
optimizer = torch.optim.SGD(parameters, lr=0.1)
for step in range(40):
    out = x
    for layer in hidden:
        out = layer(out).relu()
    optimizer.zero_grad()
    nn.functional.cross_entropy(head(out), y).backward()
    optimizer.step()
```

## Limits
- `LEFT` = 1e-3: of the first layer's output. In 83 sound programs the least was 0.11.

## Stays silent when
The run learns or it is not known; a norm follows the layer; the layer is the last one or the end of a residual branch,
which often start small; the layer gives nothing but 0, which dead units or weights of zero explain; or biases keep its
output at a size of their own, for what differs between inputs and what does between units is not told apart.

## References
Glorot & Bengio 2010, §4.2; He et al. 2015, §2.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis import code
from headstart.diagnosis.case import Case
from headstart.diagnosis.forward import SIGNAL, courses
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "signal"
RESTS_ON = "size"
NEEDS = ("activation.std", "skill")
SINCE, STATUS = "0.1.0", "stable"

LEFT = 1e-3  # of the first layer's output; 0.11 in the least of 83 sound programs
SECOND_LOOK = {"LEFT": 0.1}

TEXT = Text(
    en={
        "message": "The signal dies out on its way: what {layer} gives has {ratio:number} of the size that {source} gives.",
        "cause": "Something on the way makes it smaller, layer by layer: small weights, or a factor in the forward pass. "
        "What is left is lost among the biases, so that the outputs say nothing of the inputs.",
        "note": "weights by the law that keeps the signal's size, and no factor besides",
    },
    zh={
        "message": "信号在途中消失：{layer} 的输出大小只有 {source} 的 {ratio:number} 倍。",
        "cause": "途中有什么使它逐层变小：权重太小，或前向传播里的系数。剩下的信号淹没在偏置之中，输出因此与输入无关。",
        "note": "按保持信号大小的法则初始化权重，不要再乘系数",
    },
)


def activations_vanish(case: Case) -> Iterator[Finding]:
    """One finding for all layers, told of the one with the least signal."""
    if case.learns is not False:
        return
    found = [
        way for way in courses(case) if 0 < way.ratio < LEFT and not way.to.layer.output and not way.to.layer.residual
    ]
    if not found:
        return
    way = min(found, key=lambda way: way.ratio)
    layer = way.to.layer
    step = way.first_step(LEFT) or 0
    lines = code.init_all([way.to.layer for way in found])
    yield Finding(
        "activations-vanish",
        "error",
        case.say(TEXT, "message", layer=layer.name, ratio=way.ratio, source=way.source.layer.name),
        layer.name,
        step,
        (
            Evidence("signal_ratio", way.ratio, LEFT, (step, way.to.series.steps[-1])),
            Evidence("signal_std", way.to.typical, None, (way.to.series.steps[-1],), SIGNAL),
        ),
        case.say(TEXT, "cause"),
        Remedy("re-initialise", f"{lines}     # {case.say(TEXT, 'note')}"),
        tuple(way.to.layer.name for way in found),
        layer.line,
    )
