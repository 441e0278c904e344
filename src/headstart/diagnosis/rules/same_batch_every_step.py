"""Every step of the run sees the same batch, although the loader has others.

## What it sees
A fingerprint of all samples that the model is given in a step (`samples.batch`), and when each DataLoader begins anew.
It speaks if all steps saw one and the same batch, of a DataLoader whose data set holds more. It warns if the loader
began anew at every step, which gives the first batch each time; a batch that was taken once and kept is advice. Where
the model is given other samples as well, as a GAN's discriminator is, it warns if the only loader does not shuffle,
each time gave its first batch and no other, and its data set's samples are always the same. Without a DataLoader it is
advice where the run overfits and more other samples are evaluated than the batch holds: a training set is seldom the
smaller part.

## Why it hurts
The net learns that one batch by heart. The loss goes to zero, as it should in such a check, while nothing is learnt of
the data: `next(iter(loader))` inside the loop makes a new iterator each time and throws it away after its first batch.

## Example
```python
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(640, 20)
y = (x[:, 0] > 0).long()
loader = DataLoader(TensorDataset(x, y), batch_size=16)
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(60):
    a, b = next(iter(loader))
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
x = torch.randn(640, 20)
y = (x[:, 0] > 0).long()
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(3):
    for a, b in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(a), b).backward()
        optimizer.step()
```

## Limits
- `STEPS` = 20: steps that were looked at, at least; a check on one batch of fewer steps is no training.
- All batches must be the same, and the data set must hold more samples than one: no limit of size.

## Stays silent when
The batch is the whole data set, it is not known how many samples the DataLoader holds, or the batches come from none and
the run does not overfit: then the batch may be all there is. A batch that was kept is not told where several models are
recorded, one of which may only be checked with it.

## References
Karpathy, *A recipe for training neural networks* (2019): to fit one batch is a check, and a good one, before training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from headstart.diagnosis.case import Case
from headstart.diagnosis.rules.overfitting import overfitting
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loader, Samples

GROUP = "data"
RESTS_ON = "fact"
NEEDS = ("samples.batch",)
SINCE, STATUS = "0.1.0", "stable"

STEPS = 20  # that were looked at, at least

TEXT = Text(
    en={
        "anew": "All {steps:number} steps saw the same {batch:number} samples of {samples:number}: the loader begins anew "
        "at each step, and gives its first batch again.",
        "firsts": "The loader gave the same {batch:number} samples of {samples:number} all {steps:number} times: it begins "
        "anew each time, and gives its first batch again.",
        "once": "All {steps:number} steps saw the same {batch:number} samples of {samples:number}.",
        "others": "All {steps:number} steps saw the same {batch:number} samples, and at least {others:number} others are "
        "evaluated.",
        "cause_others": "If these are not all that there is to train on, each step is given the first batch again: a "
        "generator that is seeded anew at each call, or an index that does not move. The net learns this batch by heart.",
        "draw": "seeded once, before the loop",
        "cause_anew": "`next(iter(loader))` makes a new iterator each time. The net learns this batch by heart, and "
        "nothing of the rest.",
        "cause_once": "To fit a single batch is a good check of a net, and no training: of the other samples nothing is "
        "learnt.",
        "note": "goes on to the next batch",
    },
    zh={
        "anew": "全部 {steps:number} 步看到的都是同样的 {batch:number} 个样本（共 {samples:number} 个）：加载器在每一步都"
        "从头开始，每次都给出第一个批次。",
        "firsts": "加载器 {steps:number} 次给出的都是同样的 {batch:number} 个样本（共 {samples:number} 个）：它每次都"
        "从头开始，每次都给出第一个批次。",
        "once": "全部 {steps:number} 步看到的都是同样的 {batch:number} 个样本（共 {samples:number} 个）。",
        "others": "全部 {steps:number} 步看到的都是同样的 {batch:number} 个样本，而被评估的其他样本至少有 "
        "{others:number} 个。",
        "cause_others": "如果可用于训练的不止这些，那么每一步得到的都是第一个批次：随机数生成器在每次调用时都重新设了种子，"
        "或者索引没有移动。网络只会背下这个批次。",
        "draw": "种子只设一次，放在循环之前",
        "cause_anew": "`next(iter(loader))` 每次都会新建一个迭代器。网络只会背下这个批次，对其余数据什么也学不到。",
        "cause_once": "拟合单个批次是检查网络的好办法，但不是训练：其余样本什么也没学到。",
        "note": "会接着给出下一个批次",
    },
)


def same_batch_every_step(case: Case) -> Iterator[Finding]:
    """One finding, of the first model that is given nothing else."""
    for samples in case.record.samples:
        batches = case.record.series(samples.name, "samples.batch")
        loader = _source(case, samples)
        if loader is None or len(batches) < STEPS or len(set(batches.values)) > 1:
            continue
        anew = begins_at_each(loader, batches.steps)
        if not anew and len(case.record.samples) > 1:  # one of several models, that is only checked
            continue
        facts = {"steps": len(batches), "batch": samples.batch, "samples": loader.samples}
        yield Finding(
            "same-batch-every-step",
            "warning" if anew else "advice",
            case.say(TEXT, "anew" if anew else "once", **facts),
            None,
            batches.steps[0],
            (
                Evidence("different_batches", 1, steps=(batches.steps[0], batches.steps[-1]), of=len(batches)),
                Evidence("samples", samples.batch, of=loader.samples),
            ),
            case.say(TEXT, "cause_anew" if anew else "cause_once"),
            Remedy("go-through-the-loader", f"for batch in loader:     # {case.say(TEXT, 'note')}"),
            line=loader.line,
        )
        return
    yield from _firsts(case)
    yield from _without_a_loader(case)


def _without_a_loader(case: Case) -> Iterator[Finding]:
    """Of the only model, where its evaluation shows that there are more samples, and that it has learnt these by heart."""
    if len(case.record.samples) != 1 or any(loader.begun for loader in case.record.loaders):
        return
    (samples,) = case.record.samples
    batches = case.record.series(samples.name, "samples.batch")
    others = samples.rate * sum(1 for _, trained, _, _, evaluated in samples.kept if evaluated and not trained)
    if len(batches) < STEPS or len(set(batches.values)) > 1 or others <= samples.batch or not any(overfitting(case)):
        return
    yield Finding(
        "same-batch-every-step",
        "advice",
        case.say(TEXT, "others", steps=len(batches), batch=samples.batch, others=others),
        None,
        batches.steps[0],
        (
            Evidence("different_batches", 1, steps=(batches.steps[0], batches.steps[-1]), of=len(batches)),
            Evidence("samples", samples.batch),
            Evidence("others_evaluated", others, samples.batch),
        ),
        case.say(TEXT, "cause_others"),
        Remedy("draw-anew", f"rows = torch.randint(len(data), (batch_size,))     # {case.say(TEXT, 'draw')}"),
    )


def _firsts(case: Case) -> Iterator[Finding]:
    """Of the only loader, whose first batch was all that was ever taken, at steps that follow one another.

    Beside its samples the model may be given others, a generator's or an attack's, so that no two steps look alike.
    """
    begun = [loader for loader in case.record.loaders if loader.begun]
    if len(begun) != 1 or begun[0].firsts + 1 < STEPS:
        return
    (loader,) = begun
    batch, samples = loader.batch or 0, loader.samples or 0
    apart = max(later - earlier for earlier, later in pairwise(loader.begun))
    if samples <= batch or apart > max(1, len(case.record.optimizers)):  # a batch to look at, now and then
        return
    times = loader.firsts + 1
    yield Finding(
        "same-batch-every-step",
        "warning",
        case.say(TEXT, "firsts", steps=times, batch=batch, samples=samples),
        None,
        loader.begun[0],
        (
            Evidence("different_batches", 1, steps=(loader.begun[0], loader.begun[-1]), of=times),
            Evidence("samples", batch, of=samples),
        ),
        case.say(TEXT, "cause_anew"),
        Remedy("go-through-the-loader", f"for batch in loader:     # {case.say(TEXT, 'note')}"),
        line=loader.line,
    )


def begins_at_each(loader: Loader, steps: Sequence[int]) -> bool:
    """Whether the loader began anew at all of `steps`, as far as its beginnings were kept."""
    return len(loader.begun) >= STEPS and {step for step in steps if step <= loader.begun[-1]} <= set(loader.begun)


def _source(case: Case, samples: Samples) -> Loader | None:
    """The loader that gave these batches, if it holds more than one; None if two may have."""
    sizes = [loader for loader in case.record.loaders if loader.begun and loader.batch == samples.batch]
    found = [loader for loader in sizes if loader.samples is not None and loader.samples > samples.batch]
    return found[0] if len(sizes) == len(found) == 1 else None
