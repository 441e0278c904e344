"""Raw pixels (0..255), pixels as shares (0..1), and standardised pixels, each at its own best learning rate.

At one rate for all the comparison would be unfair: larger inputs make larger gradients, and need a smaller rate.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import At, Part, Point

TEXT = Text(
    en={
        "sentence": "Standardised inputs converge faster than raw pixels and than pixels from 0 to 1.",
        "x": "learning rate",
        "raw": "0 … 255",
        "unit": "0 … 1",
        "standardised": "mean 0, std 1",
        "loss": "training loss (nats) after the same number of steps",
        "than-raw": "Each at its best rate: the raw pixels' loss over the standardised pixels'.",
        "than-unit": "Each at its best rate: the loss of pixels from 0 to 1 over the standardised pixels'.",
        "at-one-rate": "All at rate 0.1: the smaller of the two others' losses over the standardised pixels'.",
    },
    zh={
        "sentence": "标准化后的输入比原始像素和 0 到 1 的像素收敛更快。",
        "x": "学习率",
        "raw": "0 … 255",
        "unit": "0 … 1",
        "standardised": "均值 0，标准差 1",
        "loss": "同样步数之后的训练损失（奈特）",
        "than-raw": "各取最佳学习率：原始像素的损失与标准化像素的损失之比。",
        "than-unit": "各取最佳学习率：0 到 1 像素的损失与标准化像素的损失之比。",
        "at-one-rate": "学习率均为 0.1：另两者中较小的损失与标准化像素的损失之比。",
    },
)
SERIES = ("raw", "unit", "standardised")
X = (3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1, 3)
FIGURES = ("loss",)


def _best(at: At, series: str) -> float:
    return min(at("loss", series, x) for x in X)


PARTS = (
    Part("than-raw", lambda at: _best(at, "raw") / _best(at, "standardised"), above=1.1),
    Part("than-unit", lambda at: _best(at, "unit") / _best(at, "standardised"), above=1.1),
    Part(
        "at-one-rate",
        lambda at: min(at("loss", "raw", 0.1), at("loss", "unit", 0.1)) / at("loss", "standardised", 0.1),
        above=1.1,
    ),
)


def data_standardised(point: Point) -> dict[str, float]:
    import torch

    from headstart.lab.training import digits, mlp, pixels, train

    torch.manual_seed(point.seed)
    if point.series == "standardised":
        data = digits(point.size)
    else:
        data = pixels(point.size).mapped(lambda x: x if point.series == "raw" else x / 255)
    return {"loss": train(mlp(1), data, point.size, lr=float(point.x), seed=point.seed).loss}
