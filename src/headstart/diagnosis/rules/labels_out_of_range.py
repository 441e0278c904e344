"""A label lies where its loss knows none: it names a class that the outputs do not have, or is none of two.

## What it sees
The labels of `cross_entropy` or `nll_loss` as it raises "Target 5 is out of bounds", whether the program ends of that or
catches it: how many there are, and what they have in common. And the range of labels that a loss takes without a word:
those of binary cross-entropy, and those of the losses of pairs and margins, which know 1 and -1 alone.

## Why it hurts
With C outputs, labels are 0 to C - 1. On a CPU another one raises an IndexError that names one label and not what is wrong
with all of them; on a GPU it stops the whole process with "device-side assert triggered". Where the error is caught and
the batch skipped, the net never sees such a class.

Of a label 0, `cosine_embedding_loss` counts nothing, and `margin_ranking_loss` and `soft_margin_loss` a constant: pairs
that should be told apart have no part in training. Binary cross-entropy falls without end for a label above 1 or below 0.

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
- `SOFTENED` = 0.25: as far beyond 0 and 1 labels of binary cross-entropy may lie. GANs are trained with real ones drawn
  from 0.7 to 1.2 (Chintala et al. 2016).

All else is exact.

## Stays silent when
Labels of a loss that knows 1 and -1 hold both of them, and others beside: a 0 may then leave a pair out on purpose.
Labels are on a GPU, where nothing can be read after the error; there are more outputs than classes; the loss raises for
another reason; or the label is the loss's `ignore_index`.

## References
The documentation of `torch.nn.CrossEntropyLoss`: "class indices in the range [0, C)"; of `torch.nn.CosineEmbeddingLoss`,
`MarginRankingLoss`, `HingeEmbeddingLoss` and `SoftMarginLoss`: labels 1 or -1. Chintala, Denton, Arjovsky & Mathieu,
*How to Train a GAN?* (2016), 6.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loss

GROUP = "data"
RESTS_ON = "fact"
NEEDS = ()
SINCE, STATUS = "0.1.0", "stable"

SOFTENED = 0.25  # beyond 0 and 1, of binary cross-entropy; GANs are trained with labels to 1.2 (Chintala et al. 2016)
BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
SIGNS = ("cosine_embedding_loss", "hinge_embedding_loss", "margin_ranking_loss", "soft_margin_loss")
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
        "neither": "{share:share} of the labels given to {kind} are neither 1 nor -1, the only ones that it knows: they "
        "reach from {least:number} to {most:number}.",
        "nothing": "A pair with another label pulls nothing apart: it counts for nothing, or for a constant.",
        "beyond": "The labels given to {kind} reach from {least:number} to {most:number}, and it takes labels between 0 "
        "and 1.",
        "no minimum": "For a label beyond 0 or 1 it has no minimum: the loss falls without end, and the answers run away.",
        "to signs": "0 and 1 become -1 and 1",
        "to chances": "labels between 0 and 1",
        "to classes": "with one output a class and labels 0, 1, 2, ...",
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
        "neither": "交给 {kind} 的标签中有 {share:share} 既不是 1 也不是 -1，而它只认这两个：标签的范围是 {least:number} "
        "到 {most:number}。",
        "nothing": "标签为其他值的样本对不起推开的作用：它不计入损失，或者只贡献一个常数。",
        "beyond": "交给 {kind} 的标签范围是 {least:number} 到 {most:number}，而它只接受 0 到 1 之间的标签。",
        "no minimum": "标签超出 0 到 1 时它没有最小值：损失无限下降，输出越走越远。",
        "to signs": "0 和 1 变为 -1 和 1",
        "to chances": "标签在 0 与 1 之间",
        "to classes": "每个类别一个输出，标签为 0、1、2、……",
        "minus one": "类别从 0 开始编号，评估时也一样",
        "ignored": "不参与学习，也不计入平均",
        "outputs": "最后一层的输出个数：最大标签加一",
    },
)


def labels_out_of_range(case: Case) -> Iterator[Finding]:
    """One finding for each line that does it."""
    yield from _refused(case)
    for loss in case.record.losses:
        if not loss.trained or loss.least is None or loss.most is None:
            continue
        if loss.kind in SIGNS and loss.outside and (loss.least, loss.most) != (-1, 1):
            yield _taken(case, loss, "neither", "nothing")
        elif loss.kind in BINARY and (loss.least < -SOFTENED or loss.most > 1 + SOFTENED):
            yield _taken(case, loss, "beyond", "no minimum")


def _taken(case: Case, loss: Loss, what: str, why: str) -> Finding:
    """Of labels that the loss takes without a word."""
    least, most = loss.least or 0.0, loss.most or 0.0
    bounds = (-1, 1) if loss.kind in SIGNS else (0, 1)
    share = [Evidence("share_out_of_range", loss.outside)] if loss.kind in SIGNS and loss.outside else []
    return Finding(
        "labels-out-of-range",
        "error",
        case.say(TEXT, what, kind=loss.kind, share=loss.outside or 0.0, least=least, most=most),
        None,
        0,
        (*share, Evidence("largest_label", most, bounds[1]), Evidence("smallest_label", least, bounds[0])),
        case.say(TEXT, why),
        fitted(case, loss),
        line=loss.line,
    )


def fitted(case: Case, loss: Loss) -> Remedy | None:
    """Two labels become those that the loss knows; more of them are classes."""
    least, most = loss.least or 0.0, loss.most or 0.0
    if loss.kind in SIGNS:
        if (least, most) != (0, 1):
            return None
        return Remedy("signs", f"target = 2 * target - 1     # {case.say(TEXT, 'to signs')}")
    if sum(count > 0 for count in loss.counts) > 2:
        code = "torch.nn.functional.cross_entropy(logits, target.long())"
        return Remedy("cross-entropy", f"{code}     # {case.say(TEXT, 'to classes')}", False)
    if most == least:
        return None
    shift = f" - {least:g}" if least > 0 else f" + {-least:g}" if least < 0 else ""
    moved = f"(target{shift})" if shift else "target"
    scale = "" if most - least == 1 else f" / {most - least:g}"
    return Remedy("between-0-and-1", f"target = {moved}{scale}     # {case.say(TEXT, 'to chances')}")


def _refused(case: Case) -> Iterator[Finding]:
    """Of labels at which the loss raised."""
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
