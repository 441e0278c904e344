"""The textbook's list of what goes wrong: each fault provoked, named by `hs.diagnose`, and cured by its remedy.

The same loop trains the faulty program and the cured one, under `hs.watch`; the record alone is judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.diagnosis.text import Text
from headstart.lab.claim import At, Part, Point

if TYPE_CHECKING:
    from torch import nn

TEXT = Text(
    en={
        "sentence": "Each common fault spoils training, is named by headstart's diagnosis, and is cured by its remedy.",
        "x": "fault, by the rule that should name it",
        "faulty": "with the fault",
        "cured": "with its remedy",
        "accuracy": "test accuracy after training",
        "named": "whether hs.diagnose names the fault",
        "spoils": "The smallest gain in accuracy by a remedy.",
        "found": "The share of faulty programs in which the fault is named.",
        "quiet": "The share of cured programs in which it is still named.",
    },
    zh={
        "sentence": "每种常见错误都会破坏训练，headstart 的诊断能指出它的名字，相应的办法能治好它。",
        "x": "错误（以应当指出它的规则命名）",
        "faulty": "有错误",
        "cured": "采用相应办法",
        "accuracy": "训练后的测试准确率",
        "named": "hs.diagnose 是否指出该错误",
        "spoils": "各种办法带来的准确率提升中最小的一个。",
        "found": "有错误的程序中，错误被指出的占比。",
        "quiet": "已治好的程序中，错误仍被指出的占比。",
    },
)
SERIES = ("faulty", "cured")
X = (
    "symmetric-weights",
    "weights-too-large",
    "weights-too-small",
    "inputs-not-standardized",
    "gradients-vanish",
    "dead-relu",
    "softmax-before-cross-entropy",
    "missing-zero-grad",
)
FIGURES = ("accuracy", "named")


def _share(at: At, series: str) -> float:
    return sum(at("named", series, x) for x in X) / len(X)


PARTS = (
    Part("spoils", lambda at: min(at("accuracy", "cured", x) - at("accuracy", "faulty", x) for x in X), above=0.01),
    Part("found", lambda at: _share(at, "faulty"), above=0.99),
    Part("quiet", lambda at: _share(at, "cured"), below=0.01),
)
RATE = 0.05


def faq_diagnosed(point: Point) -> dict[str, float]:
    import tempfile
    from pathlib import Path

    import torch
    from torch.nn.functional import cross_entropy

    import headstart as hs
    from headstart.lab.training import digits, outcome, pixels

    torch.manual_seed(point.seed)
    fault = str(point.x) if point.series == "faulty" else ""
    data = pixels(point.size) if fault == "inputs-not-standardized" else digits(point.size)
    model = _model(str(point.x), bool(fault))
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    batches = hs.Batches(data.x, data.y, 50, shuffle=True, seed=point.seed, normalize=None)
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "run.db")
        with hs.watch(model, optimizer, record=record):
            for _ in range(point.size.epochs):
                for x, y in batches:
                    if fault != "missing-zero-grad":
                        optimizer.zero_grad()
                    cross_entropy(model(x), y).backward()  # type: ignore[no-untyped-call]
                    optimizer.step()
        rules = {finding.rule for finding in hs.diagnose(record).findings}
    return {"accuracy": outcome(model, data).test_accuracy, "named": float(point.x in rules)}


def _model(fault: str, faulty: bool) -> nn.Sequential:
    """The faulty net, or the same net cured."""
    import torch
    from torch import nn

    from headstart.lab.training import draw, kaiming, linears, mlp, xavier

    depths = {"weights-too-large": 4, "weights-too-small": 6, "gradients-vanish": 8}
    activation = "sigmoid" if fault == "gradients-vanish" and faulty else "relu"
    model = mlp(depths.get(fault, 2), activation=activation)
    scales = {"symmetric-weights": 0.0, "weights-too-large": 10.0, "weights-too-small": 0.1}
    scale = scales.get(fault, 1.0) if faulty else 1.0
    draw(model, lambda layer: scale * (xavier(layer) if activation == "sigmoid" else kaiming(layer)))
    if fault == "dead-relu" and faulty:
        with torch.no_grad():
            for layer in linears(model)[:-1]:
                layer.bias.fill_(-10.0)
    if fault == "softmax-before-cross-entropy" and faulty:
        model.append(nn.Softmax(1))
    return model
