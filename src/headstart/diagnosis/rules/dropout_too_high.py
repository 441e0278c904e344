"""Dropout drops nearly all: the argument is the share that is dropped, not the share that is kept.

## What it sees
The `p` of each dropout that trains in training mode, module or function.

## Why it hurts
Of every ten units nine are zeroed and the tenth is multiplied by ten: of a signal with mean 0 and variance 1 dropout makes
one of variance 1 / (1 - p). Of that 1 is still the signal, and p / (1 - p), here nine times as much, is noise that changes
at each step. With p = 1 nothing passes, forward or back.
`nn.Dropout(0.9)` and `F.dropout(x, 0.9)` keep a tenth; in older libraries the number was the share to keep.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.95), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(100):
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
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.05), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(100):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `NEARLY_ALL` = 0.9: nine tenths. Hinton's own nets drop half of the units and a fifth of the inputs.
- `HELPED` = 0.75: the share of an image that masked autoencoders hide, the most that is known to help. What is above it
  counts where nothing is learnt, or where it has its price: less than `LITTLE` is learnt in training, and evaluation, where
  nothing is dropped, costs less than training does.
- `LITTLE` = 0.5: skill in training. More than half of the loss is left there.

It is advice in a run that learns. Where it does not, or is not known to, a share of 1 is an error; from `NEARLY_ALL` on
it is a warning in a run that is known not to learn, else advice.

## Stays silent when
The dropout is never called in training mode. Below nine tenths, where no loss is seen under `torch.no_grad()`.

## References
Srivastava et al. 2014, *Dropout*, JMLR 15, sections 7.3 and A.4; He et al. 2021, arXiv 2111.06377 (masked autoencoders).
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from headstart.diagnosis import code
from headstart.diagnosis.case import RECURRENT, Case
from headstart.diagnosis.rules.overfitting import by_step
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy, Severity
from headstart.record import Mode

GROUP = "norm"
RESTS_ON = "fact"
NEEDS = ("mode.dropout",)
SINCE, STATUS = "0.1.0", "stable"

NEARLY_ALL = 0.9  # more than any recipe drops (sources in the page)
HELPED = 0.75  # the most that is known to help (He et al. 2021)
LITTLE = 0.5  # skill in training: more than half of the loss is left

TEXT = Text(
    en={
        "message": "{layer} drops {p:share} of its inputs at each step.",
        "cause": "The argument of a dropout is the share that is dropped. What is left is multiplied by {factor:number} "
        "and changes at random from step to step, so that the layers behind it see mostly noise.",
        "all": "The argument of a dropout is the share that is dropped. With 1 all is zero while training: no signal "
        "passes, and no gradient comes back.",
        "keep": "keeps {keep:share}",
    },
    zh={
        "message": "{layer} 在每一步都丢弃 {p:share} 的输入。",
        "cause": "dropout 的参数是被丢弃的比例。剩下的部分被放大 {factor:number} 倍，而且每一步都随机变化，因此后面的层"
        "看到的主要是噪声。",
        "all": "dropout 的参数是被丢弃的比例。取 1 时，训练中全部变为零：信号传不过去，梯度也传不回来。",
        "keep": "保留 {keep:share}",
    },
)


def dropout_too_high(case: Case) -> Iterator[Finding]:
    """One finding for all dropouts, told of the one that drops most."""
    p, mode = max(
        ((mode.p, mode) for mode in case.record.modes if mode.steps and mode.p),
        key=lambda pair: pair[0],
        default=(0.0, None),
    )
    if mode is None or (p < NEARLY_ALL and not (p > HELPED and (case.learns is False or _has_its_price(case)))):
        return
    cause = case.say(TEXT, "all") if p == 1 else case.say(TEXT, "cause", factor=1 / (1 - p))
    instead = 1 - p if p < 1 else 0.1
    yield Finding(
        "dropout-too-high",
        _severity(case, p),
        case.say(TEXT, "message", layer=mode.name, p=p),
        None,  # no layer: it concerns all that stand behind it
        0,
        (Evidence("p", p, NEARLY_ALL if p >= NEARLY_ALL else HELPED),),
        cause,
        Remedy(
            "less-dropout",
            f"{_with(mode, instead)}     # {case.say(TEXT, 'keep', keep=1 - instead)}",
        ),
        line=mode.line,
    )


def _has_its_price(case: Case) -> bool:
    """Whether little is learnt with it, and evaluation, in which nothing is dropped, costs less than training."""
    if case.skill is None or case.skill.value >= LITTLE:
        return False
    loss = next((one for one in case.record.losses if one.name == case.skill.source), None)
    late = by_step(case, loss, "loss").since(2 * len(case.record) // 3).values if loss else ()
    return bool(late) and fmean(late) < case.skill.loss


def _with(mode: Mode, p: float) -> str:
    if mode.line is not None:
        return f"{mode.kind}(x, p={p:.2g}, training=self.training)" if mode.kind[0] == "F" else f"{mode.kind}({p:.2g})"
    name = "dropout" if mode.kind in (*RECURRENT, "MultiheadAttention") else "p"
    return f"{code.path(mode.name)}.{name} = {p:.2g}"


def _severity(case: Case, p: float) -> Severity:
    if p == 1 and not case.learns:
        return "error"
    return "warning" if case.learns is False and p >= NEARLY_ALL else "advice"
