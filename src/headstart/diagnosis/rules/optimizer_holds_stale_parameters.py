"""The optimizer holds tensors that the network does not use, and not those that it does.

## What it sees
The parameter ledger: none of an optimizer's tensors belongs to a layer of the graph or ever has a gradient, while the
layers' own parameters get gradients and are in no optimizer. Or, now and then while it steps: a module holds another tensor
in the place of one of the optimizer's, which gets gradients and is in no optimizer. Or some of its tensors belong to no
layer and never have a gradient, while layers' own parameters are in no optimizer, each of the shape of one of those, but
for the number of units. All but the last is exact.

## Why it hurts
Each step changes nothing. It happens where the optimizer is made before the model is rebuilt, loaded as a new object,
copied, or given new layers or weights in the place of old ones; or where a layer is grown, pruned or drawn anew by a new
`nn.Parameter` while the net trains: these tensors stay as they are from then on.

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
One of the optimizer's tensors is used, unless those that are not fit those that it lacks; or the layers' parameters are
held by another. An exchange is not told where it is undone before the next step, or where it comes at the very end.

## References
The PyTorch documentation of `torch.optim`: "If you need to move a model to GPU [...] or its parameters change, construct
the optimizer after".
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis import code
from headstart.diagnosis.case import Case
from headstart.diagnosis.ledger import STEPS, are_stale, held_by, replaced
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Optimizer, Parameter

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
        "exchanged": "{layer} holds another tensor than {optimizer} does, seen from step {step:number} on: what gets "
        "gradients is in no optimizer. So it is with {count:number} of its {held:number} tensors.",
        "exchanged_cause": "A new nn.Parameter was put in the place of the old one after the optimizer was made, and the "
        "optimizer goes on with the old one. Change the values (with torch.no_grad(): weight.copy_(...)), or make it anew.",
        "replaced": "Nothing uses {count:number} of the {held:number} tensors that {optimizer} holds, and {layer} has "
        "others of these shapes, which get gradients and are in no optimizer.",
        "exchanged_note": "after the layers have changed",
        "note": "after the model has its last layer",
    },
    zh={
        "message": "{optimizer} 持有的 {count:number} 个张量都没有被正在训练的网络使用；被使用的参数不在任何优化器中。",
        "cause": "优化器是用另一个对象创建的，而不是正在训练的模型，因此每一步都不改变任何东西。",
        "exchanged": "{layer} 持有的张量不再是 {optimizer} 持有的那个（从第 {step:number} 步起看到）：得到梯度的张量"
        "不在任何优化器中。它持有的 {held:number} 个张量中有 {count:number} 个如此。",
        "exchanged_cause": "创建优化器之后，又用新的 nn.Parameter 替换了旧的，而优化器继续更新旧的。"
        "应当只改数值(with torch.no_grad(): weight.copy_(...))，或者重新创建优化器。",
        "replaced": "{optimizer} 持有的 {held:number} 个张量中有 {count:number} 个没有被任何东西使用，"
        "而 {layer} 有另外几个同样形状的张量，它们得到梯度，却不在任何优化器中。",
        "exchanged_note": "在各层改变之后重新创建",
        "note": "在模型的所有层都确定之后创建",
    },
)


def optimizer_holds_stale_parameters(case: Case) -> Iterator[Finding]:
    """One finding for each such optimizer."""
    for optimizer in case.record.optimizers:
        held = held_by(case, optimizer)
        exchanged = [parameter for parameter in held if parameter.exchanged is not None]
        if are_stale(case, optimizer):
            yield Finding(
                "optimizer-holds-stale-parameters",
                "error",
                case.say(TEXT, "message", count=len(held), optimizer=optimizer.name),
                step=0,
                evidence=(Evidence("used", 0, of=len(held)),),
                cause=case.say(TEXT, "cause"),
                remedy=_remedy(case, optimizer, "note"),
                line=optimizer.line,
            )
        elif exchanged:
            yield _exchanged(case, optimizer, len(held), exchanged)
        else:
            yield from _replaced(case, optimizer, len(held))


def _exchanged(case: Case, optimizer: Optimizer, held: int, exchanged: list[Parameter]) -> Finding:
    first = min(exchanged, key=lambda parameter: parameter.exchanged or 0)
    layers = tuple(dict.fromkeys(parameter.layer for parameter in exchanged if parameter.layer))
    facts = {"layer": first.name, "optimizer": optimizer.name, "step": first.exchanged}
    return Finding(
        "optimizer-holds-stale-parameters",
        "error" if case.learns is False else "warning",
        case.say(TEXT, "exchanged", count=len(exchanged), held=held, **facts),
        layers[0] if layers else None,
        first.exchanged,
        (Evidence("exchanged", len(exchanged), of=held),),
        case.say(TEXT, "exchanged_cause"),
        _remedy(case, optimizer, "exchanged_note"),
        layers,
        optimizer.line,
    )


def _replaced(case: Case, optimizer: Optimizer, held: int) -> Iterator[Finding]:
    idle, layers = replaced(case, optimizer)
    if not idle:
        return
    yield Finding(
        "optimizer-holds-stale-parameters",
        "error" if case.learns is False else "warning",
        case.say(TEXT, "replaced", count=len(idle), held=held, optimizer=optimizer.name, layer=layers[0].name),
        layers[0].name,
        0,
        (Evidence("exchanged", len(idle), of=held),),
        case.say(TEXT, "exchanged_cause"),
        _remedy(case, optimizer, "exchanged_note"),
        tuple(layer.name for layer in layers),
        optimizer.line,
    )


def _remedy(case: Case, optimizer: Optimizer, note: str) -> Remedy:
    made = f"optimizer = {code.optimizer(optimizer)}"
    return Remedy("make-optimizer-later", f"{made}     # {case.say(TEXT, note)}")
