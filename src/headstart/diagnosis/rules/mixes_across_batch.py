"""A recurrent layer, an attention, a view or a sum mixes the samples: what is said of one comes from others.

## What it sees
The first two axes of what a module with `batch_first=False` is given, `nn.LSTM`, `nn.GRU`, `nn.RNN` or
`nn.MultiheadAttention`: by its documentation the steps and the samples. It speaks if there is a label for each entry of the
first axis, and the second is of another size: then the first is the batch.

And the views of what a recurrent layer gives, its states (layers x directions, batch, features) or, with
`batch_first=False`, its outputs (steps, batch, features): a view that has a row for each sample, and no longer the samples'
axis, holds values of several samples in each row.

And sums that lack their axis, in the graph of the loss: what layers give for all samples is summed into one number, as by
`(u * v).sum()` or `tensordot(u, v, 2)`, which is then added to what is said of each sample. All three are exact.

## Why it hurts
The states are handed from sample to sample, in the order in which they stand in the batch, and each of a sample's steps is
a sequence of its own, of which none sees another. What was to be carried from the first step to the last never arrives;
shuffled, the neighbours are noise. In a view, a sample's label meets the states of others. A sum over the whole batch says
the same of each sample: it tells none from another, and is another number with the next batch.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
y = torch.randint(0, 2, (256,))
x = 0.3 * torch.randn(256, 10, 4)
x[:, 0, 0] += 2.0 * y - 1
rnn, head = nn.GRU(4, 16), nn.Linear(16, 2)
optimizer = torch.optim.Adam([*rnn.parameters(), *head.parameters()], lr=0.01)
for step in range(60):
    i = torch.randperm(256)[:32]
    optimizer.zero_grad()
    outputs, _ = rnn(x[i])
    nn.functional.cross_entropy(head(outputs[:, -1]), y[i]).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
y = torch.randint(0, 2, (256,))
x = 0.3 * torch.randn(256, 10, 4)
x[:, 0, 0] += 2.0 * y - 1
rnn, head = nn.GRU(4, 16, batch_first=True), nn.Linear(16, 2)
optimizer = torch.optim.Adam([*rnn.parameters(), *head.parameters()], lr=0.01)
for step in range(60):
    i = torch.randperm(256)[:32]
    optimizer.zero_grad()
    outputs, _ = rnn(x[i])
    nn.functional.cross_entropy(head(outputs[:, -1]), y[i]).backward()
    optimizer.step()
```

## Limits
None: it is exact. A view that mixes is an error. The rest is one in a run that is known not to learn, else advice: an
attention between samples may be meant.

## Stays silent when
The second axis has the size 1 (a single sequence with a label for each step), both are of one size, or the labels have
steps and samples of their own. A view that keeps the samples' axis, `hidden.view(layers, 2, batch, -1)`, or is turned back
by another view, mixes nothing. The number that is summed up is a mean, a norm or a largest value, divides or multiplies the
samples, is a vector, comes of weights alone, or is added to losses.

## References
The PyTorch documentation of `torch.Tensor.view`, of `torch.nn.LSTM` and `torch.nn.MultiheadAttention`, `batch_first`;
Kossen et al. 2021, arXiv 2106.02584 (attention between samples, on purpose).
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis import code
from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Layer, Loss

GROUP = "experiment"
RESTS_ON = "fact"
NEEDS = ("loss.function",)
SINCE, STATUS = "0.1.0", "stable"

TEXT = Text(
    en={
        "message": "{layer} is given {first:number} x {second:number} vectors and takes the first axis for the steps, "
        "while there are {labels:number} labels, one for each entry of that axis: it runs along the batch.",
        "cause": "Without batch_first=True the layout is (steps, samples, features). So each sample's state goes on to the "
        "next sample, and no step of a sample sees the one before it.",
        "note": "or x.transpose(0, 1) before it, and the outputs likewise",
        "viewed": "{layer} gives {states}, with the samples along the second axis; a view makes {viewed} of it, one row "
        "for each sample: each row holds values of several samples.",
        "count_off": "view and reshape keep the values in their order and only count them off anew. The samples' axis has "
        "to be moved to the front first, by transpose, or the two directions put side by side, by cat.",
        "states": "the last layer's two directions",
        "summed": "What {layers} give for the {rows:number} samples of a batch is summed into one number, which is then "
        "added to each sample's own.",
        "one": "A sum without an axis runs over the batch as well. So it says the same of every sample, and most of it "
        "comes from the others.",
        "each": "one number for each sample",
    },
    zh={
        "message": "{layer} 得到 {first:number} x {second:number} 个向量，并把第一维当作时间步，"
        "而标签有 {labels:number} 个，恰好与这一维一一对应：它沿着批次运行。",
        "cause": "没有 batch_first=True 时，布局是（时间步，样本，特征）。于是一个样本的状态传给了下一个样本，"
        "而同一样本的各个时间步互相看不到。",
        "viewed": "{layer} 给出 {states}，样本在第二维；view 把它变成 {viewed}，每个样本一行：每一行都含有几个样本的数值。",
        "count_off": "view 和 reshape 保持数值的顺序，只是重新划分。应先用 transpose 把样本维移到最前面，"
        "或用 cat 把两个方向并排放置。",
        "states": "最后一层的两个方向",
        "note": "或在它之前用 x.transpose(0, 1)，输出也同样处理",
        "summed": "{layers} 对一个批次中 {rows:number} 个样本的输出被加成一个数，然后又加到每个样本自己的结果上。",
        "one": "没有指定维度的求和也会沿着批次进行。于是它对每个样本说的都一样，而且其中大部分来自别的样本。",
        "each": "每个样本一个数",
    },
)


def mixes_across_batch(case: Case) -> Iterator[Finding]:
    """One finding: of the first such layer, else of all that are summed up."""
    losses = [loss for loss in case.record.losses if loss.trained and loss.target_shape]
    for layer in case.in_flow(case.record.layers):
        if layer.viewed and losses and all(loss.target_shape[0] == layer.states[1] for loss in losses):
            yield _viewed(case, layer)
            return
    for layer in case.in_flow(case.record.layers):
        steps, samples = layer.steps_first or (0, 0)
        if samples < 2 or steps == samples or not losses or not all(_labels(loss, steps, samples) for loss in losses):
            continue
        yield Finding(
            "mixes-across-batch",
            "error" if case.learns is False else "advice",
            case.say(TEXT, "message", layer=layer.name, first=steps, second=samples, labels=steps),
            layer.name,
            0,
            (Evidence("labels", steps), Evidence("second_axis", samples)),
            case.say(TEXT, "cause"),
            Remedy(
                "batch-first",
                f"{code.path(layer.name)} = torch.nn.{layer.kind}(..., batch_first=True)     # {case.say(TEXT, 'note')}",
                safe=False,
            ),
            line=layer.line,
        )
        return
    yield from _sums(case, losses)


def _sums(case: Case, losses: list[Loss]) -> Iterator[Finding]:
    layers = [layer for layer in case.in_flow(case.record.layers) if layer.summed]
    rows = max((layer.summed or 0 for layer in layers), default=0)
    if not layers or not losses or not all(loss.target_shape[0] == rows for loss in losses):
        return
    names = tuple(layer.name for layer in layers)
    yield Finding(
        "mixes-across-batch",
        "error" if case.learns is False else "advice",
        case.say(TEXT, "summed", layers=", ".join(names), rows=rows),
        names[0],
        0,
        (Evidence("labels", rows),),
        case.say(TEXT, "one"),
        Remedy("sum-each", f"(u * v).sum(-1, keepdim=True)     # {case.say(TEXT, 'each')}", safe=False),
        names,
        layers[0].line,
    )


def _viewed(case: Case, layer: Layer) -> Finding:
    states, samples, _ = layer.states
    moved = "outputs.transpose(0, 1).flatten(1)"
    if len(layer.viewed) > 2:
        moved = "outputs.transpose(0, 1)"
    elif states == 2:
        moved = f"torch.cat([hidden[-2], hidden[-1]], dim=1)     # {case.say(TEXT, 'states')}"
    return Finding(
        "mixes-across-batch",
        "error",
        case.say(TEXT, "viewed", layer=layer.name, states=layer.states, viewed=layer.viewed),
        layer.name,
        0,
        (Evidence("labels", samples), Evidence("first_axis", states)),
        case.say(TEXT, "count_off"),
        Remedy("transpose", moved, safe=False),
        line=layer.line,
    )


def _labels(loss: Loss, steps: int, samples: int) -> bool:
    """Whether there is one label, or a row of them, for each entry of the first axis, and none of them is the second."""
    first, *others = loss.target_shape
    return first == steps and len(others) < 2 and others != [samples]
