"""Dead units against the learning rate: units whose input is below zero for every training digit, after training.

A dead ReLU unit gives 0 and gets no gradient. The same unit of a LeakyReLU still passes a hundredth.
Gradients are clipped to a norm of 1: without, rates from 1 on end in numbers that are not finite, with either.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import Part, Point

TEXT = Text(
    en={
        "sentence": "A learning rate that is too large kills ReLU units; LeakyReLU units stay alive.",
        "x": "learning rate",
        "relu": "ReLU",
        "leaky_relu": "LeakyReLU, slope 0.01",
        "dead": "share of hidden units below zero for every digit",
        "accuracy": "test accuracy after training",
        "none": "ReLU, rate 0.1: the share of dead units.",
        "kills": "ReLU, rate 3: the share of dead units.",
        "leaky": "LeakyReLU, rate 3: the share of units below zero for every digit.",
        "learns": "Rate 3: LeakyReLU's accuracy minus ReLU's.",
    },
    zh={
        "sentence": "学习率过大会杀死 ReLU 单元，而 LeakyReLU 单元能存活。",
        "x": "学习率",
        "relu": "ReLU",
        "leaky_relu": "LeakyReLU，斜率 0.01",
        "dead": "对所有数字输入都小于零的隐藏单元占比",
        "accuracy": "训练后的测试准确率",
        "none": "ReLU，学习率 0.1：死亡单元的占比。",
        "kills": "ReLU，学习率 3：死亡单元的占比。",
        "leaky": "LeakyReLU，学习率 3：对所有数字输入都小于零的单元占比。",
        "learns": "学习率 3：LeakyReLU 的准确率减去 ReLU 的。",
    },
)
SERIES = ("relu", "leaky_relu")
X = (0.1, 0.3, 1, 3, 10)
FIGURES = ("dead", "accuracy")
PARTS = (
    Part("none", lambda at: at("dead", "relu", 0.1), below=0.05),
    Part("kills", lambda at: at("dead", "relu", 3), above=0.2),
    Part("leaky", lambda at: at("dead", "leaky_relu", 3), below=0.05),
    Part("learns", lambda at: at("accuracy", "leaky_relu", 3) - at("accuracy", "relu", 3), above=0.05),
)


def activation_dead_units(point: Point) -> dict[str, float]:
    import torch
    from torch import nn

    from headstart.lab.training import digits, draw, kaiming, mlp, signals, train

    torch.manual_seed(point.seed)
    data = digits(point.size)
    model = mlp(2, activation=point.series)
    draw(model, kaiming)
    found = train(model, data, point.size, lr=float(point.x), seed=point.seed, clip=1.0)
    hidden = torch.cat(signals(model, data.x, nn.Linear)[:-1], 1)
    dead = (hidden <= 0).all(0).float().mean().item()
    return {"dead": dead, "accuracy": found.test_accuracy}
