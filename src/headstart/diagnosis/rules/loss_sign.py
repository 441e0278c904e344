"""The loss, or a term of it, has the wrong sign: training makes worse what it should make better.

## What it sees
That every backward of the run went from minus a loss which is not negative (cross-entropy, a squared or absolute error),
averaged or summed at most; that the optimizer descends; and that the loss rose. Minus the squared error stands in the
logarithm of a normal distribution's density as well, the `log_prob` of `torch.distributions.Normal`.

The same of updates by hand, where backward is called on the loss itself and each update adds the gradient (`loop.climbed`).
Of a loss that is not known, so only if it grows without an end: what is rightly climbed comes to one.

Two more forms are told by the loss itself, as its graph is written, on the CPU. One term of it is the negative square of
what a layer gives, as where a VAE subtracts its divergence instead of adding it, and these outputs grow (`loss.sunk`). Or
all of it is an overlap of answers with targets, the coefficient of Dice or of Jaccard, which is to grow, and it falls
(`loss.overlap`).

Of a policy gradient: that the loss is log-probabilities times what the script's own variable calls a reward, a return or an
advantage (or an affine image of it: less a baseline, standardised), and has no minus sign (`loss.rewarded`). Of an actor:
that its loss is what a critic says, which was fitted to a variable of such a name, or of Q's, without a minus sign
(`loss.valued`).

Of a game of two, such as a GAN: that the player who is trained by labels of one kind only, real or forged, wants of the
judge's answers what the judge wants itself. It shows in what the binary cross-entropies of both come to.

## Why it hurts
The optimizer takes its steps against the gradient of what `backward` was called on. Of a loss with a minus sign they make
the answers as wrong as they can be. `nll_loss` and its kin have their minus sign within.

A negative square has no lowest value: twice the layer's weights make it four times as large, and what uses the outputs
through a layer of its own can stay as it is with half of that layer's. So the outputs run away, and the rest of the loss
soon counts for nothing. A coefficient of Dice is 1 for the right answer and 0 for one that touches it nowhere: one minus
it is the loss.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2), nn.LogSoftmax(dim=1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    loss = -nn.functional.nll_loss(model(x), y)
    loss.backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2), nn.LogSoftmax(dim=1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    loss = nn.functional.nll_loss(model(x), y)
    loss.backward()
    optimizer.step()
```

## Limits
- `LEARNT` = 0.5: skill at the first steps. A net that starts better than that was trained before, and may be made to forget
  on purpose. For an overlap: the coefficient.
- `GROWN` = 100: growth of the mean square. Outputs ten times as large as a fresh layer's are not what a bound of any kind
  left: weights that are normed after each step, a decay that outweighs the term, a square that is only shifted.

Of two players there is no limit to choose. The judge's loss of a forgery is -log(1 - p), and the forger's -log p: they sum
to 1.39 (2 ln 2) at least. Half of that, for both in the last third of the run, is what opponents do not come to. With a
minus sign the forger's is the judge's own, and not by 1.39 above it.

A loss with fewer than 20 values, the steps from which skill is judged, is a try.

## Stays silent when
Another loss, or the same one without the sign, is trained as well (a GAN, an attack within the loop, a gradient that is
reversed for one of several parts); the negative is a part of a sum or multiplied by something (a policy gradient); all
labels of a backward are the same (a GAN's role, but for what is told of two players); the loss is `kl_div`, which is
negative itself if it is given other than log-probabilities; an optimizer has `maximize=True`; or the loss falls.

Of a negative square, also when: the outputs are bounded (`tanh`, a norm, a clamp), or a difference from anything but zero
is squared (an action, times a return); it stands behind anything that is not linear (a margin, the logits of a contrastive
loss, a logarithm); another term holds the same outputs before a layer, or the layer is called twice (the energy of data
and of samples), or a penalty is on its weight; the outputs have no other use; a backward of the run is without such a term
(two players); or no optimizer holds the layer's weight. A categorical divergence, `q log q`, is an entropy but for a
constant, which is rightly made large in reinforcement learning: nothing is said of it. Of an overlap, when there is any
other term.

Of a policy gradient, when no variable of the running functions has such a name and values, or two of them speak against
each other; and where updates by hand climb.

## References
The PyTorch documentation of `torch.optim.SGD` (`maximize`) and of `torch.nn.NLLLoss`; DeepLocalize's and TheDeepChecker's
flipped sign (Ben Braiek & Khomh, arXiv 2204.00694). Kingma & Welling 2014, appendix B: the divergence of a normal
distribution from N(0, 1). Milletari, Navab & Ahmadi 2016 (V-Net), eq. 3: the Dice coefficient, which is maximised.
Williams 1992, *Simple statistical gradient-following algorithms for connectionist reinforcement learning*, section 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import fmean

from headstart.diagnosis import skill
from headstart.diagnosis.case import Case
from headstart.diagnosis.constant import best_constant
from headstart.diagnosis.players import Allies, allies
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loss, Parameter, Series

GROUP = "loss"
RESTS_ON = "fact"
NEEDS = ("loss.form",)
SINCE, STATUS = "0.1.0", "stable"

LEARNT = 0.5  # skill of the first steps: half way to perfect is not where a fresh net starts
GROWN = 100.0  # times: the mean square of outputs that have run away

TEXT = Text(
    en={
        "message": "{kind} is maximised: backward is called on its negative, and it rose from {first:number} "
        "to {last:number}.",
        "cause": "The optimizer lowers what backward is called on. Minus the loss is lowest where every answer is as wrong "
        "as it can be.",
        "climbed": "{kind} is maximised: each update adds the gradient, and it rose from {first:number} to {last:number}.",
        "climbed_away": "The loss is maximised: each update adds the gradient, and it rose from {first:number} to "
        "{last:number}, without an end.",
        "climbs": "The gradient points to where the loss grows fastest. The way down is against it.",
        "subtract": "subtracted",
        "density": "The log-density of a normal distribution is minimised: the squared errors in it rose from "
        "{first:number} to {last:number}.",
        "unbounded": "The optimizer lowers what backward is called on. The log-density of the targets has no lowest value: "
        "the means run away from them. Its negative is the loss.",
        "note": "without the minus sign",
        "minus": "minus the mean of log_prob",
        "square": "The loss subtracts the square of what {layer} gives: its mean rose from {first:number} to "
        "{last:number}.",
        "runs": "A negative square has no lowest value: the outputs grow without an end, and the other terms soon count "
        "for nothing. A divergence from N(0, 1) holds the square, and is to be added.",
        "added": "the square is added, and so is all of the divergence",
        "overlap": "The overlap of the answers with the targets is minimised: it fell from {first:number} to "
        "{last:number}.",
        "allied": "The players do not oppose each other: in the last third the loss of those that are all labelled "
        "{label:number} is {own:number}, and the other player's at most {judges:number}. Of one answer, -log p and "
        "-log(1 - p) sum to 1.39 at least.",
        "lost": "The players do not oppose each other: the loss of those that are all labelled {label:number} is "
        "maximised and comes to {own:number}, and the other player's to at most {judges:number}.",
        "forger": "What the one makes of these samples is what the other makes of them, too: the forger is pushed to where "
        "its forgeries are told. It should be trained by the label of real samples, without a minus sign.",
        "real": "the label of real samples",
        "touches": "The optimizer lowers what backward is called on. This coefficient, of Dice or of Jaccard, is 1 for the "
        "right answer, and 0 for one that touches it nowhere.",
        "one_minus": "one minus the coefficient",
        "rewarded": "The loss is made of log-probabilities times `{name}`, without a minus sign: it falls as what is "
        "rewarded becomes less likely.",
        "valued": "The loss is what a critic says that was fitted to `{name}`, without a minus sign: the actor seeks "
        "what is worth least.",
        "seek": "The optimizer lowers what backward is called on, and the actor is to make the critic's value large.",
        "climb": "The optimizer lowers what backward is called on, and the policy gradient is to be climbed.",
        "climbing": "with the minus sign",
    },
    zh={
        "message": "{kind} 被最大化了：backward 作用在它的相反数上，它从 {first:number} 升到了 {last:number}。",
        "cause": "优化器使 backward 所作用的值变小。损失的相反数在每个答案都错到极点时最小。",
        "climbed": "{kind} 被最大化了：每次更新都加上了梯度，它从 {first:number} 升到了 {last:number}。",
        "climbed_away": "损失被最大化了：每次更新都加上了梯度，它从 {first:number} 升到了 {last:number}，没有尽头。",
        "climbs": "梯度指向损失增长最快的方向；要下降，就得逆着它走。",
        "subtract": "减去",
        "density": "正态分布的对数密度被最小化了：其中的平方误差从 {first:number} 升到了 {last:number}。",
        "unbounded": "优化器使 backward 所作用的值变小。目标的对数密度没有最小值：均值会越来越远离目标。"
        "它的相反数才是损失。",
        "note": "去掉负号",
        "minus": "log_prob 均值的相反数",
        "square": "损失减去了 {layer} 输出的平方：其均值从 {first:number} 升到了 {last:number}。",
        "runs": "平方的相反数没有最小值：输出会无止境地增大，其余各项很快就无足轻重。"
        "与 N(0, 1) 之间的散度含有这个平方，应当加上。",
        "added": "平方应当加上，整个散度也是",
        "overlap": "答案与目标的重叠被最小化了：它从 {first:number} 降到了 {last:number}。",
        "allied": "两个玩家并不对立：最后三分之一中，标签全为 {label:number} 的损失是 {own:number}，"
        "而另一个玩家的损失至多 {judges:number}。"
        "对同一个答案，-log p 与 -log(1 - p) 之和至少为 1.39。",
        "lost": "两个玩家并不对立：标签全为 {label:number} 的损失被最大化，达到 {own:number}，"
        "而另一个玩家的损失至多 {judges:number}。",
        "forger": "一个玩家对这些样本所做的，正是另一个也想要的：伪造者被推向会被识破的地方。"
        "应当用真实样本的标签训练它，并且不加负号。",
        "real": "真实样本的标签",
        "touches": "优化器使 backward 所作用的值变小。这个系数（Dice 或 Jaccard）对正确答案为 1，"
        "对与它毫不相交的答案为 0。",
        "one_minus": "1 减去系数",
        "rewarded": "损失由对数概率乘以 `{name}` 构成，前面没有负号：被奖励的动作越不可能，它就越小。",
        "valued": "损失就是评论家给出的价值（它拟合的是 `{name}`），前面没有负号：行动者追求的是最不值的动作。",
        "seek": "优化器使 backward 所作用的值变小，而行动者应当让评论家的价值变大。",
        "climb": "优化器使 backward 所作用的值变小，而策略梯度应当向上走。",
        "climbing": "前面有负号",
    },
)


def loss_sign(case: Case) -> Iterator[Finding]:
    """One finding for the line that does it."""
    trained = [loss for loss in case.record.losses if loss.trained]
    if any(optimizer.options.get("maximize") for optimizer in case.record.optimizers):
        return
    yield from _terms(case)
    yield from _unrewarded(case)
    if found := allies(case):
        yield _allied(case, found)
    yield from _climbed_away(case, trained)
    climbs = _climbs(case, trained)
    if not trained or not (climbs or all(loss.negated for loss in trained)):
        return
    for loss in trained:
        series = case.record.loss_of(loss.name)
        enough = _enough(case) if climbs else skill.ENOUGH_STEPS
        if len(series) < enough or skill.is_role(case.record, loss) or loss.kind == "kl_div":
            continue
        first, last = fmean(series.values[:3]), fmean(series.values[2 * len(series) // 3 :])
        if first < 0 or _was_trained(loss, first) or not (last > first or not math.isfinite(last)):
            continue
        yield Finding(
            "loss-sign",
            "error",
            case.say(
                TEXT,
                "climbed" if climbs else "density" if loss.density else "message",
                kind=loss.kind,
                first=first,
                last=last,
            ),
            step=0,
            evidence=(Evidence("loss", last, None, (0, series.steps[-1]), "loss"),),
            cause=case.say(TEXT, "climbs" if climbs else "unbounded" if loss.density else "cause"),
            remedy=_subtract(case) if climbs else _remedy(case, loss),
            line=loss.line,
        )
        return  # one minus is before all terms of a sum


def _allied(case: Case, found: Allies) -> Finding:
    series = case.record.loss_of(found.loss.name)
    return Finding(
        "loss-sign",
        "warning",
        case.say(
            TEXT,
            "lost" if found.loss.negated else "allied",
            label=found.label,
            own=found.own,
            judges=found.judges,
        ),
        step=series.steps[0],
        evidence=(Evidence("loss", found.own, None, (series.steps[0], series.steps[-1]), "loss"),),
        cause=case.say(TEXT, "forger"),
        remedy=Remedy("label-of-real", f"loss = criterion(judge(forged), real_labels)     # {case.say(TEXT, 'real')}"),
        line=found.loss.line,
    )


def _climbs(case: Case, trained: list[Loss]) -> bool:
    """Whether every update by hand that was seen went up the only loss, or up a multiple that backward was called on."""
    climbed = case.record.series("", "loop.climbed")
    if len(climbed) < _enough(case) or not all(climbed.values) or len(trained) != 1:
        return False
    if best_constant(trained[0]) is None:  # one answer alone is asked for, as of a picture that is to fool a net
        return False
    return not trained[0].negated and not trained[0].density and skill.is_all(case.record, trained[0], scaled=True)


def _climbed_away(case: Case, trained: list[Loss]) -> Iterator[Finding]:
    """Of a loss whose form is not known: what is rightly climbed, such as a reward, comes to an end."""
    climbed, losses = case.record.series("", "loop.climbed"), case.record.loss
    if trained or len(climbed) < skill.TIMES or not all(climbed.values) or not losses or losses.first < 0:
        return
    if skill.runs_away(case.record) is None and not skill.is_broken(case.record):
        return
    largest = max((value for value in losses.values if math.isfinite(value)), default=losses.first)
    yield Finding(
        "loss-sign",
        "error",
        case.say(TEXT, "climbed_away", first=losses.first, last=largest),
        step=0,
        evidence=(Evidence("loss", largest, None, (0, losses.steps[-1]), "loss"),),
        cause=case.say(TEXT, "climbs"),
        remedy=_subtract(case),
    )


def _enough(case: Case) -> int:
    """Steps; fewer where there are no more, for the loss has run away."""
    ran_away = skill.runs_away(case.record) is not None or skill.is_broken(case.record)
    return skill.TIMES if ran_away else skill.ENOUGH_STEPS


def _terms(case: Case) -> Iterator[Finding]:
    """What the loss's own form tells, whoever is trained by it."""
    if case.record.series("", "loss.opposed"):
        return
    for weight in case.record.parameters:
        sunk, overlap = (case.record.series(weight.name, figure) for figure in ("loss.sunk", "loss.overlap"))
        if weight.optimizer is None or weight.steps_moved == 0:
            continue
        if len(sunk) >= skill.ENOUGH_STEPS and _ran_away(sunk):
            yield _subtracted(case, weight, sunk)
        if len(overlap) >= skill.ENOUGH_STEPS and overlap.first < LEARNT and _falls(overlap):
            yield _minimised(case, weight, overlap)


def _unrewarded(case: Case) -> Iterator[Finding]:
    if any(case.record.series("", "loop.climbed").values):
        return
    for key, cause, code in (
        ("rewarded", "climb", "-(log_prob * {name}).mean()"),
        ("valued", "seek", "-critic(states, actor(states)).mean()"),
    ):
        ways, name = case.record.series("", f"loss.{key}"), case.record.meta.get(key)
        if name is None or len(ways) < skill.ENOUGH_STEPS or min(ways.values) < 0:
            continue
        yield Finding(
            "loss-sign",
            "warning",
            case.say(TEXT, key, name=name),
            step=ways.steps[0],
            evidence=(Evidence("backwards", len(ways), None, (ways.steps[0], ways.steps[-1]), f"loss.{key}"),),
            cause=case.say(TEXT, cause),
            remedy=Remedy("climb", f"loss = {code.format(name=name)}     # {case.say(TEXT, 'climbing')}"),
        )


def _ran_away(squares: Series) -> bool:
    third = len(squares) // 3
    middle, last = squares.values[third : 2 * third], squares.values[2 * third :]
    if not all(map(math.isfinite, last)):
        return all(map(math.isfinite, squares.values[:3]))
    return fmean(last) >= GROWN * squares.first and fmean(last) > fmean(middle)


def _falls(overlaps: Series) -> bool:
    third = len(overlaps) // 3
    return fmean(overlaps.values[-third:]) < fmean(overlaps.values[:third])


def _subtracted(case: Case, weight: Parameter, squares: Series) -> Finding:
    layer = weight.layer or weight.name
    return Finding(
        "loss-sign",
        "error",
        case.say(TEXT, "square", layer=layer, first=squares.first, last=squares.last),
        layers=(weight.layer,) if weight.layer else (),
        step=0,
        evidence=(Evidence("mean_square", squares.last, GROWN * squares.first, (0, squares.steps[-1]), "loss.sunk"),),
        cause=case.say(TEXT, "runs"),
        remedy=Remedy("add", f"loss = reconstruction + divergence     # {case.say(TEXT, 'added')}"),
    )


def _minimised(case: Case, weight: Parameter, overlaps: Series) -> Finding:
    return Finding(
        "loss-sign",
        "error",
        case.say(TEXT, "overlap", first=overlaps.first, last=overlaps.last),
        layers=(weight.layer,) if weight.layer else (),
        step=0,
        evidence=(Evidence("overlap", overlaps.last, None, (0, overlaps.steps[-1]), "loss.overlap"),),
        cause=case.say(TEXT, "touches"),
        remedy=Remedy("one-minus", f"loss = 1 - dice     # {case.say(TEXT, 'one_minus')}"),
    )


def _subtract(case: Case) -> Remedy:
    return Remedy("subtract", f"w -= lr * w.grad     # {case.say(TEXT, 'subtract')}")


def _remedy(case: Case, loss: Loss) -> Remedy:
    if loss.density:
        return Remedy("minus", f"loss = -log_prob.mean()     # {case.say(TEXT, 'minus')}")
    return Remedy("no-minus", f"loss.backward()     # {case.say(TEXT, 'note')}")


def _was_trained(loss: Loss, first: float) -> bool:
    constant = best_constant(loss)
    return constant is not None and 1 - first / constant.loss >= LEARNT
