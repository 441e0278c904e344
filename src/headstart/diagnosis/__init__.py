"""Record in, findings out: every rule looks at the run, and what they find is put in the order of causes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.diagnosis.case import Case
from headstart.diagnosis.explain import explain
from headstart.diagnosis.needs import MISSING, missing
from headstart.diagnosis.rules import Rule, by_default, find
from headstart.diagnosis.second_look import suspicions
from headstart.diagnosis.text import LANGUAGES, Language
from headstart.errors import HeadstartError
from headstart.findings import Diagnosis, Finding, NotJudged
from headstart.record import Record, read_record

__all__ = ["diagnose"]


def diagnose(
    record: Record | Path | str | Any,
    *,
    language: Language = "en",
    rules: Sequence[Rule] | None = None,
    extend_select: Sequence[str] = (),
) -> Diagnosis:
    """Judges a record by today's rules.

    Args:
        record: a `Record`, a record's path, or anything with a `.path` to one, such as what `hs.watch` gives.
        language: of the texts, "en" or "zh".
        rules: that are asked; by default all but those on request.
        extend_select: names of rules that are asked beside these, as those on request.

    Raises:
        HeadstartError: there is no record at that path, it is none, or the language or a rule is not known.

    Example:
        >>> with hs.watch(model) as record:
        ...     train(model)
        >>> diagnosis = hs.diagnose(record)
        >>> diagnosis.verdict, diagnosis.steps
        ('healthy', 32)
    """
    if language not in LANGUAGES:
        raise HeadstartError(f"There are no texts in {language!r}", f"Choose one of {', '.join(LANGUAGES)}")
    read = _read(record)
    case = Case.of(read, language)
    findings: list[tuple[Finding, str]] = []
    design: list[Finding] = []  # on request: it explains nothing, and stands last
    not_judged: list[NotJudged] = []
    asked = list(by_default() if rules is None else rules)
    asked += [rule for name in dict.fromkeys(extend_select) if (rule := find(name)) not in asked]
    for rule in asked:
        because = missing(rule, case)
        if because is None:
            try:
                found = _judged(rule, case)
                design += found if rule.on_request else []
                findings += [] if rule.on_request else [(finding, rule.group) for finding in found]
            except Exception as error:  # one rule's fault must not cost the others' findings
                because = case.say(MISSING, "failed", error=f"{type(error).__name__}: {error}")
        if because is not None:
            not_judged.append(NotJudged(rule.name, because))
    return Diagnosis(
        (*explain(findings, case.flow), *suspicions(case, asked, findings), *design),
        tuple(not_judged),
        case.skill,
        _script(read),
        len(read),
        read.seconds,
        read.ended,
        tuple(read.meta.get("unseen", ())),
        language,
    )


def _judged(rule: Rule, case: Case) -> list[Finding]:
    """What the rule finds: advice at most if it is new, on request, or of sizes in a run that is not known to fail."""
    unsure = rule.rests_on == "size" and case.learns is not False
    capped = rule.status == "preview" or rule.on_request or unsure
    found = [replace(one, line=case.line_of(one, rule.group)) for one in rule.judge(case)]
    return [replace(finding, severity="advice") for finding in found] if capped else found


def _script(record: Record) -> str:
    """The script's path as one would type it in the folder of the run."""
    script, folder = str(record.meta.get("script", "")), str(record.meta.get("cwd", ""))
    return str(Path(script).relative_to(folder)) if folder and Path(script).is_relative_to(folder) else script


def _read(record: Any) -> Record:
    if isinstance(record, Record):
        return record
    path = record if isinstance(record, (str, Path)) else getattr(record, "path", None)
    if not isinstance(path, (str, Path)):
        raise HeadstartError(
            f"A record was expected, not {type(record).__name__}",
            "Give a record's path, hs.read_record(path), or what hs.watch gives",
        )
    return read_record(path)
