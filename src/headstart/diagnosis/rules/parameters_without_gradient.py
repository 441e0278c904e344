"""An optimizer holds parameters of layers that run, and no gradient ever comes to them.

## What it sees
The parameter ledger: tensors that require grad and that a stepping optimizer holds, in layers whose output was seen,
with `.grad` None at every step that was looked at. And those of modules that run under `torch.no_grad()` within a
forward that has gradients. It is exact.

## Why it hurts
They are computed and never trained. Their output does not enter the loss: a head whose loss is not added, an output
that is computed and thrown away, a graph that is cut after them.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lift, self.out = nn.Linear(20, 64), nn.Linear(20, 2)

    def forward(self, x):
        h = self.lift(x).relu()  # computed, and not used
        return self.out(x)


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
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


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lift, self.out = nn.Linear(20, 64), nn.Linear(64, 2)

    def forward(self, x):
        h = self.lift(x).relu()
        return self.out(h)


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `STEPS` = 3: of an optimizer that were looked at, at least.

Whether it was meant is not known (a pretrained net's unused head): it is advice, but a warning in a run that is known
not to learn. So is an optimizer that took as many steps as a skill is judged from while none of its tensors ever had
a gradient, unless the run is known to learn: each of its steps did nothing.

## Stays silent when
The layer never ran, its parameters are frozen or in no optimizer, one gradient was there, or no parameter of the run has
a gradient: then the loop or the loss is at fault.

## References
The PyTorch documentation of `DistributedDataParallel`, `find_unused_parameters`.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis import code
from headstart.diagnosis.case import Case
from headstart.diagnosis.ledger import STEPS, cut_after, never_reached, never_with_graph, works_on_nothing
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "loop"
RESTS_ON = "fact"
NEEDS = ("lr",)
SINCE, STATUS = "0.1.0", "stable"

__all__ = ["STEPS", "parameters_without_gradient"]

TEXT = Text(
    en={
        "message": "{count:number} of {all:number} trainable tensors never had a gradient though their layers run, the "
        "first of them {first}.",
        "cause": "What these layers compute does not enter the loss: it is thrown away, its loss is not added, or the "
        "graph is cut behind them (.detach(), .data, NumPy).",
        "no_grad": "{count:number} of {all:number} trainable tensors never have a gradient: their modules run under "
        "torch.no_grad() in the midst of a forward, the first of them {first}.",
        "no_graph": "What runs under no_grad leaves no graph, and no gradient passes it: what an optimizer holds of it "
        "stays as it was drawn or loaded.",
        "meant": "if it is not to be trained; else without no_grad in the forward",
        "note": "if it is not to be trained; else let its output enter the loss",
    },
    zh={
        "message": "{all:number} 个可训练张量中有 {count:number} 个从未得到梯度，尽管它们的层在运行，第一个是 {first}。",
        "cause": "这些层的计算结果没有进入损失：结果被丢弃，对应的损失没有加上，或者计算图在它们之后被切断"
        "(.detach()、.data、NumPy)。",
        "no_grad": "{all:number} 个可训练张量中有 {count:number} 个从未得到梯度：它们的模块在前向传播中途处于 "
        "torch.no_grad() 之下，第一个是 {first}。",
        "no_graph": "在 no_grad 之下运行的部分不留下计算图，梯度也无法穿过它："
        "优化器所持有的这些参数一直停留在抽取或加载时的值。",
        "meant": "如果不打算训练它；否则在前向传播中不要用 no_grad",
        "note": "如果不打算训练它；否则应让它的输出进入损失",
    },
)


def parameters_without_gradient(case: Case) -> Iterator[Finding]:
    """One finding for all of them."""
    missing = never_reached(case)
    cut = cut_after(case) if missing else None
    if cut is not None:  # what stands before a cut has its own rule
        missing = [(layer, parameter) for layer, parameter in missing if layer.order > cut[0].order]
    if not missing:
        yield from _without_graph(case)
        return
    trainable = [parameter for parameter in case.record.parameters if parameter.trainable]
    layers = tuple(dict.fromkeys(layer.name for layer, _ in missing))
    first = missing[0][1].name
    holders = {parameter.optimizer for _, parameter in missing}
    in_vain = any(o.name in holders and works_on_nothing(case, o) for o in case.record.optimizers)
    yield Finding(
        "parameters-without-gradient",
        "warning" if case.learns is False or (case.learns is None and in_vain) else "advice",
        case.say(TEXT, "message", count=len(missing), all=len(trainable), first=first),
        layers[0],
        0,
        (Evidence("without_gradient", len(missing), of=len(trainable)),),
        case.say(TEXT, "cause"),
        Remedy("freeze", f"{code.path(layers[0])}.requires_grad_(False)     # {case.say(TEXT, 'note')}"),
        layers,
        missing[0][0].line,
    )


def _without_graph(case: Case) -> Iterator[Finding]:
    missing = never_with_graph(case)
    if not missing:
        return
    trainable = sum(parameter.trainable for parameter in case.record.parameters)
    parts = tuple(dict.fromkeys(parameter.name.rpartition(".")[0] for parameter in missing))
    yield Finding(
        "parameters-without-gradient",
        "warning" if case.learns is False else "advice",
        case.say(TEXT, "no_grad", count=len(missing), all=trainable, first=missing[0].name),
        parts[0],
        0,
        (Evidence("without_gradient", len(missing), of=trainable),),
        case.say(TEXT, "no_graph"),
        Remedy("freeze", f"{code.path(parts[0])}.requires_grad_(False)     # {case.say(TEXT, 'meant')}"),
        parts,
    )
