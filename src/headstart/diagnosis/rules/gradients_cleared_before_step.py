"""Gradients are cleared between backward and step: the optimizer finds none, or those of the last micro-batch alone.

## What it sees
The parameter ledger: layers whose outputs get gradients in the backward, and an optimizer that finds none in any of its
tensors at any step and moves none of them. It is exact. And the order of events within a step: how many backwards one
line called, one loss after the other, while the weights stayed as they were, all of whose gradients but the last one's
were cleared; and that the optimizer then found the last one's, clipped or scaled at most.

## Why it hurts
`step` skips what has no gradient. Nothing is ever learnt. With `zero_grad` inside the loop over the micro-batches each step
follows the gradient of a single one, and the others are computed for nothing: the batch is smaller than it looks, and
where the loss was divided by their number, the step as well.

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
- `THROWN_STEPS` = 8: steps that threw gradients away, at least.
- `REGULAR` = 0.75: share of the steps that were looked at, from the first such on, in which the commonest number of
  gradients is thrown away. Where steps are skipped by chance (a loss that is not finite), one number from 1 up cannot
  come in more than a quarter of them: it has probability p (1 - p)^k.

With no gradient left it is an error. With one left it is a warning in a run that does not learn, else advice.

## Stays silent when
The gradients are computed within the step (a closure), one tensor at least has a gradient at some step, weights move, or
the gradients are zero already where a backward leaves them. Of micro-batches: the weights move between two backwards (SAM),
the data have gradients as well (an attack), the losses come from different lines or are the same number, the optimizer is
given another gradient than the last backward left (a mean or a projection of several, a clipped sum of each sample's), or
it is none of PyTorch's own.

## References
The PyTorch documentation of `torch.optim.Optimizer.zero_grad`.
"""

from __future__ import annotations

from collections import Counter
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

THROWN_STEPS = 8
REGULAR = 0.75  # steps skipped by chance: p (1 - p)^k is at most a quarter from k = 1 up

TEXT = Text(
    en={
        "message": "{optimizer} found no gradient at any of its steps, though backward gives its layers gradients.",
        "cause": "Between backward and step the gradients were cleared, so that no weight ever moved.",
        "note": "before backward",
        "thrown": "Before each step of {optimizer} the gradients of {count:number} backwards are cleared, and only that of "
        "one more is left to step along.",
        "inside": "zero_grad stands inside the loop over the micro-batches: it throws away what should be added up.",
        "once": "once for each step, before its first micro-batch",
    },
    zh={
        "message": "{optimizer} 的每一步都没有找到梯度，尽管反向传播给了它的各层梯度。",
        "cause": "梯度在 backward 与 step 之间被清零，因此没有任何权重改变过。",
        "note": "放在 backward 之前",
        "thrown": "{optimizer} 每次更新之前，有 {count:number} 次反向传播的梯度被清零，只剩下另外一次的梯度用于更新。",
        "inside": "zero_grad 放在了遍历小批次的循环里面：本该累加的梯度被扔掉了。",
        "once": "每次更新只清零一次，放在第一个小批次之前",
    },
)


def gradients_cleared_before_step(case: Case) -> Iterator[Finding]:
    """One finding for each such optimizer."""
    yield from _of_micro_batches(case)
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


def _of_micro_batches(case: Case) -> Iterator[Finding]:
    for optimizer in case.record.optimizers:
        thrown = case.record.series(optimizer.name, "loop.thrown")
        count, times = max(Counter(thrown.values).items(), key=lambda item: item[1], default=(0.0, 0))
        looks = case.record.series("", "loop.backwards").since(thrown.steps[0]) if thrown else ()
        if count >= 1 and times >= THROWN_STEPS and times >= REGULAR * len(looks):
            yield Finding(
                "gradients-cleared-before-step",
                "warning" if case.learns is False else "advice",
                case.say(TEXT, "thrown", optimizer=optimizer.name, count=int(count)),
                step=thrown.steps[0],
                evidence=(Evidence("gradients_thrown_away", count, of=int(count) + 1),),
                cause=case.say(TEXT, "inside"),
                remedy=Remedy("zero-grad-first", code.clear_first(case.say(TEXT, "once"))),
            )
