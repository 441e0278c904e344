"""Xavier for tanh, Kaiming for ReLU, and each with the other's law, by depth.

All hidden layers have the same width n, so that Xavier's variance is 1/n and Kaiming's 2/n. ReLU passes half of the
second moment: under Xavier's law the signal halves in variance at each layer. tanh shrinks what it passes, too, and
Glorot and Bengio's derivation takes it as linear: a gain above 1 (PyTorch's calculate_gain says 5/3) may suit it better.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import Part, Point

TEXT = Text(
    en={
        "sentence": "Xavier's law suits tanh and Kaiming's suits ReLU; swapped, each is worse.",
        "x": "hidden layers",
        "relu-kaiming": "ReLU, Kaiming",
        "relu-xavier": "ReLU, Xavier",
        "tanh-xavier": "tanh, Xavier",
        "tanh-kaiming": "tanh, Kaiming",
        "accuracy": "test accuracy after training",
        "relu-deep": "ReLU, 30 layers: Kaiming's accuracy minus Xavier's.",
        "relu-shallow": "ReLU, already with 2 layers: Kaiming's accuracy minus Xavier's.",
        "tanh-deep": "tanh, 30 layers: Xavier's accuracy minus Kaiming's.",
        "tanh-shallow": "tanh, already with 2 layers: Xavier's accuracy minus Kaiming's.",
    },
    zh={
        "sentence": "Xavier 初始化适合 tanh，Kaiming 初始化适合 ReLU；互换之后都会变差。",
        "x": "隐藏层数",
        "relu-kaiming": "ReLU，Kaiming",
        "relu-xavier": "ReLU，Xavier",
        "tanh-xavier": "tanh，Xavier",
        "tanh-kaiming": "tanh，Kaiming",
        "accuracy": "训练后的测试准确率",
        "relu-deep": "ReLU，30 层：Kaiming 的准确率减去 Xavier 的。",
        "relu-shallow": "ReLU，仅 2 层时：Kaiming 的准确率减去 Xavier 的。",
        "tanh-deep": "tanh，30 层：Xavier 的准确率减去 Kaiming 的。",
        "tanh-shallow": "tanh，仅 2 层时：Xavier 的准确率减去 Kaiming 的。",
    },
)
SERIES = ("relu-kaiming", "relu-xavier", "tanh-xavier", "tanh-kaiming")
X = (2, 10, 30)
FIGURES = ("accuracy",)
PARTS = (
    Part("relu-deep", lambda at: at("accuracy", "relu-kaiming", 30) - at("accuracy", "relu-xavier", 30), above=0.01),
    Part("relu-shallow", lambda at: at("accuracy", "relu-kaiming", 2) - at("accuracy", "relu-xavier", 2), above=0.01),
    Part("tanh-deep", lambda at: at("accuracy", "tanh-xavier", 30) - at("accuracy", "tanh-kaiming", 30), above=0.01),
    Part("tanh-shallow", lambda at: at("accuracy", "tanh-xavier", 2) - at("accuracy", "tanh-kaiming", 2), above=0.01),
)


def init_law_by_activation(point: Point) -> dict[str, float]:
    import torch

    from headstart.lab.training import digits, draw, kaiming, mlp, train, xavier

    activation, law = point.series.split("-")
    torch.manual_seed(point.seed)
    model = mlp(int(point.x), activation=activation)
    draw(model, kaiming if law == "kaiming" else xavier)
    return {"accuracy": train(model, digits(point.size), point.size, lr=0.05, seed=point.seed).test_accuracy}
