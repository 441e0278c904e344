"""The gradient that reaches the first layer, by activation and depth, before any training.

Measured as the first layer's gradient norm over the last hidden layer's, 64 units wide, weights by the textbook: Xavier
for sigmoid and tanh, Kaiming for the others.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import Part, Point

TEXT = Text(
    en={
        "sentence": "Sigmoid and tanh let the gradient vanish in deep nets; ReLU and its successors do not.",
        "x": "hidden layers",
        "leaky_relu": "LeakyReLU",
        "relu": "ReLU",
        "elu": "ELU",
        "silu": "Swish (SiLU)",
        "gelu": "GELU",
        "ratio": "first layer's gradient norm over the last hidden layer's",
        "sigmoid-vanishes": "Sigmoid, 10 layers: the ratio is under 1 in 1,000.",
        "tanh-vanishes": "tanh, 30 layers: the ratio is under 1 in 1,000.",
        "relu-keeps": "ReLU and LeakyReLU, 30 layers: the smaller of the ratios.",
        "smooth-keep": "ELU, Swish and GELU, 30 layers: the smallest of the ratios.",
    },
    zh={
        "sentence": "sigmoid 和 tanh 使深层网络的梯度消失，ReLU 及其后继者不会。",
        "x": "隐藏层数",
        "leaky_relu": "LeakyReLU",
        "relu": "ReLU",
        "elu": "ELU",
        "silu": "Swish（SiLU）",
        "gelu": "GELU",
        "ratio": "第一层与最后一个隐藏层的梯度范数之比",
        "sigmoid-vanishes": "sigmoid，10 层：比值小于千分之一。",
        "tanh-vanishes": "tanh，30 层：比值小于千分之一。",
        "relu-keeps": "ReLU 和 LeakyReLU，30 层：两者中较小的比值。",
        "smooth-keep": "ELU、Swish 和 GELU，30 层：其中最小的比值。",
    },
)
SERIES = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "silu", "gelu")
X = (2, 5, 10, 20, 30)
FIGURES = ("ratio",)
PARTS = (
    Part("sigmoid-vanishes", lambda at: at("ratio", "sigmoid", 10), below=1e-3),
    Part("tanh-vanishes", lambda at: at("ratio", "tanh", 30), below=1e-3),
    Part("relu-keeps", lambda at: min(at("ratio", name, 30) for name in ("relu", "leaky_relu")), above=0.1),
    Part("smooth-keep", lambda at: min(at("ratio", name, 30) for name in ("elu", "silu", "gelu")), above=0.1),
)


def activation_gradient_by_depth(point: Point) -> dict[str, float]:
    import torch

    from headstart.lab.training import digits, draw, gradients, kaiming, mlp, xavier

    torch.manual_seed(point.seed)
    model = mlp(int(point.x), activation=point.series)
    draw(model, xavier if point.series in ("sigmoid", "tanh") else kaiming)
    data = digits(point.size)
    model, data = model.double(), data.mapped(lambda x: x.double())
    found = gradients(model, data)
    return {"ratio": (found[0].norm() / found[-2].norm()).item()}
