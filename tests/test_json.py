"""The JSON report keeps its contract with the machines that read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from example_run import failing, healthy

from headstart.findings import Evidence, Finding, Skill
from headstart.report.json import render

NUMBER, TEXT = (int, float), str
CONTRACT = {
    "schema": int,
    "headstart": TEXT,
    "script": TEXT,
    "steps": int,
    "ended": (TEXT, type(None)),
    "verdict": TEXT,
    "skill": (dict, type(None)),
    "findings": list,
    "not_judged": list,
}
FINDING = {
    "rule": TEXT,
    "severity": TEXT,
    "layer": (TEXT, type(None)),
    "step": (int, type(None)),
    "message": TEXT,
    "evidence": list,
    "cause": TEXT,
    "explains": list,
    "page": TEXT,
    "remedy": (dict, type(None)),
}
EVIDENCE = {"figure": TEXT, "value": (*NUMBER, type(None)), "limit": (*NUMBER, type(None)), "steps": list}
EXPLAINS = {"rule": TEXT, "layer": (TEXT, type(None)), "step": (int, type(None))}
REMEDY = {"name": TEXT, "code": TEXT, "safe": bool, "trial": type(None)}
SKILL = {"value": NUMBER, "loss": NUMBER, "constant": NUMBER, "baseline": TEXT, "source": TEXT}


def holds(given: dict[str, Any], contract: dict[str, Any]) -> None:
    """`given` has the contract's keys in its order, and its types."""
    assert list(given) == list(contract)
    for key, kind in contract.items():
        assert isinstance(given[key], kind), key


def refuse(token: str) -> None:
    raise AssertionError(f"{token} is no JSON")


@pytest.mark.parametrize("diagnosis", [failing(), healthy(), replace(healthy(), skill=None, ended=None)])
def test_the_document_keeps_the_contract(diagnosis: Any) -> None:
    document = json.loads(render(diagnosis))
    holds(document, CONTRACT)
    if document["skill"]:
        holds(document["skill"], SKILL)
    for finding in document["findings"]:
        holds(finding, FINDING)
        for evidence in finding["evidence"]:
            holds(evidence, EVIDENCE)
        for other in finding["explains"]:
            holds(other, EXPLAINS)
        if finding["remedy"]:
            holds(finding["remedy"], REMEDY)
    for rule in document["not_judged"]:
        holds(rule, {"rule": TEXT, "because": TEXT})


def test_the_document_reads_as_agreed(golden: Callable[[str, str], None]) -> None:
    golden("failing.json", render(failing()))


def test_the_verdict_is_the_highest_severity() -> None:
    verdicts = [json.loads(render(replace(failing(), findings=failing().findings[n:])))["verdict"] for n in range(4)]
    assert verdicts == ["failing", "warning", "advice", "healthy"]


def test_figures_that_are_not_finite_are_null() -> None:
    nan, inf = float("nan"), float("inf")
    broken = Finding("not-finite", "error", "The loss is NaN.", evidence=(Evidence("loss", nan, inf, (3,)),))
    text = render(replace(failing(), findings=(broken,), skill=Skill(-inf, nan, 2.3, "the mean", "mse_loss")))
    document = json.loads(text, parse_constant=refuse)
    assert document["findings"][0]["evidence"][0]["value"] is None
    assert document["findings"][0]["evidence"][0]["limit"] is None
    assert document["skill"]["value"] is None


def test_names_in_any_script_are_left_as_they_are() -> None:
    assert '"训练.py"' in render(replace(failing(), script="训练.py"))
