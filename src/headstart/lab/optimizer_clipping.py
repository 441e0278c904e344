"""Clipping against gradients that explode: a net of 6 hidden layers whose weights start too large, by how much.

Clipped, all gradients together have a norm of at most 1, so that no step is larger than the rate. What clipping cannot
do is shrink the signal: the loss stays as large as the logits are.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import Part, Point

TEXT = Text(
    en={
        "sentence": "Clipping the gradient cures its explosion.",
        "x": "std of the initial weights, as a multiple of Kaiming's",
        "none": "not clipped",
        "clipped": "clipped to a norm of 1",
        "accuracy": "test accuracy after training",
        "finite": "whether the loss stayed a finite number",
        "fails": "Twice the std, not clipped: training fails: accuracy.",
        "finite-clipped": "Twice the std, clipped: the loss stays finite (1: it does).",
        "learns": "Twice the std, clipped: the net learns: accuracy.",
        "cured": "Twice the std, clipped: accuracy lost against the right std.",
        "far": "4 times the std, clipped: accuracy lost against the right std.",
    },
    zh={
        "sentence": "梯度裁剪能治好梯度爆炸。",
        "x": "初始权重的标准差（Kaiming 标准差的倍数）",
        "none": "不裁剪",
        "clipped": "裁剪到范数 1",
        "accuracy": "训练后的测试准确率",
        "finite": "损失是否保持为有限数",
        "fails": "两倍标准差，不裁剪：训练失败：准确率。",
        "finite-clipped": "两倍标准差，裁剪：损失保持有限（1 表示是）。",
        "learns": "两倍标准差，裁剪：网络能学习：准确率。",
        "cured": "两倍标准差，裁剪：与合适标准差相比损失的准确率。",
        "far": "四倍标准差，裁剪：与合适标准差相比损失的准确率。",
    },
)
SERIES = ("none", "clipped")
X = (1, 1.5, 2, 4)
FIGURES = ("accuracy", "finite")
PARTS = (
    Part("fails", lambda at: at("accuracy", "none", 2), below=0.3),
    Part("finite-clipped", lambda at: at("finite", "clipped", 2), above=0.5),
    Part("learns", lambda at: at("accuracy", "clipped", 2), above=0.5),
    Part("cured", lambda at: at("accuracy", "clipped", 1) - at("accuracy", "clipped", 2), below=0.03),
    Part("far", lambda at: at("accuracy", "clipped", 1) - at("accuracy", "clipped", 4), below=0.03),
)


def optimizer_clipping(point: Point) -> dict[str, float]:
    import torch

    from headstart.lab.training import digits, draw, kaiming, mlp, train

    torch.manual_seed(point.seed)
    model = mlp(6)
    draw(model, lambda layer: float(point.x) * kaiming(layer))
    clip = 1.0 if point.series == "clipped" else None
    found = train(model, digits(point.size), point.size, lr=0.1, seed=point.seed, clip=clip)
    return {"accuracy": found.test_accuracy, "finite": float(found.finite)}
