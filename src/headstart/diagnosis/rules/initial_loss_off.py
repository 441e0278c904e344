"""A fresh net starts out sure of wrong answers: its first loss is far above that of guessing.

## What it sees
The cross-entropy at the first step, in nats and averaged as the loss function itself does, against ln C, which always
guessing 1/C for each of C classes costs; where the classes are the batch itself (which of N goes with which, as in
contrastive losses), whatever stands before the loss. In a run that does not learn also, of a regression by a single layer,
or by several side by side (embeddings, factors), how widely the first answers spread, against their targets.

## Why it hurts
A fresh net knows nothing, so that all classes should come out about equally likely. Logits that are large at the start
give most of the probability to a class drawn by lot. The first steps only take that back, with gradients that are as
large as they can be, and the loss curve begins with a cliff that is no learning. So does a regression whose first answers
spread s times as widely as the targets: independent of them, they cost a squared error s² + 1 times that of the mean.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, :10] @ torch.randn(10, 10)).argmax(1)
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10))
nn.init.normal_(model[2].weight, std=1.0)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
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
y = (x[:, :10] @ torch.randn(10, 10)).argmax(1)
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10))
nn.init.normal_(model[2].weight, std=0.01)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `TIMES` = 2: the first loss over ln C. Independent normal logits of std 1 cost 1.2 times ln C for 10 classes (1.3 for
  two), those of std √2, which He's law makes of signals of size 1, 1.4 (1.5), those of std 2, 1.6 (1.9), and those of
  std 8, a head of std 1 on 64 inputs, 5.4 (6.6). PyTorch's own start gives 0.9 to 1.2. Vectors of length one in 64
  dimensions, at a temperature of 0.05, make logits of std 2.5 (1.5 times ln 100 was seen), and those of a normal
  distribution of std 1 such of std 160.
- `ANY` = 20: the same of a batch's scores in a run that is not known to fail, where a low temperature is a choice.
  Independent vectors of length one in d dimensions cost √(2 ln N) / (T √d), the largest of N normal scores: for N = 32
  and d = 16 at T = 0.01, the lowest temperature in use that we know, 19 times ln N.
- `SPREAD` = 3: times the std of the targets in the first batch. Ten times the mean's squared error is then owed to chance.

It is advice in a run that learns: the optimizer takes large logits back, and many runs end well all the same. In a run
that does not, scores of a batch and a regression's spread are a warning.

## Stays silent when
The net does not start from fresh weights (frozen parts, norms or biases that have been trained, batch norms that have
seen batches, more right answers than by chance), the run trains by several losses, the loss has weights, label smoothing
or probabilities as labels, or anything but reshaping stands between the last layer and the loss (a temperature, a
scale, a margin) and the classes are not the batch itself. Of a regression: a layer stands before the last, as
weights-too-large and activations-explode look along the way; or one of several outputs is picked, as a net of action
values does whose targets are of its own making.

## References
Karpathy, *A recipe for training neural networks* (2019): "verify loss @ init", "init well"; Goodfellow, Bengio &
Courville, *Deep Learning* (2016), §6.2.2.3 (softmax units).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from headstart.diagnosis import code
from headstart.diagnosis.case import Case, is_linear
from headstart.diagnosis.fresh import is_among_the_batch, starts_fresh
from headstart.diagnosis.rules.nll_without_log_softmax import lacks_log_softmax
from headstart.diagnosis.skill import REGRESSIONS
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Layer, Loss

GROUP = "init"
RESTS_ON = "fact"
NEEDS = ("loss.function",)
SINCE, STATUS = "0.1.0", "stable"

TIMES = 2.0  # of ln C; logits of the largest law in use cost 1.54 at most (two classes; in the page)
ANY = 20.0  # the same where a low temperature may be a choice; 19 at the lowest in use (derivation in the page)
SPREAD = 3.0  # of the targets' std; the loss is then 3² + 1 times that of the mean
SECOND_LOOK = {"TIMES": 1.5}
PICKS = ("gather", "index")  # one of the outputs for each sample

MADE = ("softmax", "log_softmax")  # what is no score any more
MADE_BY = {  # what may stand directly before the loss: a layer's sum, a bias added to it
    "cross_entropy": ("addmm", "mm", "linear", "convolution", "add"),
    "nll_loss": ("log_softmax",),
}

TEXT = Text(
    en={
        "message": "The first loss is {loss:number}, while guessing among {classes:number} classes costs {guess:number}: "
        "the net starts out sure of wrong answers.",
        "cause": "The outputs of {layer} are too large at the start (std {std:number}), by its own weights or by what "
        "comes in. Softmax makes certainty of such outputs, and the first steps only take it back.",
        "note": "outputs near 0: all classes equally likely",
        "matches": "The first loss is {loss:number}, while guessing which of {classes:number} in the batch is the right "
        "one costs {guess:number}: the net starts out sure of wrong answers.",
        "products": "The scores are too large at the start: products of vectors of any length, or a temperature that is "
        "too low. Softmax makes certainty of such scores, and gradients that only take it back.",
        "unit": "vectors of length one: products within 1 and -1",
        "spreads": "The first answers spread {spread:number} times as widely as their targets.",
        "by_chance": "What a fresh net answers has nothing to do with the targets yet, so that its spread is all error: "
        "{times:number} times the squared error of always answering the mean. No layer stands before those that give the "
        "answers: their weights, or what comes in, are too large for such targets.",
        "smaller": "answers that spread no more than the targets",
    },
    zh={
        "message": "第一个损失是 {loss:number}，而在 {classes:number} 个类别中随便猜的损失是 {guess:number}："
        "网络一开始就对错误答案很有把握。",
        "cause": "{layer} 的输出一开始就太大（标准差 {std:number}），原因在于它自己的权重或它的输入。"
        "softmax 会把这样的输出变成很高的把握，最初的几步更新只是在纠正它。",
        "note": "输出接近 0：所有类别同样可能",
        "matches": "第一个损失是 {loss:number}，而在批次的 {classes:number} 个样本中随便猜哪一个才对的损失是 "
        "{guess:number}：网络一开始就对错误答案很有把握。",
        "products": "分数一开始就太大：它们是长度不受限制的向量的乘积，或者温度太低。softmax 会把这样的分数变成很高的把握，"
        "而梯度只是在纠正它。",
        "unit": "长度为一的向量：乘积在 -1 与 1 之间",
        "spreads": "最初的答案散布的范围是目标的 {spread:number} 倍。",
        "by_chance": "未经训练的网络的答案与目标还没有关系，因此它的散布全是误差："
        "是始终回答均值的平方误差的 {times:number} 倍。给出答案的各层之前没有别的层：对这样的目标来说，"
        "它们的权重或输入太大。",
        "smaller": "答案的散布不超过目标",
    },
)


def initial_loss_off(case: Case) -> Iterator[Finding]:
    """One finding, of the only loss that is trained, or of the worst where all choose among the batch."""
    trained = [loss for loss in case.record.losses if loss.trained]
    matches = bool(trained) and all(map(_are_plain_matches, trained))
    if not trained or not starts_fresh(case, answers=not matches):
        return
    if matches:
        yield from _matches(case, trained)
    elif len(trained) == 1 and trained[0].kind in REGRESSIONS:
        yield from _spreads(case, trained[0])
    elif len(trained) == 1:
        yield from _guesses(case, trained[0])


def _guesses(case: Case, loss: Loss) -> Iterator[Finding]:
    heads = _heads(case)
    classes = int(loss.options.get("classes", 0))
    first = case.record.loss_of(loss.name)
    if len(heads) != 1 or not (classes > 1 and first and first.steps[0] == 0 and _is_plain(loss)):
        return
    (head,) = heads
    guess = math.log(classes)
    outputs = case.record.series(head.name, "activation.std")
    if not TIMES * guess <= first.first < math.inf:
        return
    evidence = [Evidence("first_loss", first.first, TIMES * guess, (0,), "loss"), Evidence("guess", guess)]
    if outputs:
        evidence.append(Evidence("output_std", outputs.first, None, (0,), "activation.std"))
    yield Finding(
        "initial-loss-off",
        "advice",
        case.say(TEXT, "message", loss=first.first, classes=classes, guess=guess),
        head.name,
        0,
        tuple(evidence),
        case.say(TEXT, "cause", layer=head.name, std=outputs.first) if outputs else "",
        Remedy(
            "small-head",
            f"torch.nn.init.normal_({code.weight(head)}, std=0.01)     # {case.say(TEXT, 'note')}",
        ),
        (head.name,),
        head.line or loss.line,
    )


def _matches(case: Case, trained: Sequence[Loss]) -> Iterator[Finding]:
    firsts = [(first.first, loss) for loss in trained if (first := case.record.loss_of(loss.name)).until(0)]
    value, loss = max(firsts, key=lambda one: one[0], default=(math.nan, trained[0]))
    classes = loss.shape[1]
    guess = math.log(classes)
    limit = (TIMES if case.learns is False else ANY) * guess
    if not limit <= value < math.inf:
        return
    yield Finding(
        "initial-loss-off",
        "warning" if case.learns is False else "advice",
        case.say(TEXT, "matches", loss=value, classes=classes, guess=guess),
        None,
        0,
        (Evidence("first_loss", value, limit, (0,), "loss"), Evidence("guess", guess)),
        case.say(TEXT, "products"),
        Remedy(
            "unit-length",
            "import torch.nn.functional as F\n"
            f"a, b = F.normalize(a, dim=1), F.normalize(b, dim=1)     # {case.say(TEXT, 'unit')}",
            safe=False,
        ),
        tuple(layer.name for layer in case.record.layers if layer.output),
        loss.line,
    )


def _spreads(case: Case, loss: Loss) -> Iterator[Finding]:
    spread = case.record.series(loss.name, "loss.spread").until(0)
    last = [layer for layer in case.record.layers if layer.parameters]
    if not last or not all(layer.output and not layer.follows for layer in last):  # it may come of layers before
        return
    if case.learns is not False or not spread or loss.made_by in PICKS or not SPREAD <= spread.first < math.inf:
        return
    weights = "".join(f"{code.weight(layer)}, " for layer in last)
    remedy = (
        f"with torch.no_grad():     # {case.say(TEXT, 'smaller')}\n"
        f"    for weight in ({weights.strip()}):\n        weight.div_({spread.first:.2g})"
    )
    yield Finding(
        "initial-loss-off",
        "warning",
        case.say(TEXT, "spreads", spread=spread.first),
        last[0].name if len(last) == 1 else None,
        0,
        (Evidence("answers_spread", spread.first, SPREAD, (0,), "loss.spread"),),
        case.say(TEXT, "by_chance", times=1 + spread.first**2),
        Remedy("small-head", remedy),
        tuple(layer.name for layer in last),
        (last[0].line if len(last) == 1 else None) or loss.line,
    )


def _are_plain_matches(loss: Loss) -> bool:
    """Whether the classes are the batch itself, and the scores of it plain ones."""
    plain = not (loss.options.get("weight") or loss.options.get("label_smoothing")) and loss.made_by not in MADE
    return plain and is_among_the_batch(loss)


def _heads(case: Case) -> list[Layer]:
    """The linear layers that the outputs come from; where its weights are an embedding's, too, these are the output."""
    outputs = [layer for layer in case.record.layers if layer.output]
    weights = {name for layer in outputs for name in layer.parameters}
    linear = [layer for layer in case.record.layers if is_linear(layer) and layer.trainable]
    return [layer for layer in linear if weights & {*layer.parameters}] if len(outputs) == 1 else []


def _is_plain(loss: Loss) -> bool:
    """Whether ln C is what guessing costs, and the last layer's own outputs are what the loss is given."""
    special = loss.options.get("weight") or loss.options.get("label_smoothing")
    soft_labels = bool(loss.shape) and loss.target_shape == loss.shape
    right_axis = loss.softmax_axis in (None, 1 if len(loss.shape) > 1 else 0)
    known = loss.made_by in MADE_BY.get(loss.kind, ()) and right_axis and not loss.class_axis_lost
    return known and not special and not soft_labels and not lacks_log_softmax(loss)
