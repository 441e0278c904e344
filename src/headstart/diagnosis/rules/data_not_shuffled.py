"""The batches are sorted by class: each holds nearly one, and the next hold the same one again.

## What it sees
The share of the commonest class in each batch's labels (`loss.commonest`). It speaks if it is, on average, more than
half way from what shuffled batches would have to 1, although the labels of the whole run are of several classes.
Shuffled batches of n labels have at most p + √(ln K / 2n) on average, where p is the commonest class's share in the run
and K the number of classes. Labels that are rows of probabilities, such as ones and zeros, count by what the rows sum to.
It also speaks if a class that is frequent in evaluation (by the labels of losses without gradients) never came in
training, or hardly ever while evaluation lacks another: then the data were cut in their order.

## Why it hurts
Each step then answers "the class of the moment": the last layer's bias follows the order of the file, what was learnt of
one class is overwritten by the next, and the loss while training looks far better than the net is. Files that are sorted
by folder or by label do this, with `shuffle=False`, which is a DataLoader's default.

## Example
```python
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
y = torch.arange(4).repeat_interleave(160)
x = torch.randn(640, 20) + torch.eye(4, 20)[y]
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 4))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(3):
    for a, b in DataLoader(TensorDataset(x, y), batch_size=16):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(a), b).backward()
        optimizer.step()
```

## Use instead
```python
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
y = torch.arange(4).repeat_interleave(160)
x = torch.randn(640, 20) + 2 * torch.eye(4, 20)[y]
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 4))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(3):
    for a, b in DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(a), b).backward()
        optimizer.step()
```

## Limits
- `STEPS` = 20: batches that were looked at, at least.
- `LABELS` = 4096: labels of a batch that are looked at, at most. With as many or more they are of pixels or tokens, which
  hang together within one picture or text.
- In evaluation a class is frequent from one label in twenty, if training would have had twenty of it, drawn alike: then
  none at all comes by chance once in e²⁰ times. It is a warning.
- Half way to 1: no limit of size, for both ends are known (0 is chance, 1 is a class a batch).

## Stays silent when
The commonest class rules the whole run, batches are too small to tell, labels have more axes than the batch's (those of
one text or picture hang together), or two classes take turns (the two roles of a GAN). Of classes that only the evaluation
has, where labels-one-class has said that training has but one.

## References
Bengio, *Practical recommendations for gradient-based training* (2012), arXiv 1206.5533, §2.1.1; the bound is Massart's
finite class lemma (2000) for K averages of n labels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from statistics import fmean

from headstart.diagnosis import evaluated
from headstart.diagnosis.case import Case
from headstart.diagnosis.rules.labels_one_class import labels_one_class
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loss, Series

GROUP = "data"
RESTS_ON = "share"
NEEDS = ("loss.commonest",)
SINCE, STATUS = "0.1.0", "stable"

STEPS = 20  # batches that were looked at, at least
LABELS = 4096  # what monitor.losses reads of one batch: so many labels are those of pixels or tokens

TEXT = Text(
    en={
        "message": "In a batch the commonest class has {share:share} of the labels, in the whole run {whole:share}: the "
        "data come sorted by class.",
        "cause": "Each step then learns the class of the moment and unlearns the others. The loss while training looks "
        "better than the net is, for the last layer's bias follows the order of the data.",
        "cut": "Class {label:number} has {share:share} of the labels in evaluation, and {trained:share} of those that were "
        "trained on: the data were cut in their order.",
        "cut_cause": "Data that are sorted by class and cut in their order into a part to train on and one to evaluate "
        "on leave the last classes out of the first. What is not shown cannot be learnt.",
        "split": "shuffles before it cuts",
        "note": "a DataLoader keeps the order of the data unless it is told",
    },
    zh={
        "message": "一个批次中最常见的类别占标签的 {share:share}，而在整个运行中只占 {whole:share}：数据是按类别排序的。",
        "cause": "这样每一步都在学当前的类别，同时忘掉其他类别。训练时的损失看起来比网络的真实水平好，因为最后一层的偏置"
        "跟着数据的顺序走。",
        "cut": "类别 {label:number} 占评估标签的 {share:share}，却只占训练标签的 {trained:share}："
        "数据是按原来的顺序切分的。",
        "cut_cause": "数据按类别排序，又按原来的顺序切成训练部分和评估部分，最后几个类别就不在训练部分中。"
        "没有见过的东西是学不会的。",
        "split": "先打乱再切分",
        "note": "DataLoader 默认保持数据原来的顺序",
    },
)


def data_not_shuffled(case: Case) -> Iterator[Finding]:
    """One finding, of the loss with the most batches; or of the class that evaluation misses most in training."""
    found = list(_sorted(case))
    yield from found or _cut(case)


def _cut(case: Case) -> Iterator[Finding]:
    unseen = [lack for lack in evaluated.lacks(case) if lack.cut]
    if not unseen or any(labels_one_class(case)):  # then all other classes are unseen
        return
    lack = max(unseen, key=lambda one: one.share)
    yield Finding(
        "data-not-shuffled",
        "warning",
        case.say(TEXT, "cut", label=lack.label, share=lack.share, trained=lack.trained),
        None,
        0,
        (Evidence("share_in_evaluation", lack.share, evaluated.OFTEN), Evidence("share_in_training", lack.trained)),
        case.say(TEXT, "cut_cause"),
        Remedy(
            "shuffle-before-cut",
            f"train, valid = torch.utils.data.random_split(dataset, [0.8, 0.2])     # {case.say(TEXT, 'split')}",
        ),
        line=lack.line,
    )


def _sorted(case: Case) -> Iterator[Finding]:
    trained = [loss for loss in case.record.losses if loss.trained and loss.targets.mass and _of_samples(loss)]
    loss = max(trained, key=lambda one: len(case.record.loss_of(one.name)), default=None)
    if loss is None:
        return
    shares = _labelled(case.record.series(loss.name, "loss.commonest"))
    if len(shares) < STEPS or _takes_turns(case, loss):
        return
    chance = chance_of(loss, len(shares))
    share = fmean(shares.values)
    if chance is None or share <= (1 + chance) / 2:
        return
    whole = max(loss.targets.mass) / sum(loss.targets.mass)
    yield Finding(
        "data-not-shuffled",
        "error" if case.learns is False else "warning",
        case.say(TEXT, "message", share=share, whole=whole),
        None,
        shares.steps[0],
        (
            Evidence("share", share, (1 + chance) / 2, (shares.steps[0], shares.steps[-1]), "loss.commonest"),
            Evidence("share_of_the_run", whole),
        ),
        case.say(TEXT, "cause"),
        Remedy("shuffle", f"DataLoader(dataset, batch_size=..., shuffle=True)     # {case.say(TEXT, 'note')}"),
        line=loss.line,
    )


def chance_of(loss: Loss, batches: int) -> float | None:
    """The share that the commonest class has in a shuffled batch, on average, at most; None: not known, or 1."""
    total = sum(loss.targets.mass)
    labels = total / batches
    seen = sum(mass > 0 for mass in loss.targets.mass)
    if seen < 2 or labels >= LABELS or labels <= 1:
        return None
    chance = max(loss.targets.mass) / total + math.sqrt(math.log(seen) / (2 * labels))
    return chance if chance < 1 else None


def _of_samples(loss: Loss) -> bool:
    """A label a sample, by its number or as a row; those of one text or picture hang together, not drawn one by one."""
    return len(loss.target_shape) <= 1 or (loss.target_shape == loss.shape and len(loss.shape) == 2)


def _labelled(shares: Series) -> Series:
    """Without batches whose labels were all ignored."""
    seen = [(step, share) for step, share in zip(shares.steps, shares.values, strict=True) if share == share]
    return Series(tuple(step for step, _ in seen), tuple(share for _, share in seen))


def _takes_turns(case: Case, loss: Loss) -> bool:
    """Whether two classes alternate, batch by batch."""
    classes = case.record.series(loss.name, "loss.commonest_class").values
    changes = sum(a != b for a, b in pairwise(classes))
    return len(set(classes)) <= 2 and changes > len(classes) / 2
