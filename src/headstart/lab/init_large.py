"""Weights that are too large: tanh saturates, and a ReLU net's signal explodes.

A ReLU net without biases multiplies its output by the factor to the power of its depth. Behind a saturated tanh
(|h| > 0.97, where the slope is under 6 %) hardly any gradient comes back.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import Part, Point

TEXT = Text(
    en={
        "sentence": "Initial weights that are too large saturate the units or make the signal explode.",
        "x": "std of the initial weights, as a multiple of Kaiming's",
        "tanh": "tanh, 4 hidden layers",
        "relu": "ReLU, 4 hidden layers",
        "accuracy": "test accuracy after training",
        "saturated": "share of hidden values with |h| > 0.97",
        "logits": "std of the logits before training",
        "saturates": "With 10 times the std most of tanh's outputs are saturated: their share.",
        "explodes": "With 10 times the std a ReLU net's logits are more than 1,000 times as large: the factor.",
        "tanh-worse": "tanh learns worse with 10 times the std: accuracy lost.",
        "relu-worse": "ReLU learns worse with 10 times the std: accuracy lost.",
    },
    zh={
        "sentence": "初始权重过大，会使单元饱和，或使信号爆炸。",
        "x": "初始权重的标准差（Kaiming 标准差的倍数）",
        "tanh": "tanh，4 个隐藏层",
        "relu": "ReLU，4 个隐藏层",
        "accuracy": "训练后的测试准确率",
        "saturated": "|h| > 0.97 的隐藏值占比",
        "logits": "训练前 logits 的标准差",
        "saturates": "标准差放大 10 倍时，tanh 的大部分输出饱和：其占比。",
        "explodes": "标准差放大 10 倍时，ReLU 网络的 logits 放大 1,000 倍以上：放大倍数。",
        "tanh-worse": "标准差放大 10 倍时，tanh 网络学得更差：准确率损失。",
        "relu-worse": "标准差放大 10 倍时，ReLU 网络学得更差：准确率损失。",
    },
)
SERIES = ("tanh", "relu")
X = (1, 3, 10, 30)
FIGURES = ("accuracy", "saturated", "logits")
PARTS = (
    Part("saturates", lambda at: at("saturated", "tanh", 10), above=0.5),
    Part("explodes", lambda at: at("logits", "relu", 10) / at("logits", "relu", 1), above=1000),
    Part("tanh-worse", lambda at: at("accuracy", "tanh", 1) - at("accuracy", "tanh", 10), above=0.05),
    Part("relu-worse", lambda at: at("accuracy", "relu", 1) - at("accuracy", "relu", 10), above=0.05),
)


def init_large(point: Point) -> dict[str, float]:
    import torch
    from torch import nn

    from headstart.lab.training import digits, draw, kaiming, mlp, signals, train

    torch.manual_seed(point.seed)
    data = digits(point.size)
    model = mlp(4, activation=point.series)
    draw(model, lambda layer: float(point.x) * kaiming(layer))
    kind = nn.Tanh if point.series == "tanh" else nn.ReLU
    hidden = torch.cat(signals(model, data.x[:200], kind), 1)
    logits = signals(model, data.x[:200])[-1].std().item()
    saturated = (hidden.abs() > 0.97).float().mean().item() if point.series == "tanh" else 0.0
    found = train(model, data, point.size, lr=0.05, seed=point.seed)
    return {"accuracy": found.test_accuracy, "saturated": saturated, "logits": logits}
