"""The model is evaluated on inputs that were prepared in another way than those that it is trained on.

## What it sees
The values that enter the model at up to 64 places of a sample (pixels, columns), while it trains and, of other samples,
without gradients, of each data set that a DataLoader gives apart. That two sets differ proves nothing: data change with
time and place. It speaks where nothing but another preparation can make the difference:

- *Steps.* Pixels, counts, years and tenths come in equal steps, and no change of the data changes the step: a dark picture
  has the same 256 levels as a bright one. Only a factor does, such as that of `/ 255`, `Normalize` or a scaler. It speaks
  if the steps differ at several places and the values' spread differs by the same factor.
- *Bytes.* All values lie within 0 and 1 in one phase, and within 0 and 255 in the other, where they are spread 255 times
  as far.
- *Usual constants.* At most places one phase's values are distributed as the other's would be after the `Normalize` of
  ImageNet, CIFAR-10 or MNIST, or the one from 0..1 to -1..1. No other light shifts and spreads all pixels by just these
  numbers. So it is seen through augmentation as well, and where the same step is done twice.
- *Their own constants.* Over all places one phase's values have mean 0 and spread 1, which is what a scaler makes of the
  data that it was fitted to; the other's lie far from there, are spread otherwise, and at most places they are distributed
  alike once their own mean and spread are taken off, though the places differ from each other.
- *Columns.* In one phase all columns are of one size, around zero, in the other their sizes are worlds apart, and yet each
  column's distribution has the same shape in both. Where each column has mean 0 and spread 1 in the one, which no data have
  by chance, it is enough that they are not of one size in the other, and that most of their means lie far from there.

## Why it hurts
The net has learnt what a 0.5 means, and is asked about a 128. It answers with whatever its weights make of that, so that
the evaluation says nothing of what was learnt, the best epoch is chosen by chance, and the user sees the same later.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
ages, visits = torch.randint(20, 80, (600, 4)).float(), torch.poisson(torch.full((600, 4), 9.0))
x = torch.cat([ages, visits], dim=1)
y = (x.sum(1) > x.sum(1).median()).long()
train, test = x[:400], x[400:]
train = (train - train.mean(0)) / train.std(0)
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(5):
    for rows in torch.randperm(400).split(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(train[rows]), y[rows]).backward()
        optimizer.step()
with torch.no_grad():
    print(nn.functional.cross_entropy(model(test), y[400:]))
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
ages, visits = torch.randint(20, 80, (600, 4)).float(), torch.poisson(torch.full((600, 4), 9.0))
x = torch.cat([ages, visits], dim=1)
y = (x.sum(1) > x.sum(1).median()).long()
train, test = x[:400], x[400:]
mean, std = train.mean(0), train.std(0)
train, test = (train - mean) / std, (test - mean) / std
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(5):
    for rows in torch.randperm(400).split(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(train[rows]), y[rows]).backward()
        optimizer.step()
with torch.no_grad():
    print(nn.functional.cross_entropy(model(test), y[400:]))
```

## Limits
- `FACTOR` = 1.5: between the steps of both phases, at least, and `SPREAD` = 1.4: between that factor and the one between
  the spreads, at most. As the first is the larger, sets that are each standardised by their own figures (a scaler that is
  fitted again, each person's or each city's own mean) can never pass both: their spreads do not differ.
- `PLACES` = 4 places of which this is so, at least: two or three columns of equal steps may be a grid that somebody drew
  to look at a function. `AGREE` = 0.75: share of the places with another step (off by more than `SAME` = 1.02) at which
  the spread agrees, at least; for bytes and columns, of all places.
- `BYTE` = 255, `BYTES` = 16 places, `TWICE` = 2: of 255 the factor between the spreads may be off by that.
- `CENTRED` = 0.25 and `UNIT` = 1.33: of what is standardised, how far the mean may lie from 0, and the spread from 1 by a
  factor; of all values together, or of each column. `FAR` = 5: means apart, in the smaller spread, at least; the spreads by
  `FACTOR`. `PROFILE` = 0.15: spread of the places' medians at least, in that of all values; with 200 samples those of one
  distribution are spread by 0.09.
- `SAMPLES` = 200, `ALIKE` = 5, `UNLIKE` = 30, `SHAPE` = 0.2, all for columns: samples of each phase; the largest
  spread over the smallest, in one phase at most and in the other at least; and how far any of a column's nine deciles
  may be off, in units of the way from the first to the ninth. With 200 samples that is three times the standard error.
  Constants are asked for as many samples, for `BYTES` places, and for the same deciles: mean and std of ImageNet's
  channels differ by less than that from each other. No test of how much a net bears makes its inputs `UNLIKE` times as
  large.

## Stays silent when
Values come in no equal steps in a phase (noise, mixing and rotations of floats in training); they are flipped, cropped
or covered, which leaves them as they are; one data set of the evaluation holds samples prepared in both ways, or, by
equal steps or their own constants, one is larger by less than `UNLIKE` times or smaller, beside one that is prepared as
in training: it may be spoilt on purpose; the samples' shape differs; evaluation holds only samples that were trained on,
or fewer than 64 samples were seen in a phase; only a constant is added; or both phases have been scaled by figures that
are neither usual nor one phase's own: that cannot be told from data of another kind.

## References
Sculley et al., *Hidden technical debt in machine learning systems* (2015); Breck et al., *Data validation for machine
learning* (2019), on training-serving skew; scikit-learn's *Common pitfalls*, "Inconsistent preprocessing".
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean, median, pstdev

from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Values

GROUP = "data"
RESTS_ON = "fact"
NEEDS = ("values.evaluated",)
SINCE, STATUS = "0.1.0", "stable"

FACTOR = 1.5  # between steps; more than SPREAD, so that what is standardised by its own figures can never pass both
SPREAD = 1.4  # between the factor of the steps and that of the spreads
SAME = 1.02  # steps that are equal but for how they are measured
PLACES = 4  # a grid that is drawn has two or three columns
AGREE = 0.75  # of the places whose step differs
BYTE = 255.0
BYTES = 16  # places
TWICE = 2.0  # that of 255 the factor between spreads may be off
CENTRED, UNIT = 0.25, 1.33  # of what is standardised: mean, and spread by a factor
FAR = 5.0  # between the means, in the smaller spread
PROFILE = 0.15  # spread of the places' medians; of 200 samples of one distribution it is 0.09
SAMPLES = 200  # of each phase: deciles' standard error is then 0.06
ALIKE, UNLIKE = 5.0, 30.0  # largest spread over the smallest
SHAPE = 0.2  # of the way from the first decile to the ninth
USUAL = ((0.449, 0.226), (0.473, 0.251), (0.1307, 0.3081), (0.5, 0.5))  # means of the channels' mean and std

TEXT = Text(
    en={
        "message": "While it trains, the model's inputs lie between {low:number} and {high:number}; in evaluation, between "
        "{other_low:number} and {other_high:number}.",
        "steps": "At {count:number} of {of:number} places where both come in equal steps, the step and the spread are "
        "larger in evaluation by the same factor, mostly about {factor:number}. Other data have other values, but not "
        "other steps: something is done to one part alone, such as / 255, Normalize or a scaler.",
        "bytes": "They are spread {factor:number} times as far at {count:number} of {of:number} places: one part is "
        "divided by 255 and the other is not.",
        "usual": "At {count:number} of {of:number} places the values of one part are distributed as those of the other "
        "would be after (x - {mean:number}) / {std:number}, a usual Normalize: it is applied to one part "
        "alone, or twice to it.",
        "own": "One part has mean 0 and spread 1 over all places, the other mean {mean:number} and spread {std:number}, "
        "and at {count:number} of {of:number} places they are distributed alike after (x - {mean:number}) / "
        "{std:number}: what standardises is applied to one part alone.",
        "columns": "{count:number} of {of:number} columns are of one size in one part and of sizes far apart in the "
        "other, and are distributed alike in both: a scaler is applied to one part alone.",
        "alike": "in training and in evaluation alike",
        "data": "of the training data",
    },
    zh={
        "message": "训练时模型的输入在 {low:number} 与 {high:number} 之间；评估时在 {other_low:number} 与 "
        "{other_high:number} 之间。",
        "steps": "在取值等间隔的 {of:number} 个位置中有 {count:number} 个，评估时的间隔和离散程度按同一倍数变化，"
        "多在 {factor:number} 倍左右。换了数据，取值会变，间隔却不会变：有一步处理（例如 / 255、Normalize 或标准化）"
        "只用在了其中一部分上。",
        "bytes": "在 {of:number} 个位置中有 {count:number} 个，评估时的离散程度是训练时的 {factor:number} 倍："
        "一部分数据除以了 255，另一部分没有。",
        "usual": "在 {of:number} 个位置中有 {count:number} 个，一部分数据的分布正是另一部分经过 "
        "(x - {mean:number}) / {std:number} 之后的分布，这是常用的 Normalize：它只用在了其中一部分上，或对它用了两次。",
        "own": "一部分数据在所有位置上的均值为 0、离散程度为 1，另一部分的均值为 {mean:number}、离散程度为 "
        "{std:number}；而在 {of:number} 个位置中有 {count:number} 个，经过 (x - {mean:number}) / {std:number} "
        "之后两边分布相同：标准化只用在了其中一部分上。",
        "columns": "{of:number} 列中有 {count:number} 列在一部分数据中大小相近，在另一部分中相差悬殊，"
        "而每一列的分布形状在两边都相同：标准化只用在了其中一部分上。",
        "alike": "训练和评估时都用它",
        "data": "取自训练数据",
    },
)


@dataclass(frozen=True)
class Proof:
    """What shows that one part was prepared in another way."""

    by: str  # a key of TEXT
    factor: float  # of the spreads, in evaluation over training
    count: int  # places
    of: int
    mean: float = 0.0  # of a usual Normalize
    std: float = 1.0


def preprocessing_differs_in_evaluation(case: Case) -> Iterator[Finding]:
    """One finding, of the first model of which it is proved."""
    training = {values.model: values for values in case.record.values if values.training}
    for evaluated in case.record.values:
        trained = training.get(evaluated.model)
        if evaluated.training or trained is None or trained.shape != evaluated.shape:
            continue
        proof = _proof(trained, evaluated)
        if proof is None or (proof.factor < UNLIKE and proof.by in ("steps", "own") and _has_one_alike(case, trained)):
            continue
        low, high = min(trained.lows), max(trained.highs)
        other_low, other_high = min(evaluated.lows), max(evaluated.highs)
        facts = {"low": low, "high": high, "other_low": other_low, "other_high": other_high}
        yield Finding(
            "preprocessing-differs-in-evaluation",
            "warning",
            case.say(TEXT, "message", **facts),
            evidence=(
                Evidence("places_scaled", proof.count, of=proof.of),
                Evidence("scale_in_evaluation", proof.factor, 1.0),
                Evidence("largest_input", high),
                Evidence("largest_input_in_evaluation", other_high),
            ),
            cause=case.say(
                TEXT,
                proof.by,
                factor=proof.factor,
                count=proof.count,
                of=proof.of,
                mean=proof.mean,
                std=proof.std,
            ),
            remedy=Remedy("prepare-alike", _one_way(case, proof.factor)),
        )
        return


def _proof(trained: Values, evaluated: Values) -> Proof | None:
    """The first that holds; each also holds with both parts exchanged."""
    return (
        _by_steps(trained, evaluated)
        or _by_bytes(trained, evaluated)
        or _by_usual(trained, evaluated)
        or _by_own(trained, evaluated)
        or _by_columns(trained, evaluated)
    )


def _has_one_alike(case: Case, trained: Values) -> bool:
    """Whether some data set of the evaluation is prepared as training is: another may be spoilt on purpose."""
    evaluated = [values for values in case.record.values if values.model == trained.model and not values.training]
    return any(values.shape == trained.shape and _proof(trained, values) is None for values in evaluated)


def _by_steps(trained: Values, evaluated: Values) -> Proof | None:
    both = [
        (other / own, other_std / own_std)
        for own, other, own_std, other_std in zip(
            trained.grid, evaluated.grid, trained.stds, evaluated.stds, strict=True
        )
        if own > 0 and other > 0
    ]
    differ = [(step, spread) for step, spread in both if _apart(step) > SAME]
    scaled = [step for step, spread in differ if _apart(step) >= FACTOR and _apart(spread / step) <= SPREAD]
    if len(scaled) < PLACES or len(scaled) < AGREE * len(differ):
        return None
    return Proof("steps", median(scaled), len(scaled), len(both))


def _by_bytes(trained: Values, evaluated: Values) -> Proof | None:
    small, large = sorted((trained, evaluated), key=lambda values: max(values.highs))
    if min(*small.lows, *large.lows) < 0 or not max(small.highs) <= 1 < max(large.highs) <= BYTE:
        return None
    spreads = [b / a for a, b in zip(small.stds, large.stds, strict=True) if a > 0 and b > 0]
    scaled = [spread for spread in spreads if _apart(spread / BYTE) <= TWICE]
    if len(scaled) < BYTES or len(scaled) < AGREE * len(spreads):
        return None
    factor = median(scaled)
    return Proof("bytes", factor if large is evaluated else 1 / factor, len(scaled), len(spreads))


def _by_usual(trained: Values, evaluated: Values) -> Proof | None:
    """Of the constants that fit most places, if they fit enough."""
    if min(trained.rows, evaluated.rows) < SAMPLES:
        return None
    pairs = [
        (a, b) for a, b in zip(trained.deciles, evaluated.deciles, strict=True) if _width(a) > 0 and _width(b) > 0
    ]
    if len(pairs) < BYTES:
        return None
    turned = [(b, a) for a, b in pairs]
    fits = [
        Proof("usual", median(_width(b) / _width(a) for a, b in pairs), count, len(pairs), mean, std)
        for mean, std in USUAL
        for count in (sum(_is_after(a, b, mean, std) for a, b in one) for one in (pairs, turned))
    ]
    best = max(fits, key=lambda proof: proof.count)
    return best if best.count >= AGREE * len(pairs) else None


def _is_after(column: tuple[float, ...], before: tuple[float, ...], mean: float, std: float) -> bool:
    """Whether all deciles of a column are those of the other one after (x - mean) / std."""
    return all(abs(x - (y - mean) / std) <= SHAPE * _width(column) for x, y in zip(column, before, strict=True))


def _by_own(trained: Values, evaluated: Values) -> Proof | None:
    """One part is standardised as a whole, the other not at all, and they are the same data."""
    if min(trained.rows, evaluated.rows) < SAMPLES:
        return None
    fits = (_is_standardised(*_whole(trained)), _is_standardised(*_whole(evaluated)))
    if fits[0] == fits[1]:
        return None
    scaled, raw = (trained, evaluated) if fits[0] else (evaluated, trained)
    (centre, unit), (mean, std) = _whole(scaled), _whole(raw)
    far = abs(mean - centre) >= FAR * min(std, unit) and _apart(std / unit) >= FACTOR
    pairs = [(a, b) for a, b in zip(scaled.deciles, raw.deciles, strict=True) if _width(a) > 0 and _width(b) > 0]
    if not far or len(pairs) < BYTES or pstdev([median(b) for _, b in pairs]) < PROFILE * std:
        return None
    slope = std / unit
    count = sum(_is_after(a, b, mean - slope * centre, slope) for a, b in pairs)
    if count < AGREE * len(pairs):
        return None
    return Proof("own", slope if scaled is trained else 1 / slope, count, len(pairs), mean, std)


def _whole(values: Values) -> tuple[float, float]:
    """Mean and spread over all places and samples."""
    mean = fmean(values.means)
    squares = (std**2 + (here - mean) ** 2 for here, std in zip(values.means, values.stds, strict=True))
    return mean, math.sqrt(fmean(squares))


def _is_standardised(mean: float, std: float) -> bool:
    return abs(mean) <= CENTRED and _apart(std) <= UNIT


def _by_columns(trained: Values, evaluated: Values) -> Proof | None:
    if min(trained.rows, evaluated.rows) < SAMPLES:
        return None
    pairs = zip(trained.deciles, evaluated.deciles, strict=True)
    alike = [(a, b) for a, b in pairs if _width(a) > 0 and _width(b) > 0 and _have_one_shape(a, b)]
    if len(alike) < max(PLACES, AGREE * len(trained.deciles)):
        return None
    uneven = _is_uneven(alike) or _is_uneven([(b, a) for a, b in alike])
    if not uneven and not _is_scaled(trained, evaluated) and not _is_scaled(evaluated, trained):
        return None
    factor = median(_width(b) / _width(a) for a, b in alike)
    return Proof("columns", factor, len(alike), len(trained.deciles))


def _is_uneven(pairs: list[tuple[tuple[float, ...], tuple[float, ...]]]) -> bool:
    """Whether the first of each pair are of one size around zero, the second of sizes far apart, and most differ."""
    first, second = ([_width(column) for column in columns] for columns in zip(*pairs, strict=True))
    around_zero = all(abs(median(column)) <= _width(column) for column, _ in pairs)
    most = sum(_apart(b / a) >= FACTOR for a, b in zip(first, second, strict=True)) >= AGREE * len(pairs)
    return around_zero and most and max(first) <= ALIKE * min(first) and max(second) >= UNLIKE * min(second)


def _is_scaled(scaled: Values, raw: Values) -> bool:
    """Whether each column of the one is standardised by itself, and the other's are of several sizes, most far off."""
    if not all(map(_is_standardised, scaled.means, scaled.stds)) or min(raw.stds) <= 0:
        return False
    columns = zip(scaled.means, scaled.stds, raw.means, raw.stds, strict=True)
    far = sum(abs(other - mean) >= FAR * min(std, other_std) for mean, std, other, other_std in columns)
    return max(raw.stds) >= ALIKE * min(raw.stds) and far >= AGREE * len(raw.means)


def _have_one_shape(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    first, second = ([(value - median(column)) / _width(column) for value in column] for column in (a, b))
    return all(abs(x - y) <= SHAPE for x, y in zip(first, second, strict=True))


def _width(deciles: tuple[float, ...]) -> float:
    return deciles[-1] - deciles[0]


def _one_way(case: Case, factor: float) -> str:
    """The code of a function that prepares both parts."""
    by_bytes = min(_apart(factor / BYTE), _apart(factor * BYTE)) <= SAME
    how = "x / 255" if by_bytes else f"(x - mean) / std     # {case.say(TEXT, 'data')}"
    return f"def prepare(x):     # {case.say(TEXT, 'alike')}\n    return {how}"


def _apart(factor: float) -> float:
    """The factor or its inverse, whichever is larger."""
    return math.exp(abs(math.log(factor))) if factor > 0 else math.inf
