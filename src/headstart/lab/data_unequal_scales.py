"""Features of unequal scale: a linear classifier of 100 pooled pixels, each multiplied by 0.1 to 10, drawn by the seed.

One rate has to serve all directions: the largest feature sets its bound, and the smallest hardly moves.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import At, Part, Point

TEXT = Text(
    en={
        "sentence": "Features of unequal scale slow training down, and standardising each feature cures it.",
        "x": "learning rate",
        "equal": "equal scales",
        "unequal": "scales from 0.1 to 10",
        "cured": "the same, standardised by hs.Standardize",
        "loss": "training loss (nats) after the same number of steps",
        "slower": "Each at its best rate: the loss with unequal scales over that with equal ones.",
        "cure": "Each at its best rate: the loss after standardising over that with equal scales.",
    },
    zh={
        "sentence": "特征尺度不一会拖慢训练，对每个特征做标准化即可解决。",
        "x": "学习率",
        "equal": "尺度相同",
        "unequal": "尺度从 0.1 到 10",
        "cured": "同样的数据，经 hs.Standardize 标准化",
        "loss": "同样步数之后的训练损失（奈特）",
        "slower": "各取最佳学习率：尺度不一时的损失与尺度相同时之比。",
        "cure": "各取最佳学习率：标准化后的损失与尺度相同时之比。",
    },
)
SERIES = ("equal", "unequal", "cured")
X = (1e-3, 1e-2, 0.03, 0.1, 0.3, 1, 3)
FIGURES = ("loss",)


def _best(at: At, series: str) -> float:
    return min(at("loss", series, x) for x in X)


PARTS = (
    Part("slower", lambda at: _best(at, "unequal") / _best(at, "equal"), above=1.1),
    Part("cure", lambda at: _best(at, "cured") / _best(at, "equal"), below=1.05),
)


def data_unequal_scales(point: Point) -> dict[str, float]:
    import torch

    import headstart as hs
    from headstart.lab.training import mlp, pixels, pooled, train

    torch.manual_seed(point.seed)
    raw = pixels(point.size).mapped(lambda x: pooled(x, 2))
    equal = raw.mapped(hs.Standardize(per="feature").fit(raw.x))
    scales = 10 ** (2 * torch.rand(equal.x.shape[1]) - 1)
    unequal = equal.mapped(lambda x: x * scales)
    data = {"equal": equal, "unequal": unequal}.get(point.series) or unequal.mapped(
        hs.Standardize(per="feature").fit(unequal.x)
    )
    model = mlp(0, inputs=equal.x.shape[1])
    return {"loss": train(model, data, point.size, lr=float(point.x), seed=point.seed).loss}
