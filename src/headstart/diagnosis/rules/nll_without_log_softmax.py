"""`nll_loss` or `ctc_loss` is given something other than log-probabilities.

## What it sees
The largest |log Σ exp| over the classes of what `nll_loss` (or `ctc_loss`) is given, at its first call: of
log-probabilities it is 0, however they were computed.

## Why it hurts
`nll_loss` only picks the right class's value and changes its sign. Of logits it can be made as negative as one likes, by
letting all of them grow; of probabilities it falls to -1, and rewards certainty linearly. `ctc_loss` adds such values
up along every path that spells the target, and falls just as far.

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
    nn.functional.nll_loss(model(x), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2), nn.LogSoftmax(dim=1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.nll_loss(model(x), y).backward()
    optimizer.step()
```

## Limits
- `NORMALISED` = 0.1: |log Σ exp|. Rounding gives 1e-3 in half precision, `log(softmax(x) + 1e-8)` and clamped
  probabilities 1e-2 at most; raw logits of C classes give about log C, probabilities log C + 1/C at least.

## Stays silent when
Log-probabilities were computed in another way than by log-softmax, they were multiplied by something (the advantage of a
policy gradient, say), or a log-softmax did run, over another axis: softmax-wrong-dim tells that.

## References
The PyTorch documentation of `torch.nn.NLLLoss`: "The input given through a forward call is expected to contain
log-probabilities of each class"; of `torch.nn.CTCLoss`: "the logarithmized probabilities of the outputs (e.g. obtained
with `torch.nn.functional.log_softmax()`)".
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loss

GROUP = "loss"
RESTS_ON = "fact"
NEEDS = ("loss.function",)
SINCE, STATUS = "0.1.0", "stable"

NORMALISED = (
    0.1  # |log sum exp| of log-probabilities as computed; of logits it is about log C (derivation in the page)
)

TEXT = Text(
    en={
        "message": "{kind} is given values that are no log-probabilities: the exponentials of a row do not sum to 1.",
        "softmax": "{kind} is given probabilities where it takes their logarithms.",
        "cause": "It only picks the values of the right classes. Without normalisation nothing holds the other classes "
        "down, and the loss falls without end while the answers do not improve.",
        "note": "or torch.nn.functional.cross_entropy(logits, target), which does both",
        "last": "over the classes, the last axis",
    },
    zh={
        "message": "{kind} 得到的不是对数概率：一行的指数之和不是 1。",
        "softmax": "{kind} 得到的是概率，而它需要的是对数概率。",
        "cause": "它只取出正确类别的值。没有归一化，其他类别就不受约束，损失会无限下降，而答案并没有变好。",
        "note": "或 torch.nn.functional.cross_entropy(logits, target)，两步合一",
        "last": "在类别轴上，即最后一个轴",
    },
)


def nll_without_log_softmax(case: Case) -> Iterator[Finding]:
    """One finding for each line that does it."""
    for loss in case.record.losses:
        off = loss.log_mass
        if loss.trained and off is not None and lacks_log_softmax(loss):
            yield Finding(
                "nll-without-log-softmax",
                "error",
                case.say(TEXT, "softmax" if loss.made_by == "softmax" else "message", kind=loss.kind),
                step=0,
                evidence=(Evidence("log_mass", off, NORMALISED, (0,), "loss"),),
                cause=case.say(TEXT, "cause"),
                remedy=Remedy("log-softmax", _remedy(case, loss)),
                line=loss.line,
            )


def lacks_log_softmax(loss: Loss) -> bool:
    """Whether it is nll_loss or ctc_loss, and was given other than log-probabilities."""
    off, scaled = loss.log_mass or 0.0, loss.made_by == "mul"
    if loss.kind == "ctc_loss":
        return off > NORMALISED and not scaled
    over_classes = loss.softmax_axis in (None, 1 if len(loss.shape) > 1 else 0)
    return loss.kind == "nll_loss" and off > NORMALISED and not scaled and over_classes


def _remedy(case: Case, loss: Loss) -> str:
    if loss.kind == "ctc_loss":
        line = "torch.nn.functional.ctc_loss(logits.log_softmax(-1), targets, input_lengths, target_lengths)"
        return f"{line}     # {case.say(TEXT, 'last')}"
    return f"torch.nn.functional.nll_loss(logits.log_softmax(1), target)     # {case.say(TEXT, 'note')}"
