"""The first weights blow the signal up on its way through the net.

## What it sees
The root mean square of each weight at its first look, against the law that keeps the signal's size for this layer's
fan-in and activation, multiplied along the way from the input, a norm or a shortcut to each layer; and of recurrent
weights, what one step does to the state.

## Why it hurts
Outputs ten or a thousand times too large give a loss far above that of guessing, saturate tanh and sigmoid, and make
gradients as much too large: the first steps throw the net somewhere it does not come back from.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 64)
y = (x[:, :32].sum(1) > 0).long()
layers = []
for width in (64, 256, 256, 256):
    layers += [nn.Linear(width, 256), nn.ReLU()]
model = nn.Sequential(*layers, nn.Linear(256, 2))
for module in model:
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=1.0)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
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
x = torch.randn(512, 64)
y = (x[:, :32].sum(1) > 0).long()
layers = []
for width in (64, 256, 256, 256):
    layers += [nn.Linear(width, 256), nn.ReLU()]
model = nn.Sequential(*layers, nn.Linear(256, 2))
for module in model:
    if isinstance(module, nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `GROWTH` = 10: the signal's size behind a layer, 1 being what the law keeps. The laws in use exceed it by √2
  a layer at most (He's law in front of SELU, widths being alike): seven such layers in a row make 11 of that, fewer stay
  below ten. A function of the user's own between two layers may be a ReLU: there √2 a layer is let pass. Logits of size 10
  put softmax at its corners.
- `A_STEP` = 4: what a step of the sequence does to a state's size, std × √hidden. A random matrix makes states chaotic
  from 1 on (Sompolinsky, Crisanti & Sommers 1988); PyTorch's default is 0.58, an orthogonal matrix 1, and the largest
  in published use that we know 2.2 (U(±0.1) on 1,500 units). At 4 nearly all units sit in the corners of tanh.
- `SHARE` = 2: a layer this far above its law has its part in the growth. The laws in use exceed it by less (He's
  by √2), but for the 4 × Xavier of old sigmoid nets, 2.2 times it, which a sigmoid, being bounded, does not pass on.

## Stays silent when
A norm follows (its output does not depend on the weights' scale). Or plain descent on the squared errors of a single
linear layer diverges, which it does from any start. In a run that learns it is advice at most.

## References
He et al. 2015, §2.2; Glorot & Bengio 2010; Mishkin & Matas, *All you need is a good init* (2016).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from headstart.diagnosis import code, quadratic
from headstart.diagnosis.case import Case
from headstart.diagnosis.gains import Gain, gains, recurrent_gains
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "init"
RESTS_ON = "size"
NEEDS = ("weight.std",)
SINCE, STATUS = "0.1.0", "stable"

GROWTH = 10.0  # signal behind a layer over the law's; derivation in the page: laws in use give √2 a layer at most
A_STEP = 4.0  # a state's growth a step of the sequence; laws in use give 0.58 to 2.2 (derivation in the page)
SHARE = 2.0  # a layer this far above its law has its part in the growth; laws in use stay below (but see the page)
SECOND_LOOK = {"GROWTH": 3.0, "A_STEP": 2.5, "SHARE": 1.5}

TEXT = Text(
    en={
        "message": "The first weights of {layer} have std {std:number} where {law:number} keeps the signal's size: "
        "behind {end} it is {along:number} times too large.",
        "cause": "Each layer multiplies the signal by std × √fan_in; whatever exceeds the law compounds with depth, "
        "and the gradients grow with it.",
        "recurrent": "The recurrent weights {layer} start with std {std:number} where {law:number} keeps the state's size: "
        "each step of the sequence makes it {along:number} times too large.",
        "state": "The weights multiply the state at every step of the sequence. Too large, they drive it into the corners "
        "of its activation, where it forgets what it was given, and gradients grow with the length.",
        "std": "std {law:number} instead of {std:number}",
    },
    zh={
        "message": "{layer} 的初始权重标准差为 {std:number}，而保持信号大小需要 {law:number}：到 {end} 之后信号放大了 "
        "{along:number} 倍。",
        "cause": "每一层把信号乘以 标准差 × √fan_in；超出法则的部分随深度累乘，梯度也随之增大。",
        "recurrent": "循环权重 {layer} 的初始标准差为 {std:number}，而保持状态大小需要 {law:number}：序列的每一步都把状态"
        "放大 {along:number} 倍。",
        "state": "这些权重在序列的每一步都与状态相乘。过大时会把状态推到激活函数的两端，使它忘记输入，梯度也随长度增长。",
        "std": "标准差取 {law:number}，而不是 {std:number}",
    },
)


def weights_too_large(case: Case) -> Iterator[Finding]:
    """One finding for the layers of a chain, and one for recurrent weights."""
    yield from _chain(case)
    yield from _recurrent(case)


def _recurrent(case: Case) -> Iterator[Finding]:
    found = [gain for gain in recurrent_gains(case) if gain.own > A_STEP]
    if not found:
        return
    worst = max(found, key=lambda gain: gain.own)
    weight = code.path(worst.weight.name)
    facts = {"layer": worst.weight.name, "std": worst.std, "law": worst.law, "along": worst.own}
    yield Finding(
        "weights-too-large",
        "error",
        case.say(TEXT, "recurrent", **facts),
        worst.layer.name,
        worst.step,
        (
            Evidence("state_growth", worst.own, A_STEP, (worst.step,)),
            Evidence("weight_std", worst.std, None, (worst.step,)),
        ),
        case.say(TEXT, "state"),
        Remedy("re-initialise", f"torch.nn.init.orthogonal_({weight})     # {case.say(TEXT, 'std', **facts)}"),
        tuple(dict.fromkeys(gain.layer.name for gain in found)),
        worst.layer.line,
    )


def _chain(case: Case) -> Iterator[Finding]:
    """Of all layers that have their part in the growth, told of the one that is furthest off."""
    found = list(gains(case))
    ends = [gain for gain in found if _at_least(case, gain) > GROWTH]
    end = max(ends, key=lambda gain: gain.along, default=None)
    if end is None or quadratic.diverges(case):
        return
    way = {*case.flow.upstream(end.layer.name), end.layer.name}
    parts = [gain for gain in found if gain.layer.name in way and gain.own > SHARE] or [end]
    worst = max(parts, key=lambda gain: gain.own)
    facts = {"layer": worst.layer.name, "std": worst.std, "law": worst.law, "end": end.layer.name, "along": end.along}
    lines = code.init_all([gain.layer for gain in parts])
    yield Finding(
        "weights-too-large",
        "error",
        case.say(TEXT, "message", **facts),
        worst.layer.name,
        worst.step,
        (
            Evidence("signal_growth", end.along, GROWTH, (end.step,)),
            Evidence("weight_std", worst.std, None, (worst.step,), "weight.std"),
        ),
        case.say(TEXT, "cause"),
        Remedy("re-initialise", f"{lines}     # {case.say(TEXT, 'std', **facts)}"),
        tuple(gain.layer.name for gain in parts),
        worst.layer.line,
    )


def _at_least(case: Case, end: Gain) -> float:
    """The growth behind it, if each function of the user's own on the way is a ReLU, whose law is √2 times as large."""
    before = [case.record.layer(name) for name in case.flow.upstream(end.layer.name)]
    own = sum(one is not None and one.bare is False and not one.activation and not one.norm for one in before)
    return end.along / math.sqrt(2) ** min(own, end.depth - 1)
