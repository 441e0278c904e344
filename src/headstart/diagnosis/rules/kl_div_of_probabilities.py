"""`kl_div` is given probabilities, or logits, where it takes log-probabilities.

## What it sees
The first input of `kl_div` in a loss that was trained on: that its values are not negative and sum to 1 along an axis. Or
that a linear layer made it, and that the exponentials of no row sum to 1. It is exact.

## Why it hurts
`kl_div(input, target)` is Σ target · (log target - input). Of log-probabilities this is the divergence, and not negative.
Of probabilities it is linear in them: least where all weight lies on the target's largest class, so that the net learns
to be sure instead of learning the target's distribution. Of logits it has no minimum: they only have to grow.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
teacher = (x[:, :4] * 2).softmax(1)
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 4))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.kl_div(model(x).softmax(1), teacher, reduction="batchmean").backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
teacher = (x[:, :4] * 2).softmax(1)
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 4))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.kl_div(model(x).log_softmax(1), teacher, reduction="batchmean").backward()
    optimizer.step()
```

## Limits
- `NORMALISED` = 0.1: |log Σ exp| of a linear layer's output, as in nll-without-log-softmax. Of probabilities there is none.

## Stays silent when
The input is anything else: log-probabilities computed in another way than by log-softmax, densities, or values that are not
normalised by design.

## References
The PyTorch documentation of `torch.nn.KLDivLoss`: "this loss expects the argument input in log-space". Hinton, Vinyals &
Dean 2015, arXiv 1503.02531 (distillation).
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

NORMALISED = 0.1  # |log sum exp| of log-probabilities as computed, as in nll-without-log-softmax

LINEAR = ("addmm", "mm", "linear", "convolution")

TEXT = Text(
    en={
        "probabilities": "kl_div is given probabilities where it takes their logarithms.",
        "logits": "kl_div is given the outputs of a linear layer where it takes log-probabilities.",
        "sure": "Of probabilities it is no divergence: it is least where all weight lies on the target's largest class, so "
        "that the target's distribution is not learnt.",
        "endless": "Without normalisation it has no minimum: it falls for as long as the outputs grow, and answers get no "
        "better.",
        "note": "over the classes",
    },
    zh={
        "probabilities": "kl_div 得到的是概率，而它需要的是对数概率。",
        "logits": "kl_div 得到的是线性层的输出，而它需要的是对数概率。",
        "sure": "对概率来说它不再是散度：当全部权重都放在目标最大的类别上时它最小，因此学不到目标的分布。",
        "endless": "没有归一化时它没有最小值：只要输出变大它就下降，而答案并没有变好。",
        "note": "作用在类别上",
    },
)


def kl_div_of_probabilities(case: Case) -> Iterator[Finding]:
    """One finding for each line that does it."""
    for loss in case.record.losses:
        if loss.trained and loss.kind == "kl_div" and (loss.probabilities or _are_logits(loss)):
            mass = () if loss.log_mass is None else (Evidence("log_mass", loss.log_mass, NORMALISED, (0,), "loss"),)
            yield Finding(
                "kl-div-of-probabilities",
                "error",
                case.say(TEXT, "probabilities" if loss.probabilities else "logits"),
                step=0,
                evidence=mass,
                cause=case.say(TEXT, "sure" if loss.probabilities else "endless"),
                remedy=Remedy(
                    "log-softmax",
                    "torch.nn.functional.kl_div(logits.log_softmax(1), target, "
                    f'reduction="batchmean")     # {case.say(TEXT, "note")}',
                ),
                line=loss.line,
            )


def _are_logits(loss: Loss) -> bool:
    return loss.made_by in LINEAR and loss.log_mass is not None and loss.log_mass > NORMALISED
