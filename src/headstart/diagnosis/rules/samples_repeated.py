"""Samples come more than once in one pass over the data: from each worker, as copies, or instead of all the others.

## What it sees
A fingerprint of each sample that the model is given (a share of them is kept, chosen by the fingerprint alone), and what
the DataLoader goes through. Of a stream with several workers it speaks if each sample came from every worker, one right
after the other. Of a data set whose samples are drawn once each, it speaks, as advice, if more than one in twenty came
again in the first pass. Of a `WeightedRandomSampler` it speaks if it has fewer weights than the data set has samples, and
draws more than it has weights for, in a pass or a batch.

## Why it hurts
Each worker has its own copy of an `IterableDataset`, and goes through all of it unless it is told which part is its own:
an epoch holds every sample as often as there are workers, in batches that follow one another. The steps are spent on
what was just seen. Copies in a data set give the samples that have them more weight, and may stand in two of its parts.
A `WeightedRandomSampler` draws the number of a sample by the weights it is given, one for each sample. Given one for each
class, it draws the first few samples again and again, and no other ever.

## Example
```python
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset


class Stream(IterableDataset):
    def __iter__(self):
        g = torch.Generator().manual_seed(0)
        for _ in range(400):
            x = torch.randn(20, generator=g)
            yield x, (x[0] > 0).long()


torch.manual_seed(0)
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in DataLoader(Stream(), batch_size=10, num_workers=2):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead
```python
import itertools
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info


class Stream(IterableDataset):
    def samples(self):
        g = torch.Generator().manual_seed(0)
        for _ in range(800):
            x = torch.randn(20, generator=g)
            yield x, (x[0] > 0).long()

    def __iter__(self):
        worker = get_worker_info()
        return itertools.islice(self.samples(), worker.id, None, worker.num_workers)


torch.manual_seed(0)
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in DataLoader(Stream(), batch_size=10, num_workers=2):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `EACH` = 0.9: share of the samples that came from every worker, at least; all but those of the last steps do.
- `COPIES` = 0.05: share of the samples that came again in a pass that draws each once; of real pictures 0.1 % have the
  fingerprint of another (of MNIST's 60,000 digits 64, measured).
- `KEPT` = 40: samples that are judged, at least.

## Stays silent when
Samples have fewer than eight values or too few different ones to tell them apart. Of copies also where samples are drawn
with replacement, several steps are taken on one batch, or values are whole numbers (different samples may be alike by
chance). Of too few weights where a part is drawn at most as often as it has samples: it may be meant.

## References
torch.utils.data.IterableDataset, first example; pytorch issue 5059; Lee et al., *Deduplicating training data makes
language models better* (2022), arXiv 2107.06499.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from headstart.diagnosis.case import Case
from headstart.diagnosis.samples import Drawn
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loader, Samples

GROUP = "data"
RESTS_ON = "fact"
NEEDS = ("samples.batch", "loader")
SINCE, STATUS = "0.1.0", "stable"

EACH = 0.9  # share of the samples that came from every worker
COPIES = 0.05  # share of the samples that came again in one pass
KEPT = 40  # samples that are judged, at least

TEXT = Text(
    en={
        "workers": "Each sample comes {workers:number} times in one pass, once from each of the {workers:number} workers.",
        "cause_workers": "Every worker has its own copy of the IterableDataset and goes through all of it. Most steps are "
        "spent on what was just seen.",
        "note_workers": "in __iter__: each worker takes its own part",
        "copies": "{share:share} of the samples come more than once in one pass over the data, which draws each once: the "
        "data set holds copies.",
        "cause_copies": "Samples with copies count for more than others, and a copy may also stand in the part that the "
        "net is evaluated on. If they are meant, a WeightedRandomSampler says so.",
        "note_copies": "or ask why the copies are there",
        "weights": "The WeightedRandomSampler has {weighed:number} weights for {samples:number} samples: it draws the "
        "first {weighed:number} again and again, and no other.",
        "cause_weights": "It takes one weight for each sample. Given one for each class, it draws as many samples as "
        "there are classes, and the net learns those by heart.",
        "note_weights": "the weight of each sample's class",
    },
    zh={
        "workers": "在一次遍历中每个样本出现 {workers:number} 次，{workers:number} 个工作进程各给出一次。",
        "cause_workers": "每个工作进程都有自己的一份 IterableDataset，并且都会完整地遍历它。"
        "大多数步都花在刚刚见过的样本上。",
        "note_workers": "写在 __iter__ 中：每个工作进程只取自己的部分",
        "copies": "一次遍历中每个样本只抽取一次，却有 {share:share} 的样本出现了不止一次：数据集中有重复样本。",
        "cause_copies": "有重复的样本比其他样本权重更大，而且重复样本也可能出现在评估数据中。如果是有意为之，"
        "用 WeightedRandomSampler 来表达更清楚。",
        "note_copies": "或者查明重复样本的来源",
        "weights": "WeightedRandomSampler 只有 {weighed:number} 个权重，而样本有 {samples:number} 个：它反复抽取最前面的 "
        "{weighed:number} 个样本，其他样本永远抽不到。",
        "cause_weights": "它需要为每个样本提供一个权重。如果给的是每个类别的权重，它就只会抽取与类别数一样多的样本，"
        "网络只是把这几个样本背了下来。",
        "note_weights": "每个样本所属类别的权重",
    },
)


def samples_repeated(case: Case) -> Iterator[Finding]:
    """One finding, of the first loader that repeats; one of each sampler that has too few weights."""
    for loader in case.record.loaders:
        if loader.begun and loader.weighed and loader.weighed < (loader.samples or 0):
            yield from _from_a_few(case, loader, loader.weighed, loader.samples or 0)
    for samples in case.record.samples:
        trained = [loader for loader in case.record.loaders if loader.begun]
        sources = [loader for loader in trained if loader.batch == samples.batch]
        drawn = Drawn.of(samples)
        if len(sources) != 1 or len(drawn.trained) < KEPT:
            continue
        (loader,) = sources
        if loader.stream and loader.workers > 1:
            yield from _from_workers(case, loader, drawn)
        elif loader.order in ("sequential", "random") and not samples.whole:
            yield from _copies(case, samples, loader, drawn)


def _from_a_few(case: Case, loader: Loader, weighed: int, samples: int) -> Iterator[Finding]:
    """A part may be meant that is drawn as often as it has samples; not one that is smaller than what is asked of it."""
    if max(loader.draws or 0, loader.batch or 0) <= weighed:
        return
    yield Finding(
        "samples-repeated",
        "warning",
        case.say(TEXT, "weights", weighed=weighed, samples=samples),
        None,
        loader.begun[0],
        (Evidence("samples_ever_drawn", weighed, of=samples),),
        case.say(TEXT, "cause_weights"),
        Remedy(
            "weigh-samples",
            "sampler = WeightedRandomSampler(class_weights[labels], len(labels))     "
            f"# {case.say(TEXT, 'note_weights')}",
        ),
        line=loader.line,
    )


def _from_workers(case: Case, loader: Loader, drawn: Drawn) -> Iterator[Finding]:
    each = [
        times % loader.workers == 0 and 0 < second - first <= loader.workers for times, first, second in drawn.trained
    ]
    share = sum(each) / len(each)
    if share < EACH:
        return
    code = "worker = torch.utils.data.get_worker_info()\n"
    code += "yield from itertools.islice(samples, worker.id, None, worker.num_workers)"
    yield Finding(
        "samples-repeated",
        "warning",
        case.say(TEXT, "workers", workers=loader.workers),
        None,
        loader.begun[0],
        (Evidence("share_from_each_worker", share, EACH), Evidence("workers", loader.workers)),
        case.say(TEXT, "cause_workers"),
        Remedy("shard", f"{code}     # {case.say(TEXT, 'note_workers')}"),
        line=loader.line,
    )


def _copies(case: Case, samples: Samples, loader: Loader, drawn: Drawn) -> Iterator[Finding]:
    end = loader.begun[1] if len(loader.begun) > 1 else len(case.record)
    batches = case.record.series(samples.name, "samples.batch").until(end - 1)
    if loader.samples is None or end - loader.begun[0] > -(-loader.samples // samples.batch):
        return
    if any(a == b for a, b in pairwise(batches.values)):  # several steps on one batch
        return
    seen = [(first, second) for _, first, second in drawn.trained if first < end]
    share = sum(first < second < end for first, second in seen) / len(seen) if len(seen) >= KEPT else 0.0
    if share <= COPIES:
        return
    yield Finding(
        "samples-repeated",
        "advice",
        case.say(TEXT, "copies", share=share),
        None,
        loader.begun[0],
        (Evidence("share_seen_again", share, COPIES, (loader.begun[0], end - 1)),),
        case.say(TEXT, "cause_copies"),
        Remedy("drop-copies", f"frame = frame.drop_duplicates()     # {case.say(TEXT, 'note_copies')}"),
        line=loader.line,
    )
