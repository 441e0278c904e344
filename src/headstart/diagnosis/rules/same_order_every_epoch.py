"""Each epoch gives the same batches in the same order.

## What it sees
A fingerprint of all samples that the model is given in a step (`samples.batch`), and when the DataLoader begins an epoch.
It speaks, as advice, if all epochs gave the same batches in the same order: because the loader does not shuffle, because
a DistributedSampler is never told the epoch, or because a seed is set again in every epoch. Of a sampler of the user's
own, whose order may be meant, it speaks if an epoch ends long before the data do: the other samples are never seen.

## Why it hurts
Batches that are drawn anew each time average out what two samples of a batch have in common; the same batches in the same
order do not. The last ones of an epoch always have the last word, which shows where neighbours in a file are alike. Where
an epoch is so many steps, not all the data, the net learns its first samples by heart and never meets the others.

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
- `PART` = 0.5: of the data set, at most, that all the epochs of a sampler of the user's own go through.

## Stays silent when
data-not-shuffled has said so, the net is recurrent (its state may pass from batch to batch), samples are changed each time
(augmentation), or the order is that of a stream, of a sampler of the user's own that goes through most of the data, or of
a loop without a DataLoader.

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
from headstart.record import Loader, Samples, Series

GROUP = "data"
RESTS_ON = "fact"
NEEDS = ("samples.batch", "loader")
SINCE, STATUS = "0.1.0", "stable"

EPOCHS = 3  # that were looked at, at least
BATCHES = 8  # of each epoch, at least: 8! orders
PART = 0.5  # of the data that epochs which are cut short go through, at most

TEXT = Text(
    en={
        "message": "All {epochs:number} epochs gave the same batches in the same order.",
        "sequential": "A DataLoader keeps the order of the data unless it is told to shuffle. The last batches of an epoch "
        "always have the last word.",
        "distributed": "A DistributedSampler draws one order and keeps it until it is told that another epoch begins.",
        "random": "The DataLoader shuffles, but its random numbers are the same in each epoch: a seed is set again, or a "
        "generator is made anew.",
        "own": "{sampler} gives the same order each time, and each epoch ends after {seen:number} of {samples:number} "
        "samples: the others are never seen. Does it draw by the epoch, or by a seed that is the same in each?",
        "note_sequential": "draws new batches in every epoch",
        "note_distributed": "before each epoch",
        "note_own": "before each epoch, where it draws by that",
        "note_random": "once, before the loop over the epochs",
    },
    zh={
        "message": "全部 {epochs:number} 个轮次都以同样的顺序给出同样的批次。",
        "sequential": "DataLoader 默认保持数据原来的顺序，除非要求它打乱。每个轮次总是最后几个批次说了算。",
        "distributed": "DistributedSampler 抽取一种顺序后会一直沿用，直到被告知新的轮次开始了。",
        "random": "DataLoader 会打乱数据，但每个轮次用的随机数都一样：种子被重复设置，或者生成器被重新创建。",
        "own": "{sampler} 每次给出同样的顺序，而每个轮次在 {samples:number} 个样本中的第 {seen:number} 个之后就结束："
        "其余的从未见过。它是按轮次抽取的，还是每次都用同一个种子？",
        "note_sequential": "每个轮次都会重新抽取批次",
        "note_distributed": "在每个轮次开始之前",
        "note_own": "如果它按轮次抽取，就在每个轮次开始之前",
        "note_random": "只设置一次，放在轮次循环之前",
    },
)
CODE = {
    "sequential": "DataLoader(dataset, batch_size=..., shuffle=True)",
    "distributed": "sampler.set_epoch(epoch)",
    "own": "sampler.set_epoch(epoch)",
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
        seen = _seen(samples, sources[0])
        if kind == "own" and not 0 < seen <= PART * (sources[0].samples or 0):
            continue
        part = [Evidence("samples_seen", seen, of=sources[0].samples)] if kind == "own" else []
        yield Finding(
            "same-order-every-epoch",
            "advice",
            case.say(TEXT, "message", epochs=len(epochs)),
            None,
            sources[0].begun[1],
            (Evidence("different_orders", 1, of=len(epochs)), Evidence("batches", len(epochs[0]), BATCHES), *part),
            case.say(TEXT, kind, sampler=sources[0].sampler or "", seen=seen, samples=sources[0].samples or 0),
            Remedy("new-order", f"{CODE[kind]}     # {case.say(TEXT, f'note_{kind}')}"),
            line=sources[0].line,
        )
        return


def _kind(loader: Loader) -> str | None:
    """Why the order of this loader may be the same; None where nothing says that it should be another."""
    if loader.sampler == "DistributedSampler":
        return "distributed"
    if loader.stream:
        return None
    return "own" if loader.order is None else loader.order if loader.order in ("sequential", "random") else None


def _seen(samples: Samples, loader: Loader) -> int:
    """How many samples an epoch has, by its steps; the longest, where they differ. 0: not known."""
    longest = max((end - begin for begin, end in pairwise(loader.begun)), default=0)
    return round(longest * samples.trained / samples.steps) if samples.steps else 0


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
