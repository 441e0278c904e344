"""The one plot that proves a finding: the figure that the rule held against its limit, over the steps."""

from __future__ import annotations

import math
from collections.abc import Set
from textwrap import wrap

from headstart.diagnosis.descent import promises
from headstart.findings import Evidence, Finding
from headstart.record import Record, Series
from headstart.report import words
from headstart.report.phrases import say, tr
from headstart.report.plots import COLORS, Figure, View, colored, level, line, moment, steps_axis, value_axis

TITLES = {
    "activation.mean": "mean of the activations",
    "activation.std": "std of the activations",
    "activation.max_abs": "largest activation",
    "activation.dead": "share of dead units",
    "activation.zeros": "share of zeros",
    "activation.saturated": "share saturated",
    "activation.not_finite": "share not finite",
    "gradient.zeros": "share of zeros",
    "gradient.not_finite": "share not finite",
    "gradient.std": "std of the gradients",
    "gradient.max_abs": "largest gradient",
    "input.mean": "mean of the inputs",
    "input.std": "std of the inputs",
    "weight.std": "std of the weights",
    "weight.distinct": "distinct units",
    "update.std": "std of the updates",
    "update.descent": "what the steps promise to lower the loss by",
    "promise": "promised fall of the loss, over the loss",
    "weight_gradient.std": "std of the weights' gradients",
    "loss.commonest": "share of the commonest class in a batch",
    "loop.cleared": "gradients were cleared (1) or not (0)",
    "loop.carried": "share of the update before in each update",
}

FLAGS = ("loop.cleared",)  # 1 or 0, and nothing between


def proof(record: Record, finding: Finding, name: str) -> Figure | None:
    """The first of the finding's figures that the record holds, of the layers concerned, with the limit."""
    for evidence in finding.evidence:
        if evidence.figure == "promise" and (promised := promises(record)):
            return _figure(name, evidence, "promise", [(tr("the run"), promised)], finding.step)
        if evidence.series and (curves := _curves(record, finding, evidence.series)):
            return _figure(name, evidence, evidence.series, curves, finding.step)
    return None


def _figure(place: str, evidence: Evidence, figure: str, curves: list[tuple[str, Series]], step: int | None) -> Figure:
    values = [value for _, series in curves for value in series.values if math.isfinite(value)]
    own = _on_scale(evidence, curves)
    share = words.is_share(evidence.figure if own else figure) and max(values, default=0.0) <= 1
    limit = evidence.limit if own else None
    name = evidence.figure if own else figure  # what the rule calls it, where it is what is drawn
    title = tr(TITLES[figure]) if figure in TITLES else words.name_of(name)
    scale = value_axis(
        "<br>".join(wrap(title, 28)),  # a plot is no higher
        values if limit is None else [*values, limit],
        share,
    )
    if figure in FLAGS:
        scale |= {"range": [-0.1, 1.1], "tickvals": [0, 1]}
    elif "type" not in scale and "range" not in scale:
        scale["rangemode"] = "tozero"  # a mean of 78 is far from 0: show how far
    marks = []
    if limit is not None:
        text = words.limit_of(evidence)
        marks.append(level(limit, text, scale.get("type") == "log"))
    if step:
        marks.append(moment(step, say("step", first=step)))
    layout = {
        "xaxis": steps_axis(),
        "yaxis": scale,
        "showlegend": True,
        "shapes": [shape for shape, _ in marks],
        "annotations": [label for _, label in marks],
    }
    drawn = dict(curves)
    traces = [line(owner, drawn[owner], color) for owner, color in colored(list(drawn)[: len(COLORS)])]
    ends = ", ".join(
        tr("{name} {first} to {last}", name=owner, first=words.number(s.first), last=words.number(s.last))
        for owner, s in curves[:6]
    )
    return Figure(
        place,
        (View(figure, traces),),
        layout,
        tr("{figure} over steps: {ends}.", figure=title, ends=ends),
        280,
    )


def _on_scale(evidence: Evidence, curves: list[tuple[str, Series]]) -> bool:
    """Whether the limit belongs on the series' axis: not if the rule's figure was a ratio or the like of it."""
    first, last = (evidence.steps[0], evidence.steps[-1]) if evidence.steps else (0, math.inf)
    values = [
        value
        for _, series in curves
        for step, value in zip(series.steps, series.values, strict=True)
        if first <= step <= last and math.isfinite(value)
    ]
    if not values:
        return False
    slack = 0.05 * (max(values) - min(values)) + 1e-3 * max(map(abs, values))
    return min(values) - slack <= evidence.value <= max(values) + slack


def _curves(record: Record, finding: Finding, figure: str) -> list[tuple[str, Series]]:
    if figure in ("loss", "lr"):
        series = record.loss if figure == "loss" else record.lr
        return [(figure, series)] if series else []
    curves = [(owner, record.series(owner, figure)) for owner in _owners(record, finding)]
    drawn = [(owner, series) for owner, series in curves if series]
    if figure.startswith("loss."):  # kept by a layer's weight, and about what the layer gives
        layers = {parameter.name: parameter.layer for parameter in record.parameters}
        drawn = [(layers.get(owner) or owner, series) for owner, series in drawn]
    known = {layer.name for layer in record.layers}
    return [(_named(owner, known), series) for owner, series in drawn]


def _named(owner: str, layers: Set[str]) -> str:
    return words.layer(owner) if owner in layers else words.short_source(owner) if owner else tr("the run")


def _owners(record: Record, finding: Finding) -> list[str]:
    """The layers concerned and their tensors; of a finding about the whole run, whatever has the figure."""
    layers = words.layers_of(finding)
    if not layers:
        things = (record.losses, record.optimizers, record.layers, record.parameters)
        return ["", *(thing.name for kind in things for thing in kind)]
    tensors = [p.name for p in record.parameters if p.layer in layers or p.name in layers]
    return list(dict.fromkeys([*layers, *tensors]))
