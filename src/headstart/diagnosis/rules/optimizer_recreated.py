"""The optimizer is made anew within the loop: what it has gathered (momentum, Adam's averages) is lost each time.

## What it sees
Optimizers of one class over the very same tensors, each made after the one before was gone, with weights that nobody
touched between the last step of the one and the first step of the next.

## Why it hurts
Momentum and Adam's averages live in the optimizer object. Made anew at every step, Adam's update is the gradient's sign
times the learning rate, whatever the gradient's size, and momentum never builds up.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
for step in range(60):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
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
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `TIMES` = 3: that it was made anew, at least; once or twice may be phases of a training.
- `MOMENTUM_STEPS` = 10: an object that lives no longer never fills a momentum of 0.9, whose memory is 1 / (1 - 0.9)
  steps.
- `ADAPTIVE_STEPS` = 1000: the same of Adam's average of squares at 0.999. Source: Kingma & Ba's defaults.

It is a warning where an object lives for no more than MOMENTUM_STEPS in a run that is known not to learn, else advice.

## Stays silent when
The optimizer has no state (SGD without momentum) or builds it within a step (LBFGS), is of a kind that is not judged
(ASGD, Rprop), weights were drawn or loaded anew in between (folds, restarts), or the older object lives on.

## References
Kingma & Ba (2015), *Adam*, algorithm 1. The PyTorch documentation of `torch.optim.Optimizer.state_dict`.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis import code
from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Optimizer

GROUP = "optimizer"
RESTS_ON = "fact"
NEEDS = ("lr",)
SINCE, STATUS = "0.1.0", "stable"

TIMES = 3
MOMENTUM_STEPS = 10
ADAPTIVE_STEPS = 1000

TEXT = Text(
    en={
        "message": "{kind} was made anew {times:number} times over the same weights, after {life:number} steps each.",
        "cause": "Its state (momentum, averages of gradients and of their squares) is lost each time. Make it once, "
        "before the loop.",
        "note": "before the loop, not in it",
    },
    zh={
        "message": "{kind} 在同一组权重上被重新创建了 {times:number} 次，每个只更新了 {life:number} 步。",
        "cause": "每次重新创建都会丢失它的状态（动量、梯度及其平方的平均值）。请在循环之前只创建一次。",
        "note": "放在循环之前，而不是循环之内",
    },
)


def optimizer_recreated(case: Case) -> Iterator[Finding]:
    """One finding for each such optimizer."""
    for optimizer in case.record.optimizers:
        memory = _memory(optimizer)
        life = optimizer.steps / (optimizer.remade + 1)
        if optimizer.remade < TIMES or not 0 < life < memory:
            continue
        yield Finding(
            "optimizer-recreated",
            "warning" if case.learns is False and life <= MOMENTUM_STEPS else "advice",
            case.say(TEXT, "message", kind=optimizer.kind, times=optimizer.remade, life=round(life, 1)),
            step=0,
            evidence=(Evidence("made_anew", optimizer.remade, TIMES), Evidence("steps_each", life, memory)),
            cause=case.say(TEXT, "cause"),
            remedy=Remedy(
                "make-optimizer-once",
                f"optimizer = {code.optimizer(optimizer)}     # {case.say(TEXT, 'note')}",
            ),
        )


def _memory(optimizer: Optimizer) -> int:
    """Steps that its state remembers; 0 if it has none from step to step."""
    if optimizer.kind == "SGD":
        return MOMENTUM_STEPS + 1 if optimizer.options.get("momentum") else 0
    return 0 if optimizer.kind in ("LBFGS", "ASGD", "Rprop") else ADAPTIVE_STEPS
