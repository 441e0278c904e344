"""Batch norm as a regulariser: the gap between training and test accuracy, by batch size.

Each sample meets different neighbours at each step, whose statistics are noise; larger batches have less of it. Trained
on a quarter of the digits and for three times the epochs, so that there is something to overfit.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import Part, Point

TEXT = Text(
    en={
        "sentence": "Batch norm regularises, and the more so the smaller the batch.",
        "x": "batch size",
        "plain": "without norm",
        "batch": "with batch norm",
        "gap": "training accuracy minus test accuracy",
        "accuracy": "test accuracy after training",
        "smaller": "Batches of 8: how much smaller the gap is with batch norm.",
        "better": "Batches of 8: test accuracy gained by batch norm.",
        "size": "Batch norm: how much smaller the gap is with batches of 8 than of 128.",
    },
    zh={
        "sentence": "批归一化有正则化作用，批越小作用越强。",
        "x": "批大小",
        "plain": "无归一化",
        "batch": "批归一化",
        "gap": "训练准确率减去测试准确率",
        "accuracy": "训练后的测试准确率",
        "smaller": "批大小为 8：有批归一化时差距缩小多少。",
        "better": "批大小为 8：批归一化带来的测试准确率提升。",
        "size": "有批归一化时：批大小 8 的差距比 128 的小多少。",
    },
)
SERIES = ("plain", "batch")
X = (8, 32, 128)
FIGURES = ("gap", "accuracy")
PARTS = (
    Part("smaller", lambda at: at("gap", "plain", 8) - at("gap", "batch", 8), above=0.01),
    Part("better", lambda at: at("accuracy", "batch", 8) - at("accuracy", "plain", 8), above=0.01),
    Part("size", lambda at: at("gap", "batch", 128) - at("gap", "batch", 8), above=0.01),
)


def norm_regularises(point: Point) -> dict[str, float]:
    from dataclasses import replace

    import torch
    from torch import nn

    from headstart.lab.training import digits, draw, kaiming, mlp, train

    torch.manual_seed(point.seed)
    size = replace(point.size, train=point.size.train // 4, epochs=3 * point.size.epochs)
    model = mlp(2, norm=nn.BatchNorm1d if point.series == "batch" else None)
    draw(model, kaiming)
    found = train(model, digits(size), size, lr=0.05, seed=point.seed, batch_size=int(point.x))
    return {"gap": found.accuracy - found.test_accuracy, "accuracy": found.test_accuracy}
