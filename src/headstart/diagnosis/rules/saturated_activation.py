"""Most outputs of a tanh or sigmoid layer stand at the ends of its range, where it has no slope left.

## What it sees
The share of a layer's outputs at which the activation's derivative is below 1 % of its largest value
(`activation.saturated`): tanh beyond ±0.995, sigmoid below 0.0025 or above 0.9975, softsign beyond ±0.9, hardtanh and
hardsigmoid at their corners; a number that the sums are multiplied by before the activation counts. And the share of a
loss's answers that `torch.clamp` right before it holds at its ends. It speaks if the share is above the limit throughout
the last third of a run that does not learn. Where nothing tells whether a run learns, it is advice of a layer, and only if
the share was above the limit from the first look to the last.

## Why it hurts
The gradient of everything in front of the layer is multiplied by that derivative. Where it is gone, the weights in
front of it move a hundred times slower than they should, and the output hardly tells one input from another. A clip is no
sigmoid: it keeps the loss from being infinite, and an answer beyond its ends gets no gradient at all, however wrong it is.

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
the net's output and came to it, or has a sigmoid and a loss with a logarithm, which gives the slope back. The gates are
inside an LSTM or GRU, the share falls below the limit again, or two optimizers play against each other, as the actor of
a control at its limits and its critic do.

## References
Glorot & Bengio 2010, §3 (saturated sigmoid and tanh layers); LeCun et al., *Efficient BackProp* (1998), §4.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from headstart.diagnosis import code, skill
from headstart.diagnosis.case import LINEAR, Case
from headstart.diagnosis.skill import REGRESSIONS
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Layer, Series

GROUP = "signal"
RESTS_ON = "share"
NEEDS = ("loss",)
SINCE, STATUS = "0.1.0", "stable"

SATURATED_SHARE = 0.5  # of a layer's outputs; derivation in the page
SECOND_LOOK = {"SATURATED_SHARE": 0.1}

SATURATING = ("tanh", "sigmoid", "softsign", "hardtanh", "hardsigmoid")

TEXT = Text(
    en={
        "message": "{saturated:share} of what {layer} gives stands at the ends of {activation}, where its slope is gone.",
        "start": "It was so from the start: the sums that enter it are too large, by its weights, its bias, its inputs "
        "or a factor before it. Hardly any gradient passes to what lies in front.",
        "later": "It came while training: updates that are too large drove the sums there. Hardly any gradient passes "
        "back, so they stay.",
        "clip": "{clipped:share} of the answers that {kind} is given stand at the ends of a clip, where its slope is 0.",
        "no_slope": "What a clip cuts off gets no gradient, however wrong it is. A sigmoid brings answers between 0 and "
        "1 and keeps a slope.",
        "logits": "the last layer's outputs, neither clipped nor through a sigmoid",
        "bounded": "instead of the clip",
        "slower": "a tenth of {lr:number}",
    },
    zh={
        "message": "{layer} 的输出有 {saturated:share} 位于 {activation} 的两端，那里几乎没有斜率。",
        "start": "从一开始就是如此：进入它的和太大，原因在于权重、偏置、输入或它前面的系数。几乎没有梯度能传到它前面的层。",
        "later": "这是在训练中出现的：过大的更新把这些和推到了两端。几乎没有梯度能传回来，所以它们会留在那里。",
        "clip": "{kind} 得到的答案有 {clipped:share} 位于裁剪的两端，那里的斜率为 0。",
        "no_slope": "被裁剪掉的答案无论错得多厉害都得不到梯度。sigmoid 把答案限制在 0 与 1 之间，同时保留斜率。",
        "logits": "最后一层的输出，既不裁剪也不经过 sigmoid",
        "bounded": "代替裁剪",
        "slower": "{lr:number} 的十分之一",
    },
)


def saturated_activation(case: Case) -> Iterator[Finding]:
    """One finding for all layers, told of the first in the flow: those behind it are fed by it."""
    unknown = _is_unknown(case)
    if case.learns is not False and not unknown:
        return
    found = [
        (layer, series)
        for layer, series in _layers(case, unknown or _by_squares(case))
        if _lasts(case, series) and (min(series.values) > SATURATED_SHARE or not (unknown or layer.output))
    ]
    if not found:
        if not unknown:
            yield from _clipped(case)
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


def _clipped(case: Case) -> Iterator[Finding]:
    """Of the first loss whose answers a clip holds."""
    for loss in case.record.losses:
        series = case.record.series(loss.name, "loss.clipped")
        if not loss.trained or not series or not _lasts(case, series):
            continue
        late = fmean(series.since(2 * len(case.record) // 3).values)
        step = series.first_above(SATURATED_SHARE)
        remedy = f"answers = torch.sigmoid(scores)     # {case.say(TEXT, 'bounded')}"
        if loss.kind == "binary_cross_entropy":
            remedy = (
                f"loss = torch.nn.functional.{loss.kind}_with_logits(scores, labels)     # {case.say(TEXT, 'logits')}"
            )
        yield Finding(
            "saturated-activation",
            "error",
            case.say(TEXT, "clip", clipped=late, kind=loss.kind),
            None,
            step,
            (Evidence("clipped_share", late, SATURATED_SHARE, (step or 0, series.steps[-1])),),
            case.say(TEXT, "no_slope"),
            Remedy("sigmoid", remedy, safe=False),
            line=loss.line,
        )
        return


def _is_unknown(case: Case) -> bool:
    """Whether the loss says nothing of whether the run learns, though it is long enough, and one optimizer's alone."""
    unknown = case.learns is None and case.skill is None and len(case.record.optimizers) < 2
    return unknown and len(case.record.loss) >= skill.ENOUGH_STEPS


def _by_squares(case: Case) -> bool:
    """Whether the loss brings no slope back that a sigmoid or tanh before it takes, as a logarithm does."""
    trained = [loss.kind for loss in case.record.losses if loss.trained]
    return bool(trained) and set(trained) <= set(REGRESSIONS)


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
