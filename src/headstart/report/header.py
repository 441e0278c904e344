"""The head of the HTML report: the skill, the verdict, and what was watched."""

from __future__ import annotations

import math
from html import escape

from headstart.findings import CHECKED, Diagnosis, Skill
from headstart.record import Record
from headstart.report import words


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
<h1><span class="verdict">{escape(verdict)}</span>
<span class="script">{escape(words.plain(diagnosis.script))}</span></h1>
{_start(diagnosis.skill) if diagnosis.ended == CHECKED else _skill(diagnosis.skill)}
<ul class="facts">{items}</ul>
</header>"""


def _start(skill: Skill | None) -> str:
    sentence = escape(words.plain(words.start(skill)))
    return f'<div class="skill"><p class="meaning">{sentence[0].upper()}{sentence[1:]}.</p></div>'


def _skill(skill: Skill | None) -> str:
    meaning = words.skill(skill)
    sentence = escape(meaning[0].upper() + meaning[1:])
    if skill is None:
        return f'<div class="skill"><p class="meaning">Skill unknown. {sentence}.</p></div>'
    filled = max(0.0, min(1.0, skill.value)) if math.isfinite(skill.value) else 0.0
    against = (
        f"Loss {words.number(skill.loss)} over the last third of the run; always answering {skill.baseline} "
        f"costs {words.number(skill.constant)} on the same labels ({skill.source})."
    )
    value = words.skill_value(skill)
    return f"""<div class="skill">
<p class="value"><span>skill</span> {value}</p>
<div class="meaning">
<div class="bar" role="img" aria-label="Skill {value} of 1"><i style="width:{100 * filled:.1f}%"></i></div>
<p>{sentence}.</p>
<p class="note">{escape(words.plain(against))}</p>
</div>
</div>"""
