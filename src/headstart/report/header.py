"""The head of the HTML report: the skill, the verdict, and what was watched."""

from __future__ import annotations

import math
from html import escape

from headstart.findings import CHECKED, Diagnosis, Skill
from headstart.record import Record
from headstart.report import words
from headstart.report.phrases import answer, tr


def header(diagnosis: Diagnosis, record: Record) -> str:
    verdict = words.verdict(diagnosis.verdict, diagnosis.steps)
    kind = verdict if verdict in ("failing", "warning", "advice", "healthy") else "none"
    parameters = words.parameter_count(record)
    facts = [
        words.length(diagnosis),
        words.seconds(diagnosis.seconds),
        words.count(len(record.layers), "layer"),
        words.count(parameters, "parameter"),
        words.ended(diagnosis.ended),
    ]
    items = "".join(f"<li>{escape(fact)}</li>" for fact in facts if fact)
    return f"""<header class="{kind}">
<p class="brand">headstart</p>
<h1><span class="verdict">{escape(words.verdict_said(diagnosis))}</span>
<span class="script">{escape(words.plain(words.short(diagnosis.script)))}</span></h1>
{_start(diagnosis.skill) if diagnosis.ended == CHECKED else _skill(diagnosis.skill)}
<ul class="facts">{items}</ul>
</header>"""


def _start(skill: Skill | None) -> str:
    sentence = escape(words.plain(words.start(skill)))
    return f'<div class="skill"><p class="meaning">{sentence[0].upper()}{sentence[1:]}{tr(".")}</p></div>'


def _skill(skill: Skill | None) -> str:
    meaning = words.skill(skill)
    sentence = escape(meaning[0].upper() + meaning[1:])
    if skill is None:
        return f'<div class="skill"><p class="meaning">{tr("Skill unknown.")} {sentence}{tr(".")}</p></div>'
    filled = max(0.0, min(1.0, skill.value)) if math.isfinite(skill.value) else 0.0
    against = tr(
        "Loss {loss} over the last third of the run; always answering {baseline} costs {constant} on the same labels "
        "({source}).",
        loss=words.number(skill.loss),
        baseline=answer(skill.baseline),
        constant=words.number(skill.constant),
        source=words.short_source(skill.source),
    )
    value = words.skill_value(skill)
    return f"""<div class="skill">
<p class="value"><span>{tr("skill")}</span> {value}</p>
<div class="meaning">
<div class="bar" role="img" aria-label="{tr("Skill {value} of 1", value=value)}">
<i style="width:{100 * filled:.1f}%"></i></div>
<p>{sentence}{tr(".")}</p>
<p class="note">{escape(words.plain(against))}</p>
</div>
</div>"""
