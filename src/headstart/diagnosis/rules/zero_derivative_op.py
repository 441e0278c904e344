"""Every way from a layer to the loss leads through a step function, whose derivative is zero: no gradient comes back.

## What it sees
The loss's graph: all ways from a layer to the loss lead through `round`, `floor`, `ceil`, `trunc` or `sign`; and its
weights, whose gradients are exactly zero at every step. It is exact.

## Why it hurts
A step function is flat between its jumps. What comes back through it is zero, whatever the error, so that the layers
before it stay as they were drawn.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, :1] * x[:, 1:2] > 0).float()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1), nn.Sigmoid())
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.mse_loss(torch.round(model(x)), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, :1] * x[:, 1:2] > 0).float()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.binary_cross_entropy_with_logits(model(x), y).backward()
    optimizer.step()
```

## Limits
- `STEPS` = 3: of an optimizer that were looked at, at least.

It is an error where all trainable layers are behind the step function, or the run is known not to learn, else advice.

## Stays silent when
A way goes around it, as in a straight-through estimator, `x + (torch.round(x) - x).detach()`, a custom function gives a
gradient of its own, or one gradient is not zero.

## References
Bengio, Léonard & Courville (2013), *Estimating or Propagating Gradients Through Stochastic Neurons*, §3.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.ledger import STEPS
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Layer

GROUP = "loop"
RESTS_ON = "fact"
NEEDS = ("weight_gradient.max_abs",)
SINCE, STATUS = "0.1.0", "stable"

__all__ = ["STEPS", "zero_derivative_op"]

TEXT = Text(
    en={
        "message": "{count:number} of {all:number} trainable layers reach the loss through {op} alone, and all their "
        "gradients are zero.",
        "cause": "The derivative of {op} is zero between its jumps, so that these layers never learn. Compute the loss "
        "from what comes before it, or let the gradient pass.",
        "note": "the value is rounded, the gradient is not: straight-through",
    },
    zh={
        "message": "{all:number} 个可训练层中有 {count:number} 个只能通过 {op} 到达损失，它们的梯度全部为零。",
        "cause": "{op} 在跳变点之间的导数为零，因此这些层永远学不到东西。请用它之前的值计算损失，或让梯度直接通过。",
        "note": "数值被取整，梯度不受影响：直通估计",
    },
)


def zero_derivative_op(case: Case) -> Iterator[Finding]:
    """One finding for all layers behind step functions."""
    trainable = [layer for layer in case.in_flow(case.record.layers) if _looks(case, layer)]
    behind = [layer for layer in trainable if layer.blocked and not any(_looks(case, layer))]
    if not behind:
        return
    op = f"torch.{behind[0].blocked}"
    names = tuple(layer.name for layer in behind)
    looks = max(len(_looks(case, layer)) for layer in behind)
    if looks < STEPS:
        return
    yield Finding(
        "zero-derivative-op",
        "error" if case.learns is False or len(behind) == len(trainable) else "advice",
        case.say(TEXT, "message", count=len(behind), all=len(trainable), op=op),
        names[0],
        0,
        (Evidence("layers_behind", len(behind), of=len(trainable), series="weight_gradient.max_abs"),),
        case.say(TEXT, "cause", op=op),
        Remedy("straight-through", f"y = x + ({op}(x) - x).detach()     # {case.say(TEXT, 'note')}"),
        names,
        behind[0].line,
    )


def _looks(case: Case, layer: Layer) -> list[float]:
    """The largest gradients of its parameters, at every look."""
    return [v for name in layer.parameters for v in case.record.series(name, "weight_gradient.max_abs").values]
