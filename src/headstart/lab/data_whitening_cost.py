"""What fitting costs in seconds by the number of features d: 2,048 random samples, the fastest of three fits.

The covariance takes n d² operations, its eigenvectors some multiple of d³. The exponent is the slope between the two
largest d on double logarithmic axes, and depends on the machine: at small d other costs hide the law.
"""

from __future__ import annotations

import math

from headstart.diagnosis.text import Text
from headstart.lab.claim import Part, Point

TEXT = Text(
    en={
        "sentence": "The cost of whitening grows as the cube of the number of features.",
        "x": "features",
        "whiten": "hs.Whiten",
        "standardize": "hs.Standardize",
        "seconds": "seconds to fit to 2,048 samples",
        "cube": "hs.Whiten: the exponent between 512 and 1,024 features.",
        "small": "hs.Whiten: already the exponent between 64 and 256 features.",
        "more": "With 1,024 features whitening costs over 10 times as much as standardising: how many times.",
    },
    zh={
        "sentence": "白化的代价随特征数的三次方增长。",
        "x": "特征数",
        "whiten": "hs.Whiten",
        "standardize": "hs.Standardize",
        "seconds": "拟合 2,048 个样本所需的秒数",
        "cube": "hs.Whiten：512 到 1,024 个特征之间的指数。",
        "small": "hs.Whiten：64 到 256 个特征之间就已达到的指数。",
        "more": "1,024 个特征时，白化的代价超过标准化的 10 倍：倍数。",
    },
)
SERIES = ("whiten", "standardize")
X = (64, 256, 512, 1024)
FIGURES = ("seconds",)
PARTS = (
    Part("cube", lambda at: math.log2(at("seconds", "whiten", 1024) / at("seconds", "whiten", 512)), above=2.5),
    Part("small", lambda at: math.log(at("seconds", "whiten", 256) / at("seconds", "whiten", 64), 4), above=2.5),
    Part("more", lambda at: at("seconds", "whiten", 1024) / at("seconds", "standardize", 1024), above=10),
)


def data_whitening_cost(point: Point) -> dict[str, float]:
    import time

    import torch

    import headstart as hs

    torch.manual_seed(point.seed)
    x = torch.randn(2048, int(point.x))
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        (hs.Whiten() if point.series == "whiten" else hs.Standardize(per="feature")).fit(x)
        seconds.append(time.perf_counter() - start)
    return {"seconds": min(seconds)}
