"""Batch norm in training and in evaluation: the batch's own statistics against the running ones, by steps trained.

PyTorch's running statistics start at 0 and 1 and take a tenth of each batch's: after 5 steps 0.9⁵ = 59 % of the start
is left in them. `hs.norm.recalibrate` measures them anew with the final weights.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import Part, Point

TEXT = Text(
    en={
        "sentence": "A net with batch norm can be much worse in evaluation than in training mode; recalibrating its "
        "running statistics cures it.",
        "x": "steps trained",
        "training": "the batch's own statistics (training mode)",
        "evaluation": "running statistics (evaluation mode)",
        "recalibrated": "running statistics after hs.norm.recalibrate",
        "accuracy": "test accuracy",
        "mismatch": "After 5 steps: accuracy lost in evaluation mode.",
        "later": "After 40 steps still: accuracy lost in evaluation mode.",
        "cure": "After 5 steps: accuracy still lost after recalibrating.",
    },
    zh={
        "sentence": "带批归一化的网络在评估模式下可能远差于训练模式；重新校准其运行统计量即可解决。",
        "x": "训练步数",
        "training": "批自身的统计量（训练模式）",
        "evaluation": "运行统计量（评估模式）",
        "recalibrated": "经 hs.norm.recalibrate 校准的运行统计量",
        "accuracy": "测试准确率",
        "mismatch": "5 步之后：评估模式损失的准确率。",
        "later": "40 步之后仍然：评估模式损失的准确率。",
        "cure": "5 步之后：校准后仍然损失的准确率。",
    },
)
SERIES = ("training", "evaluation", "recalibrated")
X = (2, 5, 10, 40)
FIGURES = ("accuracy",)
PARTS = (
    Part("mismatch", lambda at: at("accuracy", "training", 5) - at("accuracy", "evaluation", 5), above=0.05),
    Part("later", lambda at: at("accuracy", "training", 40) - at("accuracy", "evaluation", 40), above=0.05),
    Part("cure", lambda at: at("accuracy", "training", 5) - at("accuracy", "recalibrated", 5), below=0.03),
)
BATCH = 32


def norm_train_eval(point: Point) -> dict[str, float]:
    import torch
    from torch import nn

    import headstart as hs
    from headstart.lab.training import digits, draw, kaiming, mlp, train

    torch.manual_seed(point.seed)
    data = digits(point.size)
    first = data.rows(BATCH * int(point.x))
    model = mlp(3, norm=nn.BatchNorm1d)
    draw(model, kaiming)
    train(model, first, point.size, lr=0.3, seed=point.seed, batch_size=BATCH, epochs=1)
    if point.series == "recalibrated":
        hs.norm.recalibrate(model, [data.x])
    model.train(point.series == "training")
    with torch.no_grad():
        right = model(data.test_x).argmax(1) == data.test_y
    return {"accuracy": right.float().mean().item()}
