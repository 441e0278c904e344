"""Figures, names and outcomes in the words that every report uses."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import PurePath

from headstart.findings import CHECKED, Diagnosis, Evidence, Finding, Skill
from headstart.record import Record

SHARES = ("share", "zeros", "saturated", "not_finite", "dead", "accuracy")  # figures between 0 and 1, told in percent
# Escape sequences and direction overrides would let a file's text repaint the reader's terminal.
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def number(value: float) -> str:
    """Three significant digits: "0.972", "61,706", "1.2e-9"."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite" if value > 0 else "minus infinite"
    if value == int(value) and abs(value) < 1e7:
        return f"{int(value):,}"
    if 1e-3 <= abs(value) < 1e4:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits}e{int(exponent)}"


def share(value: float) -> str:
    """A share in percent: "97 %", "0.3 %"; 100 % and 0 % only where they are exact."""
    if not math.isfinite(value):
        return number(value)
    percent = 100 * value
    if percent in (0, 100) or 1 <= abs(percent) <= 99:
        return f"{percent:.0f} %"
    digits = 1 if 0.1 <= abs(percent) <= 99.9 else 3
    return f"{percent:.{digits}f} %"


def is_share(figure: str) -> bool:
    return figure.replace(".", "_").endswith(SHARES)


def value_of(evidence: Evidence) -> str:
    """Its value as a reader expects it."""
    if is_share(evidence.figure):
        return share(evidence.value)
    return number(evidence.value) + (f" of {evidence.of:,}" if evidence.of else "")


def limit_of(evidence: Evidence) -> str:
    if evidence.limit is None:
        return ""
    return f"limit {share(evidence.limit) if is_share(evidence.figure) else number(evidence.limit)}"


def name_of(figure: str) -> str:
    """ "dead_share" -> "dead share"."""
    return figure.replace("_", " ").replace(".", " ")


def at_steps(steps: Sequence[int]) -> str:
    """ "at step 0", "steps 40 to 400"."""
    if not steps:
        return ""
    first, last = min(steps), max(steps)
    return f"at step {first:,}" if first == last else f"steps {first:,} to {last:,}"


def place_of(finding: Finding, most: int = 3) -> str:
    """ "net.0, net.2 and 4 more · step 40"."""
    layers = names(layers_of(finding), most)
    step = "" if finding.step is None else f"step {finding.step:,}"
    return " · ".join(part for part in (layers, step) if part)


def layers_of(finding: Finding) -> tuple[str, ...]:
    return finding.layers or ((finding.layer,) if finding.layer else ())


def names(all_names: Sequence[str], most: int = 3) -> str:
    """ "a, b, c and 4 more"; one that would be left out alone is named."""
    if len(all_names) <= most + 1:
        return ", ".join(all_names)
    return f"{', '.join(all_names[:most])} and {len(all_names) - most:,} more"


def seconds(value: float) -> str:
    """ "12.4 s", "3 min 12 s", "2 h 05 min"."""
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def count(amount: int, noun: str) -> str:
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def skill(value: Skill | None) -> str:
    """What the skill means; it stands behind "skill 0.93: "."""
    if value is None:
        return "no loss was seen whose best constant answer is known"
    constant = f"always answering {value.baseline}"
    if not math.isfinite(value.value):
        return "the loss is not finite"
    if value.value > 1:
        return f"the loss is below the least that it can be, so it is not what it claims (against {constant})"
    if value.value <= -0.005:
        return f"worse than {constant}"
    if value.value < 0.005:
        return f"no better than {constant}"
    return f"removes {share(value.value)} of the loss of {constant}"


def start(value: Skill | None) -> str:
    """The loss before training, beside what a constant answer costs."""
    if value is None:
        return "the loss before training cannot be compared: no best constant answer is known for it"
    constant = f"{number(value.constant)} for always answering {value.baseline}"
    return f"loss {number(value.loss)} on this batch before training, {constant}"


def skill_value(value: Skill) -> str:
    """Two decimals: "0.93"; "none" where the loss is not finite."""
    if not math.isfinite(value.value):
        return "none"
    return f"{round(value.value, 2) + 0.0:.2f}" if abs(value.value) < 100 else number(value.value)  # + 0.0: no "-0.00"


def ended(how: str | None) -> str:
    """How the run ended, where that is worth a word: "" for a plain end."""
    if how is None:
        return "killed, or still running"
    if how.startswith("signal "):
        return f"ended by {how}"
    if how.startswith("exit ") and how != "exit 0":
        return f"ended with status {how.removeprefix('exit ')}"
    return "" if how in ("exit 0", CHECKED) else how


def length(diagnosis: Diagnosis) -> str:
    """ "400 steps", or that nothing was trained."""
    return "one batch, untrained" if diagnosis.ended == CHECKED else count(diagnosis.steps, "step")


def verdict(diagnosis_verdict: str, steps: int) -> str:
    return diagnosis_verdict if steps or diagnosis_verdict != "healthy" else "nothing to judge"


def source_of(record: Record, line: str | None) -> str:
    """The text of the user's own line "train.py:24", or "" if the record does not hold it."""
    text, script = record.meta.get("script_text"), record.meta.get("script")
    file, _, place = (line or "").rpartition(":")
    if not (isinstance(text, str) and isinstance(script, str) and place.isdecimal()):
        return ""
    if PurePath(file).name != PurePath(script).name:
        return ""
    lines = text.splitlines()
    return lines[int(place) - 1].strip() if 0 < int(place) <= len(lines) else ""


def plain(text: str) -> str:
    """`text` without what could drive a terminal; a tab is four spaces."""
    return _UNSAFE.sub("\ufffd", text.replace("\t", "    "))


def parameter_count(record: Record) -> int:
    return sum(math.prod(parameter.shape) for parameter in record.parameters)
