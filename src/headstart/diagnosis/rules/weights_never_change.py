"""An optimizer steps, its tensors have gradients, and not one bit of them ever changes.

## What it sees
A sample of every tensor that the optimizer holds, in the tensor's own precision, compared with its first value in each
quarter of a doubling of the steps (4, 5, 6, 7, 8, 10, 12, ...) and as the run ends, if it still lives then; the gradients
at its steps. It is exact. Without an optimizer it asks the script, too: for an update that makes a new tensor,
`w = w - lr * w.grad`, or `p = p - lr * grads[name]` in a loop over parameters that reads p no more, as those of
`torch.func.grad` have it. And of an optimizer that moves the rest, for a tensor that never changes though its gradients
are as large: going by each that moves at the same rate, its updates would be far above rounding.

## Why it hurts
Nothing is learnt. With a learning rate of 0 every update is 0. One that is smaller than half the distance between a
weight and its neighbour (3e-8 to 6e-8 of its size in float32, 2e-3 to 4e-3 in bfloat16) is rounded away. And weights
that are loaded, copied or drawn again within the loop undo each step. In a loop over `model.parameters()`,
`w = w - lr * w.grad` changes what the name w stands for, and no weight. One tensor alone stays behind where the optimizer
writes into a copy of it: `w.contiguous().view(-1)` is w itself if w lies row by row in memory, and a copy if it was
transposed.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: step // 100)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
    schedule.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1, (step + 1) / 100))
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
    schedule.step()
```

## Limits
- `ENOUGH_STEPS` = 20: a warm-up may begin with a rate of 0. Source: the number of steps from which skill is judged.
- `MANY` = 100: times what rounding takes at most, that the update of a tensor left behind would be.

## Stays silent when
One bit of one tensor changes, no tensor has a gradient, or the weights move at each step and are set back (as in
test-time adaptation) in a run that is not known to fail. A loop without an optimizer holds no such line: gradients may
be looked at for their own sake. A tensor that stays behind has a rate of its own, or one of 0, or gets no gradient at some
step, or another tensor has taken its place in the model. It is advice while another optimizer of the run changes weights,
and of a tensor that stays behind in a run that learns.

## References
Higham (2002), *Accuracy and Stability of Numerical Algorithms*, §2.1: rounding to nearest.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePath
from statistics import median
from typing import Literal

from headstart.diagnosis.case import Case
from headstart.diagnosis.ledger import held_by
from headstart.diagnosis.skill import ENOUGH_STEPS
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Optimizer, Parameter

GROUP = "loop"
RESTS_ON = "fact"
NEEDS = ("weight.changed",)
SINCE, STATUS = "0.1.0", "stable"

__all__ = ["ENOUGH_STEPS", "weights_never_change"]

Why = Literal["zero", "rounded", "undone"]

MANY = 100.0  # times what rounding takes from a weight at most

TEXT = Text(
    en={
        "message": "{optimizer} took {steps:number} steps and its tensors had gradients, yet none of them changed by a "
        "single bit.",
        "zero": "The learning rate is 0, so that every update is 0.",
        "rounded": "Every update is so small beside its weight that rounding takes it away: the learning rate is far "
        "too small for these gradients.",
        "undone": "Each step moves the weights, and something in the loop sets them back: a load_state_dict, a copy of "
        "older weights, an initialisation.",
        "by_hand": "In {steps:number} steps the weights had gradients, yet none of them changed by a single bit.",
        "rebound": "`{name} = {name} - ...` makes a new tensor and gives it the name {name}; the model keeps the old one.",
        "in_place": "in place, under torch.no_grad()",
        "note": "a rate to start from",
        "load": "before the loop, not in it",
        "passed": "{optimizer} stepped {steps:number} times and moved other tensors, yet {name} never changed by a single "
        "bit, though its gradients are as large.",
        "passed_cause": "At the same rate its updates would be far above rounding, so they do not arrive: the optimizer "
        "leaves it out, or writes into a copy of it. {name}.contiguous() and {name}.reshape(-1) are copies if it was made "
        "by a transpose.",
        "row_by_row": "row by row in memory, before the optimizer is made",
    },
    zh={
        "message": "{optimizer} 更新了 {steps:number} 步，它的张量也有梯度，但没有任何一个张量改变过哪怕一位。",
        "zero": "学习率是 0，因此每次更新都是 0。",
        "rounded": "与权重相比，每次更新都小到被舍入抹去：学习率对这些梯度来说太小了。",
        "undone": "每一步都移动了权重，但循环中的某处又把它们恢复了：load_state_dict、复制旧权重或重新初始化。",
        "by_hand": "在 {steps:number} 步中权重都有梯度，但没有任何一个权重改变过哪怕一位。",
        "rebound": "`{name} = {name} - ...` 创建了一个新张量并把名字 {name} 给了它；模型里仍是原来的张量。",
        "in_place": "原地更新，放在 torch.no_grad() 之下",
        "note": "可以从这个学习率开始",
        "load": "放在循环之前，而不是循环之内",
        "passed": "{optimizer} 更新了 {steps:number} 步，移动了其他张量，但 {name} 没有改变过哪怕一位，"
        "尽管它的梯度同样大。",
        "passed_cause": "以同样的学习率，它的更新会远大于舍入误差，所以更新没有到达它：优化器跳过了它，或者写进了它的副本。"
        "如果 {name} 由转置得来，{name}.contiguous() 和 {name}.reshape(-1) 就是副本。",
        "row_by_row": "在内存中逐行存放，要在创建优化器之前",
    },
)


def weights_never_change(case: Case) -> Iterator[Finding]:
    """One finding for each such optimizer, or for a loop that updates by hand."""
    yield from _by_hand(case)
    changes = any(_ever_changed(case, parameter) for parameter in case.record.parameters)
    for optimizer in case.record.optimizers:
        why = _why_unchanged(case, optimizer)
        if why is None:
            yield from _passed_over(case, optimizer)
        if why is None or (why == "undone" and case.learns is not False):
            continue
        held = held_by(case, optimizer)
        rate = "1e-3" if "Adam" in optimizer.kind else "0.01"
        remedy = Remedy("set-learning-rate", f"torch.optim.{optimizer.kind}(model.parameters(), lr={rate})")
        if why == "undone":
            remedy = Remedy("load-once", "model.load_state_dict(state)")
        note = case.say(TEXT, "load" if why == "undone" else "note")
        yield Finding(
            "weights-never-change",
            "advice" if changes else "error",
            case.say(TEXT, "message", optimizer=optimizer.name, steps=optimizer.steps),
            step=0,
            evidence=(Evidence("changed", 0, of=len(held)), Evidence("steps", optimizer.steps, ENOUGH_STEPS)),
            cause=case.say(TEXT, why),
            remedy=Remedy(remedy.name, f"{remedy.code}     # {note}"),
            line=optimizer.line,
        )


def _passed_over(case: Case, optimizer: Optimizer) -> Iterator[Finding]:
    """One finding for the tensors that it holds and never changes, while it moves others for no larger gradients."""
    held = [
        p for p in held_by(case, optimizer) if p.trainable and p.steps_with_gradient == p.steps_seen >= ENOUGH_STEPS
    ]
    moving = [p for p in held if p.steps_moved == p.steps_seen]
    still = [p for p in held if p.steps_moved == 0 and _never_changed(case, p) and _should_move(case, p, moving)]
    if not still:
        return
    name = still[0].name
    layer = case.record.layer(still[0].layer or "")
    yield Finding(
        "weights-never-change",
        "error" if case.learns is False else "warning" if case.learns is None else "advice",
        case.say(TEXT, "passed", optimizer=optimizer.name, steps=optimizer.steps, name=name),
        layer.name if layer else None,
        0,
        (Evidence("changed", 0, of=len(still)), Evidence("steps", optimizer.steps, ENOUGH_STEPS)),
        case.say(TEXT, "passed_cause", name=name),
        Remedy("row-by-row", f"w = torch.nn.Parameter(w.detach().contiguous())     # {case.say(TEXT, 'row_by_row')}"),
        line=optimizer.line,
    )


def _should_move(case: Case, parameter: Parameter, moving: list[Parameter]) -> bool:
    """Whether each that moves at its rate tells that its own updates were far above rounding."""
    if parameter.lr == 0 or parameter.exchanged is not None or parameter.orphaned or parameter.ungraded:
        return False
    beside = [one for one in moving if one.lr == parameter.lr]
    own, size = _usual(case, parameter, "weight_gradient.std"), _usual(case, parameter, "weight.max_abs")
    rounded = size * (parameter.rounding or 0.0)
    if not beside or not own > 0 or not rounded > 0:
        return False
    # Of the two kinds of optimizers one moves by the gradient's size, the other by the rate: the less of both.
    due = [
        _usual(case, one, "update.std") * min(1.0, own / gradient)
        for one in beside
        if (gradient := _usual(case, one, "weight_gradient.std")) > 0
    ]
    return bool(due) and min(due) > MANY * rounded


def _usual(case: Case, parameter: Parameter, figure: str) -> float:
    return median(case.record.series(parameter.name, figure).values or (0.0,))


def _by_hand(case: Case) -> Iterator[Finding]:
    """Gradients at each step, an update in the script that gives a name to a new tensor, and no weight that changed."""
    held = [p for p in case.record.parameters if p.trainable and case.record.series(p.name, "weight_gradient.mean")]
    steps = len(case.record)
    if case.record.optimizers or steps < ENOUGH_STEPS or not held or not all(_never_changed(case, p) for p in held):
        return
    found = rebinding(str(case.record.meta.get("script_text") or ""))
    if found is None:
        return
    line, name, instead = found
    yield Finding(
        "weights-never-change",
        "error",
        case.say(TEXT, "by_hand", steps=steps),
        step=0,
        evidence=(Evidence("changed", 0, of=len(held)), Evidence("steps", steps, ENOUGH_STEPS)),
        cause=case.say(TEXT, "rebound", name=name),
        remedy=Remedy("in-place", f"{instead}     # {case.say(TEXT, 'in_place')}"),
        line=f"{PurePath(case.record.meta['script']).name}:{line}",
    )


def rebinding(script: str) -> tuple[int, str, str] | None:
    """The first `w = w - rate * w.grad` of a script, or `w = w - rate * g` of a loop's own `w` that nothing reads after:
    its line, the name, and the same in place."""
    try:
        tree = ast.parse(script)
    except (SyntaxError, ValueError):
        return None
    lost = {id(node) for loop in ast.walk(tree) if isinstance(loop, ast.For) for node in _lost_in(loop)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and (found := _descends(node)) is not None:
            name, step = found
            if id(node) in lost or any(_is_gradient_of(part, name) for part in ast.walk(step)):
                return node.lineno, name, f"{name} -= {ast.unparse(step)}"
    return None


def _descends(node: ast.Assign) -> tuple[str, ast.expr] | None:
    """The name and the step of `w = w - step`."""
    if len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
        return None
    name, value = node.targets[0].id, node.value
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub) and _is(value.left, name):
        return name, value.right
    return None


def _is_gradient_of(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "grad" and _is(node.value, name)


def _lost_in(loop: ast.For) -> Iterator[ast.Assign]:
    """Assignments to the loop's own variable that its body never reads again."""
    own = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
    reads = [node for node in ast.walk(loop) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    for node in loop.body:
        if isinstance(node, ast.Assign) and (found := _descends(node)) is not None and found[0] in own:
            last = node.end_lineno or node.lineno
            if not any(read.id == found[0] and read.lineno > last for read in reads):
                yield node


def _is(node: ast.expr, name: str) -> bool:
    """`w`, or its data."""
    if isinstance(node, ast.Attribute) and node.attr == "data":
        node = node.value
    return isinstance(node, ast.Name) and node.id == name


def _why_unchanged(case: Case, optimizer: Optimizer) -> Why | None:
    """Why nothing that it holds and that has gradients changed; None if something did, or that is not known."""
    held = [p for p in held_by(case, optimizer) if p.trainable and p.steps_with_gradient]
    if optimizer.steps < ENOUGH_STEPS or not held or not all(_never_changed(case, parameter) for parameter in held):
        return None
    if any(parameter.steps_moved for parameter in held):
        return "undone"
    return "zero" if all(parameter.lr == 0 for parameter in held) else "rounded"


def _never_changed(case: Case, parameter: Parameter) -> bool:
    """Of what `main()` made, and what is gone before the end: up to the last doubling of the steps.

    If it moved in the time after that look alone, it is not known whether that was undone.
    """
    looks = case.record.series(parameter.name, "weight.changed")
    if not looks or any(looks.values) or 2 * looks.steps[-1] < len(case.record) - 1:
        return False
    updates = case.record.series(parameter.name, "update.max_abs")
    moved = next((step for step, value in zip(updates.steps, updates.values, strict=True) if value), None)
    return moved is None or moved < looks.steps[-1] or looks.steps[-1] == len(case.record) - 1


def _ever_changed(case: Case, parameter: Parameter) -> bool:
    return any(case.record.series(parameter.name, "weight.changed").values)
