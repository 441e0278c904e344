"""SARIF 2.1.0 (OASIS), which code hosts and editors read: a result for each finding, a rule for each that was found."""

from __future__ import annotations

import json
from typing import Any

from headstart import __version__
from headstart.diagnosis.rules import find
from headstart.findings import Diagnosis, Finding, Severity
from headstart.record import Record
from headstart.report.github import place_of
from headstart.wording import sentences

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "advice": "note"}


def render(diagnosis: Diagnosis, record: Record | None = None) -> str:
    """The diagnosis as a SARIF log of one run."""
    names = list(dict.fromkeys(finding.rule for finding in diagnosis.findings))
    driver = {"name": "headstart", "semanticVersion": __version__, "rules": [_rule(name) for name in names]}
    results = [_result(finding, names.index(finding.rule), diagnosis.script) for finding in diagnosis.findings]
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json.dumps(log, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _rule(name: str) -> dict[str, Any]:
    rule = find(name)
    return {"id": name, "shortDescription": {"text": rule.page.summary}, "help": {"text": rule.markdown()}}


def _result(finding: Finding, index: int, script: str) -> dict[str, Any]:
    place = place_of(finding, script)
    physical: dict[str, Any] = {"artifactLocation": {"uri": str(place.get("file", "")).replace("\\", "/")}}
    if "line" in place:
        physical["region"] = {"startLine": place["line"]}
    where: dict[str, Any] = {"physicalLocation": physical} if place else {}
    if finding.layer:
        where["logicalLocations"] = [{"fullyQualifiedName": finding.layer, "kind": "member"}]
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": {"text": sentences(finding.message, finding.cause)},
        "locations": [where] if where else [],
    }
