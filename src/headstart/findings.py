"""What a diagnosis consists of: frozen values; no torch, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["advice", "warning", "error"]
Verdict = Literal["healthy", "advice", "warning", "failing"]

CHECKED = "checked"  # how a record of `hs.check` ended: nothing was trained
SEVERITIES: tuple[Severity, ...] = ("advice", "warning", "error")


@dataclass(frozen=True)
class Evidence:
    """One figure and the limit that it was held against."""

    figure: str  # as the report names it: "dead_share"
    value: float
    limit: float | None = None  # None where the figure is exact and has no limit
    steps: tuple[int, ...] = ()  # where it was seen, first and last
    series: str | None = None  # "activation.zeros": the record's figure that the report plots as proof
    of: int | None = None  # of how many, where `value` is a count


@dataclass(frozen=True)
class Remedy:
    """A change that can be applied, and is shown as code to paste."""

    name: str  # "leaky-relu"
    code: str
    safe: bool = True  # the model's meaning is kept


@dataclass(frozen=True)
class Finding:
    """What is wrong, where, the evidence, the cause, what to do."""

    rule: str
    severity: Severity
    message: str  # one sentence that a student understands, with the figures
    layer: str | None = None  # dotted module path; the first one where several are concerned
    step: int | None = None  # where it first showed
    evidence: tuple[Evidence, ...] = ()
    cause: str = ""  # why it happens and why it hurts
    remedy: Remedy | None = None
    layers: tuple[str, ...] = ()  # all layers concerned, `layer` among them
    line: str | None = None  # the user's own: "train.py:24"
    explains: tuple[Finding, ...] = ()  # its consequences; filled in by diagnosis.explain
    first: bool = False  # no other finding can be its cause: a choice alone decides what was seen


@dataclass(frozen=True)
class NotJudged:
    """A rule whose figures are missing."""

    rule: str
    because: str


@dataclass(frozen=True)
class Skill:
    """How much better than the best constant prediction on the same labels: 1 - loss / constant's loss."""

    value: float  # over the last third of the run; 1 is perfect, 0 no better than a constant
    loss: float  # mean over the same steps, as the loss function's own mean reduction gives it
    constant: float  # the best constant's loss on the labels seen
    baseline: str  # what that constant answers: "the class frequencies", "the mean", "the median"
    source: str  # the loss that was judged: "cross_entropy at train.py:31"


@dataclass(frozen=True)
class Diagnosis:
    """All that the rules say of one record, most likely root cause first."""

    findings: tuple[Finding, ...]
    not_judged: tuple[NotJudged, ...]
    skill: Skill | None
    script: str
    steps: int
    seconds: float
    ended: str | None  # "exit 0", "signal 9", "stopped", CHECKED; None: it was killed, or runs still
    unseen: tuple[str, ...] = field(default=())  # what could not be seen, in words: "model.encoder is compiled"
    language: Literal["en", "zh"] = "en"  # of the texts
    known: int = 0  # findings that were left out, for a baseline has them

    @property
    def verdict(self) -> Verdict:
        """The highest severity found."""
        return verdict_of(finding.severity for finding in self.findings)


def verdict_of(severities: Iterable[Severity]) -> Verdict:
    worst = max((SEVERITIES.index(severity) for severity in severities), default=-1)
    verdicts: tuple[Verdict, ...] = ("healthy", "advice", "warning", "failing")
    return verdicts[worst + 1]
