"""Cross-entropy is given probabilities where it takes logits: softmax is applied twice.

## What it sees
The operator that made the first argument of `cross_entropy`, in the graph of a loss that was trained on, through
reshapes: a softmax, or one written out, `e / e.sum(1, keepdim=True)` of `e = torch.exp(x)`. And in any such graph a
log-softmax, or the log-sum-exp of one written by hand, right behind a softmax along the same axis: a policy that ends in a
softmax and gives it to `Categorical(logits=...)` has one. It is exact. Where no graph shows it, as inside torch.func or
behind an operator of one's own: the values of the first argument, at eight calls from one line or more. They are
probabilities if at each look all are 0 or more and sum to 1 over the classes, within rounding, for every sample.

## Why it hurts
`cross_entropy` applies log-softmax itself. Probabilities lie between 0 and 1, so a second softmax can tell the right
class from the others by a factor of e at most: the loss has a floor, log(e + C - 1) - 1 for C classes, and the gradient
is small wherever the first softmax is sure. A policy can give no action more than e / (e + C - 1), and never be sure.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2), nn.Softmax(dim=1))
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
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
None: it is exact. Without `cross_entropy`, as in a policy, it is a warning in a run that learns, else an error. Told by the
values it is an error in a run that does not learn, else a warning.

## Stays silent when
Log-softmax comes before cross-entropy, which does nothing when it is done twice, or what lies between changes the values,
as a factor does; inside torch.func on a device other than the CPU, and within vmap.

## References
The PyTorch documentation of `torch.nn.CrossEntropyLoss`: "The input is expected to contain the unnormalized logits".
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "loss"
RESTS_ON = "fact"
NEEDS = ()  # inside torch.func a run has neither a backward nor a step that could be seen
SINCE, STATUS = "0.1.0", "stable"

TEXT = Text(
    en={
        "message": "cross_entropy is given the output of a softmax, and applies another: with {classes:number} classes "
        "the loss cannot fall below {floor:number}.",
        "cause": "It takes logits. Of probabilities, which lie between 0 and 1, its own softmax makes nearly equal ones, "
        "and little gradient passes through both.",
        "note": "logits: what enters the softmax; apply softmax to predict, not to train",
        "again": "The output of a softmax goes through log-softmax, which makes another of it: of {classes:number} "
        "answers none can get a probability above {most:share}.",
        "taken": "Log-softmax (cross_entropy, Categorical(logits=...)) takes logits. Of probabilities, which lie between 0 "
        "and 1, it makes nearly equal ones, and little gradient passes through both.",
        "values": "cross_entropy is given probabilities, and applies a softmax to them: with {classes:number} classes the "
        "loss cannot fall below {floor:number}.",
        "probabilities": "or logits=, with what enters the softmax",
    },
    zh={
        "message": "cross_entropy 得到的是 softmax 的输出，又做了一次 softmax：{classes:number} 个类别时损失不可能低于 "
        "{floor:number}。",
        "cause": "它需要的是 logits。概率位于 0 与 1 之间，再做一次 softmax 后几乎相等，能穿过两次 softmax 的梯度也很小。",
        "note": "logits：进入 softmax 之前的值；预测时才用 softmax，训练时不用",
        "again": "softmax 的输出又经过了 log-softmax，相当于再做一次 softmax：{classes:number} 个答案中，"
        "没有一个的概率能超过 "
        "{most:share}。",
        "taken": "log-softmax(cross_entropy、Categorical(logits=...))需要的是 logits。概率位于 0 与 1 之间，"
        "再做一次 softmax 后几乎相等，能穿过两次 softmax 的梯度也很小。",
        "values": "cross_entropy 得到的是概率，又对它们做了一次 softmax：{classes:number} 个类别时损失不可能低于 "
        "{floor:number}。",
        "probabilities": "或用 logits= 传入进入 softmax 之前的值",
    },
)


def softmax_before_cross_entropy(case: Case) -> Iterator[Finding]:
    """One finding for each line that calls cross_entropy so; where none does, one for the run."""
    found = list(_of_cross_entropy(case))
    yield from found or _of_likelihood(case)


def _of_cross_entropy(case: Case) -> Iterator[Finding]:
    for loss in case.record.losses:
        if loss.trained and loss.kind == "cross_entropy" and (loss.made_by == "softmax" or loss.probabilities):
            classes = int(loss.options.get("classes", 2))
            yield _finding(case, classes, loss.line, loss.name, loss.made_by == "softmax")
    functional = case.record.meta.get("functional_probabilities")
    if functional and not any(loss.line == functional["line"] for loss in case.record.losses):
        yield _finding(case, int(functional["classes"]), functional["line"], "", False)


def _finding(case: Case, classes: int, line: str | None, name: str, seen: bool) -> Finding:
    """`seen`: the softmax itself, not only its values."""
    floor = math.log(math.e + classes - 1) - 1
    last = case.record.loss_of(name)
    return Finding(
        "softmax-before-cross-entropy",
        "error" if seen or case.learns is False else "warning",
        case.say(TEXT, "message" if seen else "values", classes=classes, floor=floor),
        step=0,
        evidence=(
            Evidence("loss_floor", floor),
            *((Evidence("loss", last.last, None, (last.steps[-1],), "loss"),) if last else ()),
        ),
        cause=case.say(TEXT, "cause"),
        remedy=Remedy(
            "give-logits", f"torch.nn.functional.cross_entropy(logits, target)     # {case.say(TEXT, 'note')}"
        ),
        line=line,
    )


def _of_likelihood(case: Case) -> Iterator[Finding]:
    classes = case.record.meta.get("softmax_again")
    if not isinstance(classes, int) or classes < 2:
        return
    most = math.e / (math.e + classes - 1)
    code = f"torch.distributions.Categorical(probs=model(inputs))     # {case.say(TEXT, 'probabilities')}"
    yield Finding(
        "softmax-before-cross-entropy",
        "warning" if case.learns else "error",
        case.say(TEXT, "again", classes=classes, most=most),
        step=0,
        evidence=(Evidence("most_likely", most),),
        cause=case.say(TEXT, "taken"),
        remedy=Remedy("give-logits", code),
    )
