"""Seven activations in the same net of 4 hidden layers, each at the best of four learning rates.

Weights by the textbook: Xavier for sigmoid and tanh, Kaiming for the others.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import At, Part, Point

TEXT = Text(
    en={
        "sentence": "ReLU trains better than sigmoid and tanh, and its successors, up to Swish and GELU, better still.",
        "x": "learning rate",
        "relu": "ReLU",
        "leaky_relu": "LeakyReLU",
        "elu": "ELU",
        "silu": "Swish (SiLU)",
        "gelu": "GELU",
        "accuracy": "test accuracy after training",
        "than-sigmoid": "ReLU's accuracy minus sigmoid's.",
        "than-tanh": "ReLU's accuracy minus tanh's.",
        "leaky-better": "LeakyReLU's accuracy minus ReLU's.",
        "elu-better": "ELU's accuracy minus ReLU's.",
        "swish-better": "Swish's accuracy minus ReLU's.",
        "gelu-better": "GELU's accuracy minus ReLU's.",
    },
    zh={
        "sentence": "ReLU 的训练效果优于 sigmoid 和 tanh，而它的后继者（直到 Swish 和 GELU）更好。",
        "x": "学习率",
        "relu": "ReLU",
        "leaky_relu": "LeakyReLU",
        "elu": "ELU",
        "silu": "Swish（SiLU）",
        "gelu": "GELU",
        "accuracy": "训练后的测试准确率",
        "than-sigmoid": "ReLU 的准确率减去 sigmoid 的。",
        "than-tanh": "ReLU 的准确率减去 tanh 的。",
        "leaky-better": "LeakyReLU 的准确率减去 ReLU 的。",
        "elu-better": "ELU 的准确率减去 ReLU 的。",
        "swish-better": "Swish 的准确率减去 ReLU 的。",
        "gelu-better": "GELU 的准确率减去 ReLU 的。",
    },
)
SERIES = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "silu", "gelu")
X = (0.03, 0.1, 0.3, 1)
FIGURES = ("accuracy",)


def _ahead(at: At, series: str, other: str) -> float:
    """Each at its best rate."""
    best, other_best = (max(at("accuracy", name, x) for x in X) for name in (series, other))
    return best - other_best


PARTS = (
    Part("than-sigmoid", lambda at: _ahead(at, "relu", "sigmoid"), above=0.005),
    Part("than-tanh", lambda at: _ahead(at, "relu", "tanh"), above=0.005),
    Part("leaky-better", lambda at: _ahead(at, "leaky_relu", "relu"), above=0.005),
    Part("elu-better", lambda at: _ahead(at, "elu", "relu"), above=0.005),
    Part("swish-better", lambda at: _ahead(at, "silu", "relu"), above=0.005),
    Part("gelu-better", lambda at: _ahead(at, "gelu", "relu"), above=0.005),
)


def activation_training(point: Point) -> dict[str, float]:
    import torch

    from headstart.lab.training import digits, draw, kaiming, mlp, train, xavier

    torch.manual_seed(point.seed)
    model = mlp(4, activation=point.series)
    draw(model, xavier if point.series in ("sigmoid", "tanh") else kaiming)
    return {"accuracy": train(model, digits(point.size), point.size, lr=float(point.x), seed=point.seed).test_accuracy}
