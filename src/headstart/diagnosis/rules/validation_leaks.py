"""Some of the samples that the net is evaluated on are among those that it is trained on.

## What it sees
A fingerprint of each sample that enters the model, with gradients and without (a share of them is kept, chosen by the
fingerprint alone). It speaks if batches without gradients hold both samples that the net was trained on before and
samples that it never was.

It also speaks if the parts change places while the weights go on, as in a cross-validation whose folds share one model:
samples that were trained on again and again are then left out and evaluated, in batches of their own, and others that were
evaluated first are trained on.

## Why it hurts
The net knows these samples by heart, so that the evaluation is better than the net is, and grows better the more it
overfits. Splits leak when they are drawn twice, with another seed for each part, when slices overlap, or when the data
hold copies. Of a model that goes from fold to fold only the first fold says how good it is.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(1000, 20)
y = (x[:, 0] + torch.randn(1000) > 0).long()
train, valid = torch.randperm(1000)[:800], torch.randperm(1000)[:200]
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(3):
    for rows in train[torch.randperm(800)].split(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    with torch.no_grad():
        print(nn.functional.cross_entropy(model(x[valid]), y[valid]))
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(1000, 20)
y = (x[:, 0] + torch.randn(1000) > 0).long()
train, valid = torch.randperm(1000).split([800, 200])
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(3):
    for rows in train[torch.randperm(800)].split(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    with torch.no_grad():
        print(nn.functional.cross_entropy(model(x[valid]), y[valid]))
```

## Limits
- `SHARE` = 0.01: of the evaluated samples, at least; fingerprints of real pictures are alike by chance in 0.1 % (of
  MNIST's 60,000 digits 64, measured).
- `TIMES` = 5: as often as samples of the training set are alike among themselves, at least.
- `APART` = 0.5: of the places of a sample, on 64 of which it is looked at. Where no two different samples agree at more of
  them than that, none are the same at all places by chance: what is alike in the training set are copies, as of a rare
  class that is oversampled before the split, and `TIMES` is not asked for. Real numbers agree nowhere, words and the
  borders of pictures do.
- `ONCE` = 0.5: of the training samples that are alike, at most, for that. Drawn once each in an epoch, copies are fewer;
  drawn with replacement, as from the memory of an agent, most come again before the others have come.
- `LEAKED` = 5 samples that leaked, and `LOOKED` = 40 evaluated, at least.
- `AGAIN` = 0.9: share of the training samples that came twice, at least: only then is the whole set known.
- `ALL` = 0.9: of the training samples that are evaluated, at most. With more, the training set is evaluated on purpose.
- `PLACES` = 0.25: share of the samples that were left out after they had been trained on, at least: of two folds it is a
  half, of more nearly all. A sample is left out after three turns without it, if it was trained on three times before. Of
  those drawn by chance one in 20 stays away as long; so all samples of a batch must be left out, four at least.
- `NEAR` = 3: steps of which the mean loss is taken, for the next limits.
- `FELL` = 0.5 and `ROSE` = 0.8 of the first loss: it must have fallen to the one and never have been at the other again.
  Otherwise the weights may have been drawn anew for each fold, where nothing was seen of it.

## Stays silent when
Each batch of the evaluation is either of training samples or of others, all of the training set is evaluated as well, most
training samples that are evaluated come in batches of their own, no second epoch was seen, training samples are never
the same twice (augmentation), there are several optimizers or one is made anew (the folds of a cross-validation), or
samples have fewer than eight values or too few different ones to tell them apart.

Of parts that change places: where the weights were drawn or loaded anew in between, there are several optimizers, or the
first 1,024 steps do not show it.

## References
Kaufman, Rosset, Perlich and Stitelman, *Leakage in data mining* (2012); Elangovan, He and Verspoor, *Memorization vs.
generalization: quantifying data leakage in NLP performance evaluation* (2021), arXiv 2102.01818.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from headstart.diagnosis.case import Case
from headstart.diagnosis.samples import Drawn
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Samples, Series

GROUP = "data"
RESTS_ON = "fact"
NEEDS = ("samples.batch", "samples.evaluated")
SINCE, STATUS = "0.1.0", "stable"

SHARE = 0.01  # of the evaluated samples; 64 of MNIST's 60,000 digits are alike by chance
TIMES = 5  # as often as training samples are alike among themselves
LEAKED = 5  # samples
LOOKED = 40  # samples
APART = 0.5  # of the places at which two different samples agree, at most, where none are alike by chance
ONCE = 0.5  # of the training samples that are alike, at most, where each copy is drawn once in an epoch
AGAIN = 0.9  # share of the training samples that came twice
ALL = 0.9  # share of the training samples that are evaluated, at most
PLACES = 0.25  # share of the samples that were left out after they had been trained on
FELL, ROSE = 0.5, 0.8  # of the first loss
NEAR = 3  # steps of which a mean is taken

TEXT = Text(
    en={
        "message": "{share:share} of the samples in the evaluation are samples that the net is trained on.",
        "cause": "The net may know them by heart, so that the evaluation says more good of it than is true. Splits leak "
        "when they are drawn twice, when slices overlap, or when the data hold copies.",
        "copied": "The net may know them by heart, so that the evaluation says more good of it than is true. The data held "
        "copies when they were split, as of a rare class that was oversampled: one is trained on, another evaluates.",
        "first": "first of all; then oversample the training part alone",
        "note": "draw once, and give each sample to one part only",
        "folds": "The parts change places and the weights go on: {left:number} of {all:number} samples that were trained "
        "on are left out and evaluated later, and {joined:number} that were evaluated are trained on.",
        "folds_cause": "A model that is not made anew for each fold has learnt by heart, in the folds before, what now "
        "evaluates it. Only the first fold says how good it is.",
        "folds_note": "and its optimizer, within the loop over the folds",
    },
    zh={
        "message": "评估所用的样本中有 {share:share} 也被用来训练网络。",
        "cause": "网络可能已经背下了这些样本，因此评估结果比网络的真实水平要好。划分被抽取了两次、切片重叠，或者数据中有"
        "重复样本，都会造成泄漏。",
        "copied": "网络可能已经背下了这些样本，因此评估结果比网络的真实水平要好。划分时数据中已有重复样本，"
        "例如对少数类做过过采样：一份进了训练，另一份进了评估。",
        "first": "先划分；然后只对训练部分过采样",
        "note": "只划分一次，每个样本只属于一个部分",
        "folds": "各部分互换了位置，而权重沿用下去：{all:number} 个训练过的样本中有 {left:number} 个后来被留出并用于评估，"
        "另有 {joined:number} 个先被评估、后被训练。",
        "folds_cause": "如果不为每一折重新创建模型，它在前几折中就已经背下了现在用来评估它的样本。只有第一折说明它有多好。",
        "folds_note": "连同优化器，放在各折的循环之内",
    },
)


def validation_leaks(case: Case) -> Iterator[Finding]:
    """One finding, of the model with the largest share; or of the one whose parts change places."""
    if len(case.record.optimizers) > 1:
        return
    if folds := next((samples for samples in case.record.samples if _change_places(case, samples)), None):
        yield _folds(case, folds)
    elif not any(optimizer.remade for optimizer in case.record.optimizers):
        yield from _overlap(case)


def _change_places(case: Case, samples: Samples) -> bool:
    trained = len(Drawn.of(samples).trained)
    return samples.joined >= LEAKED and samples.left >= max(LOOKED, PLACES * trained) and _goes_on(case.record.loss)


def _goes_on(loss: Series) -> bool:
    """Whether the loss fell, and never was again where it had begun."""
    means = [fmean(loss.values[at : at + NEAR]) for at in range(len(loss) - NEAR + 1)]
    fell = next((at for at, mean in enumerate(means) if mean <= FELL * means[0]), None)
    return fell is not None and means[0] > 0 and all(mean < ROSE * means[0] for mean in means[fell:])


def _folds(case: Case, samples: Samples) -> Finding:
    trained = len(Drawn.of(samples).trained)
    return Finding(
        "validation-leaks",
        "warning",
        case.say(TEXT, "folds", left=samples.left, all=trained, joined=samples.joined),
        None,
        0,
        (
            Evidence("left_out_later", samples.left, PLACES * trained, of=trained),
            Evidence("trained_later", samples.joined, LEAKED),
        ),
        case.say(TEXT, "folds_cause"),
        Remedy("model-for-each-fold", f"model = make_model()     # {case.say(TEXT, 'folds_note')}"),
    )


def _overlap(case: Case) -> Iterator[Finding]:
    found = []
    for samples in case.record.samples:
        drawn = Drawn.of(samples)
        within = [(known, others) for known, others in samples.looks if known and others]
        leaked, looked = sum(known for known, _ in within), sum(map(sum, within))
        if leaked < LEAKED or looked < LOOKED or drawn.again < AGAIN or drawn.evaluated > ALL * len(drawn.trained):
            continue
        if 2 * leaked < sum(known for known, _ in samples.looks):  # most were evaluated on purpose
            continue
        share = leaked / looked
        if share > (SHARE if _are_copies(samples, drawn) else max(SHARE, TIMES * drawn.by_chance)):
            found.append((share, drawn, _are_copies(samples, drawn)))
    if not found:
        return
    share, drawn, copies = max(found, key=lambda one: one[0])
    chance = Evidence("share_alike_by_chance", drawn.by_chance, share / TIMES)
    yield Finding(
        "validation-leaks",
        "warning",
        case.say(TEXT, "message", share=share),
        None,
        0,
        (Evidence("share_trained_on", share, SHARE), *(() if copies else (chance,))),
        case.say(TEXT, "copied" if copies else "cause"),
        Remedy(
            "split-once",
            "train, valid = torch.utils.data.random_split(dataset, [0.8, 0.2], torch.Generator().manual_seed(0))"
            f"     # {case.say(TEXT, 'first' if copies else 'note')}",
        ),
    )


def _are_copies(samples: Samples, drawn: Drawn) -> bool:
    """Whether samples of the training set that are the same are so because somebody made them so."""
    apart = samples.alike is not None and samples.alike <= APART and not samples.whole
    return apart and SHARE < drawn.by_chance <= ONCE
