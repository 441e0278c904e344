"""The learning rate is too low: over the whole run no weight could get away from where it started.

## What it sees
The length of each weight's way over the run, its updates added up, as a share of the weight's own size: in a run that
does not learn, and as advice in one that is not known to, or learns and is not done. And the `eps` of
Adam and its like against the largest value of any gradient: each value is divided by its own size plus eps, so that an eps
above all of them makes it gradient descent at a rate of lr / eps.

And how much of what the steps would lower the loss by, if it were straight, the loss has fallen by: the products of
updates and gradients, added up from the first to the last third of a run whose loss falls in each, and at its end nearly as
fast as at its start.

An embedding of one number for each entry is a table of biases: they start at nothing, and how far they go is no share of
it. Where there are other weights, those are looked at.

## Why it hurts
However long the way, no weight is further from its start than that. Weights that are all within a hundredth of their
random first values compute what they did at random: the run has cost time and trained nothing.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 10)
y = 1 + x[:, :1] * x[:, 1:2]
model = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-7)
for step in range(150):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 10)
y = 1 + x[:, :1] * x[:, 1:2]
model = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(150):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
```

## Limits
- `WAY` = 0.01: of a weight's size, over the whole run and for every weight. Adam goes about its rate a step: at 1e-3
  and weights of 0.05, half a step.
- `ENOUGH` = 100: steps. Trying a script out for a few steps is no training.
- `SHORT` = 0.3: the same of a run that is not known to learn. No sound program of a hundred steps stays as close.
- `NOT_YET` = 0.1: the same of a run that learns and is not done; of 827 sound programs of a hundred steps one stays so
  close.
  And in one that does not learn while its loss falls in each third, beyond chance: of all weights but the last layer's,
  which have come no further while that layer went to the constant.
- `KEPT` = 0.8: of what the steps promise. A fifth lost to curvature and to the noise of batches is a rate of a fifth of
  2/κ at the most, so that five times as much still goes down.
- `HALF` = 0.5: the same, as advice, where the last steps promise as much as the first and a run has learnt nothing yet:
  the best rate, 1/κ, keeps half.
- `WHOLE` = 0.98: the same in a run that learns: a rate that could be fifty times as high.
- `PACE` = 0.3: of the first third's promises, in the last: the run is not about to end.
- `ABOVE` = 0.05: the same where the loss is still above the best constant's, which a bias alone would reach, and in a run
  that learns: of an exponential fall a hundredth of the way is left at its end.
- `DONE` = 0.95: skill, above which a run may end.
- `BENT` = 2: times the promises. A loss that falls by more was not taken by these gradients alone (they were clipped), or
  falls away under the run, which the estimate does not know. And times the first loss: one that a step threw higher up is
  on its way back.
- `FAR` = -1: skill, below which the loss is more than twice the constant's. There something else is wrong first.
- `OWN` = 0.5: of the rate, the first step of an optimizer that divides by the gradient's size, above which nothing but the
  rate is to blame for a way below `WAY`. Adam's first step is the rate for each value whose gradient is above its eps.
- `USUAL` = 1e-8: an eps up to PyTorch's own is nobody's choice. One above every value of every gradient is more than half
  of what Adam divides by, always.
- `LED` = 0.3: of a weight's size, over the whole run and for every weight, where eps is so large; 19 of 20 sound programs
  come further with theirs (the limit of the second look).

It is an error in a run that is known not to learn, else advice: weights that were trained before may stay where they are.
Where the last layer has come further and the loss still falls, it is a warning; and where the loss falls straight in a run
that does not learn. Straight in a run that learns, or may, it is advice.

## Stays silent when
Of weights that stay: the run learns and is done; any weight has come further (or one before the last layer, where the loss
still falls); or a weight does not move at all, which no learning rate changes: then its gradient is zero, it is lost in
rounding, or no optimizer holds it. Of a loss that falls straight: the run is done, gradients are clipped, several
optimizers take turns, or the optimizer is called with a closure. A large eps is told only in a run that is known not to
learn.

## References
Goodfellow, Bengio & Courville, *Deep Learning* (2016), §4.3.1 (a step's Taylor series to second order) and §11.4.1; Kingma
& Ba, *Adam* (2015), algorithm 1; the note on `epsilon` of TensorFlow's Adam, which names 1.0 for Inception on ImageNet.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from headstart.diagnosis import skill
from headstart.diagnosis.case import TABLES, Case
from headstart.diagnosis.descent import kept
from headstart.diagnosis.text import Text
from headstart.diagnosis.updates import ADAPTIVE, Moves, moves, path
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Optimizer

GROUP = "optimizer"
RESTS_ON = "size"
NEEDS = ("update.std", "weight.std", "loss")
SINCE, STATUS = "0.1.0", "stable"

WAY = 0.01  # of a weight's size: within it, what it computes is what it computed at the start
SHORT = 0.3  # of a weight's size, in a run that is not known to learn; all sound programs come further
NOT_YET = 0.1  # of a weight's size, in a run that learns and is not done, or of all layers but the last
ENOUGH = 100  # steps; fewer are a try, not a training
KEPT = 0.8  # of the promised descent: 1 - lr·κ/2, so that lr is a fifth of 2/κ at most
HALF = 0.5  # the same where nothing has slowed yet: 1 - lr·κ/2 at the best rate, 1/κ
WHOLE = 0.98  # the same in a run that learns
PACE = 0.3  # of the first third's promises, in the last
ABOVE = 0.05  # the same where the loss is above the constant's; derivation in the page
DONE = 0.95  # skill of a run that may end, or whose weights may stay
BENT = 2.0  # times the promises
FAR = -1.0  # skill: the loss is twice the constant's
LED = 0.3  # of a weight's size, where a large eps leads; 19 of 20 sound programs come further
OWN = 0.5  # of the rate, in a first step of Adam: nearly no value's gradient is below eps
USUAL = 1e-8  # PyTorch's own eps
DIVIDES = ("Adam", "AdamW", "NAdam", "RAdam", "RMSprop")  # by the root of a mean of squares, plus eps
FASTER = (10, 30, 100)  # times: the least at which the weights come as far as they are large, or the largest
SECOND_LOOK = {"WAY": 0.3, "ENOUGH": 20}  # as many as it takes to know that a run does not learn

TEXT = Text(
    en={
        "message": "The learning rate of {lr:number} is too low: in {steps:number} steps no weight came further from "
        "its start than {way:number} of its size.",
        "cause": "All updates added up are that small, so the net still computes what it did at random. At this pace it "
        "would need {times:number} times as many steps to move a weight by its own size.",
        "near": "All updates added up are that small, so most of what the net computes is what it computed at the start. "
        "At this pace it would need {times:number} times as many steps to move a weight by its own size.",
        "by_hand": "The learning rate is too low: in {steps:number} steps no weight came further from its start than "
        "{way:number} of its size.",
        "slow": "The learning rate of {lr:number} is too low: the loss still falls, and in {steps:number} steps no weight "
        "before the last layer came further from its start than {way:number} of its size.",
        "slow_cause": "The last layer went to the constant answer. What it is given is what the net made of its inputs at "
        "random: the layers before it hardly moved.",
        "straight": "The learning rate of {lr:number} is too low: the loss falls by {kept:share} of what the steps would "
        "lower it by on a straight line, and at the end still at {pace:share} of its first pace.",
        "straight_by_hand": "The learning rate is too low: the loss falls by {kept:share} of what the steps would lower it "
        "by on a straight line, and at the end still at {pace:share} of its first pace.",
        "straight_cause": "A loss bends, and of a step of the right length half is lost to that. These are so short that "
        "they see no bend: steps five times as long would still go down, and the run is far from its end.",
        "unslowed": "A loss bends, and of a step of the best length half is lost to that; these lose less, and the last of "
        "them promise no less than the first. The run ends before anything has slowed it: it needs longer steps, or more.",
        "swamped": "The eps of {kind} is {eps:number}, and no value of any gradient is larger than {largest:number}: its "
        "steps are too small, and in {steps:number} of them no weight came further from its start than {way:number} of its "
        "size.",
        "swamped_cause": "{kind} divides each value of a gradient by its own size plus eps. Where eps is above all of them "
        "it is gradient descent at a rate of lr / eps = {rate:number}, and no step is as long as lr.",
        "eps": "PyTorch's own eps",
        "faster": "{times:number} times {lr:number}; then halve or double",
        "faster_by_hand": "then halve or double",
    },
    zh={
        "message": "学习率 {lr:number} 过低：在 {steps:number} 步中，没有一个权重离开起点超过自身大小的 {way:number}。",
        "cause": "所有更新加起来也只有这么小，网络计算的仍是随机初始时的结果。照此速度，要用 {times:number} 倍的步数才能让"
        "一个权重改变自身的大小。",
        "near": "所有更新加起来也只有这么小，网络计算的大部分仍是开始时的结果。照此速度，要用 {times:number} 倍的步数才能让"
        "一个权重改变自身的大小。",
        "by_hand": "学习率过低：在 {steps:number} 步中，没有一个权重离开起点超过自身大小的 {way:number}。",
        "slow": "学习率 {lr:number} 过低：损失仍在下降，而在 {steps:number} 步中，最后一层之前没有一个权重离开起点"
        "超过自身大小的 {way:number}。",
        "slow_cause": "最后一层走向了常数答案，而它得到的仍是网络在随机初始时由输入算出的结果：之前的各层几乎没有动。",
        "straight": "学习率 {lr:number} 过低：损失的下降达到了各步按直线所预示的 {kept:share}，到最后仍有最初速度的 "
        "{pace:share}。",
        "straight_by_hand": "学习率过低：损失的下降达到了各步按直线所预示的 {kept:share}，到最后仍有最初速度的 "
        "{pace:share}。",
        "straight_cause": "损失是弯曲的，长度合适的一步会因此损失一半。这里的步子太短，感觉不到弯曲：五倍长的步子仍会下降，"
        "而训练离终点还很远。",
        "unslowed": "损失是弯曲的，长度最合适的一步会因此损失一半；这里损失得更少，而且最后的步子"
        "所预示的下降并不比最初的少。还没有什么让它慢下来，运行就结束了：需要更长的步子，或者更多的步数。",
        "swamped": "{kind} 的 eps 是 {eps:number}，而所有梯度中没有一个值大于 {largest:number}：它的更新太小，"
        "在 {steps:number} 步中没有一个权重离开起点超过自身大小的 {way:number}。",
        "swamped_cause": "{kind} 把梯度的每个值除以它自身的大小加 eps。eps 大于所有这些值时，它就成了学习率为 lr / eps = "
        "{rate:number} 的梯度下降，没有一步能走到 lr 那么远。",
        "eps": "PyTorch 自己的 eps",
        "faster": "{lr:number} 的 {times:number} 倍；然后减半或加倍",
        "faster_by_hand": "然后减半或加倍",
    },
)


def learning_rate_too_low(case: Case) -> Iterator[Finding]:
    """One finding, told of the weight that came furthest."""
    yield from list(_stays(case)) or _straight(case)


def _stays(case: Case) -> Iterator[Finding]:
    """Of weights that stay where they started."""
    record = case.record
    found = moves(case)
    found = [one for one in found if not _is_of_biases(one)] or found
    limit = WAY if case.learns is False else SHORT if case.learns is None else NOT_YET
    done = case.learns is True and case.skill is not None and case.skill.value > DONE
    if done or not found or any(min(one.share.values) <= 0 for one in found):
        return
    way, furthest = _furthest(case, found)
    if case.learns is False and way < LED and (optimizer := _swamped(case)) is not None:
        yield _of_eps(case, optimizer, way, furthest)
        return
    if len(record) < ENOUGH or way >= limit:
        yield from _slow(case, found)
        return
    yield Finding(
        "learning-rate-too-low",
        "error" if case.learns is False else "advice",
        _message(case, way),
        None,
        furthest.share.steps[0],
        (Evidence("way", way, limit, (furthest.share.steps[0], furthest.share.steps[-1]), "update.std"),),
        case.say(TEXT, "cause" if way < WAY else "near", times=1 / way),
        _remedy(case, next((times for times in FASTER if times * way >= 1), FASTER[-1])),
        first=way < WAY and _is_the_rates(case, furthest),
    )


def _is_the_rates(case: Case, furthest: Moves) -> bool:
    """Whether no gradient, and so nothing before it, is to blame: the first step was divided by the gradient's size."""
    update = case.record.series(furthest.weight.name, "update.std")
    adaptive = all(optimizer.kind in ADAPTIVE for optimizer in case.record.optimizers)
    return adaptive and bool(case.record.lr) and update.first >= OWN * case.record.lr.first


def _is_of_biases(one: Moves) -> bool:
    """Whether it is a table of one number for each entry, which is added, as a recommender's of users and films."""
    return one.layer.kind in TABLES and one.weight.shape[1:] == (1,)


def _furthest(case: Case, found: list[Moves]) -> tuple[float, Moves]:
    return max(((path(one.share, len(case.record)), one) for one in found), key=lambda pair: pair[0])


def _slow(case: Case, found: list[Moves]) -> Iterator[Finding]:
    """On its way, with nothing to show but a last layer that went to the constant."""
    before = [one for one in found if not one.layer.output]
    worth = case.learns is False and case.skill is not None and case.skill.value > FAR and case.loss_falls
    if not worth or not before or len(before) == len(found) or len(case.record) < ENOUGH or not case.record.lr:
        return
    way, furthest = _furthest(case, before)
    if way >= NOT_YET:
        return
    yield Finding(
        "learning-rate-too-low",
        "warning",
        case.say(TEXT, "slow", lr=max(case.record.lr.values), steps=len(case.record), way=way),
        None,
        furthest.share.steps[0],
        (Evidence("way", way, NOT_YET, (furthest.share.steps[0], furthest.share.steps[-1]), "update.std"),),
        case.say(TEXT, "slow_cause"),
        _remedy(case, next((times for times in FASTER if times * way >= 1), FASTER[-1])),
    )


def _straight(case: Case) -> Iterator[Finding]:
    """Of a loss that falls as if it had no bend."""
    record = case.record
    done = case.skill is not None and case.skill.value > DONE
    share = kept(record) if case.loss_falls and not done else None
    if share is None or record.series("", "loop.norm"):
        return
    unslowed = share.share < KEPT and share.pace >= 1 and (case.skill is None or case.skill.value < skill.NO_SKILL)
    least = WHOLE if case.learns is True else HALF if unslowed else KEPT
    if not least <= share.share <= BENT:
        return
    pace = ABOVE if case.learns is True or _comes_from_above(case) else PACE
    if share.pace < pace:
        return
    steps = (record.loss.steps[0], record.loss.steps[-1])
    rate = max(record.lr.values, default=None)
    yield Finding(
        "learning-rate-too-low",
        "warning" if case.learns is False and least > HALF else "advice",
        case.say(
            TEXT,
            "straight_by_hand" if rate is None else "straight",
            lr=rate,
            kept=min(share.share, 1),
            pace=share.pace,
        ),
        None,
        steps[0],
        (Evidence("kept", share.share, least, steps, "update.descent"), Evidence("pace", share.pace, pace, steps)),
        case.say(TEXT, "straight_cause" if least > HALF else "unslowed"),
        _remedy(case, 10 if least > HALF else 3),
    )


def _comes_from_above(case: Case) -> bool:
    """Whether the loss is above the constant's yet, and began there: no step threw it up."""
    above = case.learns is False and case.skill is not None and case.skill.value < 0
    return above and max(case.record.loss.values) <= BENT * case.record.loss.first


def _swamped(case: Case) -> Optimizer | None:
    """The only optimizer, if its eps was chosen, and is above every value of every gradient."""
    optimizers = case.record.optimizers
    eps = optimizers[0].options.get("eps") if len(optimizers) == 1 and optimizers[0].kind in DIVIDES else None
    largest = _largest(case)
    return optimizers[0] if isinstance(eps, float) and eps > USUAL and 0 < largest <= eps else None


def _largest(case: Case) -> float:
    series = [case.record.series(p.name, "weight_gradient.max_abs") for p in case.record.parameters if p.trainable]
    return max((max(one.values) if one else 0.0 for one in series), default=0.0)


def _of_eps(case: Case, optimizer: Optimizer, way: float, furthest: Moves) -> Finding:
    eps, largest, rate = float(optimizer.options["eps"]), _largest(case), max(case.record.lr.values, default=math.nan)
    facts = {"kind": optimizer.kind, "eps": eps, "largest": largest, "way": way, "steps": len(case.record)}
    steps = (furthest.share.steps[0], furthest.share.steps[-1])
    return Finding(
        "learning-rate-too-low",
        "error",
        case.say(TEXT, "swamped", **facts),
        None,
        steps[0],
        (
            Evidence("largest_gradient", largest, eps, steps, "weight_gradient.max_abs"),
            Evidence("way", way, LED, steps, "update.std"),
        ),
        case.say(TEXT, "swamped_cause", rate=rate / eps, **facts),
        Remedy(
            "usual-eps",
            f"torch.optim.{optimizer.kind}(model.parameters(), lr={rate:g}, eps={USUAL:g})     # {case.say(TEXT, 'eps')}",
        ),
    )


def _message(case: Case, way: float) -> str:
    if not case.record.lr:
        return case.say(TEXT, "by_hand", steps=len(case.record), way=way)
    return case.say(TEXT, "message", lr=max(case.record.lr.values), steps=len(case.record), way=way)


def _remedy(case: Case, times: int) -> Remedy:
    optimizer = next(iter(case.record.optimizers), None)
    if optimizer is None or not case.record.lr:
        return Remedy("faster", f"lr = {times} * lr     # {case.say(TEXT, 'faster_by_hand')}")
    rate = max(case.record.lr.values)
    note = case.say(TEXT, "faster", times=times, lr=rate)
    return Remedy("faster", f"torch.optim.{optimizer.kind}(model.parameters(), lr={times * rate:g})     # {note}")
