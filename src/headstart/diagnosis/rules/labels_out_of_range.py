"""A label names a class that the outputs do not have.

## What it sees
The labels of `cross_entropy` or `nll_loss` as it raises "Target 5 is out of bounds", whether the program ends of that or
catches it: how many there are, and what they have in common.

## Why it hurts
With C outputs, labels are 0 to C - 1. On a CPU another one raises an IndexError that names one label and not what is wrong
with all of them; on a GPU it stops the whole process with "device-side assert triggered". Where the error is caught and
the batch skipped, the net never sees such a class.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = x[:, :4].argmax(1) + 1
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 4))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(40):
    optimizer.zero_grad()
    try:
        loss = nn.functional.cross_entropy(model(x), y)
    except IndexError as error:
        print(error)
        break
    loss.backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = x[:, :4].argmax(1)
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 4))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(40):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
```

## Limits
None: it is exact.

## Stays silent when
Labels are on a GPU, where nothing can be read after the error; there are more outputs than classes; the loss raises for
another reason; or the label is the loss's `ignore_index`.

## References
The documentation of `torch.nn.CrossEntropyLoss`: "class indices in the range [0, C)".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "data"
RESTS_ON = "fact"
NEEDS = ()
SINCE, STATUS = "0.1.0", "stable"

VOIDS = ([255],)  # what PASCAL VOC and Cityscapes give to pixels of no class

TEXT = Text(
    en={
        "message": "{bad:number} of {labels:number} labels given to {kind} name no class: with {classes:number} outputs "
        "they are 0 to {last:number}, and these are {values}.",
        "from one": "No label is 0 and the largest is the number of outputs: the classes seem to be counted from 1.",
        "void": "One value for many labels that belong to no class is a mark for what should not be learnt: tell the loss "
        "so.",
        "too few": "The largest label is {most:number}, so that {needed:number} outputs are needed, if the labels are "
        "right.",
        "negative": "Negative labels are no classes. If they mark what should not be learnt, tell the loss so.",
        "minus one": "the classes from 0 on, in evaluation too",
        "ignored": "not learnt, and not counted in the mean",
        "outputs": "outputs of the last layer: the largest label and one more",
    },
    zh={
        "message": "交给 {kind} 的 {labels:number} 个标签中有 {bad:number} 个不对应任何类别："
        "输出有 {classes:number} 个时，标签应为 0 到 {last:number}，而这些是 {values}。",
        "from one": "没有标签为 0，而最大的标签等于输出个数：类别似乎是从 1 开始编号的。",
        "void": "许多不属于任何类别的标签都取同一个值，这通常表示不应学习的位置：要告诉损失函数。",
        "too few": "最大的标签是 {most:number}，如果标签没有错，就需要 {needed:number} 个输出。",
        "negative": "负数标签不是类别。如果它们表示不应学习的位置，要告诉损失函数。",
        "minus one": "类别从 0 开始编号，评估时也一样",
        "ignored": "不参与学习，也不计入平均",
        "outputs": "最后一层的输出个数：最大标签加一",
    },
)


def labels_out_of_range(case: Case) -> Iterator[Finding]:
    """One finding for each line that does it."""
    for facts in case.record.meta.get("refused") or ():
        why, remedy = _reason(case, facts)
        values = ", ".join(map(str, facts["values"]))
        classes, labels = facts["classes"], facts["labels"]
        yield Finding(
            "labels-out-of-range",
            "error",
            case.say(
                TEXT,
                "message",
                bad=facts["bad"],
                labels=labels,
                kind=facts["kind"],
                classes=classes,
                last=classes - 1,
                values=values,
            ),
            None,
            facts["step"],
            (
                Evidence("labels_out_of_range", facts["bad"], None, (facts["step"],), of=labels),
                Evidence("largest_label", facts["most"], classes - 1),
                Evidence("smallest_label", facts["least"], 0),
            ),
            case.say(TEXT, why, most=facts["most"], needed=facts["most"] + 1),
            remedy,
            line=facts["line"],
        )


def _reason(case: Case, facts: Mapping[str, Any]) -> tuple[str, Remedy]:
    """Why these labels, as far as they tell, and what to do."""
    values, classes, most = facts["values"], facts["classes"], facts["most"]
    if facts["least"] < 0 or values in VOIDS:
        mark = values[0]
        code = f"nn.CrossEntropyLoss(ignore_index={mark})     # {case.say(TEXT, 'ignored')}"
        return "void" if values in VOIDS else "negative", Remedy("ignore-index", code)
    if facts["least"] == 1 and most == classes and not _has_class_zero(case, facts["line"]):
        return "from one", Remedy("count-from-zero", f"labels = labels - 1     # {case.say(TEXT, 'minus one')}")
    return "too few", Remedy(
        "more-outputs", f"nn.Linear(features, {most + 1})     # {case.say(TEXT, 'outputs')}", False
    )


def _has_class_zero(case: Case, line: str | None) -> bool:
    """Whether a batch that was not refused held it."""
    return any(loss.line == line and loss.targets.mass[:1] > (0.0,) for loss in case.record.losses)
