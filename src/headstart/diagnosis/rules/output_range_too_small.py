"""The net's last activation cannot give what the loss asks for.

## What it sees
What makes the loss's input: an activation (sigmoid, tanh, ReLU, softmax, softplus, hardtanh, hardsigmoid), or the product
of vectors of unit length, which is their cosine, times a constant; and whether the
best answers within its range leave a loss: for a regression the mean loss of each target's nearest value in that range, for
cross-entropy that of the largest score for the right class and the least for all others, for a binary one that of the
highest and the lowest probability. It is exact: a floor. Of one activation straight on another it is what the outer makes
of the inner's range: `sigmoid(relu(x))` is never below one half. Of a softmax it knows that its outputs sum to 1, too:
where the targets of a sample do not, as with several labels each, no answer fits. Cosine similarities, products of vectors
of length 1, lie between -1 and 1, times the number by which they are multiplied: in a contrastive loss, one over its
temperature. Scores behind a ReLU leave no floor, for the right one may be as large as it will; but those that are cut off
have no gradient, and no class can be ruled out. So they are told, too.

## Why it hurts
However long it trains, the loss cannot fall below the floor. What lies outside of the range cannot be answered, and near
its edge the activation's derivative is zero, so that little gradient passes.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = 3 * x[:, :1]
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1), nn.Tanh())
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = 3 * x[:, :1]
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
```

## Limits
- `FLOOR_SHARE` = 0.1: of the best constant answer's loss: the skill cannot exceed 0.9. The floor of bounded scores is 1.461
  for sigmoid, 0.797 for tanh with 10 classes (log 10 = 2.303). A cosine goes from -1 to 1 as tanh does: with 128 pairs in a
  batch its floor is 2.90 (log 128 = 4.85), at a temperature of 0.07 it is 5e-11. But similarities are kept near each other
  on purpose, by temperatures up to 0.5: of them it speaks where no more than this share is left to gain, and as advice
  where there is no temperature below 1.
- `OUTSIDE` = 0.05: of the targets of a regression, so that a few outliers do not count.

It is an error in a run that does not learn, else a warning; scores behind a ReLU are a warning there, else advice.

## Stays silent when
The activation's output is scaled or shifted before the loss, or cosines by what is learnt; softmax-before-cross-entropy or
sigmoid-before-bce-with-logits tells it, or the best constant's loss is not known.

## References
log(1 + (C - 1) e^(a - b)) is the cross-entropy of C classes whose right one scores b and all others a. Of k outputs that
sum to 1 for targets that sum to S, the squared error is at least (S - 1)² / k by Cauchy and Schwarz, the absolute one
|S - 1|, the binary cross-entropy of S labels S log S; all are convex, so that the mean S will do (Jensen). LeCun et al.
1998, *Efficient BackProp*, 4.5: targets within the range of the output's sigmoid.
Radford et al. 2021 (CLIP) and Chen et al. 2020 (SimCLR) divide by temperatures of 0.07 and 0.5.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.constant import best_constant, per_column
from headstart.diagnosis.skill import REGRESSIONS
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy, Severity
from headstart.record import Loss

GROUP = "loss"
RESTS_ON = "fact"
NEEDS = ("loss.function",)
SINCE, STATUS = "0.1.0", "stable"

FLOOR_SHARE = 0.1  # of the best constant's loss: below, other faults cost more (derivation in the page)
OUTSIDE = 0.05  # of a regression's targets; fewer are outliers

COSINE = "cosine_similarity"  # may be near each other on purpose: a temperature of 0.5 leaves a floor as well
BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
CAUSES = {"message": "cause", "scores": "bounded", "chances": "doubled", "shared": "sums"}

TEXT = Text(
    en={
        "message": "The net ends with {activation}, and its loss cannot fall below {floor:number}: {outside:share} of the "
        "targets lie beyond what it can give.",
        "scores": "The scores given to cross_entropy come from {activation}: with {classes:number} classes its loss cannot "
        "fall below {floor:number}.",
        "chances": "The probabilities of {kind} lie between {least_chance:number} and {most_chance:number} whatever the "
        "net is given: its loss cannot fall below {floor:number}.",
        "shared": "The net ends with a softmax, whose {classes:number} outputs sum to 1, and a sample's targets sum to "
        "{sum:number} on average: its loss cannot fall below {floor:number}.",
        "sums": "A softmax shares one probability among all outputs. Labels that can hold together take a sigmoid each.",
        "each": "logits: what enters the softmax; each label for itself",
        "doubled": "Another activation stands in front of {activation} or takes its place, so that some answers cannot be "
        "given.",
        "cause": "{activation} gives values {range}; the targets reach from {least:number} to {most:number}.",
        "bounded": "The right class can score no more than {high:number}, and the others no less than {low:number}: that "
        "is too near for any answer to be sure.",
        "cut": "The scores given to cross_entropy come from a ReLU: none is below 0, and those that it cuts off get no "
        "gradient.",
        "cut_cause": "A class is ruled out by a score far below the others'. Behind a ReLU it can only be 0, and a class "
        "whose scores are all cut off never gets up again: its unit is dead.",
        "cosine": "Cosine similarities lie between -1 and 1, and here they are multiplied by {high:number}: all scores are "
        "nearly one. A temperature divides.",
        "temperature": "similarity: between -1 and 1; divided by the temperature, not multiplied",
        "between": "between {low:number} and {high:number}",
        "above": "from {low:number} on",
        "note": "without {activation} after the last layer; or bring the targets into its range",
        "warmer": "a temperature; or learn its logarithm, as CLIP does",
        "logits": "logits: what enters {activation}",
        "bare": "logits: what the last layer gives, before any activation",
    },
    zh={
        "message": "网络以 {activation} 结尾，损失不可能低于 {floor:number}："
        "有 {outside:share} 的目标超出了它能给出的范围。",
        "scores": "给 cross_entropy 的分数来自 {activation}：{classes:number} 个类别时损失不可能低于 {floor:number}。",
        "chances": "无论输入是什么，{kind} 的概率都在 {least_chance:number} 与 {most_chance:number} 之间：损失不可能低于 "
        "{floor:number}。",
        "shared": "网络以 softmax 结尾，它的 {classes:number} 个输出之和为 1，而每个样本的目标之和平均为 {sum:number}："
        "损失不可能低于 {floor:number}。",
        "sums": "softmax 让所有输出分享同一份概率。可以同时成立的标签应各用一个 sigmoid。",
        "each": "logits：进入 softmax 之前的值；每个标签各自判断",
        "doubled": "{activation} 之前还有另一个激活函数，或它被另一个取代，因此有些答案给不出来。",
        "cause": "{activation} 只能给出{range}的值；目标的范围是 {least:number} 到 {most:number}。",
        "bounded": "正确类别的分数最高只有 {high:number}，其他类别最低也有 {low:number}：太接近了，任何答案都不可能确定。",
        "cut": "给 cross_entropy 的分数来自 ReLU：没有一个低于 0，被截断的分数得不到梯度。",
        "cut_cause": "排除一个类别，要靠远低于其他类别的分数。经过 ReLU 之后分数最低是 0，"
        "而分数全部被截断的类别再也起不来：它的单元死了。",
        "cosine": "余弦相似度在 -1 与 1 之间，这里又乘以 {high:number}：所有分数几乎都一样。温度应作除数。",
        "temperature": "similarity：在 -1 与 1 之间；除以温度，而不是乘以温度",
        "between": " {low:number} 与 {high:number} 之间",
        "above": "不小于 {low:number} ",
        "note": "最后一层之后不加 {activation}；或把目标变换到它的范围之内",
        "warmer": "温度；也可以像 CLIP 那样学习它的对数",
        "logits": "logits：进入 {activation} 之前的值",
        "bare": "logits：最后一层的输出，不经过任何激活函数",
    },
)


def output_range_too_small(case: Case) -> Iterator[Finding]:
    """One finding for each loss with a floor, or of scores that are cut off."""
    for loss in case.record.losses:
        if loss.trained and loss.kind == "cross_entropy" and loss.made_by == "relu":
            yield _of_cut(case, loss)
        constant = best_constant(loss)
        floor = _floor(loss)
        if not loss.trained or constant is None or floor is None:
            continue
        limit = (1 - FLOOR_SHARE if _is_multiplied(loss) else FLOOR_SHARE) * constant.loss
        severity = _severity(case, loss, floor / constant.loss)
        if floor <= limit or severity is None:
            continue
        form = "scores" if loss.kind == "cross_entropy" else "chances" if loss.kind in BINARY else "message"
        form = "shared" if floor == _shared_floor(loss) else form
        last = case.record.loss_of(loss.name)
        fields = {
            "kind": loss.kind,
            "activation": loss.made_by,
            "floor": floor,
            "low": loss.low,
            "high": loss.high,
            "outside": loss.outside,
            "classes": loss.softmax_size if form == "shared" else loss.options.get("classes"),
            "sum": _sum(loss),
            "least": loss.least,
            "most": loss.most,
        }
        between = case.say(TEXT, "above" if loss.high is None else "between", **fields)
        yield Finding(
            "output-range-too-small",
            severity,
            case.say(TEXT, form, **fields, **_chances(loss)),
            step=0,
            evidence=(
                Evidence("loss_floor", floor, limit),
                *((Evidence("loss", last.last, None, (last.steps[-1],), "loss"),) if last else ()),
            ),
            cause=case.say(TEXT, "cosine" if _is_multiplied(loss) else CAUSES[form], range=between, **fields),
            remedy=_remedy(case, loss, form),
            line=loss.line,
        )


def _of_cut(case: Case, loss: Loss) -> Finding:
    last = case.record.loss_of(loss.name)
    return Finding(
        "output-range-too-small",
        "warning" if case.learns is False else "advice",
        case.say(TEXT, "cut"),
        step=0,
        evidence=(Evidence("loss", last.last, None, (last.steps[-1],), "loss"),) if last else (),
        cause=case.say(TEXT, "cut_cause"),
        remedy=_remedy(case, loss, "scores"),
        line=loss.line,
    )


def _severity(case: Case, loss: Loss, share: float) -> Severity | None:
    """`share`: of the best constant's loss that the floor is. None: similarities that are near each other on purpose."""
    if loss.made_by == COSINE and share <= 1 - FLOOR_SHARE:
        return "advice" if (loss.high or 0.0) <= 1 else None
    return "error" if case.learns is False else "warning"


def _is_multiplied(loss: Loss) -> bool:
    return loss.made_by == COSINE and (loss.high or 0.0) < 1


def _floor(loss: Loss) -> float | None:
    """The least loss that the output's range allows; None if there is none, or another rule tells it."""
    if loss.kind in BINARY:
        if loss.kind == BINARY[1] and loss.made_by in ("sigmoid", "softmax"):
            return None
        return max((floor for floor in (_binary_floor(loss), _shared_floor(loss)) if floor is not None), default=None)
    if loss.kind in REGRESSIONS:
        known = (loss.outside or 0.0) > OUTSIDE and loss.least is not None and loss.most is not None
        return loss.floor if known else _shared_floor(loss)
    if loss.kind == "cross_entropy" and loss.made_by != "softmax" and loss.low is not None and loss.high is not None:
        return math.log1p((int(loss.options.get("classes", 2)) - 1) * math.exp(loss.low - loss.high))
    return None


def _shared_floor(loss: Loss) -> float | None:
    """What outputs that sum to 1 leave of the loss, a value on average; None if they do not, or nothing is known."""
    outputs, total = loss.softmax_size or 0, _sum(loss)
    whole = len(loss.shape) == 2 and loss.softmax_axis == 1 and loss.shape[1] == outputs == len(loss.targets.total)
    if loss.made_by != "softmax" or not whole or total is None or loss.target_shape != loss.shape:
        return None
    if loss.kind == "mse_loss":
        return (total - 1) ** 2 / outputs**2
    if loss.kind == "l1_loss":
        return abs(total - 1) / outputs
    return total * math.log(total) / outputs if loss.kind == BINARY[0] and total > 1 else None


def _sum(loss: Loss) -> float | None:
    """Of a sample's targets, on average."""
    return sum(loss.targets.total) / loss.targets.count if loss.targets.count > 0 else None


def _binary_floor(loss: Loss) -> float | None:
    """-t log(most) - (1 - t) log(1 - least) for a label t: no chance between the two costs less."""
    least, most = _chances(loss).values()
    targets = loss.targets
    weights = per_column(loss.options.get("pos_weight") or (1.0,), len(targets.total))
    if weights is None or targets.count <= 0:
        return None
    yes = sum(w * total for w, total in zip(weights, targets.total, strict=True))
    no = sum(targets.count - total for total in targets.total)
    return -(yes * math.log(most) + no * math.log1p(-least)) / (targets.count * len(targets.total))


def _chances(loss: Loss) -> dict[str, float]:
    """The least and the most probability that a binary loss can be given."""
    low, high = -math.inf if loss.low is None else loss.low, math.inf if loss.high is None else loss.high
    if loss.kind == BINARY[1]:
        low, high = (1 / (1 + math.exp(-max(x, -700.0))) for x in (low, high))
    return {"least_chance": max(low, 0.0), "most_chance": min(high, 1.0)}


def _remedy(case: Case, loss: Loss, form: str) -> Remedy:
    if form == "shared":
        code = f"torch.nn.functional.{BINARY[1]}(logits, target)     # {case.say(TEXT, 'each')}"
        return Remedy("give-logits", code, safe=False)
    if loss.made_by == COSINE:
        code = f"torch.nn.functional.{loss.kind}(similarity / 0.07, target)"
        note = case.say(TEXT, "temperature" if _is_multiplied(loss) else "warmer")
        return Remedy("divide-by-temperature", f"{code}     # {note}", safe=False)
    if loss.kind == "cross_entropy":
        note = case.say(TEXT, "logits", activation=loss.made_by)
        return Remedy("give-logits", f"torch.nn.functional.cross_entropy(logits, target)     # {note}")
    if loss.kind in BINARY:
        note = case.say(TEXT, "bare")
        return Remedy("give-logits", f"torch.nn.functional.{BINARY[1]}(logits, target)     # {note}", safe=False)
    note = case.say(TEXT, "note", activation=loss.made_by)
    return Remedy("linear-output", f"output = model(x)     # {note}", safe=False)
