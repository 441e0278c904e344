"""Batch, group and layer norm by batch size: a small convolutional net, the same number of steps for each size.

Wu and He 2018 (arXiv 1803.08494, figure 1) saw batch norm's error rise from batches of 16 downwards while group norm's
stayed where it was; they trained each size for the same number of epochs. In a lab of seconds large batches would then
have too few steps, so here it is the steps that are equal. Small batches have seen fewer digits, with any norm: what
counts is the difference between norms. `hs.norm.convert` turned batch norm into the others. Even a batch of 1 has
statistics here: over its pixels.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import At, Part, Point

TEXT = Text(
    en={
        "sentence": "Batch norm fails with small batches, where group norm and layer norm do not.",
        "x": "batch size",
        "batch": "batch norm",
        "group": "group norm",
        "layer": "layer norm",
        "accuracy": "test accuracy after training",
        "one": "Batches of 1: group norm's accuracy minus batch norm's.",
        "two": "Batches of 2: group norm's accuracy minus batch norm's.",
        "two-layer": "Batches of 2: layer norm's accuracy minus batch norm's.",
        "large": "Batches of 32: batch norm's accuracy minus group norm's.",
        "falls": "How much further batch norm is behind group norm with batches of 2 than with batches of 32.",
    },
    zh={
        "sentence": "批很小时批归一化会失效，而组归一化和层归一化不会。",
        "x": "批大小",
        "batch": "批归一化",
        "group": "组归一化",
        "layer": "层归一化",
        "accuracy": "训练后的测试准确率",
        "one": "批大小为 1：组归一化的准确率减去批归一化的。",
        "two": "批大小为 2：组归一化的准确率减去批归一化的。",
        "two-layer": "批大小为 2：层归一化的准确率减去批归一化的。",
        "large": "批大小为 32：批归一化的准确率减去组归一化的。",
        "falls": "批归一化落后于组归一化的差距：批大小为 2 时比为 32 时大多少。",
    },
)
SERIES = ("batch", "group", "layer")
X = (1, 2, 4, 8, 16, 32, 128)
FIGURES = ("accuracy",)


def _behind(at: At, size: int, other: str = "group") -> float:
    return at("accuracy", other, size) - at("accuracy", "batch", size)


PARTS = (
    Part("one", lambda at: _behind(at, 1), above=0.02),
    Part("two", lambda at: _behind(at, 2), above=0.02),
    Part("two-layer", lambda at: _behind(at, 2, "layer"), above=0.02),
    Part("large", lambda at: -_behind(at, 32), above=0.0),
    Part("falls", lambda at: _behind(at, 2) - _behind(at, 32), above=0.02),
)
STEPS = 30  # times the epochs of the setting


def norm_batch_size(point: Point) -> dict[str, float]:
    import torch
    from torch import nn

    import headstart as hs
    from headstart.lab.training import digits, train

    torch.manual_seed(point.seed)
    model = nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, 16, 5, 2, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 5 * 5, 10),
    )
    if point.series == "group":
        hs.norm.convert(model, to="group", groups=4)
    elif point.series == "layer":
        hs.norm.convert(model, to="layer")
    batch, steps = int(point.x), STEPS * point.size.epochs
    data = digits(point.size).rows(batch * steps)
    epochs = max(1, round(steps * batch / len(data.x)))
    found = train(model, data, point.size, lr=0.05, seed=point.seed, batch_size=batch, epochs=epochs)
    return {"accuracy": found.test_accuracy}
