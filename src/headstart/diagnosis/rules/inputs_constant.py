"""All samples are the same: nothing that enters the net ever differs.

## What it sees
Whatever enters the layers that are fed by data, numbers and the indices of embeddings alike: whether any sample of any
batch looked at differs in any value from the first. It speaks if none does in any of these layers, while the labels vary.
And one such layer among others that was given nothing but zeros, so that none of its weights ever got a gradient, while its
bias did.

## Why it hurts
Of the same input a net can make but the same output, whatever it learns: no better than the best constant answer. Inputs
are so when a loader returns its empty buffer, when whole numbers are divided with `//`, when each sample is normalised by
itself until nothing is left, or when all words are unknown to the vocabulary. A layer that gets zeros while others get
data adds its bias and no more: a decoder that is given an empty target where the shifted one was meant, a table of features
that was never filled.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
pixels = torch.randint(0, 255, (512, 64), dtype=torch.uint8)
y = (pixels[:, :32].float().mean(1) > pixels[:, 32:].float().mean(1)).long()
x = (pixels // 255).float()
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(60):
    i = torch.randint(0, 512, (64,))
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x[i]), y[i]).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
pixels = torch.randint(0, 255, (512, 64), dtype=torch.uint8)
y = (pixels[:, :32].float().mean(1) > pixels[:, 32:].float().mean(1)).long()
x = pixels.float() / 255 * 2 - 1
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(60):
    i = torch.randint(0, 512, (64,))
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x[i]), y[i]).backward()
    optimizer.step()
```

## Limits
None: it is exact. Where it is not known yet whether the run learns, as of a single batch, it is a warning; of a layer among
others it is a warning where the run does not learn, else advice.

## Stays silent when
The run learns, so that something else tells the samples apart (the edges of a graph, a recurrent state); the labels are the
same, too, or not known; no look held two samples (one fixed noise for one image); a value differs anywhere, or may
differ unseen. Of a layer among others: a weight of it gets a gradient after all, as that of a recurrence does which starts
from a state of zeros.

## References
Karpathy, *A recipe for training neural networks* (2019): look at what enters the net just before `model(x)`.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.constant import best_constant
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Layer

GROUP = "data"
RESTS_ON = "fact"
NEEDS = ("loss.function",)
SINCE, STATUS = "0.1.0", "stable"

TEXT = Text(
    en={
        "message": "All samples that enter {layer} are the same, value for value, in each of the {looks:number} "
        "batches that were looked at, while the labels differ.",
        "zero": "All samples that enter {layer} are zeros, in each of the {looks:number} batches that were looked at, "
        "while the labels differ.",
        "cause": "Of the same input a net can make but the same output. Look at a batch just before the model gets "
        "it: an empty buffer, a division of whole numbers, a normalisation that leaves nothing?",
        "note": "0 where all samples are the same",
        "part": "{layer} is given nothing but zeros, in each of the {looks:number} batches that were looked at: its "
        "weights get no gradient and never move.",
        "part_cause": "What {layer} adds is its bias, the same for every sample: the input that it is meant for never "
        "arrives. A target or a state that was to be filled, an empty table?",
    },
    zh={
        "message": "在查看的全部 {looks:number} 批中，进入 {layer} 的所有样本逐值相同，而标签各不相同。",
        "zero": "在查看的全部 {looks:number} 批中，进入 {layer} 的所有样本都是零，而标签各不相同。",
        "cause": "对同样的输入，网络只能给出同样的输出。请在数据送入模型之前查看一批：是空的缓冲区，是整数除法，"
        "还是归一化之后什么都不剩？",
        "note": "所有样本相同时为 0",
        "part": "在查看的全部 {looks:number} 批中，{layer} 得到的全是零：它的权重得不到梯度，从不改变。",
        "part_cause": "{layer} 加上的只是它的偏置，对每个样本都一样：它本应接收的输入从未到来。是本应填入的目标或状态，"
        "还是空的表？",
    },
)


def inputs_constant(case: Case) -> Iterator[Finding]:
    """One finding, of the first layer that is fed by data."""
    found = next(_all_alike(case), None) or next(_zeros_to_one(case), None)
    if found is not None:
        yield found


def _all_alike(case: Case) -> Iterator[Finding]:
    inputs = [given for given in case.record.inputs if given.samples]
    told_apart = not all(given.constant for given in inputs) or max((g.samples for g in inputs), default=0) < 2
    joined = any(given.sizes and not given.samples for given in case.record.inputs)  # data that were not compared
    if case.learns or told_apart or joined or not _all_seen(case) or not _labels_vary(case):
        return
    given = min(inputs, key=lambda one: case.flow.place(one.name))
    layer = case.record.layer(given.name)
    is_zero = bool(given.largest) and not any(given.largest)
    yield Finding(
        "inputs-constant",
        "error" if case.learns is False else "warning",
        case.say(TEXT, "zero" if is_zero else "message", layer=given.name, looks=given.looks),
        given.name,
        0,
        (
            Evidence("batches_compared", given.looks),
            Evidence("samples_compared", given.samples),
        ),
        case.say(TEXT, "cause"),
        Remedy("look-at-inputs", f"print(x.float().std(0).max())     # {case.say(TEXT, 'note')}"),
        tuple(one.name for one in inputs),
        layer.line if layer else None,
    )


def _zeros_to_one(case: Case) -> Iterator[Finding]:
    """Of the layers that get zeros and nothing else, while others are told the samples apart."""
    for given in case.record.inputs:
        layer = case.record.layer(given.name)
        if layer is None or given.samples < 2 or not given.constant or not given.largest or any(given.largest):
            continue
        if not _is_idle(case, layer):
            continue
        yield Finding(
            "inputs-constant",
            "warning" if case.learns is False else "advice",
            case.say(TEXT, "part", layer=given.name, looks=given.looks),
            given.name,
            0,
            (Evidence("batches_compared", given.looks), Evidence("samples_compared", given.samples)),
            case.say(TEXT, "part_cause", layer=given.name),
            Remedy("look-at-inputs", f"print(x.float().std(0).max())     # {case.say(TEXT, 'note')}"),
            (given.name,),
            layer.line,
        )


def _is_idle(case: Case, layer: Layer) -> bool:
    """Whether none of its weights ever gets a gradient, at any call, and a bias that it adds does."""
    shapes = {one.name: one.shape for one in case.record.parameters if one.trainable and one.name in layer.parameters}
    got = {name: case.record.series(name, "weight_gradient.max_abs").values for name in shapes}
    weights = [got[name] for name, shape in shapes.items() if len(shape) > 1]
    biases = [got[name] for name, shape in shapes.items() if len(shape) == 1]
    return bool(weights) and all(v and max(v) == 0 for v in weights) and any(v and max(v) > 0 for v in biases)


def _all_seen(case: Case) -> bool:
    """Whether each layer that no other feeds was looked at."""
    seen = {given.name for given in case.record.inputs}
    return all(layer.name in seen for layer in case.record.layers if layer.parameters and not layer.follows)


def _labels_vary(case: Case) -> bool:
    return any(loss.trained and best_constant(loss) is not None for loss in case.record.losses)
