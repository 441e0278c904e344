"""Batch norm before the activation or after it, by activation.

Ioffe and Szegedy 2015, §3.2, put it before: what comes out of a linear layer is nearer to a normal distribution than
what comes out of an activation.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import Part, Point

TEXT = Text(
    en={
        "sentence": "Batch norm belongs before the activation, not after it.",
        "x": "activation",
        "before": "linear, batch norm, activation",
        "after": "linear, activation, batch norm",
        "none": "without norm",
        "accuracy": "test accuracy after training",
        "relu": "ReLU: accuracy gained by the place before it.",
        "tanh": "tanh: accuracy gained by the place before it.",
        "sigmoid": "sigmoid: accuracy gained by the place before it.",
    },
    zh={
        "sentence": "批归一化应放在激活函数之前，而不是之后。",
        "x": "激活函数",
        "before": "线性层、批归一化、激活",
        "after": "线性层、激活、批归一化",
        "none": "无归一化",
        "accuracy": "训练后的测试准确率",
        "relu": "ReLU：放在激活之前带来的准确率提升。",
        "tanh": "tanh：放在激活之前带来的准确率提升。",
        "sigmoid": "sigmoid：放在激活之前带来的准确率提升。",
    },
)
SERIES = ("before", "after", "none")
X = ("ReLU", "Tanh", "Sigmoid")
FIGURES = ("accuracy",)
PARTS = (
    Part("relu", lambda at: at("accuracy", "before", "ReLU") - at("accuracy", "after", "ReLU"), above=0.005),
    Part("tanh", lambda at: at("accuracy", "before", "Tanh") - at("accuracy", "after", "Tanh"), above=0.005),
    Part("sigmoid", lambda at: at("accuracy", "before", "Sigmoid") - at("accuracy", "after", "Sigmoid"), above=0.005),
)


def norm_place(point: Point) -> dict[str, float]:
    import torch
    from torch import nn

    from headstart.lab.training import digits, draw, kaiming, mlp, train, xavier

    torch.manual_seed(point.seed)
    model = mlp(3, activation=str(point.x).lower(), norm=None if point.series == "none" else nn.BatchNorm1d)
    draw(model, kaiming if point.x == "ReLU" else xavier)
    if point.series == "after":
        layers = list(model)
        for place, layer in enumerate(list(model)):
            if isinstance(layer, nn.BatchNorm1d):
                layers[place : place + 2] = [layers[place + 1], layer]
        model = nn.Sequential(*layers)
    return {"accuracy": train(model, digits(point.size), point.size, lr=0.1, seed=point.seed).test_accuracy}
