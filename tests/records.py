"""Records in three lines, without torch and without a file: layers in a chain, figures by step, a loss of known skill."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from headstart.diagnosis import diagnose
from headstart.diagnosis.rules import find
from headstart.findings import Diagnosis, Finding
from headstart.record import FIGURES, RARE, Layer, Loss, Optimizer, Parameter, Record, Targets, pack

Figure = float | Mapping[int, float] | Callable[[int], float]  # always the same, at some steps only, or by step
PLAIN = {"mean": 0.0, "std": 1.0, "max_abs": 3.0, "zeros": 0.0, "saturated": 0.0, "not_finite": 0.0}
COIN = Loss("cross_entropy at train.py:9", "cross_entropy", "train.py:9", {}, Targets(100, (50.0, 50.0)), True)
SGD = Optimizer("SGD", "SGD", {"lr": 0.1}, 2)


def linear(name: str, fan_in: int = 64, units: int = 64, activation: str | None = "relu", **facts: object) -> Layer:
    given = {"fan_in": fan_in, "fan_out": units, "units": units, "activation": activation, **facts}
    return Layer(name, "Linear", 0, (f"{name}.weight", f"{name}.bias"), (units, fan_in), **given)  # type: ignore[arg-type]


def head(name: str = "head", fan_in: int = 64, units: int = 2) -> Layer:
    return linear(name, fan_in, units, None, output=True)


def chain(*layers: Layer) -> tuple[Layer, ...]:
    """Each fed by the one before it."""
    before = [(), *((layer.name,) for layer in layers)]
    return tuple(replace(layer, order=i, follows=before[i]) for i, layer in enumerate(layers))


def run(
    layers: Sequence[Layer] = (),
    figures: Mapping[tuple[str, str], Figure] | None = None,
    *,
    steps: int = 60,
    skill: Figure | None = None,
    losses: Sequence[tuple[Loss, Figure]] = (),
    loss: Figure | None = None,
    optimizers: Sequence[Optimizer] = (SGD,),
    frozen: Sequence[str] = (),
) -> Record:
    """A run's record.

    Args:
        figures: by owner and figure, ("fc1", "activation.dead"); what is not given of a tensor is as of N(0, 1).
        skill: of a cross-entropy on two classes that are equally frequent, whose best constant's loss is ln 2.
        losses: loss functions and their values; that of `skill` is one more.
        loss: what backward was called on; 1 if it is not given.
        frozen: layers whose parameters do not require grad.
    """
    figures = figures or {}
    if skill is not None:
        losses = (*losses, (COIN, lambda step: (1 - (_at(skill, step) or 0.0)) * math.log(2)))
    streams = list(dict.fromkeys((owner, f.partition(".")[0]) for owner, f in figures if f not in RARE))
    every = range(steps)
    return Record(
        {"script": "train.py"},
        layers,
        [parameter for layer in layers for parameter in _parameters(layer, layer.name not in frozen, optimizers)],
        [one for one, _ in losses],
        optimizers,
        {stream: number for number, stream in enumerate(streams)},
        [(s, 0.1 * s, _at(1.0 if loss is None else loss, s), 0.1, "SGD", _sketch(figures, streams, s)) for s in every],
        [(s, one.name, "train", _at(values, s), None) for s in every for one, values in losses],
        [(s, o, f, v) for (o, f), g in figures.items() if f in RARE for s in every if (v := _at(g, s)) is not None],
        ("exit 0", 0.1 * steps),
    )


def said(record: Record, rule: str) -> list[Finding]:
    """What `rule` finds by itself, by its own limits; silence counts only where it was judged."""
    diagnosis = diagnose(record, rules=[find(rule)])
    assert rule not in {one.rule for one in diagnosis.not_judged}, diagnosis.not_judged
    return [one for one in flat(diagnosis) if one.rule == rule]


def told(record: Record, rule: str) -> Finding:
    """The one finding of `rule`."""
    (finding,) = said(record, rule)
    return finding


def figures_of(finding: Finding) -> dict[str, float]:
    """The evidence by name; of a figure that is told twice, the last."""
    return {evidence.figure: evidence.value for evidence in finding.evidence}


def unjudged(record: Record) -> dict[str, str]:
    return {one.rule: one.because for one in diagnose(record).not_judged}


def flat(diagnosis: Diagnosis) -> list[Finding]:
    return [one for root in diagnosis.findings for one in (root, *root.explains)]


def _at(figure: Figure, step: int) -> float | None:
    if isinstance(figure, Mapping):
        return figure.get(step)
    return figure(step) if callable(figure) else figure


def _parameters(layer: Layer, trainable: bool, optimizers: Sequence[Optimizer]) -> list[Parameter]:
    shapes = {"weight": layer.shape, "bias": layer.shape[:1]}
    named = [(name, shapes.get(name.rpartition(".")[2], layer.shape)) for name in layer.parameters]
    holder = optimizers[0].name if optimizers and trainable else None
    return [
        Parameter(name, shape, layer.name, trainable, holder, units_dim=0 if len(shape) > 1 else None)
        for name, shape in named
    ]


def _sketch(figures: Mapping[tuple[str, str], Figure], streams: Sequence[tuple[str, str]], step: int) -> bytes:
    rows = []
    for owner, tensor in streams:
        given = {f: _at(figures[owner, f"{tensor}.{f}"], step) for f in FIGURES if (owner, f"{tensor}.{f}") in figures}
        seen = None not in given.values()
        rows.append([PLAIN[f] if given.get(f) is None else given[f] for f in FIGURES] if seen else [math.nan] * 6)
    return pack(rows)  # type: ignore[arg-type]
