"""The data that enter the net hold NaN or infinite values, and the loss became NaN of it.

## What it sees
Every value that the layers fed by data are given on the sketched steps: whether it is finite. It speaks where the loss
breaks at such a step or with the update that follows, or where it broke while nobody looked and the data show such values
later.

## Why it hurts
A weight times NaN is NaN: one missing value in one column makes all outputs for that sample NaN, by the mean the loss of
the whole batch, by its gradient every weight, and from the next step on every output. Such values come from missing entries
of a table, from a column divided by a standard deviation of 0, or from the log of 0.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 8)
y = (x[:, 0] > x[:, 1]).long()
x[:, 7] = 3.0
x = (x - x.mean(0)) / x.std(0)
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))
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
x = torch.randn(512, 8)
y = (x[:, 0] > x[:, 1]).long()
x[:, 7] = 3.0
x = (x - x.mean(0)) / x.std(0).clamp_min(1e-6)
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(30):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
None: it is exact.

## Stays silent when
The loss stays finite (the program fills, masks or skips what is missing), or what enters is what the net itself made of
weights that were NaN before. If the loss is NaN at that step and the run recovers, it is advice.

## References
IEEE 754: every sum and product with NaN is NaN, and 0 times infinity too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from headstart.diagnosis.case import Case
from headstart.diagnosis.skill import breaks, is_broken
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Input

GROUP = "data"
RESTS_ON = "fact"
NEEDS = ("input.not_finite", "loss")
SINCE, STATUS = "0.1.0", "stable"

TEXT = Text(
    en={
        "message": "The data that enter {layer} hold NaN or infinite values at step {step:number}, and the loss breaks "
        "of it.",
        "columns": "{share:share} of the values in that batch, in {bad:number} of {all:number} columns ({named}, counted "
        "from 0).",
        "cause": "Such values come from missing entries, from a column divided by a standard deviation of 0, or from log "
        "0. One of them makes the loss of its whole batch NaN, and by its gradient every weight.",
        "recovered": "The run went on, so that this costs the batch alone.",
        "note": "before the loop; then look at what made these",
    },
    zh={
        "message": "在第 {step:number} 步，进入 {layer} 的数据含有 NaN 或无穷大的值，损失因此不再是有限值。",
        "columns": "占该批数值的 {share:share}，位于 {all:number} 列中的 {bad:number} 列（{named}，从 0 开始编号）。",
        "cause": "这样的值来自缺失的数据、除以标准差为 0 的列，或 log 0。只要有一个，整批的损失就是 NaN,"
        "再通过梯度使所有权重变成 NaN。",
        "recovered": "训练仍然继续了下去，因此只损失了这一批。",
        "note": "放在训练循环之前；然后查明它们从何而来",
    },
)


@dataclass(frozen=True)
class Entered:
    """Where values that are not finite came in."""

    input: Input
    seen: int  # the step
    began: int  # that of the loss that was not finite


def inputs_not_finite(case: Case) -> Iterator[Finding]:
    """One finding, of the layer that got them first."""
    broken = is_broken(case.record)
    found = [entered for given in case.record.inputs if (entered := _entered(case, given, broken))]
    if not found:
        return
    first = min(found, key=lambda entered: (entered.began, case.flow.place(entered.input.name)))
    given = first.input
    layer = case.record.layer(given.name)
    bad, columns = given.bad_columns_of
    parts = [case.say(TEXT, "message", layer=given.name, step=first.seen)]
    share = []
    if given.bad_share is not None:
        named = ", ".join(map(str, given.bad_columns)) + (", ..." if bad > len(given.bad_columns) else "")
        facts = {"share": given.bad_share, "bad": bad, "all": columns, "named": named}
        parts.append(case.say(TEXT, "columns", **facts))
        share = [
            Evidence("not_finite_share", given.bad_share, None, (first.seen,), "input.not_finite"),
            Evidence("bad_columns", bad, None, (first.seen,), of=columns),
        ]
    yield Finding(
        "inputs-not-finite",
        "error" if broken else "advice",
        " ".join(parts),
        given.name,
        first.began,
        tuple(share),
        case.say(TEXT, "cause") + ("" if broken else " " + case.say(TEXT, "recovered")),
        Remedy("check-inputs", f"assert torch.isfinite(x).all()     # {case.say(TEXT, 'note')}"),
        tuple(entered.input.name for entered in found),
        layer.line if layer else None,
    )


def _entered(case: Case, given: Input, broken: bool) -> Entered | None:
    record = case.record
    if not broken:
        losses = dict(zip(record.loss.steps, record.loss.values, strict=True))
        seen = next((step for step in given.bad_steps if not math.isfinite(losses.get(step, 0.0))), None)
        return None if seen is None else Entered(given, seen, seen)
    since = breaks(record)
    for step in given.bad_steps:
        # Of an infinite value that a tanh bounds the loss is finite still, and the gradient is not.
        if since - 1 <= step <= since:
            return Entered(given, step, step)
        if step > since and _was_sound_between(case, given, since, step):
            return Entered(given, step, since)
    return None


def _was_sound_between(case: Case, given: Input, since: int, step: int) -> bool:
    """Whether nobody looked as the loss broke, and data were finite after: then they are not what broken weights made."""
    looks = case.record.series(given.name, "input.not_finite").since(since).until(step - 1).steps
    return since not in looks and bool(set(looks) - set(given.bad_steps))
