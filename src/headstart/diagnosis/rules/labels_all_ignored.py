"""No label of a batch counts: all are ignored or masked, and there is nothing to learn, or the mean is NaN.

## What it sees
The labels of `cross_entropy` and `nll_loss` in each batch: the share that is the loss's `ignore_index`, or of a class whose
weight is 0; and, of a loss that is given for each element, whether a mask multiplies all of them by 0. It speaks if that is
the whole batch and the loss became NaN of it, if it is so of all batches, or of all from one on.

## Why it hurts
The mean is a sum over no label divided by 0: NaN. Ignored labels alone leave the weights as they are, but the batch teaches
nothing, and each average of losses that it enters is NaN; classes of weight 0 give NaN gradients. If all batches are so,
there is nothing to learn: the mask is the wrong way round, the text was cut off before the answer began, or the mark for
what is not labelled was written over everything. From one batch on it is so where a mask that is kept is changed in place:
what one batch leaves out stays out of all after it.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
labelled = torch.rand(512) < 0.5
y[~labelled] = -100
y = torch.where(labelled, -100, y)
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(30):
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
labelled = torch.rand(512) < 0.5
y[~labelled] = -100
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(30):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `LOOKS` = 20: batches that are looked at, to the run's end, of which none has a label that counts; as many steps as a
  skill is judged from.
- `CHANCE` = 0.001: by which as many in a row would be without one, going by those before.

Of a whole batch, and of all, it is exact.

## Stays silent when
One label counts; the loss is a sum, or the program takes its own mean, and only some batches are empty; or no backward
follows on such a batch.

## References
The documentation of `torch.nn.CrossEntropyLoss`: the mean is taken over targets that are not ignored.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from headstart.diagnosis.case import Case
from headstart.diagnosis.skill import breaks, is_broken
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loss, Series

GROUP = "data"
RESTS_ON = "fact"
NEEDS = ("loss.ignored",)
SINCE, STATUS = "0.1.0", "stable"

LOOKS = 20  # batches without a label, to the run's end
CHANCE = 1e-3  # of as many in a row, going by those before

TEXT = Text(
    en={
        "some": "In {empty:number} of {looks:number} batches that were looked at, all labels of {kind} are {mark}: the "
        "mean over no label is NaN.",
        "all": "All labels of {kind} are {mark}, in each of the {looks:number} batches that were looked at: there is "
        "nothing to learn.",
        "from": "From step {step:number} on no label of {kind} counts: in each of {empty:number} batches that were "
        "looked at, all are {mark} or multiplied by 0.",
        "why from": "Is a mask that is kept for all batches changed in place? What one leaves out stays out of "
        "all after it.",
        "clone": "before anything is written into it",
        "ignored": "ignored ({index:number})",
        "or weigh nothing": "ignored ({index:number}) or of a class with weight 0",
        "why some": "Such a batch teaches nothing, and every average of losses that it enters is NaN. Divide by the number "
        "of labels that count, and by 1 where there are none.",
        "why all": "Is the mask the wrong way round, was the text cut off before what is to be learnt began, or is the "
        "mark written over all labels?",
        "divide": "the mean, and 0 where no label counts",
        "look": "the share of labels that count",
    },
    zh={
        "some": "在查看的 {looks:number} 批中，有 {empty:number} 批的 {kind} 标签全部{mark}：对零个标签取平均得到 NaN。",
        "all": "在查看的全部 {looks:number} 批中，{kind} 的标签全部{mark}：没有可学的东西。",
        "from": "从第 {step:number} 步起，{kind} 没有一个标签有效：在查看的 {empty:number} 批中，全部{mark}或乘以 0。",
        "why from": "是否就地修改了各批共用的掩码？一批中去掉的，在其后所有批次中都被去掉。",
        "clone": "在往里写入之前",
        "ignored": "被忽略（{index:number}）",
        "or weigh nothing": "被忽略（{index:number}）或属于权重为 0 的类别",
        "why some": "这样的一批什么也教不了，而且凡是包含它的损失平均值都会变成 NaN。应除以有效标签的个数，没有时除以 1。",
        "why all": "掩码是否取反了？文本是否在要学习的部分开始之前就被截断？忽略标记是否覆盖了所有标签？",
        "divide": "取平均；没有有效标签时为 0",
        "look": "有效标签所占的比例",
    },
)


def labels_all_ignored(case: Case) -> Iterator[Finding]:
    """One finding for each loss of which it is so."""
    trained = [loss for loss in case.record.losses if loss.trained]
    for loss in trained:
        looks = case.record.series(loss.name, "loss.ignored")
        empty = [step for step, share in zip(looks.steps, looks.values, strict=True) if share >= 1]
        whole = bool(empty) and len(empty) == len(looks)
        became_nan = _became_nan(case, loss, empty)
        if became_nan or (whole and len(trained) == 1):
            yield _finding(case, loss, empty, len(looks), whole, became_nan)
        elif len(trained) == 1 and (last := _last_without(looks)):
            yield _to_the_end(case, loss, last)


def _last_without(looks: Series) -> tuple[int, ...]:
    """The steps of the looks from which on none had a label, where that is not by chance."""
    labelled = next((place for place in range(len(looks), 0, -1) if looks.values[place - 1] < 1), 0)
    before, last = looks.values[:labelled], looks.steps[labelled:]
    share = (sum(value >= 1 for value in before) + 1) / (len(before) + 2)  # Laplace's rule of succession
    return last if len(last) >= LOOKS and share ** len(last) < CHANCE else ()


def _to_the_end(case: Case, loss: Loss, steps: tuple[int, ...]) -> Finding:
    weightless = 0 in (loss.options.get("weight") or ())
    index = int(loss.options.get("ignore_index", -100))
    mark = case.say(TEXT, "or weigh nothing" if weightless else "ignored", index=index)
    return Finding(
        "labels-all-ignored",
        "error",
        case.say(TEXT, "from", step=steps[0], empty=len(steps), kind=loss.kind, mark=mark),
        None,
        steps[0],
        (Evidence("empty_batches", len(steps), LOOKS, (steps[0], steps[-1])),),
        case.say(TEXT, "why from"),
        Remedy("own-mask", f"mask = mask.clone()     # {case.say(TEXT, 'clone')}"),
        line=loss.line,
    )


def _became_nan(case: Case, loss: Loss, empty: Sequence[int]) -> list[int]:
    """Steps whose loss was NaN of labels that all were ignored."""
    if loss.options.get("reduction", "mean") == "sum":
        return []
    losses = dict(zip(case.record.loss.steps, case.record.loss.values, strict=True))
    return [step for step in empty if not math.isfinite(losses.get(step, 0.0))]


def _finding(case: Case, loss: Loss, empty: list[int], looks: int, whole: bool, became_nan: list[int]) -> Finding:
    index = int(loss.options.get("ignore_index", -100))
    weightless = 0 in (loss.options.get("weight") or ())
    mark = case.say(TEXT, "or weigh nothing" if weightless else "ignored", index=index)
    ends_it = is_broken(case.record) and breaks(case.record) in became_nan
    count = f"(labels != {index}).sum().clamp_min(1)     # {case.say(TEXT, 'divide')}"
    divide = Remedy(
        "divide-by-what-counts",
        f'F.cross_entropy(output, labels, ignore_index={index}, reduction="sum") / {count}',
    )
    look = Remedy("look-at-labels", f"print((labels != {index}).float().mean())     # {case.say(TEXT, 'look')}")
    what = "all" if whole else "some"
    return Finding(
        "labels-all-ignored",
        "error" if whole or ends_it else "warning",
        case.say(TEXT, what, empty=len(empty), looks=looks, kind=loss.kind, mark=mark),
        None,
        (became_nan or empty)[0],
        (Evidence("empty_batches", len(empty), None, (empty[0], empty[-1]), of=looks),),
        case.say(TEXT, f"why {what}"),
        look if whole else divide,
        line=loss.line,
    )
