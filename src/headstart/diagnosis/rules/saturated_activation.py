"""Most outputs of a tanh or sigmoid layer stand at the ends of its range, where it has no slope left.

## What it sees
The share of a layer's outputs at which the activation's derivative is below 1 % of its largest value
(`activation.saturated`): tanh beyond ±0.995, sigmoid below 0.0025 or above 0.9975, softsign beyond ±0.9, hardtanh and
hardsigmoid at their corners; a number that the sums are multiplied by before the activation counts. It speaks if the
share is above the limit throughout the last third of a run that does not learn. Where nothing tells whether a run learns,
it is advice, and only if the share was above the limit from the first look to the last.

## Why it hurts
The gradient of everything in front of the layer is multiplied by that derivative. Where it is gone, the weights in
front of it move a hundred times slower than they should, and the output hardly tells one input from another.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2))
nn.init.constant_(model[2].bias, 20.0)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(120):
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
y = (x[:, 0] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2))
nn.init.zeros_(model[2].bias)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(120):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `SATURATED_SHARE` = 0.5: of a layer's outputs. Before tanh, a sum of std 1 is saturated in 0.3 % of cases (|z| > 2.99,
  twice the normal tail), one of std 3 in 32 %, one of std 4.4 in half of them: more than four times what the law for
  its weights gives.

## Stays silent when
The run learns, or may and came to it: gates and binary codes saturate by design, but not from the start. The layer is
the net's output (of a run not known to learn: its sigmoid), the gates are inside an LSTM or GRU, the share falls below the
limit again, or two optimizers play against each other, as the actor of a control at its limits and its critic do.

## References
Glorot & Bengio 2010, §3 (saturated sigmoid and tanh layers); LeCun et al., *Efficient BackProp* (1998), §4.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from headstart.diagnosis import code, skill
from headstart.diagnosis.case import LINEAR, Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Layer, Series

GROUP = "signal"
RESTS_ON = "share"
NEEDS = ("activation.saturated",)
SINCE, STATUS = "0.1.0", "stable"

SATURATED_SHARE = 0.5  # of a layer's outputs; derivation in the page
SECOND_LOOK = {"SATURATED_SHARE": 0.2}

SATURATING = ("tanh", "sigmoid", "softsign", "hardtanh", "hardsigmoid")

TEXT = Text(
    en={
        "message": "{saturated:share} of what {layer} gives stands at the ends of {activation}, where its slope is gone.",
        "start": "It was so from the start: the sums that enter it are too large, by its weights, its bias, its inputs "
        "or a factor before it. Hardly any gradient passes to what lies in front.",
        "later": "It came while training: updates that are too large drove the sums there. Hardly any gradient passes "
        "back, so they stay.",
        "slower": "a tenth of {lr:number}",
    },
    zh={
        "message": "{layer} 的输出有 {saturated:share} 位于 {activation} 的两端，那里几乎没有斜率。",
        "start": "从一开始就是如此：进入它的和太大，原因在于权重、偏置、输入或它前面的系数。几乎没有梯度能传到它前面的层。",
        "later": "这是在训练中出现的：过大的更新把这些和推到了两端。几乎没有梯度能传回来，所以它们会留在那里。",
        "slower": "{lr:number} 的十分之一",
    },
)


def saturated_activation(case: Case) -> Iterator[Finding]:
    """One finding for all layers, told of the first in the flow: those behind it are fed by it."""
    unknown = _is_unknown(case)
    if case.learns is not False and not unknown:
        return
    found = [(layer, series) for layer, series in _layers(case, unknown) if _lasts(case, series)]
    if unknown:
        found = [(layer, series) for layer, series in found if min(series.values) > SATURATED_SHARE]
    if not found:
        return
    layer, series = found[0]
    start = series.first > SATURATED_SHARE
    step = series.steps[0] if start else series.first_above(SATURATED_SHARE)
    late = fmean(series.since(2 * len(case.record) // 3).values)
    evidence = Evidence(
        "saturated_share", late, SATURATED_SHARE, (step or 0, series.steps[-1]), "activation.saturated"
    )
    yield Finding(
        "saturated-activation",
        "advice" if unknown else "error",
        case.say(TEXT, "message", saturated=late, layer=layer.name, activation=_activation(layer)),
        layer.name,
        step,
        (evidence,),
        case.say(TEXT, "start" if start else "later"),
        _remedy(case, layer, start),
        tuple(layer.name for layer, _ in found),
        layer.line,
    )


def _is_unknown(case: Case) -> bool:
    """Whether the loss says nothing of whether the run learns, though it is long enough, and one optimizer's alone."""
    unknown = case.learns is None and case.skill is None and len(case.record.optimizers) < 2
    return unknown and len(case.record.loss) >= skill.ENOUGH_STEPS


def _layers(case: Case, outputs: bool) -> Iterator[tuple[Layer, Series]]:
    """Hidden activations, and linear layers that are read through the one that follows.

    Of `outputs` not those of a sigmoid: the logarithm behind it gives the slope back.
    """
    for layer in case.in_flow(case.record.layers):
        series = case.record.series(layer.name, "activation.saturated")
        hidden = not layer.output or (outputs and layer.activation != "sigmoid")
        if series and hidden and _activation(layer):
            yield layer, series


def _activation(layer: Layer) -> str | None:
    return layer.activation if layer.activation in SATURATING else None


def _lasts(case: Case, series: Series) -> bool:
    late = series.since(2 * len(case.record) // 3)
    return len(late) > 1 and min(late.values) > SATURATED_SHARE


def _remedy(case: Case, layer: Layer, start: bool) -> Remedy | None:
    """From the start: the weights in front of it. Later: the learning rate."""
    if start:
        owners = [layer, *map(case.record.layer, layer.follows)]
        owner = next((one for one in owners if one and one.kind in LINEAR and one.parameters), None)
        return Remedy("re-initialise", code.init(owner) + _zero_bias(owner)) if owner else None
    found = code.rate_of(case.record.optimizers)
    return code.slower(*found, case.say(TEXT, "slower", lr=found[1])) if found else None


def _zero_bias(layer: Layer) -> str:
    biased = f"{layer.name}.bias" in layer.parameters
    return f"\ntorch.nn.init.zeros_({code.path(layer.name)}.bias)" if biased else ""
