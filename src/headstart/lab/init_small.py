"""Weights that are too small: signal and gradient shrink by a factor at each layer.

How bad that is depends on how often the factor is applied: with one hidden layer there are two.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import Part, Point

TEXT = Text(
    en={
        "sentence": "Initial weights that are too small make signal and gradient vanish, so that training stalls.",
        "x": "std of the initial weights, as a multiple of Kaiming's",
        "shallow": "1 hidden layer",
        "deep": "6 hidden layers",
        "accuracy": "test accuracy after training",
        "signal": "std of the last hidden layer's output, before training",
        "gradient": "norm of the first layer's gradient, before training",
        "signal-vanishes": "With a tenth of the std the signal of 6 layers shrinks more than 1,000 times: the ratio.",
        "gradient-vanishes": "With a tenth of the std the first gradient shrinks more than 1,000 times: the ratio.",
        "deep-stalls": "With a tenth of the std 6 layers do not get off the ground: accuracy.",
        "shallow-stalls": "With a tenth of the std 1 layer does not, either: accuracy.",
    },
    zh={
        "sentence": "初始权重过小，会使信号和梯度消失，训练因此停滞。",
        "x": "初始权重的标准差（Kaiming 标准差的倍数）",
        "shallow": "1 个隐藏层",
        "deep": "6 个隐藏层",
        "accuracy": "训练后的测试准确率",
        "signal": "训练前最后一个隐藏层输出的标准差",
        "gradient": "训练前第一层梯度的范数",
        "signal-vanishes": "标准差缩小到十分之一时，6 层网络的信号缩小 1,000 倍以上：比值。",
        "gradient-vanishes": "标准差缩小到十分之一时，第一层的梯度缩小 1,000 倍以上：比值。",
        "deep-stalls": "标准差缩小到十分之一时，6 层网络学不动：准确率。",
        "shallow-stalls": "标准差缩小到十分之一时，1 层网络也学不动：准确率。",
    },
)
SERIES = ("shallow", "deep")
X = (0.01, 0.1, 0.3, 1)
FIGURES = ("accuracy", "signal", "gradient")
PARTS = (
    Part("signal-vanishes", lambda at: at("signal", "deep", 0.1) / at("signal", "deep", 1), below=1e-3),
    Part("gradient-vanishes", lambda at: at("gradient", "deep", 0.1) / at("gradient", "deep", 1), below=1e-3),
    Part("deep-stalls", lambda at: at("accuracy", "deep", 0.1), below=0.2),
    Part("shallow-stalls", lambda at: at("accuracy", "shallow", 0.1), below=0.2),
)


def init_small(point: Point) -> dict[str, float]:
    import torch
    from torch import nn

    from headstart.lab.training import digits, draw, gradients, kaiming, mlp, signals, train

    torch.manual_seed(point.seed)
    data = digits(point.size)
    model = mlp(1 if point.series == "shallow" else 6)
    draw(model, lambda layer: float(point.x) * kaiming(layer))
    signal = signals(model, data.x[:200], nn.ReLU)[-1].std().item()
    gradient = gradients(model, data)[0].norm().item()
    found = train(model, data, point.size, lr=0.05, seed=point.seed)
    return {"accuracy": found.test_accuracy, "signal": signal, "gradient": gradient}
