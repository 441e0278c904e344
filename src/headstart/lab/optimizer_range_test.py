"""The learning-rate range test (`hs.lr_find`) against a real sweep of rates, for the same net and number of steps.

Three ways to read one rate from its curve: where the loss has all but ended its fall, which `hs.lr_find` suggests; where
it falls fastest; and a tenth of where it is lowest. A ratio of 1 is the best rate of the sweep; below 1 the rate lay
between two of the sweep's, and was better than both.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from headstart.diagnosis.text import Text
from headstart.lab.claim import At, Part, Point, Size

TEXT = Text(
    en={
        "sentence": "A learning-rate range test of a hundred steps finds a good learning rate.",
        "x": "optimiser",
        "suggestion": "the end of the fall (hs.lr_find)",
        "steepest": "where the loss falls fastest",
        "tenth": "a tenth of where it is lowest",
        "SGD": "SGD",
        "momentum": "SGD, momentum",
        "AdamW": "AdamW",
        "ratio": "training loss at that rate over the best of a sweep",
        "rate": "learning rate",
        "good": "The end of the fall, with the worst optimiser: the ratio.",
        "steep": "The fastest fall, with the worst optimiser: the ratio.",
        "careful": "A tenth of the lowest, with the worst optimiser: the ratio.",
    },
    zh={
        "sentence": "一百步的学习率范围测试就能找到好的学习率。",
        "x": "优化器",
        "suggestion": "下降结束处（hs.lr_find）",
        "steepest": "损失下降最快处",
        "tenth": "损失最低处的十分之一",
        "SGD": "SGD",
        "momentum": "SGD，动量",
        "AdamW": "AdamW",
        "ratio": "该学习率下的训练损失与扫描中最佳损失之比",
        "rate": "学习率",
        "good": "下降结束处，最差的优化器：比值。",
        "steep": "下降最快处，最差的优化器：比值。",
        "careful": "最低处的十分之一，最差的优化器：比值。",
    },
)
SERIES = ("suggestion", "steepest", "tenth")
X = ("SGD", "momentum", "AdamW")
FIGURES = ("ratio", "rate")
LIMIT = 1.5


def _worst(at: At, series: str) -> float:
    return max(at("ratio", series, x) for x in X)


PARTS = (
    Part("good", lambda at: _worst(at, "suggestion"), below=LIMIT),
    Part("steep", lambda at: _worst(at, "steepest"), below=LIMIT),
    Part("careful", lambda at: _worst(at, "tenth"), below=LIMIT),
)
RATES = {"SGD": (0.01, 0.03, 0.1, 0.3, 1), "momentum": (0.003, 0.01, 0.03, 0.1), "AdamW": (1e-3, 3e-3, 1e-2, 3e-2)}


def optimizer_range_test(point: Point) -> dict[str, float]:
    rates, best = _swept(str(point.x), point.seed, point.size)
    rate = rates[point.series]
    return {"ratio": _loss(str(point.x), rate, point.seed, point.size) / best, "rate": rate}


@lru_cache(maxsize=4)
def _swept(optimizer: str, seed: int, size: Size) -> tuple[dict[str, float], float]:
    """The rates that the test names, and the best loss of the sweep."""
    import headstart as hs
    from headstart.lab.training import digits

    data = digits(size)
    batches = hs.Batches(data.x, data.y, 50, shuffle=True, seed=seed, normalize=None)
    found = hs.lr_find(_model(seed), batches, optimizer=_optimizer(optimizer), weight_decay=0.0)
    curve = found.suggestion or found.lrs[0], found.steepest or found.lrs[0], (found.lowest or found.lrs[0]) / 10
    best = min(_loss(optimizer, rate, seed, size) for rate in RATES[optimizer])
    return dict(zip(SERIES, curve, strict=True)), best


def _loss(optimizer: str, rate: float, seed: int, size: Size) -> float:
    from headstart.lab.training import digits, train

    return train(_model(seed), digits(size), size, lr=rate, seed=seed, optimizer=_optimizer(optimizer)).loss


def _model(seed: int) -> Any:
    import torch

    from headstart.lab.training import draw, kaiming, mlp

    torch.manual_seed(seed)
    model = mlp(2)
    draw(model, kaiming)
    return model


def _optimizer(name: str) -> Any:
    import torch

    return {"SGD": torch.optim.SGD, "momentum": "sgd", "AdamW": "adamw"}[name]
