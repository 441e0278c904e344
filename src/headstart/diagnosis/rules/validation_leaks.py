"""Some of the samples that the net is evaluated on are among those that it is trained on.

## What it sees
A fingerprint of each sample that enters the model, with gradients and without (a share of them is kept, chosen by the
fingerprint alone). It speaks if batches without gradients hold both samples that the net was trained on before and
samples that it never was.

## Why it hurts
The net knows these samples by heart, so that the evaluation is better than the net is, and grows better the more it
overfits. Splits leak when they are drawn twice, with another seed for each part, when slices overlap, or when the data
hold copies.

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
- `LEAKED` = 5 samples that leaked, and `LOOKED` = 40 evaluated, at least.
- `AGAIN` = 0.9: share of the training samples that came twice, at least: only then is the whole set known.
- `ALL` = 0.9: of the training samples that are evaluated, at most. With more, the training set is evaluated on purpose.

## Stays silent when
Each batch of the evaluation is either of training samples or of others, all of the training set is evaluated as well, most
training samples that are evaluated come in batches of their own, no second epoch was seen, training samples are never
the same twice (augmentation), there are several optimizers or one is made anew (the folds of a cross-validation), or
samples have fewer than eight values or too few different ones to tell them apart.

## References
Kaufman, Rosset, Perlich and Stitelman, *Leakage in data mining* (2012); Elangovan, He and Verspoor, *Memorization vs.
generalization: quantifying data leakage in NLP performance evaluation* (2021), arXiv 2102.01818.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.samples import Drawn
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "data"
RESTS_ON = "fact"
NEEDS = ("samples.batch", "samples.evaluated")
SINCE, STATUS = "0.1.0", "stable"

SHARE = 0.01  # of the evaluated samples; 64 of MNIST's 60,000 digits are alike by chance
TIMES = 5  # as often as training samples are alike among themselves
LEAKED = 5  # samples
LOOKED = 40  # samples
AGAIN = 0.9  # share of the training samples that came twice
ALL = 0.9  # share of the training samples that are evaluated, at most

TEXT = Text(
    en={
        "message": "{share:share} of the samples in the evaluation are samples that the net is trained on.",
        "cause": "The net may know them by heart, so that the evaluation says more good of it than is true. Splits leak "
        "when they are drawn twice, when slices overlap, or when the data hold copies.",
        "note": "draw once, and give each sample to one part only",
    },
    zh={
        "message": "评估所用的样本中有 {share:share} 也被用来训练网络。",
        "cause": "网络可能已经背下了这些样本，因此评估结果比网络的真实水平要好。划分被抽取了两次、切片重叠，或者数据中有"
        "重复样本，都会造成泄漏。",
        "note": "只划分一次，每个样本只属于一个部分",
    },
)


def validation_leaks(case: Case) -> Iterator[Finding]:
    """One finding, of the model with the largest share."""
    if len(case.record.optimizers) > 1 or any(optimizer.remade for optimizer in case.record.optimizers):
        return
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
        if share > max(SHARE, TIMES * drawn.by_chance):
            found.append((share, drawn))
    if not found:
        return
    share, drawn = max(found, key=lambda one: one[0])
    yield Finding(
        "validation-leaks",
        "warning",
        case.say(TEXT, "message", share=share),
        None,
        0,
        (
            Evidence("share_trained_on", share, SHARE),
            Evidence("share_alike_by_chance", drawn.by_chance, share / TIMES),
        ),
        case.say(TEXT, "cause"),
        Remedy(
            "split-once",
            "train, valid = torch.utils.data.random_split(dataset, [0.8, 0.2], torch.Generator().manual_seed(0))"
            f"     # {case.say(TEXT, 'note')}",
        ),
    )
