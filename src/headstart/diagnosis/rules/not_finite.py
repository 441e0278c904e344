"""A weight or the loss is NaN or infinite.

## What it sees
The share of values that are not finite in each weight and update, and the loss. When one of them is not finite and
stays so, it looks for the place where that began: the first step, and in it the first layer in flow order whose
input is not finite, else the first whose output is not, else the loss, else the layer nearest to the loss whose gradient
is not, else the weights. Where no layer was looked at in that step, bad inputs at the next look tell where from; else it
says when, and not where.

## Why it hurts
One NaN in a weight makes every output NaN, every gradient, and with the next step every weight: nothing that was
learnt is left. An infinite loss gives NaN gradients.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 10)
y = (x.sum(1, keepdim=True) > 0).float()
model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=50.0)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 10)
y = (x.sum(1, keepdim=True) > 0).float()
model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
```

## Limits
None: it is exact.

## Stays silent when
Only activations are infinite (an attention mask), a scaler or the program itself skips the steps with such
gradients, or the loss is finite again at the end, and so are the weights but for those of nets that the run left for
others, made by the same lines (a search over rates, some of them too high).

## References
`torch.autograd.detect_anomaly` names the operator in the backward pass, at two to three times the running time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from headstart.diagnosis import code
from headstart.diagnosis.attempts import weights_left_behind
from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Layer, Series

GROUP = "signal"
RESTS_ON = "fact"
NEEDS = ("loss",)
SINCE, STATUS = "0.1.0", "stable"

TEXT = Text(
    en={
        "input": "The inputs of {layer} hold values that are not finite, from step {step:number} on: {share:share}.",
        "activation": "The output of {layer} stops being finite at step {step:number}, while its inputs still are.",
        "loss": "The loss is not finite at step {step:number}, while the outputs of all layers are.",
        "somewhere": "The loss is not finite from step {step:number} on. The layers were not looked at in that step, for "
        "steps are looked at ever more seldom in a long run.",
        "gradient": "The gradient that reaches {layer} stops being finite at step {step:number}, while the loss still is.",
        "weight": "The weights stop being finite at step {step:number}.",
        "cause": "One value that is not a number spreads to every output, every gradient, and with the next step to "
        "every weight. It comes from a value that grew beyond float's range, or from log 0, 0/0 or the slope of a root "
        "at 0.",
        "check": "before the loop",
        "slower": "a tenth of {lr:number}; and clip: torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
        "gradient at 0": "where a root, or a norm, may be of 0: its slope is infinite there",
        "loss at 0": "where a logarithm may be of 0; or a loss that takes logits",
        "find": "names the operator; slow, for a few steps only",
    },
    zh={
        "input": "从第 {step:number} 步起，{layer} 的输入含有非有限的值：占 {share:share}。",
        "activation": "{layer} 的输出在第 {step:number} 步不再是有限值，而它的输入仍然是。",
        "loss": "损失在第 {step:number} 步不是有限值，而所有层的输出都是。",
        "somewhere": "从第 {step:number} 步起损失不是有限值。该步没有查看各层：在长时间的训练中，查看的步越来越稀疏。",
        "gradient": "到达 {layer} 的梯度在第 {step:number} 步不再是有限值，而损失仍然是。",
        "weight": "权重在第 {step:number} 步不再是有限值。",
        "cause": "一个非数值会扩散到所有输出、所有梯度，再经过一步更新扩散到所有权重。它来自超出浮点范围的值，"
        "或 log 0、零处的"
        "平方根导数、0/0。",
        "check": "放在训练循环之前",
        "slower": "{lr:number} 的十分之一；并裁剪梯度：torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
        "gradient at 0": "用于可能对 0 开根号或求范数之处：那里的斜率是无穷大",
        "loss at 0": "用于可能对 0 取对数之处；或改用接收 logits 的损失",
        "find": "会指出出错的算子；很慢，只用于几步",
    },
)

OFF_ZERO = {"gradient": "torch.sqrt(x + 1e-8)", "loss": "torch.log(x.clamp_min(1e-8))"}


@dataclass(frozen=True)
class Origin:
    """Where it began."""

    what: str  # "input", "activation", "loss", "gradient", "weight", or "somewhere" before the loss
    step: int
    layer: Layer | None = None
    share: float = 1.0  # of the values


def not_finite(case: Case) -> Iterator[Finding]:
    """One finding, of the place where it began."""
    step = _broken_at(case)
    if step is None:
        return
    origin = _origin(case, step)
    layer = origin.layer
    name = layer.name if layer else None
    series = "loss" if origin.what in ("loss", "somewhere") else f"{origin.what}.not_finite"
    yield Finding(
        "not-finite",
        "error",
        case.say(TEXT, origin.what, layer=name, step=origin.step, share=origin.share),
        name,
        origin.step,
        (Evidence("not_finite", origin.share, None, (origin.step,), series),),
        case.say(TEXT, "cause"),
        _remedy(case, origin),
        (name,) if name else (),
        layer.line if layer else None,
    )


def _broken_at(case: Case) -> int | None:
    """Where that which stays not finite to the end, the loss, weights or updates, began to be so."""
    record = case.record
    series = [record.loss]
    over = weights_left_behind(record)
    for name in (parameter.name for parameter in record.parameters if parameter.name not in over):
        series += [record.series(name, f"{tensor}.not_finite") for tensor in ("weight", "update")]
    return min((step for one in series if (step := _last_break(one, one is record.loss)) is not None), default=None)


def _last_break(series: Series, is_loss: bool) -> int | None:
    """The first step of the stretch of bad values at the end; None if the last value is good."""
    began = None
    for step, value in zip(reversed(series.steps), reversed(series.values), strict=True):
        if math.isfinite(value) if is_loss else value == 0:
            break
        began = step
    return began


def _origin(case: Case, step: int) -> Origin:
    """The first place in the order in which a step runs, at `step` or, if an update broke the weights, there."""
    layers = case.in_flow(case.record.layers)
    if not any(_looked(case, layer.name, step) for layer in layers):
        return _without_look(case, layers, step)
    for figure in ("input", "activation"):
        for layer in layers:
            if share := _share(case, layer.name, figure, step):
                return Origin(figure, step, layer, share)
    if _loss_broken(case, step):
        return Origin("loss", step)
    for layer in reversed(layers):
        if share := _share(case, layer.name, "gradient", step):
            return Origin("gradient", step, layer, share)
    return Origin("weight", step)


def _without_look(case: Case, layers: list[Layer], step: int) -> Origin:
    """Where the layers were not looked at as it began, only data that are bad at the next look tell where from."""
    for layer in layers:
        later = case.record.series(layer.name, "input.not_finite").since(step)
        if later and later.first:
            return Origin("input", later.steps[0], layer, later.first)
    return Origin("somewhere" if _loss_broken(case, step) else "weight", step)


def _looked(case: Case, owner: str, step: int) -> bool:
    return any(
        step in case.record.series(owner, f"{tensor}.not_finite").steps for tensor in ("activation", "gradient")
    )


def _loss_broken(case: Case, step: int) -> bool:
    return not math.isfinite(dict(zip(case.record.loss.steps, case.record.loss.values, strict=True)).get(step, 0.0))


def _share(case: Case, owner: str, tensor: str, step: int) -> float:
    series = case.record.series(owner, f"{tensor}.not_finite").since(step).until(step)
    return series.first if series else 0.0


def _remedy(case: Case, origin: Origin) -> Remedy:
    if origin.what == "input":
        return Remedy("check-inputs", f"assert torch.isfinite(x).all()     # {case.say(TEXT, 'check')}")
    if origin.what in OFF_ZERO and not _may_overflow(case, origin):
        return Remedy("keep-off-zero", f"{OFF_ZERO[origin.what]}     # {case.say(TEXT, origin.what + ' at 0')}")
    found = code.rate_of(case.record.optimizers)
    if found and origin.step > 0:
        return code.slower(*found, case.say(TEXT, "slower", lr=found[1]))
    return Remedy("find-operator", f"torch.autograd.set_detect_anomaly(True)     # {case.say(TEXT, 'find')}")


def _may_overflow(case: Case, origin: Origin) -> bool:
    """Whether what stood before it was so large that a square of it overflows: 2^64, of float32's 2^128."""
    if origin.what == "loss":
        before = [
            case.record.series(layer.name, "activation.max_abs").until(origin.step) for layer in case.record.layers
        ]
    else:
        name = origin.layer.name if origin.layer else ""
        before = [case.record.series(name, "gradient.max_abs").until(origin.step - 1)]
    return any(series and not series.last < 2.0**64 for series in before)
