"""All labels of the run are of one class: there is nothing to tell apart.

## What it sees
The labels of a classification loss, added up over the run by class. It speaks if the last layer has an output for each
of two classes or more and all labels are of the same one.

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

## Stays silent when
Another loss is trained beside it or another optimizer steps (the two roles of a GAN, the domains of an adversary). The
classes are no outputs of a layer, but candidates to choose from, of which the right one may always stand first (the one
positive among the negatives of MoCo, the clicked item among sampled ones): no bias can answer for all of them.

## References
The check for a single class that scikit-learn's classifiers make in `fit`.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "data"
RESTS_ON = "fact"
NEEDS = ("loss.commonest",)
SINCE, STATUS = "0.1.0", "stable"

LABELS = 100  # seen, at least (derivation in the page)

TEXT = Text(
    en={
        "message": "All {labels:number} labels that {kind} was given are of class {only:number}, "
        "of {classes:number} classes.",
        "cause": "The net only learns to answer it whatever comes in; a loss near zero says nothing here. Look at how the "
        "labels are read: a file that is sorted and cut off, names that never match, the wrong column.",
        "note": "each class should be there",
    },
    zh={
        "message": "{kind} 得到的全部 {labels:number} 个标签都属于类别 {only:number}，而输出有 {classes:number} 个类别。",
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
    labels, seen = sum(loss.targets.mass), [number for number, mass in enumerate(loss.targets.mass) if mass > 0]
    if labels < LABELS or len(seen) != 1 or len(loss.targets.mass) < 2:
        return
    if not any(layer.output and layer.units == len(loss.targets.mass) for layer in case.record.layers):
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
