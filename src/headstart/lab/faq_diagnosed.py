"""The textbook's list of what goes wrong: each fault provoked, named by `hs.diagnose`, and cured by its remedy.

A program is a small net on standardised digits, SGD and the usual loop, with 12 evaluations on the test digits. A fault
changes one thing of it. The remedy is what the diagnosis gives with the fault's name; a rate is changed by tens and
hundreds, as it says, until it fits. `ROWS` below has all of them; the net that overfits has 30 % wrong labels, with the
remedy as without. Both run under `hs.watch`; the record alone is judged, by a call that does not know what was done.

A fault counts as spoiling if the remedy gains at least 1 % of accuracy, as the program itself measures it: a program
that forgets `model.eval()` is told a wrong accuracy of a net that may be right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from headstart.diagnosis.text import Text
from headstart.lab.claim import At, Part, Point, Traced

TEXT = Text(
    en={
        "sentence": "Each common fault spoils training, is named by headstart's diagnosis, and is cured by its remedy.",
        "x": "fault, by the rule that should name it",
        "faulty": "with the fault",
        "cured": "with its remedy",
        "accuracy": "test accuracy that the program measures at its end",
        "named": "whether hs.diagnose names the fault",
        "first": "whether hs.diagnose names the fault first",
        "spoils": "The smallest gain in accuracy by a remedy.",
        "leads": "The share of faulty programs in which the fault is named first, before all that follows from it.",
        "quiet": "The share of cured programs in which it is still named.",
    },
    zh={
        "sentence": "每种常见错误都会破坏训练，headstart 的诊断能指出它的名字，相应的办法能治好它。",
        "x": "错误（以应当指出它的规则命名）",
        "faulty": "有错误",
        "cured": "采用相应办法",
        "accuracy": "程序结束时自己测得的测试准确率",
        "named": "hs.diagnose 是否指出该错误",
        "first": "hs.diagnose 是否最先指出该错误",
        "spoils": "各种办法带来的准确率提升中最小的一个。",
        "leads": "有错误的程序中，该错误被排在首位（先于它引起的一切）的占比。",
        "quiet": "已治好的程序中，错误仍被指出的占比。",
    },
)
CURVES = Text(  # what is seen, and what was done → what cures it
    en={
        "y": "loss on the test digits (nats), as the program measures it",
        "symmetric-weights": "accuracy stays at chance\nweights of zero → Kaiming's law",
        "weights-too-large": "the gradients explode\nweights 10 times too large → Kaiming's",
        "weights-too-small": "the signal dies out\nweights a tenth of Kaiming's → Kaiming's",
        "inputs-not-standardized": "the loss does not fall\npixels 0 … 255 → standardised",
        "learning-rate-too-low": "the loss hardly falls\nrate of 0.000001 → 0.05",
        "learning-rate-too-high": "the loss explodes or is NaN\nrate of 20 → 0.05",
        "gradients-vanish": "the gradients vanish\neight layers of sigmoid → of ReLU",
        "dead-relu": "the outputs of ReLU are all zero\nbiases of −10 → 0",
        "softmax-before-cross-entropy": "the loss stays above 1.46\nsoftmax before the loss → logits",
        "missing-zero-grad": "the loss falls, then rises\nzero_grad() forgotten → called",
        "overfitting": "good in training, bad in test\na fifth of the digits → all, weight decay",
        "batchnorm-small-batch": "batches of two learn little\nbatch norm over 2 samples → group norm",
        "batchnorm-stale-statistics": "eval lags behind training\nmomentum of 0.0001 → 0.1",
        "evaluated-in-training-mode": "the test loss is too high\neval() forgotten → called",
        "trained-in-eval-mode": "the test loss swings\ntrain() forgotten → called",
    },
    zh={
        "y": "程序自己在测试数字上测得的损失（奈特）",
        "symmetric-weights": "准确率停在随机水平\n权重全为零 → 按 Kaiming 法则抽取",
        "weights-too-large": "梯度爆炸\n权重大了 10 倍 → Kaiming",
        "weights-too-small": "信号逐层消失\n权重为 Kaiming 的十分之一 → Kaiming",
        "inputs-not-standardized": "损失不下降\n像素 0 … 255 → 标准化",
        "learning-rate-too-low": "损失几乎不下降\n学习率 0.000001 → 0.05",
        "learning-rate-too-high": "损失爆炸或变成 NaN\n学习率 20 → 0.05",
        "gradients-vanish": "梯度消失\n八层 sigmoid → ReLU",
        "dead-relu": "ReLU 的输出全为零\n偏置 −10 → 0",
        "softmax-before-cross-entropy": "损失降不到 1.46 以下\n损失之前有 softmax → 直接用 logits",
        "missing-zero-grad": "损失先降后升\n忘记 zero_grad() → 调用",
        "overfitting": "训练好，测试差\n五分之一的数字 → 全部，加权重衰减",
        "batchnorm-small-batch": "批量很小时批归一化失效\n在 2 个样本上做批归一化 → 组归一化",
        "batchnorm-stale-statistics": "评估落后于训练\n动量 0.0001 → 0.1",
        "evaluated-in-training-mode": "测试损失偏高\n忘记 eval() → 调用",
        "trained-in-eval-mode": "测试损失来回摆动\n忘记 train() → 调用",
    },
)


@dataclass(frozen=True)
class Program:
    """A training script, in what a fault can change."""

    depth: int = 2  # hidden layers
    width: int = 64
    activation: str = "relu"
    scale: float = 1.0  # of the weights' std, over that of Kaiming's law, or Xavier's for sigmoid
    bias: float = 0.0  # of the hidden layers
    norm: str = ""  # "batch" or "group"
    norm_momentum: float = 0.1
    dropout: float = 0.0
    softmax: bool = False  # before the loss
    raw: bool = False  # pixels from 0 to 255
    wrong: float = 0.0  # share of the training labels that are drawn by lot
    share: float = 1.0  # of the training digits
    batch: int = 50
    epochs: int = 1  # times those of the size
    lr: float = 0.05
    momentum: float = 0.0
    decay: float = 0.0
    clears: bool = True  # optimizer.zero_grad() at each step
    evals: bool = True  # model.eval() before an evaluation
    trains: bool = True  # model.train() after it


SOUND = Program()
DEEP = Program(depth=4)
NOISY = Program(width=128, wrong=0.3, share=0.2, epochs=10, momentum=0.9)
SMALL = Program(norm="batch", batch=2, share=0.1, lr=0.02)
NORMED = Program(norm="batch")
FAST = Program(depth=4, norm="batch", lr=0.2)
ROWS = {  # by the rule that should name it: with the fault, and with its remedy
    "symmetric-weights": (Program(scale=0.0), SOUND),
    "weights-too-large": (replace(DEEP, scale=10.0), DEEP),
    "weights-too-small": (Program(depth=6, scale=0.1), Program(depth=6)),
    "inputs-not-standardized": (Program(raw=True), SOUND),
    "learning-rate-too-low": (Program(lr=1e-6), SOUND),
    "learning-rate-too-high": (Program(lr=20.0), SOUND),
    "gradients-vanish": (Program(depth=8, activation="sigmoid"), Program(depth=8)),
    "dead-relu": (Program(bias=-10.0), SOUND),
    "softmax-before-cross-entropy": (Program(softmax=True), SOUND),
    "missing-zero-grad": (Program(clears=False), SOUND),
    "overfitting": (NOISY, replace(NOISY, share=1.0, epochs=2, decay=0.01)),
    "batchnorm-small-batch": (SMALL, replace(SMALL, norm="group")),
    "batchnorm-stale-statistics": (replace(NORMED, norm_momentum=1e-4), NORMED),
    "evaluated-in-training-mode": (Program(dropout=0.5, evals=False), Program(dropout=0.5)),
    "trained-in-eval-mode": (replace(FAST, trains=False), FAST),
}
SERIES = ("faulty", "cured")
X = tuple(ROWS)
FIGURES = ("accuracy", "named", "first")


def _share(at: At, figure: str, series: str) -> float:
    return sum(at(figure, series, x) for x in X) / len(X)


PARTS = (
    Part("spoils", lambda at: min(at("accuracy", "cured", x) - at("accuracy", "faulty", x) for x in X), above=0.01),
    Part("leads", lambda at: _share(at, "first", "faulty"), above=0.99),
    Part("quiet", lambda at: _share(at, "named", "cured"), below=0.01),
)


def faq_diagnosed(point: Point) -> Traced:
    from headstart.lab.watched import run

    fault = str(point.x)
    outcome = run(ROWS[fault][SERIES.index(point.series)], point.seed, point.size)
    figures = {
        "accuracy": outcome.accuracy,
        "named": float(fault in outcome.rules),
        "first": float(fault in outcome.rules[:1]),
    }
    return Traced(figures, outcome.losses)
