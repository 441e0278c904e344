"""A constant rate, a cosine and one cycle, over the rate at their top, for the same number of steps with momentum."""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import At, Part, Point

TEXT = Text(
    en={
        "sentence": "A schedule beats a constant learning rate, and one cycle beats the cosine.",
        "x": "largest learning rate",
        "constant": "constant",
        "cosine": "cosine",
        "onecycle": "one cycle",
        "accuracy": "test accuracy after training",
        "cosine-better": "Each at its best rate: accuracy gained by the cosine.",
        "onecycle-better": "Each at its best rate: one cycle's accuracy minus the cosine's.",
        "large-cosine": "At rate 0.1: accuracy gained by the cosine.",
        "large-onecycle": "At rate 0.1: one cycle's accuracy minus the cosine's.",
    },
    zh={
        "sentence": "学习率调度优于恒定学习率，其中 one-cycle 又优于余弦。",
        "x": "最大学习率",
        "constant": "恒定",
        "cosine": "余弦",
        "onecycle": "one-cycle",
        "accuracy": "训练后的测试准确率",
        "cosine-better": "各取最佳学习率：余弦带来的准确率提升。",
        "onecycle-better": "各取最佳学习率：one-cycle 的准确率减去余弦的。",
        "large-cosine": "学习率 0.1：余弦带来的准确率提升。",
        "large-onecycle": "学习率 0.1：one-cycle 的准确率减去余弦的。",
    },
)
SERIES = ("constant", "cosine", "onecycle")
X = (0.01, 0.03, 0.1, 0.2)
FIGURES = ("accuracy",)


def _best(at: At, series: str) -> float:
    return max(at("accuracy", series, x) for x in X)


PARTS = (
    Part("cosine-better", lambda at: _best(at, "cosine") - _best(at, "constant"), above=0.002),
    Part("onecycle-better", lambda at: _best(at, "onecycle") - _best(at, "cosine"), above=0.002),
    Part("large-cosine", lambda at: at("accuracy", "cosine", 0.1) - at("accuracy", "constant", 0.1), above=0.01),
    Part("large-onecycle", lambda at: at("accuracy", "onecycle", 0.1) - at("accuracy", "cosine", 0.1), above=0.01),
)


def optimizer_schedule(point: Point) -> dict[str, float]:
    import torch

    from headstart.lab.training import digits, draw, kaiming, mlp, train

    torch.manual_seed(point.seed)
    model = mlp(2)
    draw(model, kaiming)
    found = train(
        model,
        digits(point.size),
        point.size,
        lr=float(point.x),
        seed=point.seed,
        optimizer="sgd",
        schedule=point.series,
    )
    return {"accuracy": found.test_accuracy}
