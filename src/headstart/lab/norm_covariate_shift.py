"""Does batch norm reduce what it was invented against, internal covariate shift?

Ioffe and Szegedy 2015, §2, mean by it that a layer's inputs change their distribution as the layers before it learn.
Santurkar et al. 2018 (arXiv 1805.11604, §2.2, definition 2.1) measured it and doubt it. Both are measured here, over one
epoch of the same steps: how far the mean of a layer's input moves in one step, in standard deviations of it; and the
angle between a layer's gradient before and after the layers in front of it have made their step (a cosine of 1: their
learning has not changed what this layer should do).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from headstart.diagnosis.text import Text
from headstart.lab.claim import Part, Point

if TYPE_CHECKING:
    from torch import Tensor

TEXT = Text(
    en={
        "sentence": "Batch norm reduces internal covariate shift.",
        "x": "hidden layer",
        "plain": "without norm, rate 0.03",
        "batch": "with batch norm, rate 0.03",
        "fast": "with batch norm, rate 0.3",
        "shift": "movement of the mean of a layer's input in a step, in std",
        "cosine": "cosine of the gradient before and after the front layers' step",
        "shift-same": "Same rate, layer 4: the movement of its input without norm over that with it.",
        "cosine-same": "Same rate, layer 4: cosine gained by batch norm.",
        "shift-fast": "Batch norm at the 10 times larger rate that it allows, layer 4: the ratio of movements again.",
        "cosine-fast": "Batch norm at the 10 times larger rate that it allows, layer 4: cosine gained.",
    },
    zh={
        "sentence": "批归一化减轻内部协变量偏移。",
        "x": "隐藏层",
        "plain": "无归一化，学习率 0.03",
        "batch": "批归一化，学习率 0.03",
        "fast": "批归一化，学习率 0.3",
        "shift": "该层输入的均值每步的移动量（以标准差计）",
        "cosine": "前面各层更新前后，本层梯度之间的余弦",
        "shift-same": "学习率相同，第 4 层：无归一化与有归一化时输入移动量之比。",
        "cosine-same": "学习率相同，第 4 层：批归一化带来的余弦增量。",
        "shift-fast": "批归一化使用它所允许的 10 倍学习率，第 4 层：同样的移动量之比。",
        "cosine-fast": "批归一化使用它所允许的 10 倍学习率，第 4 层：余弦增量。",
    },
)
SERIES = ("plain", "batch", "fast")
X = (2, 3, 4)
FIGURES = ("cosine", "shift")
PARTS = (
    Part("shift-same", lambda at: at("shift", "plain", 4) / at("shift", "batch", 4), above=1.1),
    Part("cosine-same", lambda at: at("cosine", "batch", 4) - at("cosine", "plain", 4), above=0.01),
    Part("shift-fast", lambda at: at("shift", "plain", 4) / at("shift", "fast", 4), above=1.1),
    Part("cosine-fast", lambda at: at("cosine", "fast", 4) - at("cosine", "plain", 4), above=0.01),
)
RATES = {"plain": 0.03, "batch": 0.03, "fast": 0.3}


def norm_covariate_shift(point: Point) -> dict[str, float]:
    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy

    import headstart as hs
    from headstart.lab.training import digits, draw, kaiming, linears, mlp

    torch.manual_seed(point.seed)
    data = digits(point.size)
    model = mlp(4, norm=None if point.series == "plain" else nn.BatchNorm1d)
    draw(model, kaiming)
    watched = linears(model)[int(point.x) - 1]
    front = model[: list(model).index(watched)]
    held = {id(parameter) for parameter in front.parameters()}
    rate, moved, cosines = RATES[point.series], [], []
    for x, y in hs.Batches(data.x, data.y, 50, shuffle=True, seed=point.seed, normalize=None):
        parameters = list(model.parameters())
        gradients = torch.autograd.grad(cross_entropy(model(x), y), parameters)
        before = gradients[[id(parameter) for parameter in parameters].index(id(watched.weight))]
        with torch.no_grad():
            inputs = front(x)
            _step(parameters, gradients, rate, lambda parameter: id(parameter) in held)
            changed = front(x)
        after = torch.autograd.grad(cross_entropy(model(x), y), watched.weight)[0]
        cosines.append(torch.cosine_similarity(before.flatten(), after.flatten(), 0))
        moved.append((changed - inputs).mean(0).norm() / inputs.std(0).norm())  # over units: some are silent
        with torch.no_grad():
            _step(parameters, gradients, rate, lambda parameter: id(parameter) not in held)
    return {"cosine": torch.stack(cosines).mean().item(), "shift": torch.stack(moved).mean().item()}


def _step(
    parameters: Sequence[Tensor], gradients: Sequence[Tensor], rate: float, chosen: Callable[[Tensor], bool]
) -> None:
    for parameter, gradient in zip(parameters, gradients, strict=True):
        if chosen(parameter):
            parameter -= rate * gradient
