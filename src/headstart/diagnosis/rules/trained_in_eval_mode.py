"""The model trains in evaluation mode: dropout drops nothing, batch norm does not normalise by its batches.

## What it sees
The `training` flag of each batch norm and dropout at the calls whose outputs are trained. At the last `STEPS` steps and
more all of them, and all layers with weights, were in evaluation mode, while the weights moved. It is exact.

## Why it hurts
Dropout in evaluation mode is the identity: the net overfits as if it had none. Batch norm in evaluation mode divides by
running statistics that no step updates: they stay at 0 and 1, so that nothing is normalised, or they stay what they were
when the mode changed and fit the weights less and less.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(640, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
model.train()
for epoch in range(10):
    for batch in torch.randperm(512).split(64):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        print((model(x[512:]).argmax(1) == y[512:]).float().mean())
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(640, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(10):
    model.train()
    for batch in torch.randperm(512).split(64):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        print((model(x[512:]).argmax(1) == y[512:]).float().mean())
```

## Limits
- `STEPS` = 3: in evaluation mode, up to the last; one or two may be a trial.
- `MOVED` = 0.5: of all parameter tensors move in that mode. Less is a new head, an adapter or a temperature on a net that
  is finished: there evaluation mode is right. Nets that a search has left for others, made by the same lines, do not count.

It is a warning if the net was in training mode before, or if its batch norms never saw a batch; an error if such a run
does not learn. A net that comes in evaluation mode and stays in it, as pretrained ones do, may be meant so: advice.

## Stays silent when
Any layer with weights, or any dropout, is in training mode: batch norms alone are often kept in evaluation mode while a
net is fine-tuned. The batch norms are frozen; or the net has neither batch norm nor dropout modules.

## References
The PyTorch documentation of `torch.nn.Module.eval`; Lightning issues 19820 and 20105.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headstart.diagnosis.attempts import weights_left_behind
from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy, Severity
from headstart.record import Mode

GROUP = "norm"
RESTS_ON = "fact"
NEEDS = ("mode", "update.max_abs")
SINCE, STATUS = "0.1.0", "stable"

STEPS = 3  # in evaluation mode, up to the last
MOVED = 0.5  # of all parameter tensors; less is a head, an adapter or a temperature on a finished net

TEXT = Text(
    en={
        "back": "From step {step:number} on the model trains in evaluation mode. Its {kinds} ({count:number} in all) were "
        "in training mode before.",
        "back_cause": "model.eval() was called, for an evaluation perhaps, and model.train() never after it. Dropout "
        "drops nothing any more, and batch norm uses old statistics that no longer follow the weights.",
        "never": "The model trains in evaluation mode from the start, with its {kinds} ({count:number} in all).",
        "never_cause": "model.train() was never called, or model.eval() before the training. Dropout drops nothing, and "
        "batch norm uses the running statistics that it came with and never updates them.",
        "train": "before the training steps of each epoch; model.eval() before each evaluation",
    },
    zh={
        "back": "从第 {step:number} 步起，模型在评估模式下训练。其中的 {kinds}（共 {count:number} 个）此前处于训练模式。",
        "back_cause": "调用了 model.eval()（可能是为了评估），之后再也没有调用 model.train()。dropout 不再丢弃任何单元，"
        "批归一化则使用旧的统计量，不再跟随权重变化。",
        "never": "模型从一开始就在评估模式下训练，包括其中的 {kinds}（共 {count:number} 个）。",
        "never_cause": "从未调用 model.train()，或在训练之前调用了 model.eval()。dropout 不丢弃任何单元，批归一化使用自带的"
        "运行统计量，并且从不更新。",
        "train": "放在每个轮次的训练步之前；评估之前再调用 model.eval()",
    },
)


def trained_in_eval_mode(case: Case) -> Iterator[Finding]:
    """One finding for all of them."""
    found = [mode for mode in case.record.modes if mode.eval_steps >= STEPS and _matters(mode)]
    if not found:
        return
    back = [mode.trained_until for mode in found if mode.trained_until is not None]
    step = max(back) + 1 if back else 0
    if _moved(case, step) < MOVED:
        return
    key = "back" if back else "never"
    layers = [layer for mode in found if (layer := case.record.layer(mode.name))]  # a dropout is none
    kinds = ", ".join(sorted({mode.kind for mode in found}))
    yield Finding(
        "trained-in-eval-mode",
        _severity(case, found, bool(back)),
        case.say(TEXT, key, step=step, count=len(found), kinds=kinds),
        layers[0].name if layers else None,
        step,
        (Evidence("eval_steps", max(mode.eval_steps for mode in found), STEPS, (step, case.record.steps[-1])),),
        case.say(TEXT, f"{key}_cause"),
        Remedy("train-mode", f"model.train()     # {case.say(TEXT, 'train')}"),
        tuple(layer.name for layer in layers),
        layers[0].line if layers else None,
    )


def _matters(mode: Mode) -> bool:
    """A frozen batch norm is meant to keep its statistics; one without any is the same in both modes."""
    return mode.p is not None or (mode.tracks and mode.trainable)


def _moved(case: Case, step: int) -> float:
    """The share of parameter tensors that move from `step` on; a net that a search has left for another has no part."""
    over = weights_left_behind(case.record)
    names = [parameter.name for parameter in case.record.parameters if parameter.name not in over]
    updates = [case.record.series(name, "update.max_abs").since(step) for name in names]
    return sum(any(update.values) for update in updates) / len(updates)


def _severity(case: Case, found: Sequence[Mode], back: bool) -> Severity:
    norms = (case.record.series(mode.name, "norm.batches") for mode in found if mode.p is None)
    if back or any(seen and seen.last == 0 for seen in norms):
        return "error" if case.learns is False else "warning"
    return "advice"
