"""Gradient clipping cuts nearly every step to a small part of itself, so that the clip and not the loss sets its length.

## What it sees
The norm of the gradients as `torch.nn.utils.clip_grad_norm_` found it, over the largest that it lets pass, at each call;
of `clip_grad_value_`, their norm before over that after. It speaks of SGD, whose step is as long as the gradient, if nearly
all calls cut to less than a tenth, to the run's end.

## Why it hurts
Clipping is there for the rare step that would throw the weights away. Where it always cuts, each step has the same
length, learning rate times the clip's norm, however steep the loss is: it does not slow down near a minimum, and where the
norm is small, the run stands still at any usual rate. It is also a sign that something else makes gradients large: a
loss that is summed instead of averaged, weights or inputs that are too large.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for step in range(120):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
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
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for step in range(120):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
```

## Limits
- `CUT` = 10: the norm over the largest that passes. The clip is usually set just above the norms that are usual.
- `ALWAYS` = 0.95: of the calls that were seen, and of those in the last third of the run: large gradients at the start are
  what clipping is for.
- `ENOUGH` = 50: calls. Fewer may all belong to the start.
- `WAY` = 0.1: of a weight's size, over the whole run, and for every weight. In a run that does not learn, and within this,
  it is an error: without the clip the way would have been above 10 times as long. Otherwise it is advice.
- `SCALED` = 256: times the loss, from which a power of two is GradScaler's factor (it starts at 65,536): then the remedy is
  to unscale first. Terms of a loss have weights far below.
- `ROUNDING` = 0.01: of the exponent of two; the loss may be in half precision.

## Stays silent when
The optimizer is none of torch's SGD and ASGD (Adam and its kin divide by the gradient's size, so that a constant factor
changes nothing), the norm is only measured (`max_norm=inf`), or gradients are clipped by hand.

## References
Pascanu, Mikolov & Bengio 2013, §3.2 (the threshold is 0.5 to 10 times the average norm); Godbole et al., *Deep Learning
Tuning Playbook* (2023), on training instability: clip at the 90th percentile of the norms, and if more than half of
the steps are clipped, lower the learning rate instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median, quantiles

from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.diagnosis.updates import moves, path
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Series
from headstart.wording import sentences

GROUP = "optimizer"
RESTS_ON = "share"
NEEDS = ("loop.norm",)
SINCE, STATUS = "0.1.0", "stable"

CUT = 10.0  # the gradients' norm over the largest that passes
ALWAYS = 0.95  # of the calls, and of those in the last third of the run
ENOUGH = 50  # calls
WAY = 0.1  # of a weight's size over the whole run; CUT times as long it would have been replaced
SCALED = 256.0  # times the loss; GradScaler starts at 65,536, and no weight of a term of a loss is so large
ROUNDING = 0.01  # of an exponent of two: the loss may be in half precision

AS_LONG_AS_THE_GRADIENT = ("SGD", "ASGD")  # optimizers whose steps are

TEXT = Text(
    en={
        "message": "Clipping cuts the gradients at {active:share} of the steps to less than a tenth: their norm is "
        "{norm:number} in the median, and {largest:number} is let through.",
        "still": "Every step is as long as the clip lets it be, and that is too short: over the whole run no weight came "
        "further from its start than {way:number} of its size.",
        "cause": "Every step is as long as the clip lets it be, however steep the loss is: learning rate times "
        "{largest:number}. If that is meant, a smaller rate and a larger norm do the same, and slow down near a minimum.",
        "entries": "The entries are cut to {value:number} each, and where so much is cut little but their signs is left: "
        "neither how steep the loss is nor in which direction sets the step. A clip by the norm keeps the direction.",
        "note": "just above the norms that are usual",
        "scaled": "backward is called on {scale:number} times the loss, as GradScaler does, and the gradients are clipped "
        "before they are divided by that again: what passes is {scale:number} times smaller than was meant.",
        "unscale": "before the gradients are clipped",
    },
    zh={
        "message": "在 {active:share} 的步中，裁剪把梯度削减到不足十分之一：梯度范数的中位数是 {norm:number}，"
        "而只允许 {largest:number}。",
        "still": "每一步的长度都由裁剪决定，而这个长度太短：在整个运行中，"
        "没有一个权重离开起点超过自身大小的 {way:number}。",
        "cause": "无论损失有多陡，每一步的长度都由裁剪决定：学习率乘以 {largest:number}。如果这是有意的，"
        "用更小的学习率和更大的范数效果相同，并且接近最小值时会慢下来。",
        "entries": "每个分量都被截到 {value:number} 以内；截掉这么多之后，几乎只剩下符号：步子既不取决于损失有多陡，"
        "也不取决于它往哪个方向下降。按范数裁剪则保留方向。",
        "note": "略高于通常的范数",
        "scaled": "反向传播作用于损失的 {scale:number} 倍（GradScaler 就是这样做的），而梯度在除以这个倍数之前就被裁剪："
        "留下的只有本来打算的 {scale:number} 分之一。",
        "unscale": "在裁剪梯度之前",
    },
)


def clipping_always_active(case: Case) -> Iterator[Finding]:
    """One finding for the run."""
    norms, largest = (case.record.series("", f"loop.{figure}") for figure in ("norm", "largest"))
    kinds = {optimizer.kind for optimizer in case.record.optimizers}
    if not kinds or not kinds <= {*AS_LONG_AS_THE_GRADIENT} or norms.steps != largest.steps:
        return
    cut = Series(
        norms.steps, tuple(float(n > CUT * most) for n, most in zip(norms.values, largest.values, strict=True))
    )
    late = cut.since(2 * len(case.record) // 3)
    if len(cut) < ENOUGH or not late or min(_share(cut), _share(late)) < ALWAYS:
        return
    norm, most = median(norms.values), median(largest.values)
    way = max((path(one.share, len(case.record)) for one in moves(case)), default=math.inf)
    stuck = case.learns is False and way < WAY
    steps = (cut.steps[0], cut.steps[-1])
    scale = _scale(case)
    yield Finding(
        "clipping-always-active",
        "error" if stuck else "advice",
        case.say(TEXT, "message", active=_share(cut), norm=norm, largest=most),
        None,
        steps[0],
        (
            Evidence("cut_share", _share(cut), ALWAYS, steps, "weight_gradient.std"),
            Evidence("times_too_large", norm / most, CUT, steps),
            *((Evidence("way", way, WAY, steps, "update.std"),) if stuck else ()),
        ),
        sentences(
            case.say(TEXT, "scaled", scale=scale) if scale else "",
            case.say(TEXT, "still", way=way) if stuck else _cause(case, most),
        ),
        _remedy(case, scale, norms),
    )


def _remedy(case: Case, scale: float | None, norms: Series) -> Remedy:
    if scale is not None:
        return Remedy("unscale", f"scaler.unscale_(optimizer)     # {case.say(TEXT, 'unscale')}", safe=False)
    usual = f"{_usual(norms.values):.2g}"
    return Remedy(
        "larger-norm", f"torch.nn.utils.clip_grad_norm_(model.parameters(), {usual})     # {case.say(TEXT, 'note')}"
    )


def _scale(case: Case) -> float | None:
    """By which power of two the loss was multiplied before backward, as GradScaler does; None: it was not."""
    whole = dict(zip(case.record.loss.steps, case.record.loss.values, strict=True))
    for loss in case.record.losses:
        seen = case.record.loss_of(loss.name)
        pairs = zip(seen.steps, seen.values, strict=True)
        times = [whole[step] / value for step, value in pairs if step in whole and value > 0]
        scale = median(times) if loss.trained and len(times) >= ENOUGH else 1.0
        if SCALED <= scale < math.inf and abs(math.log2(scale) - round(math.log2(scale))) < ROUNDING:
            return float(2 ** round(math.log2(scale)))
    return None


def _cause(case: Case, most: float) -> str:
    values = case.record.series("", "loop.value").values
    return case.say(TEXT, "entries", value=median(values)) if values else case.say(TEXT, "cause", largest=most)


def _share(cut: Series) -> float:
    return sum(cut.values) / len(cut)


def _usual(norms: Sequence[float]) -> float:
    """The 90th percentile of what is finite, as the playbook has it."""
    finite = [norm for norm in norms if math.isfinite(norm)]
    return quantiles(finite, n=10)[-1] if len(finite) > 1 else 1.0
