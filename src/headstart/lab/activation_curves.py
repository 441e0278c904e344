"""Each activation's value and derivative over its input, by autograd; no training, and nothing random.

The backward signal is multiplied by the derivative at each layer. Where it is 0, nothing passes; where it is a quarter,
as sigmoid's is at most, ten layers leave a millionth.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import At, Part, Point

TEXT = Text(
    en={
        "sentence": "Sigmoid and tanh are flat on both sides, sigmoid's derivative is at most a quarter, and ReLU's is 1 "
        "or 0; its successors keep some derivative below zero.",
        "x": "input",
        "relu": "ReLU",
        "leaky_relu": "LeakyReLU",
        "elu": "ELU",
        "silu": "Swish (SiLU)",
        "gelu": "GELU",
        "derivative": "derivative",
        "value": "value",
        "quarter": "Sigmoid: its largest derivative is a quarter.",
        "flat": "Sigmoid and tanh at -4 and 4: the largest of their derivatives.",
        "passes": "ReLU above zero: its derivative, the smallest.",
        "dead": "ReLU below zero: its derivative, the largest.",
        "keep": "LeakyReLU, ELU, Swish and GELU at -1: the smallest derivative, without its sign.",
        "keep-far": "The same at -4.",
    },
    zh={
        "sentence": "sigmoid 和 tanh 在两侧变平，sigmoid 的导数最大只有四分之一，ReLU 的导数是 1 或 0；它的后继者在零以下"
        "仍保留一些导数。",
        "x": "输入",
        "relu": "ReLU",
        "leaky_relu": "LeakyReLU",
        "elu": "ELU",
        "silu": "Swish（SiLU）",
        "gelu": "GELU",
        "derivative": "导数",
        "value": "函数值",
        "quarter": "sigmoid：导数的最大值为四分之一。",
        "flat": "sigmoid 和 tanh 在 -4 和 4 处：导数的最大值。",
        "passes": "ReLU 在零以上：导数的最小值。",
        "dead": "ReLU 在零以下：导数的最大值。",
        "keep": "LeakyReLU、ELU、Swish 和 GELU 在 -1 处：导数绝对值的最小值。",
        "keep-far": "同上，在 -4 处。",
    },
)
SERIES = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "silu", "gelu")
SUCCESSORS = SERIES[3:]
X = (-4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4)
FIGURES = ("derivative", "value")


def _kept(at: At, x: float) -> float:
    return min(abs(at("derivative", series, x)) for series in SUCCESSORS)


PARTS = (
    Part("quarter", lambda at: max(at("derivative", "sigmoid", x) for x in X), below=0.2501),
    Part(
        "flat", lambda at: max(at("derivative", name, x) for name in ("sigmoid", "tanh") for x in (-4, 4)), below=0.05
    ),
    Part("passes", lambda at: min(at("derivative", "relu", x) for x in X if x > 0), above=0.999),
    Part("dead", lambda at: max(at("derivative", "relu", x) for x in X if x < 0), below=1e-9),
    Part("keep", lambda at: _kept(at, -1), above=0.005),
    Part("keep-far", lambda at: _kept(at, -4), above=0.005),
)


def activation_curves(point: Point) -> dict[str, float]:
    import torch

    import headstart as hs

    x = torch.tensor(float(point.x), dtype=torch.float64, requires_grad=True)
    value = hs.models.ACTIVATIONS[point.series]()(x)
    (derivative,) = torch.autograd.grad(value, x)
    return {"derivative": derivative.item(), "value": value.item()}
