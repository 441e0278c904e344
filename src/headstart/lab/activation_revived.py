"""Dead units before and after training on, with ReLU left in place and with LeakyReLU put in its place.

The net starts with every unit of its first layer dead: each bias is shifted so that its largest input over the training
digits is -0.5. No gradient passes ReLU then, and LeakyReLU's share of it is its slope.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import Part, Point

TEXT = Text(
    en={
        "sentence": "Dead ReLU units stay dead; LeakyReLU in their place revives them.",
        "x": "epochs of training on, times those of the setting",
        "relu": "ReLU stays",
        "leaky": "LeakyReLU, slope 0.01",
        "steep": "LeakyReLU, slope 0.2",
        "dead": "share of the first layer's units that are dead",
        "accuracy": "test accuracy",
        "stay": "ReLU: share of dead units after 4 times the epochs.",
        "revived": "LeakyReLU, slope 0.01: share of dead units after 4 times the epochs.",
        "revived-steep": "LeakyReLU, slope 0.2: share of dead units after 4 times the epochs.",
    },
    zh={
        "sentence": "死亡的 ReLU 单元不会复活；换成 LeakyReLU 就能救活它们。",
        "x": "继续训练的轮次数（设定轮次数的倍数）",
        "relu": "保留 ReLU",
        "leaky": "LeakyReLU，斜率 0.01",
        "steep": "LeakyReLU，斜率 0.2",
        "dead": "第一层中死亡单元的占比",
        "accuracy": "测试准确率",
        "stay": "ReLU：4 倍轮次数之后死亡单元的占比。",
        "revived": "LeakyReLU，斜率 0.01：4 倍轮次数之后死亡单元的占比。",
        "revived-steep": "LeakyReLU，斜率 0.2：4 倍轮次数之后死亡单元的占比。",
    },
)
SERIES = ("relu", "leaky", "steep")
X = (0, 1, 4)
FIGURES = ("dead", "accuracy")
PARTS = (
    Part("stay", lambda at: at("dead", "relu", 4), above=0.99),
    Part("revived", lambda at: at("dead", "leaky", 4), below=0.5),
    Part("revived-steep", lambda at: at("dead", "steep", 4), below=0.5),
)


def activation_revived(point: Point) -> dict[str, float]:
    import torch
    from torch import nn

    from headstart.lab.training import digits, draw, kaiming, mlp, outcome, train

    torch.manual_seed(point.seed)
    data = digits(point.size)
    slopes = {"relu": 0.0, "leaky": 0.01, "steep": 0.2}
    model = mlp(2, activation=lambda: nn.LeakyReLU(slopes[point.series]))
    draw(model, kaiming)
    first = model[0]
    with torch.no_grad():
        first.bias -= first(data.x).amax(0) + 0.5
    epochs = int(point.x) * point.size.epochs
    found = train(model, data, point.size, lr=0.1, seed=point.seed, epochs=epochs) if epochs else outcome(model, data)
    with torch.no_grad():
        dead = 1 - (first(data.x) > 0).any(0).float().mean().item()
    return {"dead": dead, "accuracy": found.test_accuracy}
