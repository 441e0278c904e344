"""Plain against residual nets of 8, 20 and 56 layers, 32 units wide: He et al. 2016 (arXiv 1512.03385, figure 1).

A residual block adds two layers' output to its input. The branches' last weights are divided by √(number of branches)
in one net (`hs.initialize`), and start at zero in the other (`residual="zero"`). No norm: depth alone is compared.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import Part, Point

TEXT = Text(
    en={
        "sentence": "A plain net gets worse with depth, and a residual net does not.",
        "x": "hidden layers",
        "plain": "plain, Kaiming",
        "scaled": "residual, branches scaled by hs.initialize",
        "zero": "residual, branches start at zero",
        "accuracy": "test accuracy after training",
        "gets-worse": "Plain: accuracy lost from 8 to 56 layers.",
        "stays": "Residual, scaled: accuracy lost from 8 to 56 layers.",
        "stays-zero": "Residual, from zero: accuracy lost from 8 to 56 layers.",
    },
    zh={
        "sentence": "普通网络越深越差，残差网络则不会。",
        "x": "隐藏层数",
        "plain": "普通网络，Kaiming",
        "scaled": "残差网络，支路由 hs.initialize 缩放",
        "zero": "残差网络，支路从零开始",
        "accuracy": "训练后的测试准确率",
        "gets-worse": "普通网络：从 8 层到 56 层损失的准确率。",
        "stays": "残差网络（缩放）：从 8 层到 56 层损失的准确率。",
        "stays-zero": "残差网络（从零开始）：从 8 层到 56 层损失的准确率。",
    },
)
SERIES = ("plain", "scaled", "zero")
X = (8, 20, 56)
FIGURES = ("accuracy",)
PARTS = (
    Part("gets-worse", lambda at: at("accuracy", "plain", 8) - at("accuracy", "plain", 56), above=0.05),
    Part("stays", lambda at: at("accuracy", "scaled", 8) - at("accuracy", "scaled", 56), below=0.02),
    Part("stays-zero", lambda at: at("accuracy", "zero", 8) - at("accuracy", "zero", 56), below=0.02),
)
WIDTH = 32


def next_residual(point: Point) -> dict[str, float]:
    import torch

    import headstart as hs
    from headstart.lab.training import digits, draw, kaiming, mlp, residual, train

    torch.manual_seed(point.seed)
    data = digits(point.size)
    if point.series == "plain":
        model = mlp(int(point.x), WIDTH)
        draw(model, kaiming)
    else:
        model = residual(int(point.x), WIDTH)
        start = "zero" if point.series == "zero" else "scale"
        hs.initialize(model, data.x[:256], residual=start, seed=point.seed)
    return {"accuracy": train(model, data, point.size, lr=0.05, seed=point.seed).test_accuracy}
