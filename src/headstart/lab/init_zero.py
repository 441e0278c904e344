"""All-zero weights: every unit of a layer is and stays the same.

A hidden unit's gradient is its error times its inputs, and with zero weights no error comes back through the output.
Behind ReLU and tanh the hidden signal is 0 as well, so that not even the output's weights move: only its bias does,
towards the digits' frequencies. A sigmoid gives 1/2 for an input of 0, so its output weights do move, all alike.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import Part, Point

TEXT = Text(
    en={
        "sentence": "Weights that all start at zero are updated alike, so that the network learns nothing.",
        "x": "activation",
        "zero": "all weights zero",
        "drawn": "drawn by hs.initialize",
        "accuracy": "test accuracy after training",
        "units": "different units in the first layer",
        "alike": "Units of a layer stay copies of each other, with every activation: different units.",
        "nothing": "Accuracy stays near the share of the commonest digit (11 %), with every activation.",
        "fault": "Drawn weights learn in the same net: accuracy with the worst activation.",
    },
    zh={
        "sentence": "如果权重全部初始化为零，它们的更新就完全相同，网络什么也学不到。",
        "x": "激活函数",
        "zero": "权重全为零",
        "drawn": "由 hs.initialize 初始化",
        "accuracy": "训练后的测试准确率",
        "units": "第一层中互不相同的单元数",
        "alike": "无论用哪种激活函数，同一层的单元始终互为副本：不同单元的个数。",
        "nothing": "无论用哪种激活函数，准确率都停在最常见数字的占比（11 %）附近。",
        "fault": "同样的网络用随机初始化就能学习：最差激活函数的准确率。",
    },
)
SERIES = ("zero", "drawn")
X = ("relu", "tanh", "sigmoid")
FIGURES = ("accuracy", "units")
PARTS = (
    Part("alike", lambda at: max(at("units", "zero", x) for x in X), below=1.5),
    Part("nothing", lambda at: max(at("accuracy", "zero", x) for x in X), below=0.15),
    Part("fault", lambda at: min(at("accuracy", "drawn", x) for x in X), above=0.5),
)


def init_zero(point: Point) -> dict[str, float]:
    import torch

    import headstart as hs
    from headstart.lab.training import digits, draw, linears, mlp, train

    torch.manual_seed(point.seed)
    data = digits(point.size)
    model = mlp(2, activation=str(point.x))
    if point.series == "zero":
        draw(model, lambda layer: 0.0)
    else:
        hs.initialize(model, data.x[:256], seed=point.seed)
    found = train(model, data, point.size, lr=0.1, seed=point.seed)
    first = linears(model)[0].weight.detach()
    return {"accuracy": found.test_accuracy, "units": len(torch.unique(first, dim=0))}
