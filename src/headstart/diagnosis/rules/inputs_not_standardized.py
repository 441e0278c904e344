"""The data that enter the net are far from mean 0 and standard deviation 1.

## What it sees
Mean and standard deviation of what each first layer is given (layers fed by data, not by other layers), as medians
over the run.

## Why it hurts
Weights are drawn for inputs of size 1. With inputs of size 100 the outputs are 100 times and the first layer's
gradients 100 times too large, so that no learning rate suits both it and the rest; with a mean far above the spread
all weights of a unit are pushed the same way at once, and only the difference carries information.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randint(0, 256, (512, 64)).float()
y = (x[:, :32].mean(1) > x[:, 32:].mean(1)).long()
model = nn.Sequential(nn.Linear(64, 64), nn.Sigmoid(), nn.Linear(64, 2))
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
x = torch.randint(0, 256, (512, 64)).float()
y = (x[:, :32].mean(1) > x[:, 32:].mean(1)).long()
x = (x - x.mean()) / x.std()
model = nn.Sequential(nn.Linear(64, 64), nn.Sigmoid(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(80):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `LARGE` = 10 and `SMALL` = 0.01: root mean square of the inputs. The largest stable learning rate of gradient
  descent falls with its square, so these are two decades of rate up, four down. Published limits of 1 fire on 65 %
  of sound programs: inputs in 0..1, one-hot and counts are all fine.
- `OFFSET` = 10: |mean| over standard deviation; the curvature along the mean is 1 + OFFSET² ≈ 100 times that across.

## Stays silent when
A batch norm follows the first layer, or any norm is it (another one behind it takes away the inputs' size, but not their
offset: that is another number for each of a sample's units, of which the norm takes the mean over the units); the inputs
are integers for an embedding, or constant; or one column is far larger than the others, which features-unequal-scale tells.
In a run that learns it is advice at most.

## References
LeCun, Bottou, Orr & Müller, *Efficient BackProp* (1998), §4.3 and §5.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from headstart.diagnosis.case import LINEAR, RECURRENT, Case
from headstart.diagnosis.columns import outsized
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Layer

GROUP = "data"
RESTS_ON = "size"
NEEDS = ("input.std",)
SINCE, STATUS = "0.1.0", "stable"

LARGE = 10.0  # root mean square; the stable rate falls with its square (LeCun et al. 1998, §5): by 100
SMALL = 0.01  # root mean square; from here the inputs hardly count beside the biases' size, 1/√fan_in
OFFSET = 10.0  # |mean| / std; the curvature along the mean is 1 + 10² times that across it
PER_UNIT = "batch_norm"  # takes from each unit its mean over the samples, and so the inputs' offset
SECOND_LOOK = {"LARGE": 3.0, "SMALL": 0.1, "OFFSET": 3.0}

TEXT = Text(
    en={
        "message": "The inputs of {layer} have mean {mean:number} and standard deviation {std:number}, where the "
        "weights' law and the learning rate suppose 0 and 1.",
        "large": "Large inputs make the first layer's outputs and gradients as much larger, so that no learning rate "
        "suits it and the other layers at once.",
        "small": "Inputs this small hardly move the outputs: the first layer's gradients are as small.",
        "offset": "A mean far above the spread pushes all weights of a unit the same way at once; only the small "
        "rest carries information.",
        "note": "in training and evaluation alike",
    },
    zh={
        "message": "{layer} 的输入均值为 {mean:number}，标准差为 {std:number}，而权重法则和学习率假设它们是 0 和 1。",
        "large": "过大的输入使第一层的输出和梯度同样变大，没有一个学习率能同时适合它和其他层。",
        "small": "这样小的输入几乎不影响输出：第一层的梯度也同样小。",
        "offset": "均值远大于离散程度时，一个单元的所有权重总是被推向同一方向；只有很小的差异携带信息。",
        "note": "训练和评估时都要这样做",
    },
)


@dataclass(frozen=True)
class Given:
    """What one layer gets from the data."""

    layer: Layer
    step: int
    mean: float
    std: float

    @property
    def size(self) -> float:
        return math.hypot(self.mean, self.std)

    @property
    def fault(self) -> str | None:
        if self.size > LARGE and not self.layer.norm:
            return "large"
        if self.size < SMALL and not self.layer.norm:
            return "small"
        return "offset" if abs(self.mean) > OFFSET * self.std else None


def inputs_not_standardized(case: Case) -> Iterator[Finding]:
    """One finding, of the layer whose inputs are furthest off."""
    unequal = {one.layer.name for one in outsized(case)}  # one mean and one std would not help: features-unequal-scale
    found = [given for given in _given(case) if given.fault and given.layer.name not in unequal]
    if not found:
        return
    given = max(found, key=lambda given: abs(math.log(given.size)))
    assert given.fault is not None
    facts = {"layer": given.layer.name, "mean": given.mean, "std": given.std}
    if given.fault == "offset":
        judged = Evidence("mean_over_std", abs(given.mean) / given.std, OFFSET, (given.step,))
    else:
        judged = Evidence("input_size", given.size, LARGE if given.fault == "large" else SMALL, (given.step,))
    yield Finding(
        "inputs-not-standardized",
        "error",
        case.say(TEXT, "message", **facts),
        given.layer.name,
        given.step,
        (
            judged,
            Evidence("input_mean", given.mean, None, (given.step,), "input.mean"),
            Evidence("input_std", given.std, None, (given.step,), "input.std"),
        ),
        case.say(TEXT, given.fault),
        Remedy("standardize", f"x = (x - {given.mean:.4g}) / {given.std:.4g}     # {case.say(TEXT, 'note')}"),
        tuple(other.layer.name for other in found),
        given.layer.line,
    )


def _given(case: Case) -> Iterator[Given]:
    for layer, _ in case.weighted((*LINEAR, *RECURRENT)):
        means, stds = (case.record.series(layer.name, f"input.{figure}") for figure in ("mean", "std"))
        pairs = [(m, s) for m, s in zip(means.values, stds.values, strict=True) if math.isfinite(m) and s > 0]
        if pairs and layer.norm != PER_UNIT:
            mean, std = (median(values) for values in zip(*pairs, strict=True))
            yield Given(layer, stds.steps[0], mean, std)
