"""Parameters get gradients, and no optimizer holds them: they stay as they were drawn.

## What it sees
The parameter ledger: tensors that require grad, whose layer's output gets a gradient in the backward, and that no
optimizer which stepped was given. Of an `nn.Parameter` that no module was seen to use: that it holds a gradient itself and
never changes. And those whose optimizer is gone, which were frozen as the next one was made, and now get gradients without
being in it. And layers of one shape at one place of the net, another in each step: `forward` makes them. It is exact.

## Why it hurts
What no optimizer holds never changes. A layer that was added after the optimizer was made, a list of modules that is no
`nn.ModuleList`, a learnable weight of the loss, or what `torch.diag(nn.Parameter(s))` gives, which is no parameter of the
module that keeps it: training goes on around it, with a random layer in its midst. So it does around layers that are
unfrozen after the optimizer was made of what was trainable before.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model[0].parameters(), lr=1e-2)
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
None: it is exact. Whether it was meant is not known: what is left out on purpose had better be frozen with
`requires_grad_(False)`, which spares its gradients. It is an error in a run that is known not to learn, else advice.

## Stays silent when
The parameters are frozen, no gradient reaches them, some optimizer holds them (the other one of a GAN), or the weights are
updated by hand. Of those whose optimizer is gone, where they were never frozen: parts may be trained in turns.

## References
The PyTorch documentation of `torch.optim.Optimizer.add_param_group` and of `torch.nn.ModuleList`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headstart.diagnosis import code
from headstart.diagnosis.case import Case
from headstart.diagnosis.ledger import are_stale, is_orphaned, left_out, made_anew, replaced
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Layer

GROUP = "loop"
RESTS_ON = "fact"
NEEDS = ("lr",)
SINCE, STATUS = "0.1.0", "stable"

TEXT = Text(
    en={
        "message": "{count:number} of {all:number} trainable tensors get gradients and are in no optimizer, the first of "
        "them {first}.",
        "cause": "What no optimizer holds never changes. Make the optimizer when all layers are in place. Layers in a "
        "plain list or dict are not in model.parameters(): keep them in an nn.ModuleList or nn.ModuleDict.",
        "anew": "A layer with weights of {shape} is made anew in each forward pass: in {count:number} steps as many "
        "different ones got a gradient, and no optimizer holds any of them.",
        "lost": "What is made in forward() starts at random every time, and nothing that is learnt in it is kept.",
        "once": "made once, in __init__; forward() calls it",
        "gone": "The optimizer that held them is gone, and the one that steps was made while they were frozen: of what is "
        "unfrozen later it knows nothing.",
        "note": "if it is left out on purpose, freeze it: {first}.requires_grad_(False)",
    },
    zh={
        "message": "{all:number} 个可训练张量中有 {count:number} 个得到梯度，却不在任何优化器中，第一个是 {first}。",
        "cause": "不在任何优化器中的参数永远不会改变。请在所有层都就位之后再创建优化器。放在普通列表或字典中的层不属于 "
        "model.parameters()：请使用 nn.ModuleList 或 nn.ModuleDict。",
        "anew": "一个权重形状为 {shape} 的层在每次前向传播中都重新创建：{count:number} 步中有同样多个不同的层得到梯度，"
        "没有一个在优化器中。",
        "lost": "在 forward() 中创建的层每次都从随机值开始，学到的东西一点也留不下来。",
        "once": "在 __init__ 中创建一次，在 forward() 中调用",
        "gone": "持有它们的优化器已经不在了，而正在更新的优化器是在它们冻结时创建的：之后才解冻的参数，它一无所知。",
        "note": "如果是有意排除，请冻结它：{first}.requires_grad_(False)",
    },
)


def parameters_not_in_optimizer(case: Case) -> Iterator[Finding]:
    """One finding for all of them."""
    if anew := made_anew(case):
        yield _made_anew(case, anew)
        return
    missing = left_out(case)
    if not missing or any(are_stale(case, one) or replaced(case, one)[0] for one in case.record.optimizers):
        return
    trainable = [parameter for parameter in case.record.parameters if parameter.trainable]
    layers = tuple(dict.fromkeys(layer.name for layer, _ in missing))
    layer, first = missing[0][0], missing[0][1].name
    count = len({parameter.name for _, parameter in missing})  # two layers may share one
    reached = first if layer.name in layer.parameters else code.path(first)  # a raw tensor is its own name
    gone = is_orphaned(missing[0][1])
    remedy = f"optimizer = {code.optimizer(case.record.optimizers[0])}"
    if gone:
        remedy = f'optimizer.add_param_group({{"params": [{reached}]}})'
    yield Finding(
        "parameters-not-in-optimizer",
        "error" if case.learns is False else "advice",
        case.say(TEXT, "message", count=count, all=len(trainable), first=first),
        layers[0],
        0,
        (Evidence("left_out", count, of=len(trainable)),),
        case.say(TEXT, "gone" if gone else "cause"),
        Remedy(
            "all-parameters",
            f"{remedy}     # {case.say(TEXT, 'note', first=reached)}" if code.is_reached(first) else remedy,
        ),
        layers,
        missing[0][0].line,
    )


def _made_anew(case: Case, layers: Sequence[Layer]) -> Finding:
    first = layers[0]
    shape = " × ".join(map(str, first.shape))
    before = next((layer.name for layer in case.in_flow(case.record.layers) if layer.name in first.follows), None)
    made = "nn.Linear({1}, {0})".format(*first.shape) if len(first.shape) == 2 else "..."
    return Finding(
        "parameters-not-in-optimizer",
        "error" if case.learns is False else "advice",
        case.say(TEXT, "anew", shape=shape, count=len(layers)),
        before,
        0,
        (Evidence("made_anew", len(layers), of=len(layers)),),
        case.say(TEXT, "lost"),
        Remedy("make-once", f"self.layer = {made}     # {case.say(TEXT, 'once')}", False),
    )
