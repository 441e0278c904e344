"""Nearly all weights are frozen, and what is left does not learn.

## What it sees
Which parameters of the models that run require grad, by their number of values, in a run that is known not to learn.

## Why it hurts
A frozen layer keeps its weights. A few trained values on top of layers that do not suit the task (or were never trained
at all) cannot make up for it.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] * x[:, 2] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
for parameter in model[:4].parameters():
    parameter.requires_grad_(False)
optimizer = torch.optim.SGD(model[4].parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] * x[:, 2] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `FROZEN` = 0.9: share of all values. Source: fine-tuning a head on a pretrained net freezes as much, and learns.

## Stays silent when
The run learns, or it is not known whether it does; all parameters are frozen; or no layer that is frozen ran.

## References
Kornblith, Shlens & Le (2019), *Do Better ImageNet Models Transfer Better?*, on fixed features against fine-tuning.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from headstart.diagnosis import code
from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "loop"
RESTS_ON = "share"
NEEDS = ("lr", "skill")
SINCE, STATUS = "0.1.0", "stable"

FROZEN = 0.9

TEXT = Text(
    en={
        "message": "{share:share} of all weights are frozen, and what is left does not learn.",
        "cause": "Frozen layers keep the weights that they have. Unless they were trained on something alike, the rest "
        "has little to work with: let more of them be trained.",
        "note": "before the optimizer is made",
    },
    zh={
        "message": "{share:share} 的权重被冻结，其余部分没有学到东西。",
        "cause": "被冻结的层保持原有的权重。除非它们在相似的数据上训练过，否则其余部分难以发挥作用：请让更多的层参与训练。",
        "note": "在创建优化器之前",
    },
)


def frozen_by_mistake(case: Case) -> Iterator[Finding]:
    """One finding for the run."""
    sizes = {parameter.name: prod(parameter.shape) for parameter in case.record.parameters}
    frozen = [parameter for parameter in case.record.parameters if not parameter.trainable]
    share = sum(sizes[parameter.name] for parameter in frozen) / max(1, sum(sizes.values()))
    ran = {layer.name for layer in case.record.layers if case.record.series(layer.name, "activation.mean")}
    layers = tuple(dict.fromkeys(p.layer for p in frozen if p.layer is not None and p.layer in ran))
    if case.learns is not False or share <= FROZEN or share == 1 or not layers:
        return
    yield Finding(
        "frozen-by-mistake",
        "warning",
        case.say(TEXT, "message", share=share),
        layers[0],
        0,
        (Evidence("frozen_share", share, FROZEN),),
        case.say(TEXT, "cause"),
        Remedy("unfreeze", f"{code.path(layers[-1])}.requires_grad_(True)     # {case.say(TEXT, 'note')}"),
        layers,
    )
