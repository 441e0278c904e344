"""The JSON report: the contract of `headstart run --json`, schema 1."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from headstart import __version__
from headstart.findings import Diagnosis, Evidence, Finding, Remedy
from headstart.record import Record

SCHEMA = 1


def render(diagnosis: Diagnosis, record: Record | None = None) -> str:
    """The diagnosis as JSON that every parser reads; a figure that is not finite is null."""
    document = {
        "schema": SCHEMA,
        "headstart": __version__,
        "script": diagnosis.script,
        "steps": diagnosis.steps,
        "ended": diagnosis.ended,
        "verdict": diagnosis.verdict,
        "skill": diagnosis.skill and _finite(asdict(diagnosis.skill)),
        "findings": [_finding(finding) for finding in diagnosis.findings],
        "not_judged": [asdict(rule) for rule in diagnosis.not_judged],
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "layer": finding.layer,
        "step": finding.step,
        "message": finding.message,
        "evidence": [_evidence(evidence) for evidence in finding.evidence],
        "cause": finding.cause,
        "explains": [{"rule": other.rule, "layer": other.layer, "step": other.step} for other in finding.explains],
        "page": finding.rule,
        "remedy": _remedy(finding.remedy),
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return _finite(
        {
            "figure": evidence.figure,
            "value": evidence.value,
            "limit": evidence.limit,
            "steps": list(evidence.steps),
            **({"of": evidence.of} if evidence.of else {}),
        }
    )


def _remedy(remedy: Remedy | None) -> dict[str, Any] | None:
    # A trial, the proof of a remedy, is made by another command; here it is always open.
    return None if remedy is None else {**asdict(remedy), "trial": None}


def _finite(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in facts.items()
    }
