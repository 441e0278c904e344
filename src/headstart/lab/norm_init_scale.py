"""Batch norm and the scale of the initial weights, from a thousandth of Kaiming's std to a thousand times it.

The output of linear and batch norm does not depend on the weights' scale c, but its gradient is 1/c as large: steps are
then c² times as small against the weights (van Laarhoven 2017, arXiv 1706.05350). So the scale still sets the speed.
Only hidden weights are scaled; no norm follows the output.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import At, Part, Point

TEXT = Text(
    en={
        "sentence": "Batch norm makes the network insensitive to the scale of its initial weights.",
        "x": "std of the hidden weights, as a multiple of Kaiming's",
        "plain": "without norm",
        "batch": "with batch norm",
        "accuracy": "test accuracy after training",
        "near": "From a tenth to 10 times, with batch norm: the largest difference in accuracy.",
        "far": "From a thousandth to 1,000 times, with batch norm: the largest difference in accuracy.",
        "less": "From a tenth to 10 times: how much larger the difference is without batch norm.",
    },
    zh={
        "sentence": "批归一化使网络对初始权重的大小不敏感。",
        "x": "隐藏层权重的标准差（Kaiming 标准差的倍数）",
        "plain": "无归一化",
        "batch": "批归一化",
        "accuracy": "训练后的测试准确率",
        "near": "从十分之一到 10 倍，有批归一化：准确率的最大差异。",
        "far": "从千分之一到 1,000 倍，有批归一化：准确率的最大差异。",
        "less": "从十分之一到 10 倍：没有批归一化时差异大出多少。",
    },
)
SERIES = ("plain", "batch")
X = (1e-3, 1e-2, 0.1, 1, 10, 100, 1000)
FIGURES = ("accuracy",)
NEAR = (0.1, 1, 10)


def _range(at: At, series: str, scales: tuple[float, ...]) -> float:
    found = [at("accuracy", series, x) for x in scales]
    return max(found) - min(found)


PARTS = (
    Part("near", lambda at: _range(at, "batch", NEAR), below=0.05),
    Part("far", lambda at: _range(at, "batch", X), below=0.05),
    Part("less", lambda at: _range(at, "plain", NEAR) - _range(at, "batch", NEAR), above=0.1),
)


def norm_init_scale(point: Point) -> dict[str, float]:
    import torch
    from torch import nn

    from headstart.lab.training import digits, draw, kaiming, linears, mlp, train

    torch.manual_seed(point.seed)
    model = mlp(3, norm=nn.BatchNorm1d if point.series == "batch" else None)
    draw(model, kaiming)
    with torch.no_grad():
        for layer in linears(model)[:-1]:
            layer.weight *= float(point.x)
    return {"accuracy": train(model, digits(point.size), point.size, lr=0.1, seed=point.seed).test_accuracy}
