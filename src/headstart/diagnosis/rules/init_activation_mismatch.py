"""The weights' law is that of another activation: each layer takes a part of the signal, and the net stands still.

## What it sees
The root mean square of each weight at its first look, against the law that keeps the signal's size for this layer's
fan-in and the activation that follows, multiplied along the way; the gradient's decline on its way back at the first
step; and how far the hidden weights came over the whole run.

## Why it hurts
Xavier's law keeps a signal under tanh; under ReLU, which lets half of it through, each layer leaves 0.71, and PyTorch's
own start 0.41. A few layers bear that. But what is left of the signal multiplies each gradient, and so does what is left
of the gradient: with steps as long as the gradient, all hidden layers slow down by the product over the depth.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
centres = torch.randn(4, 16)
y = torch.randint(0, 4, (1000,))
x = centres[y] + torch.randn(1000, 16)
x = (x - x.mean(0)) / x.std(0)
layers = []
for width in (16, *[64] * 9):
    layers += [nn.Linear(width, 64), nn.ReLU()]
model = nn.Sequential(*layers, nn.Linear(64, 4))
for module in model:
    if isinstance(module, nn.Linear):
        nn.init.xavier_normal_(module.weight)
        nn.init.zeros_(module.bias)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(150):
    batch = torch.randint(0, 1000, (50,))
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
centres = torch.randn(4, 16)
y = torch.randint(0, 4, (1000,))
x = centres[y] + torch.randn(1000, 16)
x = (x - x.mean(0)) / x.std(0)
layers = []
for width in (16, *[64] * 9):
    layers += [nn.Linear(width, 64), nn.ReLU()]
model = nn.Sequential(*layers, nn.Linear(64, 4))
for module in model:
    if isinstance(module, nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(150):
    batch = torch.randint(0, 1000, (50,))
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
    optimizer.step()
```

## Limits
- `WAY` = 0.01: of a weight's size, from which no hidden weight got away over the whole run.
- `BY_LAW` = 0.1: of a weight's size, which the furthest of them would have come with gradients as the law makes them: its
  way over what the product leaves. Below, the steps are too short for any start.
- `SEEN` = 0.5: of the product's logarithm, which the gradient must show between the last hidden layer and the first.
- `ENOUGH` = 100: steps.

The first two together ask that less than a tenth of the signal is left, `WAY` / `BY_LAW`.

The product over ten layers of 0.71 is 0.03. On such a net and the task above, the formula says that its weights would
come 0.11 of their size by the law; drawn by it, they came 0.05 to 0.10.

## Stays silent when
The run learns or it is not known; hidden weights do move; steps are divided by the gradient's size, as Adam's are, so that
they do not shrink with it; a clip cuts most steps, and so sets their length; a norm or a shortcut carries the signal; or
less than a thousandth of it is left, which weights-too-small says.

## References
He et al. 2015, §2.2 and Fig. 3 (a 30-layer net that Xavier's law stalls); Glorot & Bengio 2010, eq. 12.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

from headstart.diagnosis import code
from headstart.diagnosis.backflow import SIGNAL
from headstart.diagnosis.case import Case
from headstart.diagnosis.gains import Gain, gains
from headstart.diagnosis.rules.weights_too_small import weights_too_small
from headstart.diagnosis.text import Text
from headstart.diagnosis.updates import ADAPTIVE, moves, path
from headstart.findings import Evidence, Finding, Remedy

GROUP = "init"
RESTS_ON = "size"
NEEDS = ("weight.std", "update.std", "gradient.std", "skill")
SINCE, STATUS = "0.1.0", "stable"

WAY = 0.01  # of a weight's size: within it, what it computes is what it computed at the start
BY_LAW = 0.1  # of a weight's size, that it would have come with the law's gradients; derivation in the page
SEEN = 0.5  # of the product's logarithm, that the gradient must show on its way back
ENOUGH = 100  # steps; fewer are a try, not a training

TEXT = Text(
    en={
        "message": "The first weights do not suit {activation}: {layer} has std {std:number} where {law:number} keeps the "
        "signal's size. Behind {depth:number} such layers {along:share} of it is left, and no hidden weight came further "
        "from its start than {way:number} of its size.",
        "cause": "What is left of the signal multiplies every gradient. With weights by the law for {activation}, the same "
        "steps would have moved them by {by_law:number} of their size.",
        "std": "std {law:number} instead of {std:number}",
    },
    zh={
        "message": "初始权重不适合 {activation}：{layer} 的标准差为 {std:number}，而保持信号大小需要 {law:number}。"
        "经过 {depth:number} 个这样的层之后，信号只剩 {along:share}，没有一个隐藏层的权重离开起点超过自身大小的 "
        "{way:number}。",
        "cause": "剩下的信号与每个梯度相乘。如果按 {activation} 的法则初始化，同样的步数会使这些权重改变自身大小的 "
        "{by_law:number}。",
        "std": "标准差取 {law:number}，而不是 {std:number}",
    },
)


def init_activation_mismatch(case: Case) -> Iterator[Finding]:
    """One finding for all layers of the chain that leaves least, told of the one that is furthest off."""
    if case.learns is not False or len(case.record) < ENOUGH or _is_clipped(case) or _is_adaptive(case):
        return
    hidden = [gain for gain in gains(case) if not gain.layer.output]
    end = min(hidden, key=lambda gain: gain.along, default=None)
    if end is None or end.along >= WAY / BY_LAW or next(weights_too_small(case), None) is not None:
        return
    chain = [gain for gain in hidden if gain.layer.name in {*case.flow.upstream(end.layer.name), end.layer.name}]
    parts = [gain for gain in chain if gain.own < 1 and gain.layer.activation]
    way = _furthest(case, chain)
    if not parts or not 0 < way < WAY or way / end.along < BY_LAW or not _is_seen(case, chain, end.along):
        return
    worst = min(parts, key=lambda gain: gain.own)
    facts = {"layer": worst.layer.name, "std": worst.std, "law": worst.law, "activation": worst.layer.activation}
    by_law = way / end.along
    lines = code.init_all([gain.layer for gain in parts])
    yield Finding(
        "init-activation-mismatch",
        "error",
        case.say(TEXT, "message", **facts, depth=end.depth, along=end.along, way=way),
        worst.layer.name,
        worst.step,
        (
            Evidence("signal_left", end.along, WAY / BY_LAW, (end.step,)),
            Evidence("weight_std", worst.std, None, (worst.step,), "weight.std"),
            Evidence("way", way, WAY, (worst.step, len(case.record) - 1)),
            Evidence("way_by_law", by_law, BY_LAW),
        ),
        case.say(TEXT, "cause", activation=worst.layer.activation, by_law=by_law),
        Remedy("re-initialise", f"{lines}     # {case.say(TEXT, 'std', law=worst.law, std=worst.std)}"),
        tuple(gain.layer.name for gain in parts),
        worst.layer.line,
    )


def _is_adaptive(case: Case) -> bool:
    """Whether the steps are divided by the gradients' size: then a short way is not these gradients' doing."""
    return any(optimizer.kind in ADAPTIVE for optimizer in case.record.optimizers)


def _is_clipped(case: Case) -> bool:
    """Whether a clip, and not the gradients' size, sets the length of most steps."""
    norms, largest = (case.record.series("", f"loop.{figure}").values for figure in ("norm", "largest"))
    return bool(norms and largest) and median(norms) > median(largest)


def _furthest(case: Case, chain: Sequence[Gain]) -> float:
    """The longest way of the chain's weights; 0 if one of them is not known to move."""
    ways = {move.weight.name: path(move.share, len(case.record)) for move in moves(case)}
    known = [ways.get(gain.weight.name, 0.0) for gain in chain]
    return max(known) if known and min(known) > 0 else 0.0


def _is_seen(case: Case, chain: Sequence[Gain], along: float) -> bool:
    """Whether the gradient declines as the product says, from the chain's last layer back to its first."""
    series = [case.record.series(gain.layer.name, SIGNAL) for gain in chain]
    first, last = series[0], series[-1]
    if not first or not last or not first.first > 0 or not last.first > 0:
        return False
    return math.log(first.first / last.first) < SEEN * math.log(along)
