"""All labels of the run are of one class: there is nothing to tell apart.

## What it sees
The labels of a classification loss, added up over the run by class. It speaks if the last layer has an output for each
of two classes or more, or is an embedding of as many words that the input shares, and all labels are of the same one. Of
a binary cross-entropy, all of whose labels are 0, or all 1, it speaks if they are set against the logits of a last layer
with a bias, or against the sigmoid of its sums alone.

## Why it hurts
The net learns to answer that class whatever comes in, by its last bias alone, and reports a loss near zero and an accuracy
of 100 %. Labels are so when a file is read in part, sorted and cut off, when names are compared that never match, or when
the wrong column is taken.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
names = ["cat" if x > 0 else "dog" for x in torch.randn(512)]
y = torch.tensor([0 if name == "Cat" else 1 for name in names])
x = torch.randn(512, 20)
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(40):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
kind = torch.randn(512)
names = ["cat" if k > 0 else "dog" for k in kind]
y = torch.tensor([0 if name == "cat" else 1 for name in names])
x = torch.randn(512, 20) + kind.unsqueeze(1)
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(40):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `LABELS` = 100: labels seen, at least. Of two classes that are equally frequent, so many alike come by chance once in 2^99
  runs; of one in ten, once in 38,000.
- `BINARY` = 1000: rows of binary labels, at least, where the rarer answer is often rarer still: of one in a hundred, once
  in 23,000.

## Stays silent when
Another loss is trained beside it or another optimizer steps (the two roles of a GAN, the domains of an adversary). The
classes are no outputs of a layer, but candidates to choose from, of which the right one may always stand first (the one
positive among the negatives of MoCo, the clicked item among sampled ones): no bias can answer for all of them. So it is
of a difference of two scores, which should always be above zero (RankNet, a reward model).

## References
The check for a single class that scikit-learn's classifiers make in `fit`.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Layer, Loss

GROUP = "data"
RESTS_ON = "fact"
NEEDS = ("loss.unvaried",)
SINCE, STATUS = "0.1.0", "stable"

LABELS = 100  # seen, at least (derivation in the page)
BINARY = 1000  # rows of them, at least, where labels are 0 and 1
SUMS = ("addmm", "linear", "convolution")  # what a last layer gives

TEXT = Text(
    en={
        "message": "All {labels:number} labels that {kind} was given are of class {only:number}, "
        "of {classes:number} classes.",
        "binary": "All labels of the {labels:number} rows that {kind} was given are {only:number}.",
        "cause": "The net only learns to answer it whatever comes in; a loss near zero says nothing here. Look at how the "
        "labels are read: a file that is sorted and cut off, names that never match, the wrong column.",
        "note": "each class should be there",
    },
    zh={
        "message": "{kind} 得到的全部 {labels:number} 个标签都属于类别 {only:number}，而输出有 {classes:number} 个类别。",
        "binary": "{kind} 得到的 {labels:number} 行标签全都是 {only:number}。",
        "cause": "网络只会学到无论输入什么都回答这个类别；这里损失接近零并不说明什么。请检查标签是怎样读取的："
        "文件是否排序后"
        "被截断，名称是否从不匹配，是否取错了列。",
        "note": "每个类别都应当出现",
    },
)


def labels_one_class(case: Case) -> Iterator[Finding]:
    """One finding, of the only loss that is trained."""
    trained = [loss for loss in case.record.losses if loss.trained]
    if len(trained) != 1 or len(case.record.optimizers) > 1:
        return
    (loss,) = trained
    if loss.kind.startswith("binary"):
        yield from _binary(case, loss)
        return
    labels, seen = sum(loss.targets.mass), [number for number, mass in enumerate(loss.targets.mass) if mass > 0]
    if labels < LABELS or len(seen) != 1 or len(loss.targets.mass) < 2:
        return
    if not any(layer.output and len(loss.targets.mass) == _outputs(layer) for layer in case.record.layers):
        return
    facts = {"labels": labels, "kind": loss.kind, "only": seen[0], "classes": len(loss.targets.mass)}
    yield Finding(
        "labels-one-class",
        "error",
        case.say(TEXT, "message", **facts),
        None,
        0,
        (Evidence("classes_seen", 1, of=len(loss.targets.mass)), Evidence("labels", labels, LABELS)),
        case.say(TEXT, "cause"),
        Remedy("look-at-labels", f"print(torch.bincount(labels.flatten()))     # {case.say(TEXT, 'note')}"),
        line=loss.line,
    )


def _outputs(layer: Layer) -> int | None:
    """What the layer tells apart; an embedding whose weight is the output's as well, its words."""
    return layer.shape[0] if "embedding" in layer.kind.lower() and layer.shape else layer.units


def _binary(case: Case, loss: Loss) -> Iterator[Finding]:
    rows, columns = loss.targets.count, {*loss.targets.total}
    biased = [layer for layer in case.record.layers if layer.output and _has_bias(case, layer)]
    summed = SUMS if all(layer.kind != "mm" for layer in biased) else (*SUMS, "add")  # x @ w + b, by hand
    # A sigmoid may be one of a difference; a layer's own activation is of its sums.
    own = loss.made_by in summed or (loss.made_by == "sigmoid" and any(one.activation == "sigmoid" for one in biased))
    if rows < BINARY or columns not in ({0.0}, {rows}) or not biased or not own:
        return
    yield Finding(
        "labels-one-class",
        "error",
        case.say(TEXT, "binary", labels=rows, kind=loss.kind, only=int(columns == {rows})),
        None,
        0,
        (Evidence("classes_seen", 1, of=2), Evidence("labels", rows, BINARY)),
        case.say(TEXT, "cause"),
        Remedy("look-at-labels", f"print(torch.bincount(labels.flatten().long()))     # {case.say(TEXT, 'note')}"),
        line=loss.line,
    )


def _has_bias(case: Case, layer: Layer) -> bool:
    """By its name, or by its shape where it has none of its own: a model that is one layer, weights held by hand."""
    shapes = {parameter.name: parameter.shape for parameter in case.record.parameters}
    return any(name.rpartition(".")[2] == "bias" or len(shapes.get(name, ())) == 1 for name in layer.parameters)
