"""More than half of a ReLU layer's units give zero for every input.

## What it sees
The share of a layer's units whose output stayed at zero for all inputs of four batches (`activation.dead`), look
after look. It speaks if the share is above the limit throughout the last third of the run. Of a regression's outputs: if
there are more of them than could be right at zero.

## Why it hurts
Where ReLU gives zero its derivative is zero, too. A unit that gives zero for every input gets no gradient, so its
weights never change again: it takes time and memory and does nothing. If all units of a layer are dead, nothing in
front of it can learn.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
nn.init.constant_(model[0].bias, -10.0)
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
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
nn.init.zeros_(model[0].bias)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(120):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `DEAD_SHARE` = 0.5: of a layer's units, of those that were not dead at the start.
- `CHANCE` = 3: standard errors of a share of one half. Weights and biases are drawn as likely as their negatives, and of
  a unit and its negative one at most is dead. So half of the units may be, where all inputs lie on one side of zero, as
  one positive column does: of n units up to 1/2 + CHANCE / (2 √n) by chance, which no bias or weight is to blame for.
- `ASKED` = 1: the mean of a column of targets over its standard deviation, from which on at least half of them are not
  zero: of a value that is there with probability p and else 0 it is √(p / (1 - p)), and less if the value varies.
- `NEARLY_ALL` = 0.9: from here it is an error in a run that learns, too; between the two it is advice there, since
  sparse codes and decayed wide layers live with it, and where no skill is known but the loss is lower in the last third
  of the run than in the first.

## Stays silent when
Units are only rarely active (each look takes four batches together), the share falls below the limit again, the units
were dead at the first look and no more of them than chance explains, or the layer is the net's output, unless all of its
units are dead throughout the last third, no weight of the run gets any gradient then, and a loss is left, or unless more
are dead than there are columns of targets that may be zero. It is advice
where only nets have dead units that the run left for others, made by the same lines (a search over rates, some of them too
high), and the run does not fail.

## References
Lu et al., *Dying ReLU and initialization* (2019), arXiv 1903.06733; Maas et al. 2013 (leaky ReLU).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from headstart.diagnosis import code
from headstart.diagnosis.attempts import left_behind
from headstart.diagnosis.case import Case, is_linear
from headstart.diagnosis.skill import REGRESSIONS
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy, Severity
from headstart.record import Layer, Series

GROUP = "signal"
RESTS_ON = "share"
NEEDS = ("activation.dead",)
SINCE, STATUS = "0.1.0", "stable"

DEAD_SHARE = 0.5  # of a layer's units, but for those that chance may have drawn dead
CHANCE = 3.0  # standard errors of one half, the most that a sound start expects to be dead (derivation in the page)
ASKED = 1.0  # mean of a column of targets over its std: half of them are not zero (derivation in the page)
NEARLY_ALL = 0.9  # of a layer's units; fires on none of our sound programs, sparse codes among them

TEXT = Text(
    en={
        "message": "{dead:share} of the units of {layer} give zero for every input.",
        "outputs": "{dead:share} of the outputs of {layer} are zero for every input, and the targets are not.",
        "start": "A ReLU that gives zero passes no gradient, so its weights never change again. These units were dead "
        "from the start: a negative bias, or weights and inputs that together never exceed zero, hold them there.",
        "later": "A ReLU that gives zero passes no gradient, so its weights never change again. These units were "
        "alive at first: updates that are too large threw them there.",
        "slower": "a tenth of {lr:number}",
        "linear": "no ReLU after the last layer; or Softplus, if nothing may be below 0",
        "leaky": "passes some gradient where ReLU passes none",
    },
    zh={
        "message": "{layer} 有 {dead:share} 的单元对所有输入都输出零。",
        "outputs": "{layer} 有 {dead:share} 的输出对所有输入都是零，而目标并不是零。",
        "start": "输出为零的 ReLU 不传递梯度，它的权重就再也不会改变。这些单元从一开始就是死的：负的偏置，或权重与输入"
        "的组合永远不超过零。",
        "later": "输出为零的 ReLU 不传递梯度，它的权重就再也不会改变。这些单元起初是活的：过大的更新把它们推到了那里。",
        "slower": "{lr:number} 的十分之一",
        "linear": "最后一层之后不加 ReLU；如果不允许低于 0，就用 Softplus",
        "leaky": "在 ReLU 不传梯度的地方也传递一些梯度",
    },
)


def dead_relu(case: Case) -> Iterator[Finding]:
    """One finding for all layers, told of the one with the most dead units."""
    found = [(layer, looks) for layer, looks in _looks(case) if _lasts(case, layer, looks)]
    if not found:
        return
    layer, looks = max(found, key=lambda pair: pair[1].last)
    zeros = case.record.series(layer.name, "activation.zeros")
    outputs = _are_asked_for(case, layer, looks)
    start, step = _asked_since(case, layer, looks) if outputs else _since(case, layer, looks)
    dates = [date for one in found if (date := _since(case, *one)[1]) is not None]
    limit = _may_be_zero(case, layer) if outputs else DEAD_SHARE
    evidence = [Evidence("dead_share", looks.last, limit, (step or 0, looks.steps[-1]), "activation.dead")]
    if zeros:
        evidence.append(Evidence("zeros", zeros.last, None, (zeros.steps[-1],), "activation.zeros"))
    yield Finding(
        "dead-relu",
        _severity(case, looks.last, [layer.name for layer, _ in found]),
        case.say(TEXT, "outputs" if outputs else "message", dead=looks.last, layer=layer.name),
        layer.name,
        min(dates, default=None),  # of the first of them: what it leads to may show before the worst has come so far
        tuple(evidence),
        case.say(TEXT, "start" if start else "later"),
        _of_outputs(case, layer) if outputs else _remedy(case, layer, start),
        tuple(layer.name for layer, _ in found),
        layer.line,
    )


def _since(case: Case, layer: Layer, looks: Series) -> tuple[bool, int | None]:
    """Whether its units were dead from the start, and the step from which on.

    They are looked at once the graph has been read, one step late: what is dead then was dead from the start.
    """
    zeros = case.record.series(layer.name, "activation.zeros")
    start = looks.first > DEAD_SHARE >= _died(looks.last, looks.first)
    return start, zeros.steps[0] if start and zeros else looks.first_above(DEAD_SHARE)


def _looks(case: Case) -> Iterator[tuple[Layer, Series]]:
    for layer in case.in_flow(case.record.layers):
        looks = case.record.series(layer.name, "activation.dead")
        if looks and (not layer.output or _is_shut(case, looks) or _are_asked_for(case, layer, looks)):
            yield layer, looks


def _is_shut(case: Case, looks: Series) -> bool:
    """Whether outputs that are all zero, as may be right, have cost a run all of its gradients, and a loss is left."""
    start = 2 * len(case.record) // 3
    trained = [parameter.name for parameter in case.record.parameters if parameter.trainable]
    late = [case.record.series(name, "weight_gradient.max_abs").since(start).values for name in trained]
    given = [value for values in late for value in values]
    shut = bool(given) and max(given) == 0 and all(value == 1 for value in (looks.since(start) or looks).values)
    return shut and bool(case.record.loss) and min(case.record.loss.since(start).values, default=0.0) > 0


def _are_asked_for(case: Case, layer: Layer, looks: Series) -> bool:
    """Whether more outputs of the only regression are dead to the end than have targets that may be zero."""
    late = looks.since(2 * len(case.record) // 3) or looks
    before = [case.record.layer(name) for name in layer.follows]
    output = layer.output or any(one is not None and one.output for one in before)
    return output and len(looks) > 1 and min(late.values) > _may_be_zero(case, layer)


def _asked_since(case: Case, layer: Layer, looks: Series) -> tuple[bool, int | None]:
    limit = _may_be_zero(case, layer)
    return looks.first > limit, looks.first_above(limit)


def _of_outputs(case: Case, layer: Layer) -> Remedy:
    last = layer if layer.parameters or not layer.follows else case.record.layer(layer.follows[0])
    code_of = code.path(last.name) if last is not None else "last"
    return Remedy("linear-output", f"output = {code_of}(x)     # {case.say(TEXT, 'linear')}", safe=False)


def _may_be_zero(case: Case, layer: Layer) -> float:
    """The share of a ReLU's outputs whose targets are zero for half of the samples or more, as far as is known."""
    trained = [loss for loss in case.record.losses if loss.trained]
    if len(trained) != 1 or trained[0].kind not in REGRESSIONS or trained[0].made_by != "relu":
        return 1.0
    targets = trained[0].targets
    if not targets.count or not layer.units or len(targets.total) != layer.units or len(trained[0].shape) != 2:
        return 1.0
    both = zip(targets.total, targets.square, strict=True)
    asked = sum(total / targets.count >= ASKED * math.sqrt(square / targets.count) > 0 for total, square in both)
    return 1 - asked / layer.units


def _lasts(case: Case, layer: Layer, looks: Series) -> bool:
    if _are_asked_for(case, layer, looks):
        return True
    least = min((looks.since(2 * len(case.record) // 3) or looks).values)
    by_chance = looks.first if looks.first <= 0.5 + CHANCE / (2 * math.sqrt(layer.units or math.inf)) else 0.0
    return len(looks) > 1 and (least > NEARLY_ALL or _died(least, by_chance) > DEAD_SHARE)


def _died(dead: float, before: float) -> float:
    """Of the units that were alive before, the share that is dead by now."""
    return (dead - before) / (1 - before) if before < 1 else 0.0


def _severity(case: Case, dead: float, layers: Sequence[str]) -> Severity:
    if case.learns is not False and left_behind(case.record).issuperset(layers):
        return "advice"
    if dead > NEARLY_ALL or case.learns is False:
        return "error"
    return "advice" if case.learns or (case.skill is None and case.loss_fell) else "warning"


def _remedy(case: Case, layer: Layer, start: bool) -> Remedy:
    """From the start: its bias, or its weights if that is zero. Later: the learning rate, or where none is known a ReLU
    that cannot die."""
    before = next((case.record.layer(name) for name in layer.follows), None)
    owner = layer if layer.parameters else before
    bias = next((name for name in owner.parameters if name.endswith("bias")), None) if start and owner else None
    if bias is not None and owner is not None:
        first = case.record.series(bias, "weight.max_abs")
        if first and first.first == 0 and is_linear(owner):
            return Remedy("re-initialise", code.init(owner))
        return Remedy("zero-bias", f"torch.nn.init.zeros_({code.path(owner.name)}.bias)")
    found = code.rate_of(case.record.optimizers)
    if found and not start:
        return code.slower(*found, case.say(TEXT, "slower", lr=found[1]))
    return Remedy("leaky-relu", f"torch.nn.LeakyReLU(0.01)     # {case.say(TEXT, 'leaky')}", safe=False)
