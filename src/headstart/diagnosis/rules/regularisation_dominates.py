"""Weight decay, or a penalty in the loss, pulls far harder than the labels: the weights shrink to nothing.

## What it sees
Of each weight matrix that an optimizer decays: the size of `weight_decay` times the weights beside that of their
gradients (AdamW and its kin, which decay apart from the gradient: the decay's share of each update), and how much is
left of the weights in the end; of SGD also what the weights cost, beside all that has been learnt. Of a penalty that is
written into the loss: what it costs in the beginning, beside the loss of the best constant answer. Of the divergence by
which a VAE pays for its codes: what one nat of it costs, beside all that is left of the loss.

## Why it hurts
Decay alone multiplies the weights by 1 - lr * weight_decay at every step. Where the loss does not pull against it, they
go to zero, and the net to a constant. A loss that cannot fall below 0 can gain no more than what the best constant answer
costs: weights for which the penalty asks more are never worth their price. So it is with codes: to know a share of what
varies in a sample takes half as many nats, or more. Where the reconstruction is a mean over hundreds of pixels and the
divergence a sum over the codes, these cost more than all pixels are worth: the codes collapse to the prior, and every
answer is the mean of the data.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=1.0)
for step in range(90):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=1e-4)
for step in range(90):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `PULL` = 3: decay over gradient, in the median of the steps. Where the two are in balance, as they are in the end of a
  long training, it is 1.
- `SHARE` = 0.9: of an update that is decay, where decay is apart from the gradient.
- `LEFT` = 0.1: of a weight's size at the end, beside its size at the start.
- `GONE` = 1e-3: the same, where the forces need not be compared: decay shrinks weights by the same share in each step, and
  nothing else in training brings all of them to a thousandth of their size.

- `NAT` = 2: what a nat of divergence costs, over the loss in the last third of the run. To know the share f of a Gaussian's
  variance takes -log(1 - f) / 2 nats, which is f / 2 or more, and gains f of the loss at most.

Of a penalty, what it costs at the first look is held against all that there is to gain. Of a large net a sound penalty
may cost more at first; its weights do not shrink to a tenth, though.

Of Adam, which scales all that it is given to steps of one length, decay that is a `PART` = 0.2 of the gradients, in the
median of the steps, is as much of each step, and always in one direction, where gradients are mostly noise. It comes to
balance below the gradient's size, never above it. It is advice where `weight_decay` is `MEANT` = 0.01 or more, which is
AdamW's default, has brought a weight matrix to less than `FADED` = 0.3 of its size, and the run, which learns, comes to
less than `LITTLE` = 0.5 of skill.

Decay apart from the gradient takes `lr * weight_decay` of the weights at each step. From `FORGETS` = 0.01 on, a hundred
times what is usual (1e-3 times 0.1), half of what a step wrote is gone 70 steps later: advice, if a weight matrix has lost
size and the run comes to less than `LITTLE` of skill.

Of SGD, which minimises the loss and weight_decay / 2 times the squares of the weights, that sum is the price of what has
been learnt. After `FOLDS` = 1 time constant of the decay, (1 - momentum) / (lr * weight_decay) steps, which left every
weight matrix smaller, and where the loss is nothing else (to `TERMS` = 0.1 of the best constant's), the two pull alike:
weights larger by a small share would gain twice that share of the price. `PAID` = 0.33 of all that has been gained over
the best constant answer is what a linear layer pays under a squared error where decay has halved its answers: of the
share s that is left, (1 - s) / (2 - s). It is advice in a run of less than `LITTLE` of skill. Weights whose size a norm
divides out cost nothing.

Otherwise it speaks only in a run that is known not to learn, of weights where all decayed or penalised matrices are
beyond all limits, each looked at in three steps or more, or where of some that a penalty with its price holds nothing is
left: through these nothing passes. As advice it speaks in any, of decayed matrices of which nothing is left.

## Stays silent when
The run learns with what is left of each of its weights, or in one that does not, one such matrix keeps its size (of a
penalty: none is down to nothing), there is neither decay nor penalty, or beside the penalty the loss has other terms,
so that what it costs is not known. Of a VAE also where it learns, or is not known not to, and where the divergence is
clamped (free bits) or weighed code by code.

## References
Loshchilov & Hutter (2019), *Decoupled Weight Decay Regularization*. TheDeepChecker (Ben Braiek & Khomh 2022),
"regularization overwhelms the loss". Lucas, Tucker, Grosse & Norouzi (2019), *Don't Blame the ELBO! A Linear VAE
Perspective on Posterior Collapse*.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from statistics import median

from headstart.diagnosis import code, ledger, skill
from headstart.diagnosis.case import Case
from headstart.diagnosis.gains import divided_out
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy, Severity
from headstart.record import Layer, Optimizer, Parameter, Series

GROUP = "optimizer"
RESTS_ON = "share"
NEEDS = ("weight.std", "weight_gradient.std", "update.std", "skill")
SINCE, STATUS = "0.1.0", "stable"

PULL = 3.0
SHARE = 0.9
LEFT = 0.1
GONE = 1e-3
NAT = 2.0
SECOND_LOOK = {"PULL": 1.0, "SHARE": 0.6, "LEFT": 0.3}
MEANT = 0.01  # AdamW's default
PART = 0.2  # of the gradient
FADED = 0.3  # of a weight's size at the start
LITTLE = 0.5  # skill
FORGETS = 0.01  # of the weights at each step; a hundred times what is usual (derivation in the page)
PAID = 0.33  # of what has been gained; a linear layer's answers are then halved (derivation in the page)
TERMS = 0.1  # of the best constant's loss: what other terms of the loss, and its noise, come to at most
FOLDS = 1.0  # time constants of the decay: fewer leave the start
COUPLED = ("Adam", "NAdam", "RAdam")
DECOUPLED = ("AdamW", "NAdamW", "SGDW", "Lion", "Muon")

TEXT = Text(
    en={
        "message": "Weight decay of {decay:number} shrinks all weight matrices to at most {left:share} of what they were.",
        "cause": "Decay pulls at the weights far harder than the loss does, so that they go to zero and the net to a "
        "constant. Usual values are between 1e-5 and 1e-2; AdamW's is 1e-2 to 1e-1.",
        "some": "Weight decay of {decay:number} has shrunk {count:number} of {all:number} weight matrices to at most "
        "{left:share} of what they were, the first of them {first}.",
        "lost": "Decay pulls at these weights harder than the loss does, so that they go to zero, and their layers give "
        "nothing any more. Usual values are between 1e-5 and 1e-2; AdamW's is 1e-2 to 1e-1, which in Adam is far more: "
        "there decay is added to the gradient, and a small gradient makes as long a step as a large one.",
        "coupled": "{kind} adds decay to the gradient and makes steps of one length of their sum: where gradients are "
        "small, decay takes the whole step, whatever its price. AdamW applies it apart from the gradient, and the same "
        "number is then far less.",
        "apart": "the same decay, apart from the gradient",
        "forgets": "Weight decay of {decay:number} at a learning rate of {lr:number} takes {share:share} of the weights at "
        "each step: half of what a step wrote is gone {half:number} steps later.",
        "paid": "Weight decay of {decay:number} holds the weights down: half of it times their squares comes to "
        "{price:number}, and all that the net has gained over the best constant answer is {gain:number}.",
        "balance": "SGD with decay minimises the sum of the two, and it has come to where both pull alike: every weight "
        "matrix is smaller than it was at the start, and larger ones would have a lower loss. Usual values are between "
        "1e-5 and 1e-3.",
        "note": "or none, until the net learns",
        "penalty": "A penalty in the loss shrinks all weight matrices to at most {left:share} of what they were: in the "
        "beginning it costs {price:number}, and all that there is to gain is {constant:number}.",
        "penalty_of_some": "A penalty in the loss has shrunk {count:number} of {all:number} weight matrices to at most "
        "{left:share} of what they were: in the beginning it costs {price:number}, and all that there is to gain is "
        "{constant:number}.",
        "priced": "No answer is worth weights that cost more than it can gain, so that they go to zero and the net to a "
        "constant.",
        "cheaper": "a hundredth of this price; then halve or double",
        "collapsed": "One nat of the divergence costs {price:number}, and the whole loss has {loss:number} left: no code "
        "is worth its price, so that every answer is the same.",
        "codes": "The reconstruction is a mean over all values of a sample and the divergence a sum over its codes, or its "
        "factor is far too large. A code pays only where the loss that it explains is more than half of what a nat costs.",
        "in_sum": "both are sums over one sample",
    },
    zh={
        "message": "权重衰减 {decay:number} 使所有权重矩阵缩小到原来的 {left:share} 以下。",
        "cause": "衰减对权重的拉力远大于损失，因此权重趋于零，网络趋于常数。常用值在 1e-5 与 1e-2 之间；"
        "AdamW 为 1e-2 到 1e-1。",
        "some": "权重衰减 {decay:number} 已使 {all:number} 个权重矩阵中的 {count:number} 个缩小到原来的 {left:share} 以下，"
        "第一个是 {first}。",
        "lost": "衰减对这些权重的拉力大于损失，因此它们趋于零，所在的层不再给出任何东西。常用值在 1e-5 与 1e-2 之间；"
        "AdamW 为 1e-2 到 1e-1，而在 Adam 中这要强得多：那里衰减加在梯度上，梯度再小，每一步也一样长。",
        "coupled": "{kind} 把衰减加到梯度上，再把两者之和化为同样长的一步：梯度小的地方，整步都成了衰减。AdamW 把衰减与梯度"
        "分开施加，同样的数值因此要弱得多。",
        "apart": "同样的衰减，与梯度分开",
        "forgets": "在学习率 {lr:number} 下，{decay:number} 的权重衰减每一步都拿走权重的 {share:share}："
        "一步写下的内容，{half:number} 步之后只剩一半。",
        "paid": "{decay:number} 的权重衰减压住了权重：它的一半乘以权重的平方和是 {price:number}，而网络比最佳常数答案总共"
        "只改善了 {gain:number}。",
        "balance": "带衰减的 SGD 最小化这两者之和，现在已到了两边拉力相等的地方：每个权重矩阵都比开始时小，权重再大一些，"
        "损失就会更低。常用值在 1e-5 与 1e-3 之间。",
        "note": "在网络学会之前也可以不用衰减",
        "penalty": "损失中的惩罚项使所有权重矩阵缩小到原来的 {left:share} 以下：它一开始就占 {price:number}，而最多只能"
        "得到 {constant:number} 的改善。",
        "penalty_of_some": "损失中的惩罚项已使 {all:number} 个权重矩阵中的 {count:number} 个缩小到原来的 {left:share} "
        "以下：它一开始就占 {price:number}，而最多只能得到 {constant:number} 的改善。",
        "priced": "权重的代价超过任何答案所能得到的改善，因此权重趋于零，网络趋于常数。",
        "cheaper": "此代价的百分之一；然后减半或加倍",
        "collapsed": "散度每一纳特的代价是 {price:number}，而整个损失只剩 {loss:number}：没有一个编码值得它的代价，"
        "因此所有答案都一样。",
        "codes": "重建误差是对一个样本的所有值求平均，散度却是对编码求和，或者散度的系数过大。"
        "只有当一个编码所解释的损失超过一纳特代价的一半时，它才划算。",
        "in_sum": "两者都对一个样本求和",
    },
)


def regularisation_dominates(case: Case) -> Iterator[Finding]:
    """One finding for the run."""
    decayed = [(layer, weight) for layer, weight in case.weighted() if weight.weight_decay]
    penalised = [(layer, weight) for layer, weight in case.weighted() if weight.penalised]
    gone = [(layer, weight) for layer, weight in decayed if _is_gone(case, weight)]
    if case.skill is None:
        return
    fails = case.learns is False
    if (fails or len(gone) == len(decayed)) and _shrink(case, decayed) and all(_pulls(case, w) for _, w in decayed):
        decay = max(weight.weight_decay or 0.0 for _, weight in decayed)
        message = case.say(TEXT, "message", decay=decay, left=_most(case, decayed))
        yield _finding(case, decayed, message, case.say(TEXT, "cause"), _less_decay(case, decayed))
    elif fails and (held := _outweighed(case, penalised)) and (price := _price(case) or 0.0) > case.skill.constant:
        facts = {"left": _most(case, held), "price": price, "constant": case.skill.constant}
        facts |= {} if held == penalised else {"count": len(held), "all": len(penalised)}
        weight = 0.01 * case.skill.constant / price
        yield _finding(
            case,
            held,
            case.say(TEXT, "penalty" if held == penalised else "penalty_of_some", **facts),
            case.say(TEXT, "priced"),
            Remedy("smaller-penalty", f"loss = loss + {weight:.1g} * penalty     # {case.say(TEXT, 'cheaper')}"),
            Evidence("price", price, case.skill.constant, (0,), "loss"),
        )
    elif fails and (collapse := _collapse(case)) is not None:
        yield collapse
    elif gone:
        decay = max(weight.weight_decay or 0.0 for _, weight in gone)
        facts = {"decay": decay, "left": _most(case, gone), "count": len(gone), "all": len(decayed)}
        message = case.say(TEXT, "some", first=gone[0][1].name, **facts)
        found = _finding(case, gone, message, case.say(TEXT, "lost"), _less_decay(case, gone))
        yield replace(found, severity="advice")
    elif case.learns is not False and 0 <= case.skill.value < LITTLE and (faded := _faded(case, decayed)):
        first = faded[0][1]
        known = _optimizer(case, first)
        facts = {"decay": first.weight_decay or 0.0, "left": _most(case, faded), "count": len(faded)}
        message = case.say(TEXT, "some", first=first.name, all=len(decayed), **facts)
        adamw = code.optimizer(replace(known, kind="AdamW"), weight_decay=f"{first.weight_decay:g}")
        remedy = Remedy("decay-apart", f"{adamw}     # {case.say(TEXT, 'apart')}")
        found = _finding(case, faded, message, case.say(TEXT, "coupled", kind=known.kind), remedy)
        yield replace(found, severity="advice")
    elif case.learns is not False and 0 <= case.skill.value < LITTLE and (lost := _forgotten(case, decayed)):
        worst = max((parameter for _, parameter in lost), key=_per_step)
        share = _per_step(worst)
        half = math.ceil(math.log(2) / -math.log1p(-min(share, 0.999)))
        facts = {"decay": worst.weight_decay or 0.0, "lr": worst.lr or 0.0, "share": share, "half": half}
        found = _finding(
            case, lost, case.say(TEXT, "forgets", **facts), case.say(TEXT, "cause"), _less_decay(case, lost)
        )
        proof = Evidence("decay_per_step", share, FORGETS, (0, len(case.record) - 1))
        yield replace(found, severity="advice", evidence=(proof,))
    elif (
        case.learns is not False
        and 0 < case.skill.value < LITTLE
        and (paid := _decay_price(case, decayed)) is not None
    ):
        gain = case.skill.value * case.skill.constant
        if paid >= PAID * gain:
            decay = max(weight.weight_decay or 0.0 for _, weight in decayed)
            message = case.say(TEXT, "paid", decay=decay, price=paid, gain=gain)
            found = _finding(case, decayed, message, case.say(TEXT, "balance"), _less_decay(case, decayed))
            yield replace(found, severity="advice", evidence=(Evidence("price", paid, PAID * gain, series="loss"),))


def _decay_price(case: Case, decayed: list[tuple[Layer, Parameter]]) -> float | None:
    """What SGD's decay costs where it is in balance with the loss, which is all of it; None where that is not known.

    Weights whose size a norm divides out are free: they are not counted.
    """
    if case.skill is None or not decayed or any(_optimizer(case, weight).kind != "SGD" for _, weight in decayed):
        return None
    if not _shrink(case, decayed, 1.0) or min(_folds(case, weight) for _, weight in decayed) < FOLDS:
        return None
    left = case.record.loss.since(2 * len(case.record) // 3).values
    own = case.skill.constant * (1 - case.skill.value)
    if not left or abs(median(left) - own) > TERMS * case.skill.constant:
        return None
    free = divided_out(case) | {layer.name for layer in case.record.layers if layer.norm}
    priced = [weight for layer, weight in decayed if layer.name not in free]
    sizes = [(weight, _size(case, weight, "weight").last) for weight in priced]
    return sum((weight.weight_decay or 0.0) / 2 * size**2 * math.prod(weight.shape) for weight, size in sizes)


def _folds(case: Case, weight: Parameter) -> float:
    """How many of its time constants the decay had; a momentum of m makes each step 1 / (1 - m) times as long."""
    options = _optimizer(case, weight).options
    kept = max(1 - (options.get("momentum") or 0.0), 1e-9)
    return _per_step(weight) * (1 - (options.get("dampening") or 0.0)) / kept * len(case.record)


def _forgotten(case: Case, decayed: list[tuple[Layer, Parameter]]) -> list[tuple[Layer, Parameter]]:
    """The weights that decay apart from the gradient keeps small."""
    return [
        (layer, weight)
        for layer, weight in decayed
        if (known := _optimizer(case, weight)).kind in DECOUPLED or known.options.get("decoupled_weight_decay")
        if _per_step(weight) >= FORGETS and (left := _left(case, weight)) is not None and left < 1
    ]


def _per_step(weight: Parameter) -> float:
    """The share of it that decay takes at each step."""
    return (weight.lr or 0.0) * (weight.weight_decay or 0.0)


def _collapse(case: Case) -> Finding | None:
    """Where a nat of the codes' divergence costs more than twice of all that is left of the loss."""
    start = 2 * len(case.record) // 3
    prices, losses = case.record.series("", "loss.nat").since(start), case.record.loss.since(start)
    # asked anew: a second look is taken where little is learnt, too
    learnt = case.skill is None or case.skill.value >= skill.NO_SKILL
    if learnt or len(prices) < ledger.STEPS or not losses:
        return None
    price, left = median(prices.values), median(losses.values)
    if not 0 < left * NAT < price:
        return None
    return Finding(
        "regularisation-dominates",
        "error",
        case.say(TEXT, "collapsed", price=price, loss=left),
        step=start,
        evidence=(Evidence("price", price, NAT * left, (start, len(case.record) - 1), "loss"),),
        cause=case.say(TEXT, "codes"),
        remedy=Remedy(
            "sum-over-the-sample",
            "reconstruction = F.mse_loss(output, x, reduction='sum') / len(x)\n"
            f"kl = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum() / len(x)     # {case.say(TEXT, 'in_sum')}",
            safe=False,
        ),
    )


def _faded(case: Case, decayed: list[tuple[Layer, Parameter]]) -> list[tuple[Layer, Parameter]]:
    """The weights that decay has shrunk by way of Adam's steps."""
    return [(layer, weight) for layer, weight in decayed if _is_faded(case, weight)]


def _is_faded(case: Case, weight: Parameter) -> bool:
    known, left, decay = _optimizer(case, weight), _left(case, weight), weight.weight_decay or 0.0
    if known.kind not in COUPLED or known.options.get("decoupled_weight_decay") or decay < MEANT:
        return False
    ratios = _ratios(_size(case, weight, "weight"), _size(case, weight, "weight_gradient"), decay)
    return left is not None and left < FADED and len(ratios) >= ledger.STEPS and median(ratios) > PART


def _less_decay(case: Case, held: list[tuple[Layer, Parameter]]) -> Remedy:
    made = code.optimizer(_optimizer(case, held[0][1]), weight_decay="1e-4")
    return Remedy("less-decay", f"{made}     # {case.say(TEXT, 'note')}")


def _finding(
    case: Case, held: list[tuple[Layer, Parameter]], message: str, cause: str, remedy: Remedy, *more: Evidence
) -> Finding:
    layers = tuple(dict.fromkeys(layer.name for layer, _ in held))
    left = Evidence("weight_left", _most(case, held), LEFT, series="weight.std")
    severity: Severity = "error" if case.learns is False else "advice"
    return Finding("regularisation-dominates", severity, message, layers[0], 0, (left, *more), cause, remedy, layers)


def _shrink(case: Case, held: list[tuple[Layer, Parameter]], most: float | None = None) -> bool:
    left = [_left(case, weight) for _, weight in held]
    limit = LEFT if most is None else most  # not as a default: a second look moves LEFT
    return bool(left) and all(share is not None and share < limit for share in left)


def _outweighed(case: Case, penalised: list[tuple[Layer, Parameter]]) -> list[tuple[Layer, Parameter]]:
    """All of them, if all have shrunk; else those of which nothing is left, which no signal passes."""
    if _shrink(case, penalised):
        return penalised
    return [(layer, weight) for layer, weight in penalised if _is_gone(case, weight)]


def _most(case: Case, held: list[tuple[Layer, Parameter]]) -> float:
    return max(_left(case, weight) or 0.0 for _, weight in held)


def _price(case: Case) -> float | None:
    """What all terms but the recognised loss come to at the first step; None where another loss may be among them."""
    trained = [loss for loss in case.record.losses if loss.trained]
    if len(trained) != 1 or trained[0].negated:
        return None
    own, whole = case.record.loss_of(trained[0].name), case.record.loss
    if not own or not whole or own.steps[0] != whole.steps[0]:
        return None
    return whole.first - own.first


def _pulls(case: Case, weight: Parameter) -> bool:
    """Whether decay outweighs the loss in the median of the steps, or has left nothing of the weight."""
    if _is_gone(case, weight):
        return True
    decay, lr = weight.weight_decay or 0.0, weight.lr or 0.0
    sizes = _size(case, weight, "weight")
    if _optimizer(case, weight).kind in DECOUPLED:
        ratios = _ratios(sizes, _size(case, weight, "update"), lr * decay)
        return len(ratios) >= ledger.STEPS and median(ratios) > SHARE
    ratios = _ratios(sizes, _size(case, weight, "weight_gradient"), decay)
    return len(ratios) >= ledger.STEPS and median(ratios) > PULL


def _is_gone(case: Case, weight: Parameter) -> bool:
    left = _left(case, weight)
    return left is not None and left < GONE


def _left(case: Case, weight: Parameter) -> float | None:
    sizes = _size(case, weight, "weight")
    return sizes.last / sizes.first if len(sizes) > 1 and sizes.first > 0 else None


def _ratios(above: Series, below: Series, factor: float) -> list[float]:
    by_step = dict(zip(below.steps, below.values, strict=True))
    pairs = [(value, by_step[step]) for step, value in zip(above.steps, above.values, strict=True) if step in by_step]
    return [factor * a / b if b > 0 else math.inf for a, b in pairs if a > 0]


def _size(case: Case, weight: Parameter, tensor: str) -> Series:
    """Its root mean square, by step."""
    mean, std = (case.record.series(weight.name, f"{tensor}.{figure}") for figure in ("mean", "std"))
    return Series(mean.steps, tuple(math.hypot(a, b) for a, b in zip(mean.values, std.values, strict=True)))


def _optimizer(case: Case, weight: Parameter) -> Optimizer:
    return next((one for one in case.record.optimizers if one.name == weight.optimizer), Optimizer("SGD", "SGD"))
