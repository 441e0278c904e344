"""What a try-out of activations gave: each attempt with its figures and its reason, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from headstart.diagnosis import diagnose
from headstart.diagnosis.case import Case
from headstart.diagnosis.needs import missing
from headstart.diagnosis.rules import catalogue
from headstart.diagnosis.rules.saturated_activation import SATURATING
from headstart.diagnosis.text import Language, Text
from headstart.findings import Finding
from headstart.record import Layer, Record
from headstart.wording import number, share

FAULTS = ("dead-relu", "saturated-activation")  # the rules that speak of an activation
HEADINGS = ("activation", "", "skill", "loss", "dead", "saturated", "why")

TEXT = Text(
    en={
        "healthy": "It learns, and no rule finds a dead or saturated layer.",
        "loss": "It does not learn: the loss went from {start:number} to {end:number}.",
        "skill": "It does not learn: skill {skill:number}, where 0 is a constant answer's.",
        "untried": "not tried",
        "swapped": "swapped      {count}: {names}",
        "by-name": "swapped      by the function that makes the model",
        "fixed": "not swapped  {count}, which are no free modules: {names}",
        "choice": "choice       {name}",
        "none": "choice       none: it fails with each of them, so it is not the activation alone that is wrong",
        "found": "found        {names}",
    },
    zh={
        "healthy": "它学到了东西，没有规则发现死亡或饱和的层。",
        "loss": "它没有学到东西：损失从 {start:number} 变到 {end:number}。",
        "skill": "它没有学到东西：技能值为 {skill:number}，0 相当于总给同一个答案。",
        "untried": "未尝试",
        "swapped": "已替换  {count} 处：{names}",
        "by-name": "已替换  由构造模型的函数完成",
        "fixed": "未替换  {count} 处，它们不是可替换的模块：{names}",
        "choice": "选择    {name}",
        "none": "选择    无：每一种都失败，所以问题不只在激活函数",
        "found": "发现    {names}",
    },
)


@dataclass(frozen=True)
class Attempt:
    """One activation's training. Shares are from 0 to 1, losses in the loss function's own unit."""

    activation: str
    healthy: bool
    learns: bool
    skill: float | None  # 1 - loss / the best constant answer's; None where the loss is not known
    start: float  # the first batch's loss
    end: float  # the last batch's
    dead: float | None  # share of units, in the layer with most; None: no activation that can die
    saturated: float | None  # share of outputs, in the layer with most; None: none that saturates
    why: str
    findings: tuple[Finding, ...] = ()  # all that the rules found


@dataclass(frozen=True)
class TryOut:
    """All attempts, in order. Print it for the table."""

    attempts: tuple[Attempt, ...]
    untried: tuple[str, ...]  # activations after the first healthy one
    swapped: tuple[str, ...]  # dotted paths of the modules whose place they took
    fixed: tuple[str, ...]  # activations that stayed, in words: "relu after conv1"
    by_name: bool = False  # the model's maker was given the name
    language: Language = "en"

    @property
    def choice(self) -> str | None:
        """The first healthy activation; None if there is none: then it is not the activation that is wrong."""
        return next((attempt.activation for attempt in self.attempts if attempt.healthy), None)

    def __str__(self) -> str:
        lines = [
            HEADINGS,
            *map(_line, self.attempts),
            *((name, "·", *[""] * 4, self._say("untried")) for name in self.untried),
        ]
        widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS) - 1)]
        rows = (
            "  ".join([*(cell.ljust(w) for cell, w in zip(line, widths, strict=False)), line[-1]]) for line in lines
        )
        return "\n".join([*rows, "", *self._summary()])

    def __rich__(self) -> Any:
        """Rich would print a dataclass field by field."""
        from rich.text import Text as RichText

        return RichText(str(self))

    def _summary(self) -> Iterator[str]:
        if self.by_name:
            yield self._say("by-name")
        else:
            yield self._say("swapped", count=len(self.swapped), names=", ".join(self.swapped))
        if self.fixed:
            yield self._say("fixed", count=len(self.fixed), names=", ".join(self.fixed))
        if self.choice:
            yield self._say("choice", name=self.choice)
            return
        yield self._say("none")
        others = [finding.rule for finding in self.attempts[-1].findings if finding.rule not in FAULTS]
        if others:
            yield self._say("found", names=", ".join(dict.fromkeys(others)))

    def _say(self, key: str, **fields: Any) -> str:
        return TEXT.say(self.language, key, **fields)


def judge(activation: str, record: Record, language: Language = "en") -> Attempt:
    """What the rules say of one training. A short one that is still undecided must at least have a falling loss."""
    case = Case.of(record, language)
    learns = case.loss_falls if case.learns is None else case.learns
    faults = tuple(_faults(replace(case, learns=learns)))
    healthy = learns and not faults
    reasons = [finding.message for finding in faults] + ([] if learns else [_does_not_learn(case)])
    others = [finding for finding in _all(diagnose(record, language=language).findings) if finding.rule not in FAULTS]
    hidden = [layer for layer in record.layers if not layer.output]
    return Attempt(
        activation,
        healthy,
        learns,
        case.skill.value if case.skill else None,
        record.loss.first,
        record.loss.last,
        _largest(record, hidden, "activation.dead"),
        _largest(record, [layer for layer in hidden if layer.activation in SATURATING], "activation.saturated"),
        case.say(TEXT, "healthy") if healthy else " ".join(reasons),
        (*faults, *others),
    )


def _faults(case: Case) -> Iterator[Finding]:
    for rule in catalogue():
        if rule.name in FAULTS and missing(rule, case) is None:
            yield from rule.judge(case)


def _does_not_learn(case: Case) -> str:
    if case.skill is not None:
        return case.say(TEXT, "skill", skill=case.skill.value)
    return case.say(TEXT, "loss", start=case.record.loss.first, end=case.record.loss.last)


def _all(findings: Sequence[Finding]) -> Iterator[Finding]:
    """The consequences of each as well."""
    for finding in findings:
        yield finding
        yield from _all(finding.explains)


def _largest(record: Record, layers: Sequence[Layer], figure: str) -> float | None:
    """Of the layers, where each was looked at last."""
    series = [record.series(layer.name, figure) for layer in layers]
    return max((each.last for each in series if each), default=None)


def _line(attempt: Attempt) -> tuple[str, ...]:
    def told(value: float | None) -> str:
        return "-" if value is None else share(value)

    skill = "-" if attempt.skill is None else number(attempt.skill)
    loss = f"{number(attempt.start)} → {number(attempt.end)}"
    mark = "✓" if attempt.healthy else "✗"
    return attempt.activation, mark, skill, loss, told(attempt.dead), told(attempt.saturated), attempt.why
