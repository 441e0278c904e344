"""Whitening and the Hessian of a linear model with squared error, XᵀX/n: its condition number, and plain descent on it.

The whitener is fitted to the training digits, and the condition number is that of digits it has not seen. Descent takes
100 full steps at the rate 1/λ_max, from zero weights; what is left is the share of the loss above the least-squares
optimum. A seed draws the digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.diagnosis.text import Text
from headstart.lab.claim import Part, Point

if TYPE_CHECKING:
    from torch import Tensor

TEXT = Text(
    en={
        "sentence": "Whitening makes the contours of the loss round and speeds plain gradient descent up.",
        "x": "features",
        "raw": "pixels from 0 to 1",
        "standardised": "standardised by hs.Standardize",
        "whitened": "whitened by hs.Whiten",
        "condition": "condition number of the Hessian, on digits not fitted to",
        "left": "share of the excess loss left after 100 steps",
        "rounder": "100 features: the standardised pixels' condition number over the whitened pixels'.",
        "round": "100 features: the whitened pixels' condition number, which is 1 for a circle.",
        "faster": "100 features: what descent leaves after whitening, over what it leaves after standardising.",
    },
    zh={
        "sentence": "白化使损失的等高线变圆，并加快普通梯度下降。",
        "x": "特征数",
        "raw": "0 到 1 的像素",
        "standardised": "经 hs.Standardize 标准化",
        "whitened": "经 hs.Whiten 白化",
        "condition": "Hessian 的条件数（在未参与拟合的数字上）",
        "left": "100 步之后剩余的超额损失占比",
        "rounder": "100 个特征：标准化像素的条件数与白化像素的条件数之比。",
        "round": "100 个特征：白化像素的条件数（正圆为 1）。",
        "faster": "100 个特征：白化后梯度下降剩余的损失，与标准化后剩余的损失之比。",
    },
)
SERIES = ("raw", "standardised", "whitened")
X = (16, 25, 100)
FIGURES = ("condition", "left")
STEPS = 100
PARTS = (
    Part("rounder", lambda at: at("condition", "standardised", 100) / at("condition", "whitened", 100), above=10),
    Part("round", lambda at: at("condition", "whitened", 100), below=3),
    Part("faster", lambda at: at("left", "whitened", 100) / at("left", "standardised", 100), below=0.1),
)


def data_whitening(point: Point) -> dict[str, float]:
    import torch
    from torch import nn

    import headstart as hs
    from headstart.lab.training import mnist, pooled

    data = mnist()
    generator = torch.Generator().manual_seed(point.seed)
    rows = torch.randperm(len(data.train_images), generator=generator)[: 2 * point.size.train]
    x = pooled(data.train_images[rows].flatten(1).double() / 255, round(20 / float(point.x) ** 0.5))
    fitted, other = x.chunk(2)
    if point.series != "raw":
        maker = hs.Standardize(per="feature") if point.series == "standardised" else hs.Whiten()
        transform = maker.fit(fitted)
        fitted, other = transform(fitted).double(), transform(other).double()
    labels = nn.functional.one_hot(data.train_labels[rows[: len(fitted)]].long(), 10).double()
    curvatures = torch.linalg.eigvalsh(_hessian(other))
    return {"condition": (curvatures[-1] / curvatures[0]).item(), "left": _left(fitted, labels - labels.mean(0))}


def _left(x: Tensor, y: Tensor) -> float:
    import torch

    hessian, slope = _hessian(x), x.T @ y / len(x)
    rate = 1 / torch.linalg.eigvalsh(hessian)[-1]
    best = torch.linalg.solve(hessian, slope)
    weight = torch.zeros_like(slope)
    for _ in range(STEPS):
        weight -= rate * (hessian @ weight - slope)
    excess = [((w - best) * (hessian @ (w - best))).sum() for w in (weight, torch.zeros_like(weight))]
    return max(float(excess[0] / excess[1]), 1e-12)  # below, rounding is what is left


def _hessian(x: Tensor) -> Tensor:
    return x.T @ x / len(x)
