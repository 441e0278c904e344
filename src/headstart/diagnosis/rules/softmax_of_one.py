"""A softmax runs over a single value: it gives 1 whatever comes in.

## What it sees
How many values the softmax next to a loss runs over, in all of its calls: that before the loss's input, and the one that
is within `cross_entropy`. And in the graph of the loss: over how many values the softmax of an attention or a gate runs
that a layer feeds within the net. It is exact.

## Why it hurts
The softmax of one value is e^z / e^z = 1, its logarithm 0, its derivative 0. The answer is the same for every input, no
gradient passes, and nothing learns. A single output that says yes or no takes a sigmoid. Within the net, each place gets
the full weight: the layers that score them learn nothing, and an attention only sums up. Mostly the softmax runs over the
scores' own axis of size 1, where it should run over the places.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] > 0).float().unsqueeze(1)
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1), nn.Softmax(dim=1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.binary_cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] > 0).float().unsqueeze(1)
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.binary_cross_entropy_with_logits(model(x), y).backward()
    optimizer.step()
```

## Limits
- `LOOKS` = 3: steps at which a softmax within the net was looked at, and never had more than one value. They are taken at
  steps 0 to 7, then at 8, 16, 32, ...

Next to a loss it is a warning in a run that learns by another loss, else an error. Within a net it is a warning in
a run that does not learn, else advice.

## Stays silent when
One call had more than one value to choose from, as where a sequence has one step in some batches only; a softmax within the
net is fused with its attention (`scaled_dot_product_attention`), or no layer comes before it.

## References
The PyTorch documentation of `torch.nn.Softmax`; Goodfellow, Bengio & Courville, *Deep Learning* (2016), 6.2.2.2: a sigmoid
for a Bernoulli output.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "loss"
RESTS_ON = "fact"
NEEDS = ("loss",)
SINCE, STATUS = "0.1.0", "stable"

LOOKS = 3  # of a sequence of one step in each batch by chance three looks are enough to see another

TEXT = Text(
    en={
        "message": "The softmax before {kind} runs over a single value, and gives 1 whatever comes in.",
        "own": "cross_entropy is given a single class: its loss is 0 whatever comes in.",
        "cause": "e^z / e^z is 1, and its derivative is 0: no gradient passes, so nothing in the net learns.",
        "note": "one output that says yes or no; target as float, of the same shape",
        "within": "The softmax behind {layer} runs over a single value at every look, and gives 1 whatever comes in.",
        "flat": "e^z / e^z is 1, and its derivative is 0: each place gets the full weight, and what scores them learns "
        "nothing. Its axis has size 1; the places to choose from lie along another.",
        "axis": "dim: the axis of the places that are weighed, not the scores' own",
    },
    zh={
        "message": "{kind} 之前的 softmax 只作用在一个值上，无论输入是什么都输出 1。",
        "own": "cross_entropy 只得到一个类别：无论输入是什么，损失都是 0。",
        "cause": "e^z / e^z 等于 1，导数为 0：没有梯度能通过，网络什么也学不到。",
        "note": "一个回答“是或否”的输出；target 为浮点数，形状相同",
        "within": "{layer} 之后的 softmax 每次查看时都只作用在一个值上，无论输入是什么都输出 1。",
        "flat": "e^z / e^z 等于 1，导数为 0：每个位置都得到全部权重，给它们打分的层什么也学不到。"
        "softmax 所在的轴大小为 1；"
        "要从中选择的各个位置在另一个轴上。",
        "axis": "dim：被加权的各个位置所在的轴，而不是分数自己的轴",
    },
)


def softmax_of_one(case: Case) -> Iterator[Finding]:
    """One finding for each line that does it; where none does, one for each softmax within the net."""
    found = list(_next_to_a_loss(case))
    yield from found or _within(case)


def _next_to_a_loss(case: Case) -> Iterator[Finding]:
    for loss in case.record.losses:
        if loss.trained and loss.softmax_size == 1:
            own = loss.kind == "cross_entropy"
            last = case.record.loss_of(loss.name)
            yield Finding(
                "softmax-of-one",
                "warning" if case.learns else "error",
                case.say(TEXT, "own" if own else "message", kind=loss.kind),
                step=0,
                evidence=(
                    Evidence("softmax_size", 1.0),
                    *((Evidence("loss", last.last, None, (last.steps[-1],), "loss"),) if last else ()),
                ),
                cause=case.say(TEXT, "cause"),
                remedy=Remedy(
                    "sigmoid",
                    "torch.nn.functional.binary_cross_entropy_with_logits(logits, target)"
                    f"     # {case.say(TEXT, 'note')}",
                ),
                line=loss.line,
            )


def _within(case: Case) -> Iterator[Finding]:
    looks = case.record.meta.get("softmax_of_one")
    for layer, count in looks.items() if isinstance(looks, dict) else ():
        if count >= LOOKS:
            yield Finding(
                "softmax-of-one",
                "warning" if case.learns is False else "advice",
                case.say(TEXT, "within", layer=layer),
                layer=layer,
                step=0,
                evidence=(Evidence("softmax_size", 1.0),),
                cause=case.say(TEXT, "flat"),
                remedy=Remedy(
                    "weigh-the-places", f"weights = torch.softmax(scores, dim=1)     # {case.say(TEXT, 'axis')}"
                ),
            )
