"""Annotations of GitHub's workflow commands: one line a finding, shown beside the user's own line of code."""

from __future__ import annotations

from collections.abc import Iterator

from headstart.findings import Diagnosis, Finding, Severity
from headstart.record import Record

LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "advice": "notice"}


def render(diagnosis: Diagnosis, record: Record | None = None) -> str:
    """One workflow command a finding; "" where nothing was found."""
    return "".join(f"{line}\n" for line in _lines(diagnosis))


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    for finding in diagnosis.findings:
        properties = {**place_of(finding, diagnosis.script), "title": f"headstart {finding.rule}"}
        named = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
        text = f"{finding.message}\n{finding.cause}" if finding.cause else finding.message
        yield f"::{LEVELS[finding.severity]} {named}::{_data(text)}"


def place_of(finding: Finding, script: str) -> dict[str, str | int]:
    """`file` and, where it is known, `line`; without a line of its own a finding stands at the script."""
    file, _, line = (finding.line or "").rpartition(":")
    if not line.isdecimal():
        return {"file": script} if script else {}
    folder = script.rpartition("/")[0]
    own = script if file == script.rpartition("/")[2] else f"{folder}/{file}" if folder and "/" not in file else file
    return {"file": own, "line": int(line)}


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
