"""The textbook's order ReLU, LeakyReLU, Swish as an automatic try-out (`hs.try_activations`), from three starts.

A sound net of 3 hidden layers; the same with every bias at -8, so that all ReLU units are dead; and 6 hidden layers
with a hundredth of Kaiming's std, which is no fault of the activation. Healthy is what headstart's rules say of each
short training by AdamW, which takes steps of the same size however small the gradient: no dead or saturated layer, and
it learns.
"""

from __future__ import annotations

from headstart.diagnosis.text import Text
from headstart.lab.claim import At, Part, Point

TEXT = Text(
    en={
        "sentence": "Try ReLU first, then LeakyReLU, then Swish: the first that trains healthily is the one to take.",
        "x": "start of the network",
        "relu": "ReLU",
        "leaky_relu": "LeakyReLU",
        "silu": "Swish (SiLU)",
        "sound": "sound",
        "dead": "all units dead",
        "small": "weights too small",
        "healthy": "whether its training is healthy",
        "skill": "skill at the end: 0 is a constant answer's",
        "first": "Sound start: ReLU is healthy (1: it is).",
        "not-relu": "All units dead: ReLU is not healthy (0: it is not).",
        "leaky": "All units dead: LeakyReLU is healthy.",
        "order": "All units dead: Swish's skill is no more than 0.1 above LeakyReLU's: how much it is.",
        "cure": "Weights too small: one of the three is healthy.",
    },
    zh={
        "sentence": "先试 ReLU，再试 LeakyReLU，然后试 Swish：第一个训练健康的就是要用的。",
        "x": "网络的起点",
        "relu": "ReLU",
        "leaky_relu": "LeakyReLU",
        "silu": "Swish（SiLU）",
        "sound": "健康",
        "dead": "所有单元死亡",
        "small": "权重过小",
        "healthy": "训练是否健康",
        "skill": "结束时的技能值：0 相当于总给同一个答案",
        "first": "健康的起点：ReLU 健康（1 表示是）。",
        "not-relu": "所有单元死亡：ReLU 不健康（0 表示不健康）。",
        "leaky": "所有单元死亡：LeakyReLU 健康。",
        "order": "所有单元死亡：Swish 的技能值比 LeakyReLU 高出不超过 0.1：高出多少。",
        "cure": "权重过小：三者之一健康。",
    },
)
SERIES = ("relu", "leaky_relu", "silu")
X = ("sound", "dead", "small")
FIGURES = ("healthy", "skill")


def _gain(at: At) -> float:
    return at("skill", "silu", "dead") - at("skill", "leaky_relu", "dead")


PARTS = (
    Part("first", lambda at: at("healthy", "relu", "sound"), above=0.5),
    Part("not-relu", lambda at: at("healthy", "relu", "dead"), below=0.5),
    Part("leaky", lambda at: at("healthy", "leaky_relu", "dead"), above=0.5),
    Part("order", _gain, below=0.1),
    Part("cure", lambda at: max(at("healthy", series, "small") for series in SERIES), above=0.5),
)
BATCH = 50


def activation_order(point: Point) -> dict[str, float]:
    import torch

    import headstart as hs
    from headstart.lab.training import digits, draw, kaiming, linears, mlp

    torch.manual_seed(point.seed)
    data = digits(point.size)
    small = point.x == "small"
    model = mlp(6 if small else 3)
    draw(model, lambda layer: kaiming(layer) / (100 if small else 1))
    if point.x == "dead":
        with torch.no_grad():
            for layer in linears(model)[:-1]:
                layer.bias.fill_(-8.0)
    found = hs.try_activations(
        model,
        hs.Batches(data.x, data.y, BATCH, shuffle=True, normalize=None),
        order=(point.series,),
        steps=max(30, point.size.epochs * point.size.train // BATCH),
        seed=point.seed,
    )
    (attempt,) = found.attempts
    return {"healthy": float(attempt.healthy), "skill": max(attempt.skill or 0.0, 0.0)}
