"""The curves of a run: loss, accuracy, learning rate."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from statistics import fmean

from headstart.findings import Diagnosis, Skill
from headstart.record import Record, Series
from headstart.report import words
from headstart.report.phrases import answer, say, tr
from headstart.report.plots import (
    COLORS,
    GRAY,
    Figure,
    Json,
    View,
    axis,
    line,
    moment,
    smooth,
    steps_axis,
    value_axis,
)

NOISY = 200  # steps from which the loss is drawn pale, with its running mean over it
PHASES = {"train": "training", "eval": "evaluation"}


def loss(record: Record, diagnosis: Diagnosis) -> Figure | None:
    """The loss that backward was called on, each recognised loss, and what a constant answer would cost."""
    curves = _losses(record)
    if not curves:
        return None
    finite = [value for _, series in curves for value in series.values if math.isfinite(value)]
    skill = diagnosis.skill
    scale = value_axis(tr("loss"), [*finite, skill.constant] if skill else finite)
    traces, marks = _traces(curves), []
    if skill and math.isfinite(skill.constant):
        traces.append(_constant(skill, [step for step, _ in _pairs(curves)]))
    broken = next((step for step, value in _pairs(curves) if not math.isfinite(value)), None)
    if broken is not None:
        marks.append(moment(broken, tr("not finite from step {step:,}", step=broken)))
    return Figure(
        "loss-curve",
        (View(tr("loss"), traces),),
        _layout(scale, marks),
        tr("Loss over steps: {what}.", what=", ".join(f"{name} {_first_to_last(series)}" for name, series in curves)),
        360,
    )


def accuracy(record: Record) -> Figure | None:
    """The share of right answers, where the labels are classes."""
    curves = [
        (_named(record, loss.name, phase), _a_value_a_step(series))
        for loss in record.losses
        for phase in PHASES
        if (series := record.accuracy_of(loss.name, phase))
    ]
    if not curves:
        return None
    scale = value_axis(tr("right answers"), [], share=True)
    lasts = (tr("{name} {share} at last", name=name, share=words.share(series.last)) for name, series in curves)
    alt = tr("Accuracy over steps: {what}.", what=", ".join(lasts))
    return Figure("accuracy-curve", (View(tr("accuracy"), _traces(curves)),), _layout(scale, []), alt, 280)


def rate(record: Record) -> Figure | None:
    """The learning rate of the stepping optimizer's first group."""
    if not record.lr:
        return None
    scale = {**axis(tr("learning rate"), exponentformat="power"), "rangemode": "tozero"}
    alt = tr("Learning rate over steps: {what}.", what=_first_to_last(record.lr))
    view = View(tr("rate"), _traces([(tr("learning rate"), record.lr)]))
    return Figure("rate-curve", (view,), _layout(scale, []), alt, 280)


def _constant(skill: Skill, steps: list[int]) -> Json:
    series = Series((steps[0], steps[-1]), (skill.constant, skill.constant))
    dashed = {"color": GRAY, "width": 1.5, "dash": "dash"}
    return line(
        say("constant", baseline=answer(skill.baseline)), series, GRAY, mode="lines", line=dashed, showlegend=True
    )


def _losses(record: Record) -> list[tuple[str, Series]]:
    """What backward was called on, then each recognised loss that says something else, in training and evaluation."""
    root, curves = tr("what backward was called on"), []
    for recognised in record.losses:
        for phase in PHASES:
            series = record.loss_of(recognised.name, phase)
            if series and phase == "train" and _repeats(series, record.loss):
                root = _named(record, recognised.name, phase)
            elif series:
                curves.append((_named(record, recognised.name, phase), _a_value_a_step(series)))
    return [(root, record.loss), *curves] if record.loss else curves


def _a_value_a_step(series: Series) -> Series:
    """An evaluation has many batches between two steps of training: their mean."""
    together = [(step, fmean(value for _, value in group)) for step, group in groupby(_zip(series), key=itemgetter(0))]
    steps, values = zip(*together, strict=True)
    return Series(steps, values)


def _zip(series: Series) -> Iterator[tuple[int, float]]:
    return zip(series.steps, series.values, strict=True)


def _named(record: Record, loss: str, phase: str) -> str:
    return f"{loss}, {tr(PHASES[phase])}" if len(record.losses) > 1 else tr(PHASES[phase])


def _repeats(series: Series, whole: Series) -> bool:
    """Whether `series` only says again what `whole` says, at fewer steps."""
    known = dict(zip(whole.steps, whole.values, strict=True))
    return all(
        step in known and math.isclose(known[step], value, rel_tol=1e-4, abs_tol=1e-9) for step, value in _zip(series)
    )


def _traces(curves: list[tuple[str, Series]]) -> list[Json]:
    traces = []
    for place, (name, series) in enumerate(curves):
        color = COLORS[place % len(COLORS)]
        if len(series) > NOISY:
            traces.append(line(name, series, color, opacity=0.3, showlegend=False, legendgroup=name))
            series = smooth(series)
            traces.append(line(name, series, color, mode="lines", legendgroup=name, showlegend=True))
        else:
            traces.append(line(name, series, color, showlegend=True))
    return traces


def _layout(scale: Json, marks: list[tuple[Json, Json]]) -> Json:
    return {
        "xaxis": steps_axis(),
        "yaxis": scale,
        "shapes": [shape for shape, _ in marks],
        "annotations": [label for _, label in marks],
    }


def _pairs(curves: list[tuple[str, Series]]) -> list[tuple[int, float]]:
    return sorted(pair for _, series in curves for pair in _zip(series))


def _first_to_last(series: Series) -> str:
    return tr("from {first} to {last}", first=words.number(series.first), last=words.number(series.last))
