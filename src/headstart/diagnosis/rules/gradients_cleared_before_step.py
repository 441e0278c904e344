"""Gradients are cleared between backward and step: the optimizer finds none.

## What it sees
The parameter ledger: layers whose outputs get gradients in the backward, and an optimizer that finds none in any of its
tensors at any step and moves none of them. It is exact.

## Why it hurts
`step` skips what has no gradient. Nothing is ever learnt.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.zero_grad()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `STEPS` = 3: of the optimizer that were looked at; its first may come before the first backward.

## Stays silent when
The gradients are computed within the step (a closure), one tensor at least has a gradient at some step, weights move, or
the gradients are zero already where a backward leaves them.

## References
The PyTorch documentation of `torch.optim.Optimizer.zero_grad`.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis import code
from headstart.diagnosis.case import Case
from headstart.diagnosis.ledger import STEPS, gets_gradient, held_by, is_idle
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "loop"
RESTS_ON = "fact"
NEEDS = ("lr",)
SINCE, STATUS = "0.1.0", "stable"

__all__ = ["STEPS", "gradients_cleared_before_step"]

TEXT = Text(
    en={
        "message": "{optimizer} found no gradient at any of its steps, though backward gives its layers gradients.",
        "cause": "Between backward and step the gradients were cleared, so that no weight ever moved.",
        "note": "before backward",
    },
    zh={
        "message": "{optimizer} 的每一步都没有找到梯度，尽管反向传播给了它的各层梯度。",
        "cause": "梯度在 backward 与 step 之间被清零，因此没有任何权重改变过。",
        "note": "放在 backward 之前",
    },
)


def gradients_cleared_before_step(case: Case) -> Iterator[Finding]:
    """One finding for each such optimizer."""
    for optimizer in case.record.optimizers:
        held = held_by(case, optimizer)
        own = {parameter.name for parameter in held}
        given = case.record.series(optimizer.name, "loop.given")
        if given and not any(given.values):  # zero as they come: nothing was there to be cleared
            continue
        if is_idle(held) and any(
            gets_gradient(case, layer) for layer in case.record.layers if own & set(layer.parameters)
        ):
            yield Finding(
                "gradients-cleared-before-step",
                "error",
                case.say(TEXT, "message", optimizer=optimizer.name),
                step=0,
                evidence=(Evidence("with_gradient", 0, of=len(held)),),
                cause=case.say(TEXT, "cause"),
                remedy=Remedy("zero-grad-first", code.clear_first(case.say(TEXT, "note"))),
            )
