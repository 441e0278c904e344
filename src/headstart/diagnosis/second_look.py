"""A second look, with limits less strict, at a run that learns nothing, or little, and of which nothing else is known.

A rule that rests on sizes speaks where no sound program goes, and many faults are milder than that. Once it is certain
that a run does not learn, and no rule has said why, the question is another: no longer whether something is wrong, but
what is most unlike a run that learns. So some rules name, as `SECOND_LOOK`, limits that 19 of 20 sound programs keep
(measured with `benchmarks/limits.py --second`). What they find by them is advice, and says that it is a suspicion.
Where what was found are states, such as units that died, the choices behind them are looked for in the same way; not where
numbers broke, which needs no size.

Sizes are looked at in the same way where less than half of the constant's loss has been learnt away and no rule has
anything to say. Such a run may be at the end of what its data allow, so nothing is wrong for certain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from headstart.diagnosis.case import Case
from headstart.diagnosis.explain import STATES
from headstart.diagnosis.needs import missing
from headstart.diagnosis.rules import Rule
from headstart.diagnosis.skill import ENOUGH_STEPS, is_broken
from headstart.diagnosis.text import Text
from headstart.findings import Finding
from headstart.wording import sentences

TEXT = Text(
    en={
        "suspicion": "Nothing surer was found, so it was looked for by a less strict limit: a suspicion, to be tried.",
        "behind": "What was found came about while it trained, and nothing surer was found to be its cause, so that was "
        "looked for by a less strict limit: a suspicion, to be tried.",
        "little": "The run learns, though little of what there may be to learn; nothing surer was found: a suspicion, to "
        "be tried.",
    },
    zh={
        "suspicion": "没有找到更确定的原因，所以用较宽的阈值再看了一遍：这是一个猜测，可以一试。",
        "behind": "上面的现象是在训练中出现的，没有找到更确定的原因，所以用较宽的阈值再找了一遍：这是一个猜测，可以一试。",
        "little": "这次训练有所学习，但可能远未学到全部；没有找到更确定的原因：这是一个猜测，可以一试。",
    },
)

LITTLE = 0.5  # skill: half of the best constant's loss is left

MOST = 2  # suspicions told; more would be a list of all that can be wrong


def suspicions(case: Case, rules: Sequence[Rule], found: Sequence[tuple[Finding, str]]) -> tuple[Finding, ...]:
    """What went furthest beyond its limit first; nothing where the run learns well, or more than symptoms was found."""
    grave = {group for one, group in found if one.severity != "advice"}
    if case.learns is False and grave == {"symptom"}:
        told, suspected = "suspicion", _suspected(case, [rule for rule in rules if rule.second_look], found)
    elif case.learns is False and grave and grave <= set(STATES) and not is_broken(case.record):
        choices = [rule for rule in rules if rule.second_look and rule.group not in STATES]
        told, suspected = "behind", _suspected(case, choices, found)
    elif _learns_little(case) and not found:
        by_size = [rule for rule in rules if (rule.rests_on == "size" or rule.second_look) and rule.group != "symptom"]
        told, suspected = "little", _suspected(replace(case, learns=False), by_size, found)
    else:
        return ()
    return tuple(
        replace(finding, severity="advice", cause=sentences(finding.cause, case.say(TEXT, told)))
        for finding in sorted(suspected, key=_beyond, reverse=True)[:MOST]
    )


def _learns_little(case: Case) -> bool:
    little = case.skill is not None and 0 <= case.skill.value < LITTLE  # below 0 it may be on its way up yet
    return little and case.learns is not False and len(case.record) >= ENOUGH_STEPS


def _suspected(case: Case, rules: Sequence[Rule], found: Sequence[tuple[Finding, str]]) -> list[Finding]:
    spoke = {finding.rule for finding, _ in found}
    suspected: list[Finding] = []
    for rule in rules:
        limits = {name: value for name, value in rule.second_look.items() if rule.limits[name] == rule.usual[name]}
        if rule.name not in spoke and missing(rule, case) is None and bool(limits) is bool(rule.second_look):
            with rule.limited(limits), suppress(Exception):  # a rule that fails has been told of
                suspected += list(rule.judge(case))[:1]
    return suspected


def _beyond(finding: Finding) -> float:
    """By how many powers of e the first figure with a limit lies beyond it."""
    for one in finding.evidence:
        if one.limit and isinstance(one.value, (int, float)) and one.value / one.limit > 0:
            return abs(math.log(one.value / one.limit))
    return 0.0
