"""The foot of the HTML report: the run's facts, what was not judged and why, and what could not be seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from html import escape
from typing import Any

from headstart.findings import Diagnosis
from headstart.record import Record
from headstart.report import words
from headstart.report.phrases import is_known, say, tr
from headstart.report.section import Section

OWN = ("schema", "script_text", "journal")  # of the record's facts: nothing to a reader


def run_facts(diagnosis: Diagnosis, record: Record) -> Section:
    facts = [(tr("ended"), diagnosis.ended or say("killed")), *_facts(record.meta)]
    facts += [(tr("optimizer"), f"{o.name}: {_pairs(o.options)}") for o in record.optimizers]
    facts += [(tr("loss"), ": ".join(filter(None, (loss.name, _pairs(loss.options))))) for loss in record.losses]
    rows = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in facts)
    return Section("run", tr("Run")).add(f"<dl>{rows}</dl>")


def not_judged(diagnosis: Diagnosis) -> Section:
    """Grouped by the reason; every rule is named, for here is the place to look it up."""
    section = Section("not-judged", tr("Not judged"))
    if not diagnosis.not_judged:
        return section.add(f"<p>{tr('Every rule had the figures that it needs.')}</p>")
    reasons: dict[str, list[str]] = {}
    for rule in diagnosis.not_judged:
        reasons.setdefault(rule.because, []).append(rule.rule)
    rows = "".join(
        f"<dt>{_text(because)}</dt><dd>{_text(', '.join(rules))}</dd>" for because, rules in reasons.items()
    )
    note = tr("These rules lacked the figures that they need: about what they look for this report says nothing.")
    return replace(section, note=note).add(f"<dl>{rows}</dl>")


def unseen(diagnosis: Diagnosis) -> Section:
    section = Section("not-seen", tr("Not seen"))
    if not diagnosis.unseen:
        return section.add(f"<p>{tr('Nothing of the model was out of sight.')}</p>")
    items = "".join(f"<li>{_text(what)}</li>" for what in diagnosis.unseen)
    return section.add(f"<ul>{items}</ul>")


def _facts(meta: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in meta.items():
        if key in OWN or value in (None, "", [], {}):
            continue
        if key == "argv" and isinstance(value, list):
            yield tr("command line"), " ".join(map(str, value))
        elif key == "started" and isinstance(value, (int, float)):
            yield tr("started"), datetime.fromtimestamp(value, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
        elif isinstance(value, dict):
            yield _name(key), _pairs(value)
        else:
            yield _name(key), ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _name(key: str) -> str:
    name = key.replace("_", " ")
    return tr(name) if is_known(name) else name


def _pairs(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {_short(value)}" for key, value in options.items() if value is not None)


def _short(value: Any) -> str:
    """A long list of weights, one a class, is told by its length."""
    if isinstance(value, list | tuple):
        return tr("of {count} values", count=len(value)) if len(value) > 4 else f"({', '.join(map(str, value))})"
    return str(value)


def _text(text: str) -> str:
    return escape(words.plain(text))
