"""The loss is maximised: the backward runs through its negative.

## What it sees
That every backward of the run went from minus a loss which is not negative (cross-entropy, a squared or absolute error),
averaged or summed at most; that the optimizer descends; and that the loss rose. Minus the squared error stands in the
logarithm of a normal distribution's density as well, the `log_prob` of `torch.distributions.Normal`.

## Why it hurts
The optimizer takes its steps against the gradient of what `backward` was called on. Of a loss with a minus sign they make
the answers as wrong as they can be. `nll_loss` and its kin have their minus sign within.

## Example
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
    loss = -nn.functional.nll_loss(model(x), y)
    loss.backward()
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
    loss = nn.functional.nll_loss(model(x), y)
    loss.backward()
    optimizer.step()
```

## Limits
- `LEARNT` = 0.5: skill at the first steps. A net that starts better than that was trained before, and may be made to forget
  on purpose.

A loss with fewer than 20 values, the steps from which skill is judged, is a try.

## Stays silent when
Another loss, or the same one without the sign, is trained as well (a GAN, an attack within the loop, a gradient that is
reversed for one of several parts); the negative is a part of a sum or multiplied by something (a policy gradient); all
labels of a backward are the same (a GAN's role); the loss is `kl_div`, which is negative itself if it is given other than
log-probabilities; an optimizer has `maximize=True`; or the loss falls.

## References
The PyTorch documentation of `torch.optim.SGD` (`maximize`) and of `torch.nn.NLLLoss`; DeepLocalize's and TheDeepChecker's
flipped sign (Ben Braiek & Khomh, arXiv 2204.00694).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import fmean

from headstart.diagnosis import skill
from headstart.diagnosis.case import Case
from headstart.diagnosis.constant import best_constant
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loss

GROUP = "loss"
RESTS_ON = "fact"
NEEDS = ("loss.function", "lr")
SINCE, STATUS = "0.1.0", "stable"

LEARNT = 0.5  # skill of the first steps: half way to perfect is not where a fresh net starts

TEXT = Text(
    en={
        "message": "{kind} is maximised: backward is called on its negative, and it rose from {first:number} "
        "to {last:number}.",
        "cause": "The optimizer lowers what backward is called on. Minus the loss is lowest where every answer is as wrong "
        "as it can be.",
        "density": "The log-density of a normal distribution is minimised: the squared errors in it rose from "
        "{first:number} to {last:number}.",
        "unbounded": "The optimizer lowers what backward is called on. The log-density of the targets has no lowest value: "
        "the means run away from them. Its negative is the loss.",
        "note": "without the minus sign",
        "minus": "minus the mean of log_prob",
    },
    zh={
        "message": "{kind} 被最大化了：backward 作用在它的相反数上，它从 {first:number} 升到了 {last:number}。",
        "cause": "优化器使 backward 所作用的值变小。损失的相反数在每个答案都错到极点时最小。",
        "density": "正态分布的对数密度被最小化了：其中的平方误差从 {first:number} 升到了 {last:number}。",
        "unbounded": "优化器使 backward 所作用的值变小。目标的对数密度没有最小值：均值会越来越远离目标。"
        "它的相反数才是损失。",
        "note": "去掉负号",
        "minus": "log_prob 均值的相反数",
    },
)


def loss_sign(case: Case) -> Iterator[Finding]:
    """One finding for the line that does it."""
    trained = [loss for loss in case.record.losses if loss.trained]
    ascends = any(optimizer.options.get("maximize") for optimizer in case.record.optimizers)
    if ascends or not trained or not all(loss.negated for loss in trained):
        return
    for loss in trained:
        series = case.record.loss_of(loss.name)
        if len(series) < skill.ENOUGH_STEPS or _is_role(case, loss) or loss.kind == "kl_div":
            continue
        first, last = fmean(series.values[:3]), fmean(series.values[2 * len(series) // 3 :])
        if first < 0 or _was_trained(loss, first) or not (last > first or not math.isfinite(last)):
            continue
        yield Finding(
            "loss-sign",
            "error",
            case.say(TEXT, "density" if loss.density else "message", kind=loss.kind, first=first, last=last),
            step=0,
            evidence=(Evidence("loss", last, None, (0, series.steps[-1]), "loss"),),
            cause=case.say(TEXT, "unbounded" if loss.density else "cause"),
            remedy=_remedy(case, loss),
            line=loss.line,
        )


def _remedy(case: Case, loss: Loss) -> Remedy:
    if loss.density:
        return Remedy("minus", f"loss = -log_prob.mean()     # {case.say(TEXT, 'minus')}")
    return Remedy("no-minus", f"loss.backward()     # {case.say(TEXT, 'note')}")


def _is_role(case: Case, loss: Loss) -> bool:
    unvaried = case.record.series(loss.name, "loss.unvaried")
    return bool(unvaried) and fmean(unvaried.values) > skill.UNVARIED


def _was_trained(loss: Loss, first: float) -> bool:
    constant = best_constant(loss)
    return constant is not None and 1 - first / constant.loss >= LEARNT
