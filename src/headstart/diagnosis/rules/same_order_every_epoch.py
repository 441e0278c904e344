"""Each epoch gives the same batches in the same order.

## What it sees
A fingerprint of all samples that the model is given in a step (`samples.batch`), and when the DataLoader begins an epoch.
It speaks, as advice, if all epochs gave the same batches in the same order: because the loader does not shuffle, because
a DistributedSampler is never told the epoch, or because a seed is set again in every epoch.

## Why it hurts
Batches that are drawn anew each time average out what two samples of a batch have in common; the same batches in the same
order do not. The last ones of an epoch always have the last word, which shows where neighbours in a file are alike.

## Example
```python
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(320, 20)
y = (x[:, 0] > 0).long()
loader = DataLoader(TensorDataset(x, y), batch_size=16)
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(4):
    for a, b in loader:
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
x = torch.randn(320, 20)
y = (x[:, 0] > 0).long()
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(4):
    for a, b in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(a), b).backward()
        optimizer.step()
```

## Limits
- `EPOCHS` = 3: that were looked at, at least.
- `BATCHES` = 8: of each epoch, at least. With so many, one order in 40,320 is the same by chance.

## Stays silent when
data-not-shuffled has said so, the net is recurrent (its state may pass from batch to batch), samples are changed each time
(augmentation), or the order is that of a stream, of a sampler of the user's own, or of a loop without a DataLoader.

## References
Bengio, *Practical recommendations for gradient-based training* (2012), arXiv 1206.5533, §2.1.1; pytorch issue 31771 (a
DistributedSampler without `set_epoch`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from headstart.diagnosis.case import RECURRENT, Case
from headstart.diagnosis.rules.data_not_shuffled import data_not_shuffled
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loader, Series

GROUP = "data"
RESTS_ON = "fact"
NEEDS = ("samples.batch", "loader")
SINCE, STATUS = "0.1.0", "stable"

EPOCHS = 3  # that were looked at, at least
BATCHES = 8  # of each epoch, at least: 8! orders

TEXT = Text(
    en={
        "message": "All {epochs:number} epochs gave the same batches in the same order.",
        "sequential": "A DataLoader keeps the order of the data unless it is told to shuffle. The last batches of an epoch "
        "always have the last word.",
        "distributed": "A DistributedSampler draws one order and keeps it until it is told that another epoch begins.",
        "random": "The DataLoader shuffles, but its random numbers are the same in each epoch: a seed is set again, or a "
        "generator is made anew.",
        "note_sequential": "draws new batches in every epoch",
        "note_distributed": "before each epoch",
        "note_random": "once, before the loop over the epochs",
    },
    zh={
        "message": "全部 {epochs:number} 个轮次都以同样的顺序给出同样的批次。",
        "sequential": "DataLoader 默认保持数据原来的顺序，除非要求它打乱。每个轮次总是最后几个批次说了算。",
        "distributed": "DistributedSampler 抽取一种顺序后会一直沿用，直到被告知新的轮次开始了。",
        "random": "DataLoader 会打乱数据，但每个轮次用的随机数都一样：种子被重复设置，或者生成器被重新创建。",
        "note_sequential": "每个轮次都会重新抽取批次",
        "note_distributed": "在每个轮次开始之前",
        "note_random": "只设置一次，放在轮次循环之前",
    },
)
CODE = {
    "sequential": "DataLoader(dataset, batch_size=..., shuffle=True)",
    "distributed": "sampler.set_epoch(epoch)",
    "random": "torch.manual_seed(0)",
}


def same_order_every_epoch(case: Case) -> Iterator[Finding]:
    """One finding, of the first model that it holds for."""
    if any(layer.kind in RECURRENT for layer in case.record.layers) or any(data_not_shuffled(case)):
        return
    for samples in case.record.samples:
        sources = [loader for loader in case.record.loaders if loader.begun and loader.batch == samples.batch]
        kind = _kind(sources[0]) if len(sources) == 1 else None
        if kind is None:
            continue
        epochs = _epochs(case.record.series(samples.name, "samples.batch"), sources[0])
        if len(epochs) < EPOCHS or len(set(epochs)) > 1 or len(set(epochs[0])) < BATCHES:
            continue
        yield Finding(
            "same-order-every-epoch",
            "advice",
            case.say(TEXT, "message", epochs=len(epochs)),
            None,
            sources[0].begun[1],
            (Evidence("different_orders", 1, of=len(epochs)), Evidence("batches", len(epochs[0]), BATCHES)),
            case.say(TEXT, kind),
            Remedy("new-order", f"{CODE[kind]}     # {case.say(TEXT, f'note_{kind}')}"),
            line=sources[0].line,
        )
        return


def _kind(loader: Loader) -> str | None:
    """Why the order of this loader may be the same; None where it is the user's own."""
    if loader.sampler == "DistributedSampler":
        return "distributed"
    return loader.order if loader.order in ("sequential", "random") and not loader.stream else None


def _epochs(batches: Series, loader: Loader) -> list[tuple[float, ...]]:
    """The batches of each epoch that were looked at from its start on, as many of each."""
    by_step = dict(zip(batches.steps, batches.values, strict=True))
    found: list[tuple[float, ...]] = []
    for begin, end in pairwise((*loader.begun, (batches.steps[-1] if batches else 0) + 1)):
        looked = next((step for step in range(begin, end) if step not in by_step), end)
        if looked - begin >= BATCHES:
            found.append(tuple(by_step[step] for step in range(begin, looked)))
    shortest = min(map(len, found), default=0)
    return [epoch[:shortest] for epoch in found]
