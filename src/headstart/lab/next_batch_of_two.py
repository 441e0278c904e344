"""Norms that do not look at the batch, with batches of 2 and of 32: a small convolutional net, the same number of steps.

Weight standardisation (Qiao et al. 2019, arXiv 1903.10520) gives each filter mean 0 and variance 1; its authors put it
under a group norm. Alone it is scaled by 1/√fan_in (Brock et al. 2021, arXiv 2101.08692), so that the signal keeps its
size without any norm. Small batches have seen fewer digits, whatever the norm: what counts is the difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.diagnosis.text import Text
from headstart.lab.claim import At, Part, Point

if TYPE_CHECKING:
    from torch import nn

TEXT = Text(
    en={
        "sentence": "With batches of 2, layer norm or weight standardisation takes the place of batch norm.",
        "x": "batch size",
        "none": "no norm",
        "batch": "batch norm",
        "layer": "layer norm",
        "ws": "weight standardisation, scaled",
        "ws-group": "weight standardisation and group norm",
        "accuracy": "test accuracy after training",
        "layer-two": "Batches of 2: layer norm's accuracy minus batch norm's.",
        "ws-two": "Batches of 2: weight standardisation's accuracy minus batch norm's.",
        "group-two": "Batches of 2: weight standardisation and group norm, their accuracy minus batch norm's.",
        "none-two": "Batches of 2: accuracy gained by the better of layer norm and weight standardisation over no norm.",
        "large": "Batches of 32: accuracy lost by the better of the two against batch norm.",
    },
    zh={
        "sentence": "批大小为 2 时，层归一化或权重标准化可以代替批归一化。",
        "x": "批大小",
        "none": "无归一化",
        "batch": "批归一化",
        "layer": "层归一化",
        "ws": "权重标准化（缩放）",
        "ws-group": "权重标准化加组归一化",
        "accuracy": "训练后的测试准确率",
        "layer-two": "批大小为 2：层归一化的准确率减去批归一化的。",
        "ws-two": "批大小为 2：权重标准化的准确率减去批归一化的。",
        "group-two": "批大小为 2：权重标准化加组归一化的准确率减去批归一化的。",
        "none-two": "批大小为 2：层归一化与权重标准化中较好者相对于无归一化的准确率提升。",
        "large": "批大小为 32：两者中较好者相对于批归一化损失的准确率。",
    },
)
SERIES = ("none", "batch", "layer", "ws", "ws-group")
X = (2, 8, 32)
FIGURES = ("accuracy",)


def _ahead(at: At, series: str, size: int = 2) -> float:
    return at("accuracy", series, size) - at("accuracy", "batch", size)


def _better(at: At, size: int) -> float:
    return max(at("accuracy", series, size) for series in ("layer", "ws"))


PARTS = (
    Part("layer-two", lambda at: _ahead(at, "layer"), above=0.02),
    Part("ws-two", lambda at: _ahead(at, "ws"), above=0.02),
    Part("group-two", lambda at: _ahead(at, "ws-group"), above=0.02),
    Part("none-two", lambda at: _better(at, 2) - at("accuracy", "none", 2), above=0.01),
    Part("large", lambda at: at("accuracy", "batch", 32) - _better(at, 32), below=0.02),
)
STEPS = 30  # times the epochs of the setting


def next_batch_of_two(point: Point) -> dict[str, float]:
    import torch

    from headstart.lab.training import digits, train

    torch.manual_seed(point.seed)
    batch, steps = int(point.x), STEPS * point.size.epochs
    data = digits(point.size).rows(batch * steps)
    epochs = max(1, round(steps * batch / len(data.x)))
    model = _model(point.series)
    found = train(model, data, point.size, lr=0.05, seed=point.seed, batch_size=batch, epochs=epochs)
    return {"accuracy": found.test_accuracy}


def _model(series: str) -> nn.Sequential:
    from torch import nn

    import headstart as hs

    norms = [nn.Identity(), nn.Identity()] if series in ("none", "ws") else [nn.BatchNorm2d(16), nn.BatchNorm2d(32)]
    bias = series in ("none", "ws")  # a norm would subtract it
    model = nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, 16, 5, 2, bias=bias),
        norms[0],
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2, bias=bias),
        norms[1],
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 5 * 5, 10),
    )
    if series == "layer":
        hs.norm.convert(model, to="layer")
    elif series == "ws-group":
        hs.norm.convert(model, to="group", groups=4)
    if series.startswith("ws"):
        hs.norm.weight_standardize(model, scaled=series == "ws")
    return model
