"""Units of a layer start with the same weights and stay copies of one another.

## What it sees
How many different units each weight holds (`weight.distinct`, exact: a hash of the bits) at the first look, and
again at the last. It speaks of a layer with another layer behind it, two or more units, and at most half as many
different ones, if training has not told them apart; and of units that start as copies of weights other than zero, which
nothing but their biases or the layer behind tells apart. And of two or more weights that are zero and whose gradients are
exactly zero at every step: of one module, of two embeddings of one width, or of any layers of a run that does not learn.
And of two layers in a row, with another behind them, whose weights all start at zero, whatever their biases are.

## Why it hurts
Units with the same incoming and the same outgoing weights compute the same thing and get the same gradient, so they
stay the same for ever: 256 units do the work of one. From zero it is worse still: with ReLU no gradient passes, and of two
factors that are both zero (LoRA's A and B, the users and the items of a factorisation) neither ever gets one.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
for layer in (model[0], model[2]):
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
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
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
nn.init.kaiming_normal_(model[0].weight, nonlinearity="relu")
nn.init.zeros_(model[2].weight)  # the last layer may start from zero
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `DISTINCT` = 0.5: share of different units. Random weights give 1 and a constant 1/units; nothing that is drawn
  lies between.
- `STEPS` = 3: what is zero on purpose (a head, LoRA's B, zero γ or convolutions, Fixup) is told apart by its first
  or second update.

## Stays silent when
The layer is the last before the loss (a linear model from zero is convex and sound), has one unit, is frozen, is a
depthwise filter bank (equal filters, different channels), its weight is used both ways (tied), or its units start from
zero, those of the layer before do not or a shortcut leads past them, and they differ after a few steps.

## References
Goodfellow, Bengio & Courville, *Deep Learning*, §8.4; Zhang et al., Fixup (2019); Hu et al., LoRA (2021).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from headstart.diagnosis import code
from headstart.diagnosis.case import Case
from headstart.diagnosis.needs import TABLES
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy, Severity
from headstart.record import Layer, Parameter, Series

GROUP = "init"
RESTS_ON = "fact"
NEEDS = ("weight.alike",)
SINCE, STATUS = "0.1.0", "stable"

DISTINCT = 0.5  # share of different units; random weights give 1, a constant 1/units: nothing drawn lies between
CAUSES = {"alike": "rank", "nothing": "passes"}  # of what it says; else "cause"
STEPS = 3  # a zero layer with a live one behind it moves at its first update, two in a row at their second

TEXT = Text(
    en={
        "all": "All {units:number} units of {layer} start with the same weights, compute the same thing, get the same "
        "gradient and are still copies of one another at step {step:number}.",
        "some": "The {units:number} units of {layer} hold only {distinct:number} different sets of weights, at the "
        "start and still at step {step:number}.",
        "alike": "All {units:number} units of {layer} start with the same weights; only their biases or the layer "
        "behind tell them apart.",
        "rank": "Units with the same weights see the same one feature of their input; what else the input says does not "
        "get through until training has parted them.",
        "cause": "Only different first weights make units learn different things; from the same ones they move "
        "alike for ever.",
        "follows": "{activation} follows {layer}",
        "nothing": "All weights of {layer}, and those of the layer that it feeds, start at zero: nothing of the inputs "
        "passes, and no gradient comes back.",
        "passes": "A layer of zeros gives its bias, whatever it is given, and sends no gradient to the layer before. "
        "Training gets away from a row of them one layer at a time, if at all.",
        "zeros": "The weights of {layer} ({names}) all start at zero, and their gradients are exactly zero at every step.",
        "product": "They are multiplied by one another: the gradient of each is a product with the other, which is zero, "
        "so that none of them ever moves. One of them may start at zero, not both.",
        "one": "the other may stay zero",
    },
    zh={
        "all": "{layer} 的全部 {units:number} 个单元以相同的权重开始，计算相同的结果，得到相同的梯度，到第 {step:number} "
        "步仍然彼此完全相同。",
        "some": "{layer} 的 {units:number} 个单元只有 {distinct:number} 组不同的权重，开始时如此，到第 {step:number} "
        "步仍然如此。",
        "alike": "{layer} 的全部 {units:number} 个单元以相同的权重开始；只有偏置或后一层使它们不同。",
        "rank": "权重相同的单元只看到输入的同一个特征；在训练把它们分开之前，输入的其余信息无法通过。",
        "cause": "只有不同的初始权重才能让各单元学到不同的东西；从相同的权重出发，它们永远同步变化。",
        "follows": "{layer} 之后是 {activation}",
        "nothing": "{layer} 和它后面那一层的所有权重都从零开始：输入的任何信息都无法通过，也没有梯度传回来。",
        "passes": "全为零的层不论输入是什么都只给出偏置，也不把梯度传给前一层。从一连串这样的层出发，"
        "训练只能一层一层地离开零，甚至根本离不开。",
        "zeros": "{layer} 的权重（{names}）全部从零开始，而且每一步的梯度都恰好是零。",
        "product": "它们彼此相乘：每一个的梯度都含有另一个作为因子，而那是零，因此谁也不会移动。"
        "可以让其中一个从零开始，但不能都是。",
        "one": "另一个可以保持为零",
    },
)


def symmetric_weights(case: Case) -> Iterator[Finding]:
    """One finding for the layers whose units stay copies, one for those that only their biases tell apart."""
    looks = list(_looks(case))
    copies = [look for look in looks if _stay_equal(look)]
    if copies:
        alone = copies[0].distinct.last <= 1
        yield _finding(case, copies, "all" if alone else "some", "error" if alone else "warning")
    alike = [look for look in looks if look not in copies and _starts_alike(case, look)]
    if alike:
        yield _finding(case, alike, "alike", "advice" if case.learns else "warning")
    if not copies:
        yield from _zero_factors(case)
        if row := _row_of_zeros(case, looks):
            yield _finding(case, row, "nothing", "advice" if case.learns is not False else "warning")


class _Look(NamedTuple):
    layer: Layer
    weight: Parameter
    distinct: Series
    units: int


def _looks(case: Case) -> Iterator[_Look]:
    for layer, weight in case.weighted():
        if not layer.output and weight.units_dim is not None and not _is_depthwise(case, layer):
            distinct = case.record.series(weight.name, "weight.distinct")
            units = weight.shape[weight.units_dim]
            if distinct and units >= 2 and not _was_broken(case, weight, distinct.steps[0]):
                yield _Look(layer, weight, distinct, units)


def _was_broken(case: Case, weight: Parameter, step: int) -> bool:
    """Whether it held what is no number by then: of that all units are alike, however different they were."""
    return any(case.record.series(weight.name, "weight.not_finite").until(step).values)


def _finding(case: Case, looks: list[_Look], key: str, severity: Severity) -> Finding:
    layer, _, distinct, units = looks[0]
    layers = [look.layer for look in looks]
    facts = {"layer": layer.name, "units": units, "distinct": distinct.last, "step": distinct.steps[-1]}
    return Finding(
        "symmetric-weights",
        severity,
        case.say(TEXT, key, **facts),
        layer.name,
        distinct.steps[0],
        tuple(
            Evidence("distinct_units", value, None, (step,), "weight.distinct", units)
            for step, value in ((distinct.steps[0], distinct.first), (distinct.steps[-1], distinct.last))
        ),
        case.say(TEXT, CAUSES.get(key, "cause")),
        Remedy("re-initialise", _code(case, layers)),
        tuple(layer.name for layer in layers),
        layer.line,
    )


def _row_of_zeros(case: Case, looks: list[_Look]) -> list[_Look]:
    """Layers from zero that feed nothing but another one, and those that they feed."""
    zeros = {look.layer.name: look for look in looks if _is_zero(case, look) and not look.layer.residual}
    found: dict[str, _Look] = {}
    for name, look in zeros.items():
        before = case.flow.feeding(name)
        if before and before <= zeros.keys():
            found |= {one: zeros[one] for one in sorted(before)} | {name: look}
    return list(found.values())


def _is_zero(case: Case, look: _Look) -> bool:
    size = case.record.series(look.weight.name, "weight.max_abs")
    return bool(size) and size.first == 0


def _zero_factors(case: Case) -> Iterator[Finding]:
    """Weights that are zero, and whose gradients are exactly zero: each is multiplied by the other."""
    known = {parameter.name: parameter for parameter in case.record.parameters}
    stuck = {
        layer: [known[name] for name in layer.parameters if name in known and _is_stuck(case, known[name])]
        for layer in case.in_flow(case.record.layers)
    }
    pairs = [([layer], weights) for layer, weights in stuck.items() if len(weights) > 1]
    for layers, weights in pairs or _of_two_layers(
        case, {layer: weights for layer, weights in stuck.items() if weights}
    ):
        looks = case.record.series(weights[0].name, "weight_gradient.max_abs")
        names = ", ".join(dict.fromkeys(one.name for one in weights))
        yield Finding(
            "symmetric-weights",
            "error",
            case.say(TEXT, "zeros", layer=", ".join(layer.name for layer in layers), names=names),
            layers[0].name,
            0,
            (Evidence("gradient_max", 0.0, None, (looks.steps[0], looks.steps[-1]), "weight_gradient.max_abs"),),
            case.say(TEXT, "product"),
            Remedy(
                "re-initialise",
                f"torch.nn.init.normal_({code.path(weights[0].name)}, std=0.02)     # {case.say(TEXT, 'one')}",
            ),
            tuple(layer.name for layer in layers),
            layers[0].line,
        )


def _of_two_layers(case: Case, stuck: dict[Layer, list[Parameter]]) -> list[tuple[list[Layer], list[Parameter]]]:
    """Two tables of rows of the same width, or, in a run that does not learn, all that is stuck.

    In one that learns, two heads from zero may have a loss of weight 0 each.
    """
    tables = [layer for layer in stuck if layer.kind in TABLES]
    partners = [layer for layer in tables if sum(other.shape[-1:] == layer.shape[-1:] for other in tables) > 1]
    layers = list(stuck) if case.learns is False else partners
    names = {weight.name for layer in layers for weight in stuck[layer]}
    return [(layers, [weight for layer in layers for weight in stuck[layer]])] if len(names) > 1 else []


def _is_stuck(case: Case, parameter: Parameter) -> bool:
    size, gradient = (case.record.series(parameter.name, f"{of}.max_abs") for of in ("weight", "weight_gradient"))
    looked = min(len(size), len(gradient)) > STEPS
    still = parameter.trainable and len(parameter.shape) > 1 and not parameter.steps_moved
    return looked and still and not any(size.values) and not any(gradient.values)


def _stay_equal(look: _Look) -> bool:
    distinct = look.distinct
    most = max(1.0, DISTINCT * look.units)
    return max(distinct.values) <= most and distinct.steps[-1] - distinct.steps[0] >= STEPS


def _starts_alike(case: Case, look: _Look) -> bool:
    """Copies of a row that is not zero: a zero layer is zero on purpose where others feed it different gradients."""
    size = case.record.series(look.weight.name, "weight.max_abs")
    return look.distinct.first <= 1 and bool(size) and size.first > 0


def _is_depthwise(case: Case, layer: Layer) -> bool:
    """Whether each unit sees other channels than its neighbours: its weight is narrower than what feeds it."""
    feeding = (case.record.layer(name) for name in layer.follows)
    widest = max((before.units or 0 for before in feeding if before), default=0)
    return len(layer.shape) > 2 and layer.shape[1] == 1 and widest > 1


def _code(case: Case, layers: list[Layer]) -> str:
    lines = code.init_all(layers)
    first = layers[0]
    if len(layers) == 1 and first.activation:
        return f"{lines}     # {case.say(TEXT, 'follows', activation=first.activation, layer=first.name)}"
    return lines
