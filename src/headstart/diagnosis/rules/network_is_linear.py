"""No activation stands between the layers: however many there are, together they are one linear layer.

## What it sees
For each layer with another one behind it what its output meets, in the graph of the loss: the next weights, with nothing in
between but reshapes, a bias, and what adds values up by fixed weights: a pooling by the mean, padding, upsampling. It
speaks if that is so of all of them. It is exact. Batch norm and dropout make no difference: once the net is trained, the
one scales and shifts each channel by fixed numbers, the other lets everything through.

## Why it hurts
W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2): a product of matrices is a matrix. Such a net draws one straight line
through its data, as a single layer would. What is no straight line, XOR or a circle, it cannot learn. A convolution and a
mean over pixels are products with matrices as well.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 2)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(2, 32), nn.Linear(32, 32), nn.Linear(32, 2))
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
x = torch.randn(256, 2)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
None. It is a warning in a run that does not learn, else advice: a product of two matrices may be meant, to compress, to
factorise or to study it.

## Stays silent when
There is one layer; anything else follows a layer, an activation, a norm over each sample, a pooling by the largest, a mask,
a factor, a branch; any layer is no plain product (recurrent, attention); or what follows is not known (compiled parts,
custom functions).

## References
Goodfellow, Bengio & Courville, *Deep Learning* (2016), §6.1: learning XOR.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis import code
from headstart.diagnosis.case import TABLES, Case, is_linear
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "experiment"
RESTS_ON = "fact"
NEEDS = ("weight.std",)
SINCE, STATUS = "0.1.0", "stable"

TEXT = Text(
    en={
        "message": "No activation stands between the {count:number} layers from {first} to {last}: together they are one "
        "linear layer.",
        "cause": "A product of matrices is a matrix. Such a net can weigh its inputs and add them up, and nothing else, "
        "however deep it is.",
        "note": "behind {layer}, and behind each but the last",
    },
    zh={
        "message": "从 {first} 到 {last} 的 {count:number} 层之间没有任何激活函数：它们合起来就是一个线性层。",
        "cause": "矩阵的乘积仍是矩阵。这样的网络无论多深，都只能把输入加权求和。",
        "note": "放在 {layer} 之后，除最后一层外每层之后都要有",
    },
)


def network_is_linear(case: Case) -> Iterator[Finding]:
    """One finding for the run."""
    layers = [layer for layer, _ in case.weighted()]
    plain = [layer for layer in layers if is_linear(layer)]
    hidden = [layer for layer in plain if not layer.output]
    others = any(not is_linear(layer) and layer.kind not in TABLES for layer in layers)
    if others or not hidden or len(plain) == len(hidden) or not all(layer.bare for layer in hidden):
        return
    first, last = hidden[0], next(layer for layer in reversed(plain) if layer.output)
    yield Finding(
        "network-is-linear",
        "warning" if case.learns is False else "advice",
        case.say(TEXT, "message", count=len(plain), first=first.name, last=last.name),
        first.name,
        0,
        (Evidence("layers", len(plain), 1),),
        case.say(TEXT, "cause"),
        Remedy(
            "activation",
            f"x = torch.relu({code.path(first.name)}(x))     # {case.say(TEXT, 'note', layer=first.name)}",
            safe=False,
        ),
        tuple(layer.name for layer in plain),
        first.line,
    )
