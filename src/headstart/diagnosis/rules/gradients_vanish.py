"""The gradient dies out on its way from the loss to the first layers.

## What it sees
The root mean square of the gradient at each layer's output, as a median over the last third of the run, over the
largest one of the layers behind it, nearer to the loss. (Of nets without modules, and of the layers within an `nn.LSTM`,
`nn.GRU` or `nn.RNN` of several: that of the weights' gradients.)

And within an `nn.RNN`: the gradient at its first step over the largest one of any step, as a median over the looks at steps
1, 2, 4, 8 and so on in the last seven eighths of a run that does not learn.

And how many layers there are before the last one, if each of them but for embeddings has a sigmoid.

And whether every gradient of every weight is exactly 0 from some step on to the run's end, while the loss is not.

## Why it hurts
Layers that get 10,000 times less gradient than others do not train: with one learning rate for all, their updates
are lost in rounding. The net then learns with its last layers only, on top of random features. A recurrent layer whose
first steps get nothing cannot learn to keep what they say. And where no weight gets anything, the loss does not depend on
the weights: it is multiplied by a coefficient of 0, or by a mask without a 1, or taken of what was clipped or rounded.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
layers = []
for width in (20, 32, 32, 32, 32, 32, 32, 32):
    layers += [nn.Linear(width, 32), nn.Sigmoid()]
model = nn.Sequential(*layers, nn.Linear(32, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(80):
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
layers = []
for width in (20, 32, 32, 32, 32, 32, 32, 32):
    layers += [nn.Linear(width, 32), nn.ReLU()]
model = nn.Sequential(*layers, nn.Linear(32, 2))
for module in model:
    if isinstance(module, nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(80):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `LEFT` = 1e-4: of the largest gradient behind the layer. A good update is about 1e-3 of its weight, so that a layer
  with 1e-4 of the gradient moves by 1e-7 of its weight, which is float32's own resolution (1.2e-7): not at all.
- `ENOUGH_STEPS` = 20: looks to the run's end at which every gradient is 0; as many steps as a skill is judged from.
- `SIGMOIDS` = 4: layers before the last, each with a sigmoid, in a run that does not learn. With four of them the last one
  goes to 0 at first, and nets are stuck there for long (Glorot & Bengio 2010, §3.1, figure 2).
- `LATE` = 8: the looks into a recurrent layer count after the first eighth of the run, which holds all but three of them.

Where no weight gets a gradient, it is an error in a run that does not learn; in one of which that is not known, or which
had learnt before, it is advice.

## Stays silent when
Of all gradients that are 0: the loss is 0, too, as that of margins which are all kept.

Of a layer's: the ratio recovers in the last third (branches that start from zero), the layers are not on one way, the
gradient reaches the layers in front all the same (past a branch, a gate or an attention's queries), or the places of a map
(or the tokens of a sequence) share it: each gets little of what their mean gets, and the weights get the sum. In a run that
learns it is advice at most, and within a recurrent layer nothing. Nothing is known of the steps of an LSTM or a GRU, of
both directions at once or of packed sequences. Absolute sizes count for nothing: they fall with batch, width and loss.

## References
Hochreiter 1991; Bengio, Simard & Frasconi 1994; Glorot & Bengio 2010, §3.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import takewhile
from statistics import median

from headstart.diagnosis import code
from headstart.diagnosis.backflow import Received, Way, passed_by, stacked, ways_back
from headstart.diagnosis.case import TABLES, Case, is_linear
from headstart.diagnosis.skill import ENOUGH_STEPS
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "signal"
RESTS_ON = "size"
NEEDS = ("weight_gradient.std",)
SINCE, STATUS = "0.1.0", "stable"

__all__ = ["ENOUGH_STEPS", "LATE", "LEFT", "SECOND_LOOK", "SIGMOIDS", "gradients_vanish"]

LEFT = 1e-4  # of the largest gradient behind; times a good update, 1e-3 of a weight, it is float32's epsilon
LATE = 8  # the looks come at steps 1, 2, 4, 8, ...: after this part of the run there are three
SIGMOIDS = 4  # layers before the last one, all with sigmoids: Glorot & Bengio 2010, figure 2
SECOND_LOOK = {"LEFT": 0.05, "SIGMOIDS": 2}

TEXT = Text(
    en={
        "none": "No gradient at all reaches {layer}, while {source} gets one.",
        "message": "The gradient that reaches {layer} is {ratio:number} of what {source} gets: it dies out on its way "
        "back through the net.",
        "nothing": "From step {step:number} on no weight gets a gradient: all are exactly 0, while the loss is "
        "{loss:number}.",
        "constant": "The loss does not depend on the weights. Is it multiplied by a coefficient or a mask that is 0, such "
        "as a beta, or is it clipped or rounded where all answers lie?",
        "look": "how much a small change of the answers changes the loss",
        "cause": "Each layer on the way multiplies the gradient by its weights and its activation's derivative "
        "(at most 1/4 for sigmoid, zero for a dead ReLU). What is left moves the weights by less than they can show.",
        "sigmoids": "All {count:number} layers before the last one end in a sigmoid.",
        "shrinks": "Each of them shrinks the signal, and the gradient on its way back, to a quarter at most, and gives "
        "values about 1/2, which the layer behind it has to unlearn first: such nets stay for long at the constant answer.",
        "early": "The gradient at the first step of {layer} is {ratio:number} of the largest one of any step: it dies out "
        "on its way back through the sequence.",
        "steps": "Each step back multiplies the gradient by the recurrent weights and the activation's derivative. What "
        "the first steps read can't be learnt from the loss behind the last ones.",
        "gated": "or torch.nn.LSTM: their states pass on unchanged until a gate opens; or shorter sequences",
        "bounded": "{activation} shrinks the gradient at every layer",
        "stack": "or layers of their own, each with a shortcut around it",
        "scaled": "weights by the law that keeps the gradient's size",
    },
    zh={
        "none": "{layer} 完全得不到梯度，而 {source} 能得到。",
        "message": "到达 {layer} 的梯度只有 {source} 的 {ratio:number} 倍：它在反向传播的途中消失了。",
        "nothing": "从第 {step:number} 步起，没有一个权重得到梯度：全部恰好为 0，而损失是 {loss:number}。",
        "constant": "损失不依赖于权重。它是否乘以为 0 的系数（例如 beta）或掩码，或在所有答案所在之处被截断或取整？",
        "look": "答案的微小变化使损失改变多少",
        "cause": "途中的每一层都把梯度乘以它的权重和激活函数的导数（sigmoid 至多 1/4，死掉的 ReLU 为零）。"
        "剩下的梯度使权重的"
        "变化小到无法表示。",
        "sigmoids": "最后一层之前的 {count:number} 层全部以 sigmoid 结尾。",
        "shrinks": "每一层都把信号和返回途中的梯度缩小到至多四分之一，而且输出都在 1/2 附近，后面的层要先摆脱这个偏移："
        "这样的网络会长时间停在常数答案上。",
        "early": "{layer} 第一个时间步的梯度只有各步中最大值的 {ratio:number} 倍：它在沿序列反向传播的途中消失了。",
        "steps": "每往回一步，梯度都要乘以循环权重和激活函数的导数。最初几步读到的内容，无法从最后几步之后的损失中学到。",
        "gated": "或 torch.nn.LSTM：在门打开之前，它们的状态原样传下去；或缩短序列",
        "bounded": "{activation} 在每一层都缩小梯度",
        "stack": "或使用各自独立的层，每层加一条残差连接",
        "scaled": "按保持梯度大小的法则初始化权重",
    },
)


def gradients_vanish(case: Case) -> Iterator[Finding]:
    """One finding for all layers, told of the one that gets least; or for the run, where none gets anything."""
    if nothing := _without_any(case):
        yield _of_nothing(case, nothing)
        return
    low = [way for way in ways_back(case) if way.ratio * _places(way) < LEFT]
    found = [way for way in low if passed_by(case, way) < LEFT * way.source.typical]
    found += [way for way in stacked(case) if way.ratio < LEFT]
    if not found:
        yield from [*_through_time(case)] or _sigmoids(case)
        return
    way = min(found, key=lambda way: way.ratio)
    layer = way.to.layer
    facts = {"layer": way.to.name, "source": way.source.name, "ratio": way.ratio}
    step = way.first_step(LEFT) if way.ratio else _ended(way)
    yield Finding(
        "gradients-vanish",
        "error" if way.ratio == 0 else "warning",
        case.say(TEXT, "message" if way.ratio else "none", **facts),
        layer.name,
        step,
        (
            Evidence("gradient_ratio", way.ratio, LEFT, (step or 0, way.to.series.steps[-1])),
            Evidence("gradient_rms", way.to.typical, None, (way.to.series.steps[-1],), way.to.figure),
        ),
        case.say(TEXT, "cause"),
        _remedy(case, way.to),
        tuple(dict.fromkeys(way.to.layer.name for way in found)),
        layer.line,
    )


def _without_any(case: Case) -> list[int]:
    """The looks to the run's end at which every gradient is exactly 0, and the loss is not."""
    seen: dict[int, bool] = {}
    for parameter in case.record.parameters:
        series = case.record.series(parameter.name, "weight_gradient.max_abs")
        for step, value in zip(series.steps, series.values, strict=True):
            seen[step] = seen.get(step, False) or value != 0
    last = list(takewhile(lambda step: not seen[step], sorted(seen, reverse=True)))[::-1]
    losses = dict(zip(case.record.loss.steps, case.record.loss.values, strict=True))
    known = all(math.isfinite(loss := losses.get(step, math.nan)) and loss != 0 for step in last)
    return last if len(last) >= ENOUGH_STEPS and known else []


def _of_nothing(case: Case, steps: list[int]) -> Finding:
    return Finding(
        "gradients-vanish",
        "error" if case.learns is False else "advice",
        case.say(TEXT, "nothing", step=steps[0], loss=case.record.loss.last),
        step=steps[0],
        evidence=(
            Evidence("gradient_max", 0.0, None, (steps[0], steps[-1])),
            Evidence("zero_steps", len(steps), ENOUGH_STEPS, (steps[0], steps[-1])),
        ),
        cause=case.say(TEXT, "constant"),
        remedy=Remedy("look-at-the-loss", f"torch.autograd.grad(loss, outputs)     # {case.say(TEXT, 'look')}"),
    )


def _through_time(case: Case) -> Iterator[Finding]:
    """Of the first recurrent layer whose first step gets nothing of what its last steps get."""
    for layer in case.in_flow(case.record.layers):
        early = case.record.series(layer.name, "gradient.early")
        late = early.since(len(case.record) // LATE)
        if case.learns is not False or len(late) < 2 or not median(late.values) < LEFT:
            continue
        ratio = median(late.values)
        yield Finding(
            "gradients-vanish",
            "warning",
            case.say(TEXT, "early", layer=layer.name, ratio=ratio),
            layer.name,
            early.first_below(LEFT),
            (Evidence("early_gradient", ratio, LEFT, (late.steps[0], late.steps[-1])),),
            case.say(TEXT, "steps"),
            Remedy("gated", f"torch.nn.GRU(...)     # {case.say(TEXT, 'gated')}", safe=False),
            (layer.name,),
            layer.line,
        )
        return


def _sigmoids(case: Case) -> Iterator[Finding]:
    layers = [layer for layer, _ in case.weighted() if not layer.output and layer.kind not in TABLES]
    plain = all(is_linear(layer) and layer.activation == "sigmoid" for layer in layers)
    if case.learns is not False or len(layers) < SIGMOIDS or not plain:
        return
    yield Finding(
        "gradients-vanish",
        "warning",
        case.say(TEXT, "sigmoids", count=len(layers)),
        layers[0].name,
        0,
        (Evidence("sigmoid_layers", len(layers), SIGMOIDS),),
        case.say(TEXT, "shrinks"),
        Remedy("relu", f"torch.nn.ReLU()     # {case.say(TEXT, 'bounded', activation='sigmoid')}", safe=False),
        tuple(layer.name for layer in layers),
        layers[0].line,
    )


def _ended(way: Way) -> int | None:
    """From which step on a layer that gets no gradient at all got none: small ones before that were another matter.

    Of the steps that were looked at: what a single batch leaves over later does not count.
    """
    series = way.to.series
    return next((step for step, value in zip(series.steps, series.values, strict=True) if value == 0), None)


def _places(way: Way) -> float:
    """How many times as many places share the layer's weights: behind a mean over them each gets its part of one."""
    return max(1.0, (way.to.layer.places or 1) / (way.source.layer.places or 1))


def _remedy(case: Case, to: Received) -> Remedy:
    layer = to.layer
    if to.is_inner:
        return Remedy(
            "fewer-layers", f"torch.nn.{layer.kind}(..., num_layers=2)     # {case.say(TEXT, 'stack')}", safe=False
        )
    if layer.activation in ("sigmoid", "tanh"):
        note = case.say(TEXT, "bounded", activation=layer.activation)
        return Remedy("relu", f"torch.nn.ReLU()     # {note}", safe=False)
    return Remedy("re-initialise", f"{code.init(layer)}     # {case.say(TEXT, 'scaled')}")
