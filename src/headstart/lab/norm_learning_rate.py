"""Batch norm and the learning rate: 3 hidden layers, plain SGD, a sweep of rates, each net's largest useful rate.

A rate is useful here if the net reaches 80 % on the test digits. Ioffe and Szegedy 2015, §4.2.1, trained with 5 and 30
times the rate of their net without batch norm.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import At, Part, Point

TEXT = Text(
    en={
        "sentence": "Batch norm allows a learning rate that is at least 5 times larger.",
        "x": "learning rate",
        "plain": "without norm",
        "batch": "with batch norm",
        "accuracy": "test accuracy after training",
        "edge": "The largest rate that reaches 80 % with batch norm over the largest without: how many times.",
    },
    zh={
        "sentence": "批归一化允许学习率至少增大到 5 倍。",
        "x": "学习率",
        "plain": "无归一化",
        "batch": "批归一化",
        "accuracy": "训练后的测试准确率",
        "edge": "达到 80 % 准确率的最大学习率：有批归一化时与没有时之比。",
    },
)
SERIES = ("plain", "batch")
X = (0.02, 0.06, 0.2, 0.6, 2, 6, 20)
FIGURES = ("accuracy",)
USEFUL = 0.8


def _edge(at: At, series: str) -> float:
    return max((x for x in X if at("accuracy", series, x) >= USEFUL), default=X[0])


PARTS = (Part("edge", lambda at: _edge(at, "batch") / _edge(at, "plain"), above=4.99),)


def norm_learning_rate(point: Point) -> dict[str, float]:
    import torch
    from torch import nn

    from headstart.lab.training import digits, draw, kaiming, mlp, train

    torch.manual_seed(point.seed)
    model = mlp(3, norm=nn.BatchNorm1d if point.series == "batch" else None)
    draw(model, kaiming)
    return {"accuracy": train(model, digits(point.size), point.size, lr=float(point.x), seed=point.seed).test_accuracy}
