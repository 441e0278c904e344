"""The tables of the HTML report: the parameter ledger, and the layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from headstart.record import Layer, Parameter, Record, Series
from headstart.report import words
from headstart.report.phrases import tr
from headstart.report.section import Section, absent


@dataclass(frozen=True)
class Cell:
    """What a cell shows, and what its column is sorted by."""

    text: str = ""
    key: float | None = None  # None: sorted by its text
    name: bool = False  # a dotted name, which may break behind its dots
    badge: str = ""  # "problem" or "quiet": how its text is set off


def ledger(record: Record) -> Section:
    """Every tensor: in which module, in the optimizer, got gradient, moved, decayed, frozen, shared."""
    section = Section("parameters", tr("Parameters"), tr("Every tensor of the model, and what became of it."))
    if not record.parameters:
        return section.add(absent(tr("No parameter was seen.")))
    heads = (
        tr("tensor"),
        tr("module"),
        tr("shape"),
        tr("state"),
        tr("got gradient"),
        tr("moved"),
        tr("optimizer"),
        "lr",
        tr("decay"),
        tr("shared with"),
    )
    by_hand = not record.optimizers
    problems = [_problem(parameter, by_hand) for parameter in record.parameters]
    rows = [
        _parameter(record, parameter, problem) for parameter, problem in zip(record.parameters, problems, strict=True)
    ]
    faulty = [p.name for p, problem in zip(record.parameters, problems, strict=True) if problem]
    if faulty:
        section = section.add(
            f'<p><span class="problem">{tr("To look at:")}</span> {escape(words.names(faulty, 4))}</p>'
        )
    return section.add(_table("ledger", heads, rows, [bool(problem) for problem in problems]))


def layer_table(record: Record) -> Section:
    """The layers in the order of the forward pass."""
    section = Section(
        "layers", tr("Layers"), tr("In the order of the first forward pass; figures from first to last step.")
    )
    if not record.layers:
        return section.add(absent(tr("No layer was seen: no forward pass ran under watch.")))
    heads = (
        tr("layer"),
        tr("kind"),
        tr("weight"),
        tr("fan in"),
        tr("feeds into"),
        tr("follows"),
        tr("output std"),
        tr("gradient std"),
        tr("zeros"),
        tr("made at"),
    )
    rows = [_layer(record, layer) for layer in record.layers]
    return section.add(_table("layer-table", heads, rows, [False] * len(rows)))


def _parameter(record: Record, parameter: Parameter, problem: str) -> list[Cell]:
    layer = record.layer(parameter.layer or "")
    module = layer.kind if layer else tr("unknown")
    if layer and not parameter.name.startswith(f"{layer.name}."):
        module = f"{layer.kind} {layer.name}"
    state = (
        Cell(tr("frozen"), badge="quiet")
        if not parameter.trainable
        else Cell(problem or tr("trains"), badge="problem" * bool(problem))
    )
    return [
        Cell(parameter.name, name=True),
        Cell(module, name=True),
        _shape(parameter.shape),
        state,
        _of(parameter.steps_with_gradient, parameter.steps_seen),
        _of(parameter.steps_moved, parameter.steps_seen),
        Cell(parameter.optimizer or tr("none")),
        _number(parameter.lr),
        _number(parameter.weight_decay),
        Cell(words.names(parameter.shared_with), name=True),
    ]


def _problem(parameter: Parameter, by_hand: bool) -> str:
    """What should not be so with a trainable tensor; no optimizer is no fault where the loop updates by hand."""
    if not parameter.trainable:
        return ""
    faults = {
        tr("not in the optimizer"): parameter.optimizer is None and not by_hand,
        tr("no gradient"): parameter.steps_seen > 0 and not parameter.steps_with_gradient,
        tr("never moved"): parameter.steps_seen > 0 and not parameter.steps_moved,
    }
    return next((fault for fault, present in faults.items() if present), "")


def _layer(record: Record, layer: Layer) -> list[Cell]:
    after = [layer.norm, layer.activation if layer.shape else None, tr("shortcut") if layer.residual else None]
    after += [tr("loss")] if layer.output else []
    return [
        Cell(layer.name, layer.order, name=True),
        Cell(layer.kind),
        _shape(layer.shape),
        _number(layer.fan_in),
        Cell(" → ".join(name.replace("_", " ") for name in after if name)),
        Cell(words.names([_tail(name) for name in layer.follows], 2)),
        _course(record.series(layer.name, "activation.std")),
        _course(record.series(layer.name, "gradient.std")),
        _course(record.series(layer.name, "activation.zeros"), share=True),
        Cell(layer.line or ""),
    ]


def _tail(name: str, most: int = 24) -> str:
    """The end of a long dotted name, where the difference is."""
    return name if len(name) <= most else f"…{name[-most:].partition('.')[2] or name[-most:]}"


def _shape(shape: Sequence[int]) -> Cell:
    size = 1
    for length in shape:
        size *= length
    return Cell(" × ".join(map(str, shape)) or "", float(size) if shape else -1.0)


def _number(value: float | None) -> Cell:
    return Cell("", -1.0) if value is None else Cell(words.number(value), float(value))


def _of(part: int, whole: int) -> Cell:
    return (
        Cell(tr("{part:,} of {whole:,}", part=part, whole=whole), part / whole)
        if whole
        else Cell(tr("not sketched"), -1.0, badge="quiet")
    )


def _course(series: Series, share: bool = False) -> Cell:
    if not series:
        return Cell("", -1.0)
    told = words.share if share else words.number
    first, last = told(series.first), told(series.last)
    return Cell(first if first == last else f"{first} → {last}", series.last)


def _table(name: str, heads: Sequence[str], rows: Sequence[Sequence[Cell]], marked: Sequence[bool]) -> str:
    buttons = "".join(f'<th scope="col" aria-sort="none"><button type="button">{head}</button></th>' for head in heads)
    body = "".join(
        f"<tr{' class=marked' if mark else ''}>{''.join(map(_cell, row))}</tr>"
        for row, mark in zip(rows, marked, strict=True)
    )
    shown = tr("{part:,} of {whole:,}", part=len(rows), whole=len(rows))
    return (
        f'<label class="search">{tr("Search")} <input type="search" data-table="{name}" '
        f'placeholder="{tr("name, kind, state …")}">'
        f'<output data-count="{name}">{shown}</output></label>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{tr(f"Table of {name}")}">'
        f'<table class="data" id="{name}"><thead><tr>{buttons}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _cell(cell: Cell) -> str:
    text = escape(words.plain(cell.text))
    text = text.replace(".", ".<wbr>") if cell.name else text
    text = f'<span class="{cell.badge}">{text}</span>' if cell.badge else text
    key = "" if cell.key is None else f' data-key="{cell.key:.6g}"'
    kind = ' class="name"' if cell.name else ""
    return f"<td{key}{kind}>{text}</td>"
