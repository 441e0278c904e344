"""The first weights let the signal die out on its way through the net.

## What it sees
The root mean square of each weight at its first look, against the law that keeps the signal's size for this layer's
fan-in and activation, multiplied along the way from the input, a norm or a shortcut. The last layer does not count:
starting it small is good practice. A sigmoid's output keeps its size whatever comes in; of it is known what is left of
the difference between two inputs, at most: its slope is nowhere above 1/4. With two or more such layers in front of the
last one that counts as well, for one alone is no depth that compounds.

## Why it hurts
Every layer shrinks what comes in and, on the way back, the gradient by the same factor. After a few layers the
outputs no longer depend on the inputs, and the weights hardly move.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 64)
y = (x[:, :32].sum(1) > 0).long()
layers = []
for width in (64, 128, 128, 128, 128):
    layers += [nn.Linear(width, 128), nn.ReLU()]
model = nn.Sequential(*layers, nn.Linear(128, 2))
for module in model:
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.005)
        nn.init.zeros_(module.bias)
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
x = torch.randn(512, 64)
y = (x[:, :32].sum(1) > 0).long()
layers = []
for width in (64, 128, 128, 128, 128):
    layers += [nn.Linear(width, 128), nn.ReLU()]
model = nn.Sequential(*layers, nn.Linear(128, 2))
for module in model:
    if isinstance(module, nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(80):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `LEFT` = 1e-3: what is left of the signal behind all layers. PyTorch's own start keeps 0.41 a ReLU layer, so it
  passes with seven layers (2e-3), and fails, rightly, with ten plain ones (1e-4).
- `A_LAYER` = 0.05: what is left on average a layer. No law in use goes below 0.4; std 0.01 on fewer than 50 inputs
  does. Of what tells inputs apart, behind sigmoids, PyTorch's own start leaves 0.14 a layer and Glorot's law 0.25.

## Stays silent when
A norm follows on every way (it divides the size out again), a shortcut carries the signal past the layer, the weights
are so few that PyTorch's own law may draw them as small (of a layer with one weight nothing is said), weights are
exactly zero (that is another question), or only the last layer is small. In a run that learns it is advice at most.

## References
He et al. 2015, §2.2 (a 30-layer net that Xavier's law stalls); Glorot & Bengio 2010.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis import code
from headstart.diagnosis.case import Case
from headstart.diagnosis.gains import Gain, as_usual, divided_out, gains, may_be_chance
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "init"
RESTS_ON = "size"
NEEDS = ("weight.std",)
SINCE, STATUS = "0.1.0", "stable"

LEFT = 1e-3  # of the signal behind all layers; PyTorch's default start passes to depth 7: 0.41^7 = 2e-3
A_LAYER = 0.05  # of the signal on average a layer; the smallest law in use (PyTorch's default) leaves 0.41
SECOND_LOOK = {"LEFT": 0.02, "A_LAYER": 0.1}

TEXT = Text(
    en={
        "one": "The first weights of {layer} have std {std:number} where {law:number} keeps the signal's size: only "
        "{along:share} of it is left behind {layer}.",
        "many": "The first weights let the signal die out: behind {end}, {depth:number} layers deep, {along:number} "
        "of its size is left; {layer} has std {std:number} where {law:number} would keep it.",
        "apart": "The first weights let the inputs become alike: behind {end}, {deep:number} layers deep, at most "
        "{apart:number} of what tells two inputs apart is left; {layer} has std {std:number}.",
        "slope": "Each layer multiplies the difference between two inputs, and on the way back the gradient, by std × "
        "√fan_in and its activation's slope, which is nowhere above 1/4 for a sigmoid.",
        "steep": "activations that are steep at 0, as tanh, keep more of it",
        "cause": "Each layer multiplies the signal, and on the way back the gradient, by std × √fan_in over the "
        "activation's gain; what falls short compounds with depth.",
        "std": "std {law:number} instead of {std:number}",
    },
    zh={
        "one": "{layer} 的初始权重标准差为 {std:number}，而保持信号大小需要 {law:number}："
        "{layer} 之后信号只剩 {along:share}。",
        "many": "初始权重让信号逐层消失：到第 {depth:number} 层（{end}）之后，信号只剩原来的 {along:number} 倍；{layer} "
        "的标准差为 {std:number}，而保持信号需要 {law:number}。",
        "apart": "初始权重让不同的输入变得相同：到第 {deep:number} 层（{end}）之后，"
        "两个输入之间的差别最多只剩 {apart:number} "
        "倍；{layer} 的标准差为 {std:number}。",
        "slope": "每一层把两个输入之间的差别（反向时把梯度）乘以 标准差 × √fan_in 和激活函数的斜率，而 sigmoid 的斜率处处"
        "不超过 1/4。",
        "steep": "在 0 处较陡的激活函数（如 tanh）能保留更多差别",
        "cause": "每一层把信号（反向时把梯度）乘以 标准差 × √fan_in 再除以激活函数的增益；不足的部分随深度累乘。",
        "std": "标准差取 {law:number}，而不是 {std:number}",
    },
)


def weights_too_small(case: Case) -> Iterator[Finding]:
    """One finding for all layers that have their part, told of the one that is furthest off."""
    found = [gain for gain in gains(case) if not gain.layer.output]
    normed = divided_out(case)
    short = [gain for gain in found if _dies(gain) and gain.layer.name not in normed]
    if not short:
        yield from _alike(case, found)
        return
    end = min(short, key=lambda gain: gain.along)
    way = {*case.flow.upstream(end.layer.name), end.layer.name}
    parts = [gain for gain in found if gain.layer.name in way and gain.own < 1]
    worst = min(parts, key=lambda gain: gain.own)
    if may_be_chance(worst) and not _dies(as_usual(end, worst)):
        return
    facts = {"layer": worst.layer.name, "std": worst.std, "law": worst.law, "end": end.layer.name}
    facts |= {"along": end.along, "depth": end.depth}
    limit = LEFT if end.along < LEFT else A_LAYER**end.depth
    lines = code.init_all([gain.layer for gain in parts])
    yield Finding(
        "weights-too-small",
        "error",
        case.say(TEXT, "one" if end.depth == 1 else "many", **facts),
        worst.layer.name,
        worst.step,
        (
            Evidence("signal_left", end.along, limit, (end.step,)),
            Evidence("weight_std", worst.std, None, (worst.step,), "weight.std"),
        ),
        case.say(TEXT, "cause"),
        Remedy("re-initialise", f"{lines}     # {case.say(TEXT, 'std', **facts)}"),
        tuple(gain.layer.name for gain in parts),
        worst.layer.line,
    )


def _dies(gain: Gain) -> bool:
    return gain.along < LEFT or gain.along < A_LAYER**gain.depth


def _alike(case: Case, found: list[Gain]) -> Iterator[Finding]:
    """One finding, where sigmoids keep the signal's size and nothing of what it says."""
    short = [gain for gain in found if gain.deep > 1 and gain.apart < A_LAYER**gain.deep]
    if not short:
        return
    end = min(short, key=lambda gain: gain.apart)
    way = {*case.flow.upstream(end.layer.name), end.layer.name}
    parts = [gain for gain in found if gain.layer.name in way and gain.own < 1]
    worst = min(parts, key=lambda gain: gain.own)
    facts = {"layer": worst.layer.name, "std": worst.std, "end": end.layer.name, "apart": end.apart, "deep": end.deep}
    lines = code.init_all([gain.layer for gain in parts])
    yield Finding(
        "weights-too-small",
        "error",
        case.say(TEXT, "apart", **facts),
        worst.layer.name,
        worst.step,
        (
            Evidence("signal_left", end.apart, A_LAYER**end.deep, (end.step,)),
            Evidence("weight_std", worst.std, None, (worst.step,), "weight.std"),
        ),
        case.say(TEXT, "slope"),
        Remedy("re-initialise", f"{lines}     # {case.say(TEXT, 'steep')}"),
        tuple(gain.layer.name for gain in parts),
        worst.layer.line,
    )
