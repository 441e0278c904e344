"""A fresh classifier starts out sure of wrong answers: its first loss is far above that of guessing.

## What it sees
The cross-entropy at the first step, in nats and averaged as the loss function itself does, against ln C, which always
guessing 1/C for each of C classes costs.

## Why it hurts
A fresh net knows nothing, so that all classes should come out about equally likely. Logits that are large at the start
give most of the probability to a class drawn by lot. The first steps only take that back, with gradients that are as
large as they can be, and the loss curve begins with a cliff that is no learning.

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
  std 8, a head of std 1 on 64 inputs, 5.4 (6.6). PyTorch's own start gives 0.9 to 1.2.

It is advice at most: the optimizer takes large logits back, and many runs end well all the same.

## Stays silent when
The net does not start from fresh weights (frozen parts, norms or biases that have been trained, batch norms that have
seen batches, more right answers than by chance), the run trains by several losses, the loss has weights, label smoothing
or probabilities as labels, or anything but reshaping stands between the last layer and the loss (a temperature, a
scale, a margin).

## References
Karpathy, *A recipe for training neural networks* (2019): "verify loss @ init", "init well"; Goodfellow, Bengio &
Courville, *Deep Learning* (2016), §6.2.2.3 (softmax units).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from headstart.diagnosis import code
from headstart.diagnosis.case import LINEAR, Case
from headstart.diagnosis.fresh import starts_fresh
from headstart.diagnosis.rules.nll_without_log_softmax import lacks_log_softmax
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Layer, Loss

GROUP = "init"
RESTS_ON = "fact"
NEEDS = ("loss.function",)
SINCE, STATUS = "0.1.0", "stable"

TIMES = 2.0  # of ln C; logits of the largest law in use cost 1.54 at most (two classes; in the page)
SECOND_LOOK = {"TIMES": 1.5}

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
    },
    zh={
        "message": "第一个损失是 {loss:number}，而在 {classes:number} 个类别中随便猜的损失是 {guess:number}："
        "网络一开始就对错误答案很有把握。",
        "cause": "{layer} 的输出一开始就太大（标准差 {std:number}），原因在于它自己的权重或它的输入。"
        "softmax 会把这样的输出变成很高的把握，最初的几步更新只是在纠正它。",
        "note": "输出接近 0：所有类别同样可能",
    },
)


def initial_loss_off(case: Case) -> Iterator[Finding]:
    """One finding, of the only loss that is trained."""
    trained = [loss for loss in case.record.losses if loss.trained]
    heads = _heads(case)
    if len(trained) != 1 or len(heads) != 1:
        return
    (loss,), (head,) = trained, heads
    classes = int(loss.options.get("classes", 0))
    first = case.record.loss_of(loss.name)
    if not (classes > 1 and first and first.steps[0] == 0 and _is_plain(loss)):
        return
    guess = math.log(classes)
    outputs = case.record.series(head.name, "activation.std")
    if not TIMES * guess <= first.first < math.inf or not starts_fresh(case):
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


def _heads(case: Case) -> list[Layer]:
    """The linear layers that the outputs come from; where its weights are an embedding's, too, these are the output."""
    outputs = [layer for layer in case.record.layers if layer.output]
    weights = {name for layer in outputs for name in layer.parameters}
    linear = [layer for layer in case.record.layers if layer.kind in LINEAR and layer.trainable]
    return [layer for layer in linear if weights & {*layer.parameters}] if len(outputs) == 1 else []


def _is_plain(loss: Loss) -> bool:
    """Whether ln C is what guessing costs, and the last layer's own outputs are what the loss is given."""
    special = loss.options.get("weight") or loss.options.get("label_smoothing")
    soft_labels = bool(loss.shape) and loss.target_shape == loss.shape
    right_axis = loss.softmax_axis in (None, 1 if len(loss.shape) > 1 else 0)
    known = loss.made_by in MADE_BY.get(loss.kind, ()) and right_axis and not loss.class_axis_lost
    return known and not special and not soft_labels and not lacks_log_softmax(loss)
