"""L2 in the loss against decoupled weight decay, both with Adam's steps at rate 0.001, by the decay.

Adam divides the gradient by its own size, and the L2 term with it: weights whose gradient is small are decayed more
than those whose gradient is large (Loshchilov and Hutter 2019, arXiv 1711.05101, §2). The weights of an input that is
black in nearly every digit have small gradients, those of a bright one large gradients. Measured: which share of the
first layer's norm at the brightest quarter of the inputs is left, over the share left at the darkest (black ones left
out). Decoupled decay shrinks both alike, but for what the loss pulls back.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import At, Part, Point

TEXT = Text(
    en={
        "sentence": "With Adam, L2 in the loss is not weight decay; decoupled decay (AdamW) works better.",
        "x": "decay",
        "l2": "Adam, L2 in the loss",
        "decoupled": "AdamW, decoupled",
        "uneven": "share of the norm left at bright inputs over that at dark ones",
        "accuracy": "test accuracy after training",
        "differ": "Decay 0.01: how many times as uneven L2 is.",
        "even": "Decay 1: decoupled decay shrinks dark and bright inputs alike: the ratio.",
        "better": "Each at its best decay: accuracy gained by decoupled decay.",
    },
    zh={
        "sentence": "使用 Adam 时，损失中的 L2 项并不等于权重衰减；解耦的衰减（AdamW）效果更好。",
        "x": "衰减系数",
        "l2": "Adam，损失中加 L2",
        "decoupled": "AdamW，解耦",
        "uneven": "亮输入与暗输入处权重范数剩余比例之比",
        "accuracy": "训练后的测试准确率",
        "differ": "衰减 0.01：L2 的不均匀程度是解耦衰减的多少倍。",
        "even": "衰减 1：解耦衰减对暗输入和亮输入的收缩相同：比值。",
        "better": "各取最佳衰减：解耦衰减带来的准确率提升。",
    },
)
SERIES = ("l2", "decoupled")
X = (0.0001, 0.001, 0.01, 0.1, 1)
FIGURES = ("uneven", "accuracy")


def _best(at: At, series: str) -> float:
    return max(at("accuracy", series, x) for x in X)


PARTS = (
    Part("differ", lambda at: at("uneven", "l2", 0.01) / at("uneven", "decoupled", 0.01), above=1.1),
    Part("even", lambda at: at("uneven", "decoupled", 1), below=1.1),
    Part("better", lambda at: _best(at, "decoupled") - _best(at, "l2"), above=0.005),
)


def optimizer_weight_decay(point: Point) -> dict[str, float]:
    import torch

    from headstart.lab.training import digits, draw, kaiming, linears, mlp, train

    torch.manual_seed(point.seed)
    data = digits(point.size)
    model = mlp(1)
    draw(model, kaiming)
    weight = linears(model)[0].weight
    before = weight.detach().square()
    make = torch.optim.AdamW if point.series == "decoupled" else torch.optim.Adam
    found = train(model, data, point.size, lr=1e-3, seed=point.seed, optimizer=make, weight_decay=float(point.x))
    spread = data.x.std(0)
    inked = spread.argsort()[int((spread == 0).sum()) :]
    dark, bright = inked[: len(inked) // 4], inked[-len(inked) // 4 :]
    after = weight.detach().square()
    left = [(after[:, where].sum() / before[:, where].sum()).sqrt().item() for where in (dark, bright)]
    return {"uneven": left[1] / left[0], "accuracy": found.test_accuracy}
