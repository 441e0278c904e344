"""The classic rule for sigmoid units: Xavier's uniform law times 4, U(±4√(6/(n_in + n_out))).

The logistic function's slope at 0 is 1/4; the factor makes up for it (the deep-learning tutorials of the LISA lab,
after Glorot and Bengio 2010).
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import Part, Point

TEXT = Text(
    en={
        "sentence": "Sigmoid units should start with 4 times Xavier's weights.",
        "x": "hidden layers",
        "xavier_uniform": "Xavier",
        "sigmoid_uniform": "4 × Xavier, the sigmoid rule",
        "accuracy": "test accuracy after training",
        "one": "1 hidden layer: accuracy gained by the factor 4.",
        "two": "2 hidden layers: accuracy gained by the factor 4.",
        "three": "3 hidden layers: accuracy gained by the factor 4.",
        "five": "5 hidden layers: accuracy gained by the factor 4.",
    },
    zh={
        "sentence": "sigmoid 单元的初始权重应取 Xavier 的 4 倍。",
        "x": "隐藏层数",
        "xavier_uniform": "Xavier",
        "sigmoid_uniform": "4 × Xavier（sigmoid 经典规则）",
        "accuracy": "训练后的测试准确率",
        "one": "1 个隐藏层：4 倍带来的准确率提升。",
        "two": "2 个隐藏层：4 倍带来的准确率提升。",
        "three": "3 个隐藏层：4 倍带来的准确率提升。",
        "five": "5 个隐藏层：4 倍带来的准确率提升。",
    },
)
SERIES = ("xavier_uniform", "sigmoid_uniform")
X = (1, 2, 3, 5)
FIGURES = ("accuracy",)
PARTS = (
    Part("one", lambda at: at("accuracy", "sigmoid_uniform", 1) - at("accuracy", "xavier_uniform", 1), above=0.01),
    Part("two", lambda at: at("accuracy", "sigmoid_uniform", 2) - at("accuracy", "xavier_uniform", 2), above=0.01),
    Part("three", lambda at: at("accuracy", "sigmoid_uniform", 3) - at("accuracy", "xavier_uniform", 3), above=0.01),
    Part("five", lambda at: at("accuracy", "sigmoid_uniform", 5) - at("accuracy", "xavier_uniform", 5), above=0.01),
)


def init_sigmoid(point: Point) -> dict[str, float]:
    import torch
    from torch import nn

    from headstart.lab.training import digits, linears, mlp, train

    torch.manual_seed(point.seed)
    model = mlp(int(point.x), activation="sigmoid")
    for layer in linears(model):
        nn.init.xavier_uniform_(layer.weight, 4.0 if point.series == "sigmoid_uniform" else 1.0)
        nn.init.zeros_(layer.bias)
    return {"accuracy": train(model, digits(point.size), point.size, lr=0.2, seed=point.seed).test_accuracy}
