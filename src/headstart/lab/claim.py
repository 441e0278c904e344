"""A claim, the points at which it is measured, and what was found: frozen values, without torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from statistics import fmean, stdev
from typing import Any, Literal

from headstart.diagnosis.text import Language, Text
from headstart.wording import number

Verdict = Literal["holds", "holds in part", "does not hold"]
X = str | int | float
At = Callable[[str, str, X], float]  # (figure, series, x) to what one seed's run gave
Figures = dict[str, float]


@dataclass(frozen=True)
class Size:
    """How much is trained at a point; `--quick` takes a small share of MNIST and fewer epochs."""

    train: int  # digits
    test: int
    epochs: int


QUICK = Size(train=2_000, test=1_000, epochs=3)
FULL = Size(train=10_000, test=5_000, epochs=6)


@dataclass(frozen=True)
class Point:
    """One of a claim's measurements: what is compared, where, with which seed."""

    series: str
    x: X
    seed: int
    size: Size


@dataclass(frozen=True)
class Curve:
    """How one training went."""

    steps: tuple[int, ...]
    values: tuple[float | None, ...]  # None where it was not finite

    @classmethod
    def of(cls, points: Mapping[int, float]) -> Curve:
        return cls(tuple(points), tuple(float(f"{y:.4g}") if math.isfinite(y) else None for y in points.values()))


@dataclass(frozen=True)
class Traced:
    """What an experiment gives that shows how its training went, besides the figures."""

    figures: Mapping[str, float]
    curve: Curve


@dataclass(frozen=True)
class Part:
    """A part of a claim's sentence as an inequality, decided for each seed by itself."""

    key: str  # of its text
    of: Callable[[At], float]
    above: float | None = None  # the limit, on one side
    below: float | None = None

    @property
    def limit(self) -> float:
        limit = self.above if self.above is not None else self.below
        assert limit is not None
        return limit

    @property
    def sense(self) -> str:
        return ">" if self.above is not None else "<"

    def judge(self, at: At) -> float:
        return self.of(at)


@dataclass(frozen=True)
class Claim:
    """A sentence of the textbook, and its experiment."""

    name: str  # "init-zero"
    group: str
    text: Text
    series: tuple[str, ...]
    x: tuple[X, ...]
    figures: tuple[str, ...]
    parts: tuple[Part, ...]
    experiment: Callable[[Point], Mapping[str, float] | Traced]
    page: Text  # "page": the experiment in words
    curves: Text | None = None  # "y": what the curves show; and for each x the title of its panel

    def sentence(self, language: Language) -> str:
        return self.text.say(language, "sentence")

    def label(self, language: Language, key: X) -> str:
        """What a series, figure or place is called; one without a text is its own name."""
        texts = self.text.zh if language == "zh" else self.text.en
        return texts.get(key, key) if isinstance(key, str) else number(key)

    def points(self, seed: int, size: Size) -> Iterator[Point]:
        return (Point(series, x, seed, size) for series in self.series for x in self.x)

    def measure(self, point: Point) -> Run:
        """Raises ValueError if a figure is missing or not finite: an experiment has to say what divergence counts as."""
        found = self.experiment(point)
        given, curve = (found.figures, found.curve) if isinstance(found, Traced) else (found, None)
        figures = {name: float(value) for name, value in given.items()}
        odd = [name for name in self.figures if not math.isfinite(figures.get(name, math.nan))]
        if odd or len(figures) != len(self.figures):
            raise ValueError(f"{self.name}, {point.series} at {point.x}: {odd or sorted(figures)}")
        return Run(point.series, point.x, point.seed, figures, curve)


@dataclass(frozen=True)
class Run:
    """What one point gave."""

    series: str
    x: X
    seed: int
    figures: Mapping[str, float]
    curve: Curve | None = None

    def json(self) -> dict[str, Any]:
        whole = asdict(self)
        return whole if self.curve else {name: value for name, value in whole.items() if name != "curve"}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Run:
        curve = data.get("curve")
        traced = Curve(tuple(curve["steps"]), tuple(curve["values"])) if curve else None
        return cls(data["series"], data["x"], data["seed"], data["figures"], traced)


@dataclass(frozen=True)
class Spread:
    """Of one figure over the seeds."""

    mean: float
    std: float
    low: float
    high: float

    @classmethod
    def of(cls, values: tuple[float, ...]) -> Spread:
        return cls(fmean(values), stdev(values) if len(values) > 1 else 0.0, min(values), max(values))


@dataclass(frozen=True)
class Decided:
    """A part, with the value that each seed gave."""

    key: str
    sense: str  # ">" or "<"
    limit: float
    values: tuple[float, ...]

    @property
    def held(self) -> int:
        """In how many of the seeds."""
        return sum(value > self.limit if self.sense == ">" else value < self.limit for value in self.values)

    @property
    def spread(self) -> Spread:
        return Spread.of(self.values)


@dataclass(frozen=True)
class Result:
    """A claim's runs and what they say of it."""

    name: str
    size: Size
    seconds: float
    runs: tuple[Run, ...]
    parts: tuple[Decided, ...]

    @property
    def verdict(self) -> Verdict:
        """Holds: each part in every seed. Does not hold: no part in any seed. Else in part."""
        held = [part.held for part in self.parts]
        if all(part.held == len(part.values) for part in self.parts):
            return "holds"
        return "holds in part" if any(held) else "does not hold"

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(sorted({run.seed for run in self.runs}))

    def spread(self, figure: str, series: str, x: X) -> Spread:
        return Spread.of(
            tuple(run.figures[figure] for run in self.runs if (run.series, run.x) == (series, x)),
        )

    def json(self) -> dict[str, Any]:
        parts = [{**asdict(part), "held": part.held, "spread": asdict(part.spread)} for part in self.parts]
        runs = [run.json() for run in self.runs]
        return {**asdict(self), "runs": runs, "parts": parts, "seeds": list(self.seeds), "verdict": self.verdict}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Result:
        parts = (Decided(part["key"], part["sense"], part["limit"], tuple(part["values"])) for part in data["parts"])
        runs = (Run.from_json(run) for run in data["runs"])
        return cls(data["name"], Size(**data["size"]), data["seconds"], tuple(runs), tuple(parts))


def decide(claim: Claim, size: Size, seconds: float, runs: tuple[Run, ...]) -> Result:
    """Judges each part of the claim by each seed's own runs."""
    seeds = sorted({run.seed for run in runs})
    parts = tuple(
        Decided(part.key, part.sense, part.limit, tuple(part.judge(_lookup(runs, seed)) for seed in seeds))
        for part in claim.parts
    )
    return Result(claim.name, size, seconds, runs, parts)


def _lookup(runs: tuple[Run, ...], seed: int) -> At:
    table = {(run.series, run.x): run.figures for run in runs if run.seed == seed}
    return lambda figure, series, x: table[series, x][figure]
