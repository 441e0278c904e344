"""A recurrent layer, an attention, a softmax, a view or a sum mixes the samples: what is said of one comes from others.

## What it sees
The first two axes of what a module with `batch_first=False` is given, `nn.LSTM`, `nn.GRU`, `nn.RNN` or
`nn.MultiheadAttention`: by its documentation the steps and the samples. It speaks if there is a label for each entry of the
first axis, and the second is of another size: then the first is the batch. Likewise of a softmax within the net that runs
over the first of several axes, as `softmax(scores, dim=0)` does.

And the views of what a recurrent layer gives, its states (layers x directions, batch, features) or, with
`batch_first=False`, its outputs (steps, batch, features): a view that has a row for each sample, and no longer the samples'
axis, holds values of several samples in each row. The same before such a module: a `view` or `reshape` that was given the
samples as its first axis, and has as many entries along its second, while there is a label for each.

And where the axes of what such a module is given lay in the convolution before it: one that runs along the convolution's
first axis, the samples, while it takes places of its pictures or signals for samples, has the two exchanged.

And sums that lack their axis, in the graph of the loss: what layers give for all samples is summed into one number, as by
`(u * v).sum()` or `tensordot(u, v, 2)`, which is then added to what is said of each sample. All of these are exact.

## Why it hurts
The states are handed from sample to sample, in the order in which they stand in the batch, and each of a sample's steps is
a sequence of its own, of which none sees another. What was to be carried from the first step to the last never arrives;
shuffled, the neighbours are noise. In a view, a sample's label meets the states of others. Weights that sum to 1 over a
batch hang on who is in it: a sample alone gets 1 at every place, one in a large batch next to nothing. A sum over the whole
batch says the same of each sample: it tells none from another, and is another number with the next batch.

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
None: it is exact. A view of states that mixes is an error, one in front of the module a warning at least. The rest is an
error in a run that is known not to learn, else advice: an attention between samples may be meant.

## Stays silent when
The second axis has the size 1 (a single sequence with a label for each step), both are of one size (each sample against
each), or the labels have steps and samples of their own. A view that keeps the samples' axis,
`hidden.view(layers, 2, batch, -1)`, or is turned back by another view, mixes nothing. Data that is viewed before the first
layer has no graph, and is not seen. A softmax straight before the loss is softmax-wrong-dim's. The number that is summed up
is a mean, a norm or a largest value, divides or multiplies the samples, is a vector, comes of weights alone, or is added to
losses.

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
        "broken": "{layer} is given {first:number} steps of {second:number} samples that a view made of {before}: no entry "
        "of that axis is a sample, each is made of values of several.",
        "broken_cause": "view and reshape keep the order of the values and only count them off anew. What was the first "
        "axis does not become the second by it.",
        "broken_note": "the samples' axis moved, not counted off anew",
        "note": "or x.transpose(0, 1) before it, and the outputs likewise",
        "softmax": "After {layer} a softmax runs over the first of the axes {shape}, and there are {labels:number} "
        "labels, one for each entry of that axis: it runs over the batch.",
        "softmax_cause": "So the samples compete with one another: what one of them gets depends on whatever else is in "
        "its batch, and is another in an evaluation, or with another batch size.",
        "softmax_note": "over the places of each sample; the last axis, as a rule",
        "crossed": "{layer} runs along the batch: what it takes for {steps:number} steps were the samples of the "
        "convolution before it, and what it takes for {places:number} samples were places.",
        "crossed_cause": "With batch_first=True the layout is (samples, steps, features), else (steps, samples, features). "
        "So each sample's state goes on to the next sample, and no step of a sample sees the one before it.",
        "crossed_note": "before {layer}, or its batch_first the other way round; and the outputs likewise",
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
        "broken": "{layer} 得到 {second:number} 个样本的 {first:number} 步，而它们由形状为 {before} 的张量经 view 得来："
        "这一维的每一项都不是一个样本，而是由几个样本的数值拼成。",
        "broken_cause": "view 和 reshape 保持数值的顺序，只是重新划分。原来的第一维并不会因此变成第二维。",
        "broken_note": "移动样本所在的维，而不是重新划分",
        "crossed": "{layer} 沿着批次运行：它当作 {steps:number} 个时间步的，是前面卷积的样本；"
        "它当作 {places:number} 个样本的，是各个位置。",
        "crossed_cause": "batch_first=True 时布局是（样本，时间步，特征），否则是（时间步，样本，特征）。"
        "于是一个样本的状态传给了下一个样本，而同一样本的各个时间步互相看不到。",
        "crossed_note": "放在 {layer} 之前，或把它的 batch_first 反过来；输出也同样处理",
        "viewed": "{layer} 给出 {states}，样本在第二维；view 把它变成 {viewed}，每个样本一行：每一行都含有几个样本的数值。",
        "count_off": "view 和 reshape 保持数值的顺序，只是重新划分。应先用 transpose 把样本维移到最前面，"
        "或用 cat 把两个方向并排放置。",
        "states": "最后一层的两个方向",
        "note": "或在它之前用 x.transpose(0, 1)，输出也同样处理",
        "softmax": "{layer} 之后的 softmax 作用在 {shape} 的第一维上，而标签有 {labels:number} 个，"
        "恰好与这一维一一对应：它作用在批次上。",
        "softmax_cause": "于是样本之间互相竞争：一个样本得到什么，取决于同一批里还有谁；"
        "在评估时，或者批次大小改变时，结果就不同。",
        "softmax_note": "作用在每个样本自己的各个位置上，通常是最后一维",
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
        if layer.crossed:
            yield _crossed(case, layer, *layer.crossed)
            return
    for layer in case.in_flow(case.record.layers):
        steps, samples = layer.steps_first or (0, 0)
        if samples < 2 or steps == samples or not losses:
            continue
        if all(_labels(loss, steps, samples) for loss in losses):
            yield _along_the_batch(case, layer, steps, samples)
            return
        if layer.samples_before and all(_labels(loss, samples, steps) for loss in losses):
            yield _broken(case, layer, steps, samples)
            return
    yield from [*_softmax(case, losses)] or _sums(case, losses)


def _softmax(case: Case, losses: list[Loss]) -> Iterator[Finding]:
    for layer in case.in_flow(case.record.layers):
        shape = layer.softmax_first
        if not shape or not losses or not all(_runs_over_samples(loss, shape) for loss in losses):
            continue
        yield Finding(
            "mixes-across-batch",
            "error" if case.learns is False else "advice",
            case.say(TEXT, "softmax", layer=layer.name, shape=shape, labels=shape[0]),
            layer.name,
            0,
            (Evidence("labels", shape[0]), Evidence("softmax_dim", 0.0)),
            case.say(TEXT, "softmax_cause"),
            Remedy(
                "over-places",
                f"torch.nn.functional.softmax(scores, dim=-1)     # {case.say(TEXT, 'softmax_note')}",
                safe=False,
            ),
            line=layer.line,
        )
        return


def _runs_over_samples(loss: Loss, shape: tuple[int, ...]) -> bool:
    """Whether the first axis of the softmax is the batch, by its size, and no other can be; the loss's own is not this."""
    first, *others = loss.target_shape or (0,)
    within = {size for size in shape[1:] if size > 1}
    return first == shape[0] > 1 and bool(within) and not within & {first, *others} and loss.softmax_axis != 0


def _sums(case: Case, losses: list[Loss]) -> Iterator[Finding]:
    layers = [layer for layer in case.in_flow(case.record.layers) if layer.summed]
    rows = max((layer.summed or 0 for layer in layers), default=0)
    if not layers or not losses or not all(loss.target_shape[:1] == (rows,) for loss in losses):
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


def _along_the_batch(case: Case, layer: Layer, steps: int, samples: int) -> Finding:
    return Finding(
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


def _crossed(case: Case, layer: Layer, steps: int, places: int) -> Finding:
    note = case.say(TEXT, "crossed_note", layer=layer.name)
    return Finding(
        "mixes-across-batch",
        "error" if case.learns is False else "advice",
        case.say(TEXT, "crossed", layer=layer.name, steps=steps, places=places),
        layer.name,
        0,
        (Evidence("steps", steps), Evidence("second_axis", places)),
        case.say(TEXT, "crossed_cause"),
        Remedy(
            "move-the-axis",
            f"x = x.transpose(0, 1)     # {note}",
            safe=False,
        ),
        line=layer.line,
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


def _broken(case: Case, layer: Layer, steps: int, samples: int) -> Finding:
    before = layer.samples_before
    moved = "x.flatten(2).permute(2, 0, 1)" if len(before) > 2 else f"x.view({samples}, {steps}, -1).transpose(0, 1)"
    return Finding(
        "mixes-across-batch",
        "error" if case.learns is False else "warning",
        case.say(TEXT, "broken", layer=layer.name, first=steps, second=samples, before=before),
        layer.name,
        0,
        (Evidence("labels", samples), Evidence("second_axis", samples)),
        case.say(TEXT, "broken_cause"),
        Remedy("move-the-axis", f"x = {moved}     # {case.say(TEXT, 'broken_note')}", safe=False),
        line=layer.line,
    )


def _labels(loss: Loss, entries: int, other: int) -> bool:
    """Whether there is one label, or a row of them, for each entry of the one axis, and none of them is the other."""
    first, *rest = loss.target_shape
    return first == entries and len(rest) < 2 and rest != [other]
