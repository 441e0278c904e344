"""The model is evaluated in training mode: its answers are random, or depend on what else is in the batch.

## What it sees
The `training` flag of each batch norm and dropout that trains, at calls without gradients: always set, in the whole run.
Whether a loss is computed on what such a call gives, for then it was an evaluation: a warning, unless it comes after most
steps. And the argument `training` of each `F.dropout`, whose default is True: `model.eval()` does not reach it. Nor does it
reach an `nn.Dropout` that no model holds, as one that `forward` makes anew.

## Why it hurts
Dropout in training mode drops units at random, so that the measured loss is that of a damaged net. Batch norm in training
mode normalises each sample by the others beside it, and moves its running statistics towards the data that it is to be
judged on. The figures are wrong, and the model that is saved is not the one that was measured.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(640, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(10):
    for batch in torch.randperm(512).split(64):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
    with torch.no_grad():
        print(nn.functional.cross_entropy(model(x[512:]), y[512:]))
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(640, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(10):
    model.train()
    for batch in torch.randperm(512).split(64):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        print(nn.functional.cross_entropy(model(x[512:]), y[512:]))
```

## Limits
- `OFTEN` = 0.5: share of the steps. Where more of them are followed by such a call, it may be a part of the training
  itself, such as a line search, a sampler or a choice among samples: with a loss it is advice then, else nothing.

Without a loss it is advice, and only where the labels are known: it may be an accuracy, or samples that are drawn. Of a
function alone it is advice, too, for who wrote `training=True` may have meant it; of a module that `forward` makes anew it
is a warning.

## Stays silent when
Any batch norm or dropout runs in evaluation mode without gradients once (of an `F.dropout`, that very one): who
recalibrates batch norm or leaves dropout on to measure its uncertainty evaluates, too. The batch norms keep no running
statistics, or losses are kept apart for each sample (`reduction="none"`) without being averaged.

## References
The PyTorch documentation of `torch.nn.Module.eval`; Gal and Ghahramani 2016, arXiv 1506.02142, for dropout that stays on
by intent.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy, Severity
from headstart.record import Mode

GROUP = "norm"
RESTS_ON = "fact"
NEEDS = ("mode.evaluated",)
SINCE, STATUS = "0.1.0", "stable"

MODULE = "nn."  # before the kind of one that is made where it is called
OFTEN = 0.5  # of the steps: more than an evaluation now and then, though full-batch loops may evaluate at each

TEXT = Text(
    en={
        "message": "Whenever it ran without gradients, after {looks:number} of its steps, the model was in training mode, "
        "with its {kinds} ({count:number} in all).",
        "dropout": "Dropout drops units at random in training mode, so that an evaluation measures a damaged net.",
        "norm": "Batch norm in training mode normalises each sample by the others of its batch, and moves its running "
        "statistics towards the data of the evaluation.",
        "eval": "before each evaluation; model.train() before training goes on",
        "function": "Whenever it ran without gradients, after {looks:number} of the steps, {kinds} dropped {p:share} of "
        "its inputs, as in training.",
        "function_cause": "{kind} drops unless it is given training=False: model.eval() does not reach it, so that an "
        "evaluation measures a damaged net.",
        "function_note": "model.eval() then ends it",
        "made": "This {kind} belongs to no model: forward makes a new one at each call, or a plain list holds it. "
        "model.eval() does not reach it, so that an evaluation measures a damaged net.",
        "made_note": "in __init__; forward calls self.dropout(x)",
    },
    zh={
        "message": "模型在 {looks:number} 个训练步之后不求梯度地运行过，每次都处于训练模式，包括其中的 {kinds}"
        "（共 {count:number} 个）。",
        "dropout": "dropout 在训练模式下随机丢弃单元，因此评估测到的是一个残缺的网络。",
        "norm": "批归一化在训练模式下用同一批的其他样本来归一化每个样本，并让运行统计量偏向评估数据。",
        "eval": "放在每次评估之前；继续训练之前再调用 model.train()",
        "function": "在 {looks:number} 个训练步之后不求梯度地运行时，{kinds} 每次都像训练时一样丢弃 {p:share} 的输入。",
        "function_cause": "除非传入 training=False，{kind} 总会丢弃：model.eval() 管不到它，"
        "因此评估测到的是一个残缺的网络。",
        "function_note": "之后 model.eval() 才能关掉它",
        "made": "这个 {kind} 不属于任何模型：forward 每次调用都新建一个，或者它放在普通的列表里。model.eval() 管不到它，"
        "因此评估测到的是一个残缺的网络。",
        "made_note": "放在 __init__ 中；在 forward 中调用 self.dropout(x)",
    },
)


def evaluated_in_training_mode(case: Case) -> Iterator[Finding]:
    """One finding for all of them."""
    found = [mode for mode in case.record.modes if mode.steps and mode.evaluated_in_training and _matters(mode)]
    modules = [mode for mode in found if mode.line is None]
    if not modules or any(mode.evaluated for mode in case.record.modes):
        yield from _function(case, [mode for mode in found if mode.line is not None and not mode.evaluated])
        return
    severity = _severity(case, modules)
    if severity is None:
        return
    layers = [layer for mode in found if (layer := case.record.layer(mode.name))]  # a dropout is none
    looks = max(mode.evaluated_in_training for mode in found)
    judged = max(mode.judged_in_training for mode in found)
    kinds = ", ".join(sorted({mode.kind for mode in found}))
    yield Finding(
        "evaluated-in-training-mode",
        severity,
        case.say(TEXT, "message", looks=looks, count=len(found), kinds=kinds),
        layers[0].name if layers else None,
        None,
        (Evidence("looks_in_training_mode", looks, of=looks), Evidence("looks_with_a_loss", judged, of=looks)),
        case.say(TEXT, "dropout" if any(mode.p for mode in found) else "norm"),
        Remedy("eval-mode", f"model.eval()     # {case.say(TEXT, 'eval')}"),
        tuple(layer.name for layer in layers),
        layers[0].line if layers else None,
    )


def _function(case: Case, sites: list[Mode]) -> Iterator[Finding]:
    if not sites or case.skill is None:
        return
    looks, site = max(((site.evaluated_in_training, site) for site in sites), key=lambda pair: pair[0])
    if looks > OFTEN * len(case.record):
        return
    made = site.kind.startswith(MODULE)
    yield Finding(
        "evaluated-in-training-mode",
        "warning" if made else "advice",
        case.say(TEXT, "function", looks=looks, kinds=site.name, p=site.p),
        evidence=(Evidence("looks_in_training_mode", looks, of=looks),),
        cause=case.say(TEXT, "made" if made else "function_cause", kind=site.kind),
        remedy=Remedy("make-it-once", f"self.dropout = {site.kind}({site.p:.2g})     # {case.say(TEXT, 'made_note')}")
        if made
        else Remedy(
            "say-training",
            f"{site.kind}(x, p={site.p:.2g}, training=self.training)     # {case.say(TEXT, 'function_note')}",
        ),
        line=site.line,
    )


def _matters(mode: Mode) -> bool:
    """A batch norm without running statistics is the same in both modes."""
    return mode.p is not None or mode.tracks


def _severity(case: Case, found: list[Mode]) -> Severity | None:
    if not found:
        return None
    often = max(mode.evaluated_in_training for mode in found) > OFTEN * len(case.record)
    if any(mode.judged_in_training for mode in found):
        return "advice" if often else "warning"
    return None if often or case.skill is None else "advice"
