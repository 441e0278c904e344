"""A `view` mixes axes where a transpose would have moved them: classes in front of a loss, the heads of an attention.

## What it sees
The axis of the units of the last linear or convolutional layer, followed through every view, transpose and slice to the
input of `cross_entropy` or `nll_loss`. It speaks if a view ends that axis and the loss finds another one of the same size
in the classes' place, or if the layer gives several boxes' classes at once, and what the loss finds in their place are
pieces of a row, or of another axis that counts places. It is exact.

And every view of what layers gave, by its shapes alone: whether axes that are split and neighbours that are merged can make
the one of the other. If the product of the first few sizes before the view and one after it do not divide each other,
they cannot.

## Why it hurts
`view` and `reshape` keep the values in their order and only count them off anew. Outputs (batch, time, classes) that are
viewed as (batch, classes, time) fit the loss, but each place now holds a value of another word and another class: labels
are compared with the scores of something else.

The heads of an attention are the same case: (batch, time, heads x d) that is viewed as (batch, heads, time, d) gives each
head other steps of time than it believes, and a causal mask lets the future through.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randint(0, 10, (256, 6))
y = x % 3
model = nn.Sequential(nn.Embedding(10, 32), nn.ReLU(), nn.Linear(32, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    scores = model(x)
    nn.functional.cross_entropy(scores.view(256, 3, 6), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randint(0, 10, (256, 6))
y = x % 3
model = nn.Sequential(nn.Embedding(10, 32), nn.ReLU(), nn.Linear(32, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    scores = model(x)
    nn.functional.cross_entropy(scores.transpose(1, 2), y).backward()
    optimizer.step()
```

## Limits
None: it is exact of the classes, and of sizes that do not divide each other. Where they do, an inner axis, or one along
which something was stacked (the directions of a recurrent layer's last states), that stands elsewhere between others of
the same sizes is said to have been moved; by chance that is so of no usual view. In a run that learns this is advice.

## Stays silent when
The layer has more units than there are classes, and the loss finds units in the classes' place; the
classes are moved by `transpose`, `permute` or `movedim`; or anything between the layer and the loss mixes values. Of
other views: the sizes divide each other and the first axis or the last takes part, two of them are equal, or another
view takes it back before the next weights.

## References
The PyTorch documentation of `torch.nn.CrossEntropyLoss`: input of shape (N, C, d1, ..., dK); of `torch.Tensor.view` and of
`torch.permute`.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loss

GROUP = "loss"
RESTS_ON = "fact"
NEEDS = ("loss.function",)
SINCE, STATUS = "0.1.0", "stable"

KINDS = ("cross_entropy", "nll_loss")

TEXT = Text(
    en={
        "message": "The {classes:number} classes of {kind}'s input {shape} are no classes: a view mixed them with the "
        "other axes.",
        "cause": "view and reshape keep the order of the values and only count them off anew. What should be the classes "
        "of one place are values of several places.",
        "view": "A view turned {before} into {after}: it mixes their axes.",
        "view_cause": "view and reshape keep the order of the values and only count them off anew. To move an axis takes "
        "transpose or permute; without it each place holds values of several others.",
        "move": "the axes that are to change places",
        "sequence": "scores of shape (batch, time, classes)",
        "picture": "scores of shape (batch, classes, height, width)",
        "boxes": "of a layer that gives the {classes:number} classes of several boxes at each place",
    },
    zh={
        "message": "{kind} 的输入 {shape} 中的 {classes:number} 个“类别”并不是类别：view 把它们与其他维混在了一起。",
        "cause": "view 和 reshape 保持数值的顺序，只是重新划分。本应是同一位置的各个类别，实际上来自几个不同的位置。",
        "view": "一个 view 把 {before} 变成了 {after}：它把各个维混在了一起。",
        "view_cause": "view 和 reshape 保持数值的顺序，只是重新划分。移动一个维要用 transpose 或 permute；"
        "否则每个位置都混入了其他位置的数值。",
        "move": "需要交换的维",
        "sequence": "scores 的形状为（批次，时间，类别）",
        "picture": "scores 的形状为（批次，类别，高，宽）",
        "boxes": "该层在每个位置给出若干个边界框各自的 {classes:number} 个类别",
    },
)


def class_axis_misplaced(case: Case) -> Iterator[Finding]:
    """One finding for each line that does it, or else for the first other view."""
    for loss in case.record.losses:
        if not _loses_classes(loss):
            continue
        classes = loss.shape[1]
        yield Finding(
            "class-axis-misplaced",
            "error",
            case.say(TEXT, "message", classes=classes, kind=loss.kind, shape=loss.shape),
            step=0,
            evidence=(Evidence("classes", float(classes)),),
            cause=case.say(TEXT, "cause"),
            remedy=_remedy(case, loss),
            line=loss.line,
        )
    if not any(map(_loses_classes, case.record.losses)):
        yield from _view(case)


def _loses_classes(loss: Loss) -> bool:
    return loss.trained and loss.kind in KINDS and loss.class_axis_lost


def _view(case: Case) -> Iterator[Finding]:
    """The first that was seen; another one's name may be a layer's that the record does not hold."""
    facts = case.record.meta.get("mixed_by_view")
    if not facts:
        return
    layers = tuple(layer.name for layer in case.record.layers if layer.name in facts["layers"])
    yield Finding(
        "class-axis-misplaced",
        "error" if case.learns is False else "warning" if facts["proven"] else "advice",
        case.say(TEXT, "view", before=tuple(facts["before"]), after=tuple(facts["after"])),
        layers[0] if layers else None,
        0,
        (Evidence("axes", float(len(facts["before"]))),),
        case.say(TEXT, "view_cause"),
        Remedy("transpose", f"x.transpose(1, 2)     # {case.say(TEXT, 'move')}"),
        layers,
    )


def _remedy(case: Case, loss: Loss) -> Remedy:
    """Of three dimensions it was a sequence; flattened to two, what had to be flattened was a picture."""
    if loss.units is not None:
        classes = loss.shape[1]
        moved = f"scores.permute(0, 2, 3, 1).reshape(len(scores), -1, {classes})"
        return Remedy("permute", f"{moved}     # {case.say(TEXT, 'boxes', classes=classes)}")
    if len(loss.shape) == 2:
        moved, note = "scores.permute(0, 2, 3, 1).flatten(0, 2)", "picture"
        return Remedy("permute", f"{moved_loss(loss, moved)}     # {case.say(TEXT, note)}")
    return Remedy("transpose", f"{moved_loss(loss, 'scores.movedim(-1, 1)')}     # {case.say(TEXT, 'sequence')}")


def moved_loss(loss: Loss, moved: str) -> str:
    return f"torch.nn.functional.{loss.kind}({moved}, target{'.flatten()' if len(loss.shape) == 2 else ''})"
