"""The signal's size through 30 layers of 256 units, before any training, for each law.

PyTorch's default for a linear layer is U(±1/√fan_in), of std 1/√(3 fan_in): smaller than any of the laws.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import Part, Point

TEXT = Text(
    en={
        "sentence": "Kaiming's law keeps the signal of a ReLU net at its size through 30 layers, and Xavier's a tanh "
        "net's; fixed stds let it vanish or explode.",
        "x": "layer",
        "relu-kaiming": "ReLU, Kaiming",
        "relu-xavier": "ReLU, Xavier",
        "relu-default": "ReLU, PyTorch's default",
        "relu-small": "ReLU, std 0.01",
        "relu-large": "ReLU, std 1",
        "tanh-xavier": "tanh, Xavier",
        "std": "std of the layer's output",
        "kaiming": "Kaiming with ReLU: layer 30's std is within 3 times layer 1's: the factor.",
        "xavier": "Xavier with tanh: layer 30's std is within 3 times layer 1's: the factor.",
        "small": "std 0.01: layer 30's std over layer 1's.",
        "large": "std 1: layer 30's std over layer 1's.",
    },
    zh={
        "sentence": "Kaiming 初始化使 ReLU 网络的信号经过 30 层后大小不变，Xavier 对 tanh 网络亦然；"
        "固定标准差则使信号消失或爆炸。",
        "x": "层",
        "relu-kaiming": "ReLU，Kaiming",
        "relu-xavier": "ReLU，Xavier",
        "relu-default": "ReLU，PyTorch 默认",
        "relu-small": "ReLU，标准差 0.01",
        "relu-large": "ReLU，标准差 1",
        "tanh-xavier": "tanh，Xavier",
        "std": "该层输出的标准差",
        "kaiming": "Kaiming 配 ReLU：第 30 层的标准差与第 1 层相差不超过 3 倍：倍数。",
        "xavier": "Xavier 配 tanh：第 30 层的标准差与第 1 层相差不超过 3 倍：倍数。",
        "small": "标准差 0.01：第 30 层与第 1 层标准差之比。",
        "large": "标准差 1：第 30 层与第 1 层标准差之比。",
    },
)
SERIES = ("relu-kaiming", "relu-xavier", "relu-default", "relu-small", "relu-large", "tanh-xavier")
X = (1, 5, 10, 20, 30)
FIGURES = ("std",)
PARTS = (
    Part("kaiming", lambda at: _factor(at("std", "relu-kaiming", 1), at("std", "relu-kaiming", 30)), below=3),
    Part("xavier", lambda at: _factor(at("std", "tanh-xavier", 1), at("std", "tanh-xavier", 30)), below=3),
    Part("small", lambda at: at("std", "relu-small", 30) / at("std", "relu-small", 1), below=1e-3),
    Part("large", lambda at: at("std", "relu-large", 30) / at("std", "relu-large", 1), above=1e3),
)


def init_signal_by_depth(point: Point) -> dict[str, float]:
    import torch
    from torch import nn

    from headstart.lab.training import digits, draw, kaiming, mlp, signals, xavier

    activation, law = point.series.split("-")
    stds = {"kaiming": kaiming, "xavier": xavier, "small": lambda layer: 0.01, "large": lambda layer: 1.0}
    torch.manual_seed(point.seed)
    model = mlp(int(point.x), 256, activation)
    if law in stds:
        draw(model, stds[law])
    outputs = signals(
        model.double(), digits(point.size).x[:200].double(), nn.Tanh if activation == "tanh" else nn.ReLU
    )
    return {"std": outputs[-1].std().item()}


def _factor(a: float, b: float) -> float:
    return max(a, b) / min(a, b)
