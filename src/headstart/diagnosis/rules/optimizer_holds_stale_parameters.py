"""The optimizer holds tensors that the network does not use, and not those that it does.

## What it sees
The parameter ledger: none of an optimizer's tensors belongs to a layer of the graph or ever has a gradient, while the
layers' own parameters get gradients and are in no optimizer. It is exact.

## Why it hurts
Each step changes nothing. It happens where the optimizer is made before the model is rebuilt, loaded as a new object,
copied, or given new layers in the place of old ones.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))  # made anew: the optimizer holds the old one
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
One of the optimizer's tensors is used, or the layers' parameters are held by another.

## References
The PyTorch documentation of `torch.optim`: "If you need to move a model to GPU [...] or its parameters change, construct
the optimizer after".
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.ledger import STEPS, are_stale, held_by
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "loop"
RESTS_ON = "fact"
NEEDS = ("lr",)
SINCE, STATUS = "0.1.0", "stable"

__all__ = ["STEPS", "optimizer_holds_stale_parameters"]

TEXT = Text(
    en={
        "message": "None of the {count:number} tensors that {optimizer} holds is used by the network that is trained; "
        "those that are used are in no optimizer.",
        "cause": "The optimizer was made from another object than the model that is trained: each step changes nothing.",
        "note": "after the model has its last layer",
    },
    zh={
        "message": "{optimizer} 持有的 {count:number} 个张量都没有被正在训练的网络使用；被使用的参数不在任何优化器中。",
        "cause": "优化器是用另一个对象创建的，而不是正在训练的模型，因此每一步都不改变任何东西。",
        "note": "在模型的所有层都确定之后创建",
    },
)


def optimizer_holds_stale_parameters(case: Case) -> Iterator[Finding]:
    """One finding for each such optimizer."""
    for optimizer in case.record.optimizers:
        if are_stale(case, optimizer):
            count = len(held_by(case, optimizer))
            yield Finding(
                "optimizer-holds-stale-parameters",
                "error",
                case.say(TEXT, "message", count=count, optimizer=optimizer.name),
                step=0,
                evidence=(Evidence("used", 0, of=count),),
                cause=case.say(TEXT, "cause"),
                remedy=Remedy(
                    "make-optimizer-later",
                    f"optimizer = torch.optim.{optimizer.kind}(model.parameters())     # {case.say(TEXT, 'note')}",
                ),
            )
