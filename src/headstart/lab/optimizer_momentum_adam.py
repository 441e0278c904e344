"""Plain SGD, SGD with momentum 0.9, Adam and AdamW over learning rates, for the same number of steps."""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import At, Part, Point

TEXT = Text(
    en={
        "sentence": "Momentum and Adam converge faster than plain SGD, and Adam needs no search for its rate.",
        "x": "learning rate",
        "sgd": "SGD",
        "momentum": "SGD, momentum 0.9",
        "adam": "Adam",
        "adamw": "AdamW",
        "loss": "training loss (nats) after the same number of steps",
        "accuracy": "test accuracy after training",
        "momentum-faster": "Each at its best rate: SGD's loss over momentum's.",
        "adam-faster": "Each at its best rate: SGD's loss over Adam's.",
        "default": "Adam at its default rate 0.001: its accuracy below its best.",
    },
    zh={
        "sentence": "动量法和 Adam 比普通 SGD 收敛更快，而且 Adam 无需调学习率。",
        "x": "学习率",
        "sgd": "SGD",
        "momentum": "SGD，动量 0.9",
        "adam": "Adam",
        "adamw": "AdamW",
        "loss": "同样步数之后的训练损失（奈特）",
        "accuracy": "训练后的测试准确率",
        "momentum-faster": "各取最佳学习率：SGD 的损失与动量法的损失之比。",
        "adam-faster": "各取最佳学习率：SGD 的损失与 Adam 的损失之比。",
        "default": "Adam 取默认学习率 0.001：其准确率比最佳值低多少。",
    },
)
SERIES = ("sgd", "momentum", "adam", "adamw")
X = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
FIGURES = ("loss", "accuracy")


def _lowest(at: At, series: str) -> float:
    return min(at("loss", series, x) for x in X)


def _highest(at: At, series: str) -> float:
    return max(at("accuracy", series, x) for x in X)


PARTS = (
    Part("momentum-faster", lambda at: _lowest(at, "sgd") / _lowest(at, "momentum"), above=1.1),
    Part("adam-faster", lambda at: _lowest(at, "sgd") / _lowest(at, "adam"), above=1.1),
    Part("default", lambda at: _highest(at, "adam") - at("accuracy", "adam", 0.001), below=0.02),
)


def optimizer_momentum_adam(point: Point) -> dict[str, float]:
    import torch

    from headstart.lab.training import digits, draw, kaiming, mlp, train

    torch.manual_seed(point.seed)
    model = mlp(2)
    draw(model, kaiming)
    makers = {
        "sgd": torch.optim.SGD,
        "momentum": lambda groups, lr: torch.optim.SGD(groups, lr=lr, momentum=0.9),
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
    }
    data, make = digits(point.size), makers[point.series]
    decay = 0.01 if point.series == "adamw" else 0.0
    found = train(model, data, point.size, lr=float(point.x), seed=point.seed, optimizer=make, weight_decay=decay)
    return {"loss": found.loss, "accuracy": found.test_accuracy}
