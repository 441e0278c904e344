"""Batch norm stands behind a ReLU; the paper that brought it puts it before.

## What it sees
In the graph of the loss, each batch norm by the statistics of the batch that is given what a ReLU makes of a layer's
output, with nothing but views between the three. It is exact.

## Why it hurts
Mostly it does not, and that is why it is asked on request. Ioffe and Szegedy put the norm before the activation, since
what leaves a linear layer is nearer to a normal distribution than what leaves a ReLU; ResNet does so, too. Other
practice has the norm behind it, and one benchmark on ImageNet has a case for each: CaffeNet did better with the norm
behind ReLU (49.3 % to 47.8 %), GoogLeNet with the norm before it (60.7 % to 59.6 %, though from other starting
weights).

Two things are certain. Before a ReLU the norm sets each unit's mean over the batch to its shift, at first 0, so that
no unit is zero for all of a batch. Behind it nothing keeps a unit from dying: of one that gives zero the norm makes
its shift, and it stays dead. And in evaluation a norm straight behind a linear layer or a convolution can be folded
into it.

Measured by `python benchmarks/on_request.py` on nets of three hidden layers of 64 units, four starts each: with the
norm before ReLU accuracy is higher by 0.24 ± 0.58 points at rate 0.1 and by -0.50 ± 2.12 at rate 1, so not for certain
at all. Of the units none is dead in the end; with the norm behind ReLU 1.6 % and 0.9 % are.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.BatchNorm1d(64), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
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
model = nn.Sequential(nn.Linear(20, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
None: it is a fact of the graph. It is advice of design, and asked on request alone.

## Stays silent when
The activation is another than ReLU: in the same measurement none of LeakyReLU, ELU, GELU, SiLU, tanh and sigmoid did
better with the norm before it. A norm stands on both sides; something comes between, as a pooling before a norm that
is given a net's features, or a shortcut as in a ResNet with the activation first; what leaves the ReLU goes elsewhere
as well; at some look it was otherwise; or the norm uses its running statistics, is a custom function or written by
hand.

## References
Ioffe and Szegedy 2015, arXiv 1502.03167, section 3.2; Mishkin, Sergievskiy and Matas 2017, *Systematic evaluation of
CNN advances on the ImageNet*, arXiv 1606.02228, and https://github.com/ducha-aiki/caffenet-benchmark (batchnorm.md),
where the figures are from; He et al. 2016, arXiv 1512.03385, section 3.4 (ResNet) and arXiv 1603.05027 (with the
activation first).
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis import code
from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Layer

GROUP = "norm"
RESTS_ON = "fact"
NEEDS = ("weight_gradient.max_abs",)
SINCE, STATUS = "0.1.0", "stable"
ON_REQUEST = True

TEXT = Text(
    en={
        "message": "A batch norm stands behind the ReLU that follows {layer}, not before it.",
        "several": "Batch norms stand behind the ReLUs that follow {layer} and {more:number} more layers, not before them.",
        "cause": "Before a ReLU it would give each unit a mean of zero over the batch at first, so that none is zero for "
        "all inputs, and it could be folded into the layer in the end. Both orders are in use and train well.",
        "note": "before the optimizer is made",
        "or": "what it cannot move it tells",
    },
    zh={
        "message": "批归一化放在 {layer} 之后的 ReLU 的后面，而不是前面。",
        "several": "{layer} 等 {all:number} 层之后的 ReLU 后面才是批归一化，而不是在 ReLU 前面。",
        "cause": "放在 ReLU 之前，它一开始会让每个单元在批次上的均值为零，因此没有单元对所有输入都输出零，"
        "最后还可以把它合并到前面的层里。两种顺序都有人用，都能训练好。",
        "note": "在创建优化器之前",
        "or": "不能移动的，它会说明",
    },
)


def batchnorm_after_activation(case: Case) -> Iterator[Finding]:
    """One finding for all of them."""
    found = [layer for layer in case.in_flow(case.record.layers) if layer.normed_after == "relu"]
    if not found:
        return
    first, more = found[0], len(found) - 1
    yield Finding(
        "batchnorm-after-activation",
        "advice",
        case.say(TEXT, "several" if more else "message", layer=first.name, more=more, all=len(found)),
        first.name,
        0,
        (Evidence("norms_after_relu", len(found)), *_dead(case, found)),
        case.say(TEXT, "cause"),
        _remedy(case, found),
        tuple(layer.name for layer in found),
        first.line,
    )


def _dead(case: Case, found: list[Layer]) -> Iterator[Evidence]:
    """Of the layer with most units that give zero for every input, their share at the last look."""
    followed = {layer.name for layer in found}
    names = [
        layer.name for layer in case.record.layers if layer.name in followed or followed.intersection(layer.follows)
    ]
    looks = [series for name in names if (series := case.record.series(name, "activation.dead"))]
    if looks:
        worst = max(looks, key=lambda series: series.last)
        yield Evidence("dead_share", worst.last, None, (worst.steps[-1],), "activation.dead")


def _remedy(case: Case, found: list[Layer]) -> Remedy:
    """Neighbours in a container change places; else the line of `forward` in the other order."""
    pairs = [_neighbours(case, layer) for layer in found]
    neighbours = [pair for pair in pairs if pair is not None]
    if len(neighbours) == len(pairs) <= code.MOST:
        lines = [f"{act}, {norm} = {norm}, {act}" for act, norm in neighbours]
        text = "\n".join((f"{lines[0]}     # {case.say(TEXT, 'note')}", *lines[1:]))
    elif neighbours:
        text = f'hs.norm.place(model, x, to="before")     # {case.say(TEXT, "or")}'
    else:
        norm = next((layer.name for layer in case.record.layers if _is_norm(layer, found[0])), None)
        text = f"x = torch.relu({code.path(norm) if norm else 'norm'}({code.path(found[0].name)}(x)))"
    return Remedy("norm-first", text, safe=False)


def _neighbours(case: Case, layer: Layer) -> tuple[str, str] | None:
    """The ReLU and the norm that follow it, as `nn.Sequential` counts them."""
    parent, _, place = layer.name.rpartition(".")
    if not place.isdigit():
        return None
    names = [".".join(filter(None, (parent, str(int(place) + ahead)))) for ahead in (1, 2)]
    act, norm = (case.record.layer(name) for name in names)
    if act is None or norm is None or act.activation != "relu" or act.parameters or not _is_norm(norm, layer):
        return None
    return code.path(act.name), code.path(norm.name)


def _is_norm(norm: Layer, layer: Layer) -> bool:
    return norm.kind.startswith("BatchNorm") and norm.follows == (layer.name,)
