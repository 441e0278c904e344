"""Figures, names and outcomes in the words that every report uses."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import PurePath

from rich.text import Text as RichText

from headstart.findings import CHECKED, Diagnosis, Evidence, Finding, Skill
from headstart.record import Record
from headstart.report.phrases import answer, is_known, say, tr
from headstart.report.wrap import wrapped
from headstart.wording import number as number
from headstart.wording import share as share

SHARES = (
    "share",
    "zeros",
    "saturated",
    "not_finite",
    "dead",
    "accuracy",
    "lost",
    "spent_by",
)  # figures between 0 and 1, told in percent
LONG_PATH = 40  # characters; a longer one would push the verdict off the first line
_COMMENTED = re.compile(r"(\s*)(.*\S) {2,}# (.*)")
# Escape sequences and direction overrides would let a file's text repaint the reader's terminal.
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def is_share(figure: str) -> bool:
    name = figure.replace(".", "_")
    return name.startswith("share_") or name.endswith(SHARES)


def value_of(evidence: Evidence) -> str:
    """Its value as a reader expects it."""
    if is_share(evidence.figure):
        return share(evidence.value)
    value = number(evidence.value)
    return say("of", value=value, of=evidence.of) if evidence.of else value


def limit_of(evidence: Evidence) -> str:
    if evidence.limit is None:
        return ""
    return say("limit", value=bound_of(evidence))


def bound_of(evidence: Evidence) -> str:
    """The limit alone; "" where there is none."""
    if evidence.limit is None:
        return ""
    return share(evidence.limit) if is_share(evidence.figure) else number(evidence.limit)


def name_of(figure: str) -> str:
    """ "dead_share" -> "dead share", and in Chinese what `chinese.py` has for that."""
    name = figure.replace("_", " ").replace(".", " ")
    return tr(name) if is_known(name) else name


def at_steps(steps: Sequence[int]) -> str:
    """ "at step 0", "steps 40 to 400"."""
    if not steps:
        return ""
    first, last = min(steps), max(steps)
    return say("at" if first == last else "steps", first=first, last=last)


def place_of(finding: Finding, most: int = 3) -> str:
    """ "net.0, net.2 and 4 more · step 40"."""
    named = layers_of(finding)
    if len(named) == 1:
        layers = layer(named[0])
    else:
        numbered = any(name[:1].isdigit() for name in named)
        layers = say("layers", names=names(named, most)) if numbered else names(named, most)
    step = "" if finding.step is None else say("step", first=finding.step)
    return " · ".join(part for part in (layers, step) if part)


def layers_of(finding: Finding) -> tuple[str, ...]:
    return finding.layers or ((finding.layer,) if finding.layer else ())


def layer(name: str) -> str:
    """A layer as a sentence names it: "net.0"; "layer 0" where its name is a bare number."""
    return say("layer", name=name) if name[:1].isdigit() else name


def names(all_names: Sequence[str], most: int = 3, phrase: str = "and") -> str:
    """ "a, b, c and 4 more"; one that would be left out alone is named."""
    if len(all_names) <= most + 1:
        return say("comma").join(all_names)
    return say(phrase, named=say("comma").join(all_names[:most]), left=len(all_names) - most)


def short(path: str) -> str:
    """A script as a title names it: the file alone, where its whole path is long."""
    return path if len(path) <= LONG_PATH else PurePath(path).name


def short_source(source: str) -> str:
    """ "cross_entropy at train.py:31", with the file alone where its whole path is long."""
    what, at, line = source.rpartition(" at ")
    return f"{what}{at}{short(line)}"


def code_lines(code: str, width: int) -> list[str]:
    """Code to paste; where a line is longer than `width`, the comment behind it goes before it."""
    lines: list[str] = []
    for line in code.splitlines():
        found = _COMMENTED.fullmatch(line)
        if found and len(line) > width:
            indent, kept, comment = found.groups()
            room = max(40, width - len(indent) - 2)
            lines += [f"{indent}# {part.plain}" for part in wrapped(RichText(comment), room)]
            line = indent + kept
        lines.append(line)
    return lines


def seconds(value: float) -> str:
    """ "12.4 s", "3 min 12 s", "2 h 05 min"."""
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return say("minutes", minutes=minutes, rest=rest)
    return say("hours", hours=minutes // 60, minutes=minutes % 60)


def count(amount: int, noun: str) -> str:
    """ "12 layers"; of the nouns step, layer and parameter."""
    return say(f"1 {noun}" if amount == 1 else f"n {noun}s", count=amount)


def skill(value: Skill | None) -> str:
    """What the skill means; it stands behind "skill 0.93: "."""
    if value is None:
        return say("no constant")
    constant = say("constant", baseline=answer(value.baseline))
    if not math.isfinite(value.value):
        return say("broken")
    if value.value > 1:
        return say("impossible", constant=constant)
    if value.value <= -0.005:
        return say("worse", constant=constant)
    if value.value < 0.005:
        return say("no better", constant=constant)
    return say("removes", share=share(value.value), constant=constant)


def start(value: Skill | None) -> str:
    """The loss before training, beside what a constant answer costs."""
    if value is None:
        return say("start unknown")
    constant = say("constant", baseline=answer(value.baseline))
    return say("start", loss=number(value.loss), constant=number(value.constant), answer=constant)


def skill_value(value: Skill) -> str:
    """Two decimals: "0.93"; "none" where the loss is not finite."""
    if not math.isfinite(value.value):
        return say("none")
    return f"{round(value.value, 2) + 0.0:.2f}" if abs(value.value) < 100 else number(value.value)  # + 0.0: no "-0.00"


def ended(how: str | None) -> str:
    """How the run ended, where that is worth a word: "" for a plain end."""
    if how is None:
        return say("killed")
    if how.startswith("signal "):
        return say("signal", how=how)
    if how.startswith("exit ") and how != "exit 0":
        return say("exit", how=how.removeprefix("exit "))
    if how in ("exit 0", "finished", CHECKED):
        return ""
    return say(how) if how == "stopped" else how


def length(diagnosis: Diagnosis) -> str:
    """ "400 steps", or that nothing was trained."""
    return say("untrained") if diagnosis.ended == CHECKED else count(diagnosis.steps, "step")


def verdict(diagnosis_verdict: str, steps: int) -> str:
    return diagnosis_verdict if steps or diagnosis_verdict != "healthy" else "nothing to judge"


def verdict_said(diagnosis: Diagnosis) -> str:
    """The verdict in the reader's language."""
    return tr(verdict(diagnosis.verdict, diagnosis.steps))


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
