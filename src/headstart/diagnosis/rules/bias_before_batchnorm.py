"""A layer with a bias stands straight before a batch norm, which takes the bias away again.

## What it sees
In the graph of the loss, each bias that is added along the channels of a batch norm by the statistics of the batch,
with nothing but views between the two, and used nowhere else. And, as a check on the whole run, the gradients of that
bias beside those of its layer's weights. It is exact.

## Why it hurts
In training mode batch norm subtracts from each channel its mean over the batch: (x w + b) - mean(x w + b) = x w -
mean(x w), whatever b is. So the gradient of b is zero but for rounding, and what b was to do does the shift of the
norm: the bias is one parameter a channel for nothing. Weight decay only shrinks it. Adam, which divides each
gradient by its own size, makes steps even of what rounding leaves: in the Example below the bias wanders by up to
0.03. Evaluation subtracts the running mean, which holds the bias as well, as it was some batches ago.

It costs next to nothing, which is why this is asked on request. In `python benchmarks/on_request.py` four nets are
trained by plain SGD with such biases and without: each pair ends at the same accuracy, to the last of 2,000 digits.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 2))
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
None: it is a fact of the graph. Of what may change later on, as a norm that is frozen, the check tells: at each step
that was looked at, the largest gradient of the bias is less than a hundredth of the largest of the weights. What
rounding leaves is, in the nets of its test, at most 1e-4 of it in float32 and 5e-3 in bfloat16.

It is advice of design, and asked on request alone.

## Stays silent when
The norm uses its running statistics (in evaluation mode, frozen), or another takes its place: a group norm of several
channels a group and a layer norm keep what biases of different channels differ by; the output goes to a shortcut as
well, or first through a dropout or an activation; the bias lies along another axis than the channels, as of a linear
layer whose output is made into maps, one value for each pixel; the bias is frozen, or a penalty in the loss uses it,
too; a batch holds a single sample; or the norm is a custom function (`SyncBatchNorm` across processes) or written by
hand.

## References
Ioffe and Szegedy 2015, arXiv 1502.03167, section 3.2, where the bias is left out for this reason; Goodfellow, Bengio &
Courville, *Deep Learning* (2016), §8.7.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headstart.diagnosis import code, ledger
from headstart.diagnosis.case import LINEAR, Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Layer, Parameter

GROUP = "norm"
RESTS_ON = "fact"
NEEDS = ("weight_gradient.max_abs",)
SINCE, STATUS = "0.1.0", "stable"
ON_REQUEST = True

TEXT = Text(
    en={
        "message": "A batch norm stands straight behind {layers}, and takes the bias away again: {values:number} "
        "parameters for nothing.",
        "several": "{first} and {more:number} more layers",
        "cause": "It subtracts each channel's mean over the batch, and the bias is in that mean. So the bias has no "
        "effect, and its gradient is zero but for rounding; the norm's own shift does its work.",
        "note": "before the optimizer is made; or bias=False where the layer is",
        "raw": "without + {bias}",
    },
    zh={
        "message": "{layers} 之后紧接着批归一化，它又把偏置减掉了：{values:number} 个参数毫无用处。",
        "several": "{first} 等 {all:number} 层",
        "cause": "批归一化减去每个通道在批次上的均值，而偏置就在这个均值里。因此偏置不起作用，"
        "它的梯度除舍入误差外为零；它该做的事由归一化自己的平移参数完成。",
        "note": "在创建优化器之前；或在创建该层时写 bias=False",
        "raw": "不加 {bias}",
    },
)


def bias_before_batchnorm(case: Case) -> Iterator[Finding]:
    """One finding for all of them."""
    found = list(_cancelled(case))
    if not found:
        return
    layers = tuple(dict.fromkeys(layer.name for layer, _, _ in found))
    values = sum(bias.shape[0] if len(bias.shape) == 1 else max(bias.shape) for _, bias, _ in found)
    more = {"first": layers[0], "more": len(layers) - 1, "all": len(layers)}
    told = layers[0] if len(layers) == 1 else case.say(TEXT, "several", **more)
    yield Finding(
        "bias-before-batchnorm",
        "advice",
        case.say(TEXT, "message", layers=told, values=values),
        layers[0],
        0,
        (
            Evidence("biases_cancelled", len(found)),
            Evidence("gradient_of_bias_over_weight", max(share for _, _, share in found)),
        ),
        case.say(TEXT, "cause"),
        Remedy("no-bias", _code(case, [(layer, bias) for layer, bias, _ in found])),
        layers,
        found[0][0].line,
    )


def _cancelled(case: Case) -> Iterator[tuple[Layer, Parameter, float]]:
    """Such layers in flow order, the bias, and its largest gradient as a share of the weights'."""
    known = {parameter.name: parameter for parameter in case.record.parameters}
    told: set[str] = set()
    for layer in case.in_flow(case.record.layers):
        own = [known[name] for name in layer.parameters if name in known]
        weight = next((parameter for parameter in own if not parameter.cancelled and len(parameter.shape) > 1), None)
        for bias in own:
            if not bias.cancelled or not bias.trainable or weight is None or bias.name in told:
                continue
            share = ledger.gradient_share(case, bias, weight)
            if share is not None and share < ledger.ROUNDED:
                told.add(bias.name)
                yield layer, bias, share


def _code(case: Case, found: Sequence[tuple[Layer, Parameter]]) -> str:
    """For torch's own layers, which do without; where there are none, for the first raw tensor."""
    modules = [layer.name for layer, _ in found if layer.kind in LINEAR and layer.name not in layer.parameters]
    note = case.say(TEXT, "note")
    if not modules:
        layer, bias = found[0]
        return f"x @ {layer.name}     # {case.say(TEXT, 'raw', bias=bias.name)}"
    if len(modules) > code.MOST:
        names = ", ".join(f'"{name}"' for name in modules)
        return f"for name in ({names}):\n    model.get_submodule(name).bias = None     # {note}"
    lines = [f"{code.path(name)}.bias = None" for name in modules]
    return "\n".join((f"{lines[0]}     # {note}", *lines[1:]))
