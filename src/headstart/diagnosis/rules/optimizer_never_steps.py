"""An optimizer was made, backward fills its tensors' gradients, and no optimizer ever steps.

## What it sees
The optimizers that were made, the leaves that the backwards reach, and the steps that took place. It speaks where the
program trains nothing at all: backwards reach the tensors of an optimizer, no optimizer of the process takes a step,
and not one bit of a sample of those tensors is another at the end than at the first backward.

## Why it hurts
`backward` computes gradients and changes no weight; `step` does. `optimizer.step` without its parentheses is a name and
no call, a `continue` may stand before it, and a `GradScaler` that finds every gradient infinite skips each one.

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
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step
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
- `ENOUGH_BACKWARDS` = 20: fewer may be the first micro-batches of a step that was not reached. Source: the number of
  steps from which skill is judged.

## Stays silent when
No optimizer was made (saliency, Fisher information), a backward reaches a tensor that is neither a parameter nor in an
optimizer (adversarial examples, images that are optimised), one optimizer steps, or the weights change by hand.

## References
The PyTorch documentation of `torch.optim`, "Taking an optimization step".
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis import code
from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "loop"
RESTS_ON = "fact"
NEEDS = ()
SINCE, STATUS = "0.1.0", "stable"

ENOUGH_BACKWARDS = 20

TEXT = Text(
    en={
        "message": "{count:number} backwards computed gradients for {kind}, and no optimizer ever took a step.",
        "cause": "Gradients alone change no weight. Is step() called, with its parentheses, and reached? A GradScaler "
        "skips it where gradients are infinite.",
        "note": "with parentheses",
    },
    zh={
        "message": "{count:number} 次反向传播为 {kind} 计算了梯度，但没有任何优化器更新过一步。",
        "cause": "仅有梯度不会改变任何权重。step() 是否被调用（带括号）并且执行到了？梯度为无穷大时 GradScaler 会跳过它。",
        "note": "要带括号",
    },
)


def optimizer_never_steps(case: Case) -> Iterator[Finding]:
    """One finding for the run."""
    waiting = case.record.meta.get("unstepped") or ()
    moved = any(parameter.steps_moved for parameter in case.record.parameters)
    if not waiting or case.record.optimizers or moved or waiting[0]["backwards"] < ENOUGH_BACKWARDS:
        return
    first = waiting[0]
    yield Finding(
        "optimizer-never-steps",
        "error",
        case.say(TEXT, "message", count=first["backwards"], kind=first["kind"]),
        step=0,
        evidence=(Evidence("optimizer_steps", 0), Evidence("backwards", first["backwards"], ENOUGH_BACKWARDS)),
        cause=case.say(TEXT, "cause"),
        remedy=Remedy("call-step", code.take_step(case.say(TEXT, "note"))),
        line=first["line"],
    )
