"""The comparison with other tools: its programs are there, its adapters say what they are to say, its table is current."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks" / "peers"))

import compare
from run_all import EXPECTED, FAULTY, HEALTHY, tomllib

from headstart.diagnosis.rules import catalogue

PEERS = Path(__file__).parents[1] / "benchmarks" / "peers"
LISTED = tomllib.loads((PEERS / "programs.toml").read_text(encoding="utf-8"))
RULES = {rule.name for rule in catalogue()} | {rule for program in EXPECTED.values() for rule in program["rules"]}
TOOLS = [tool for tool in compare.REQUIREMENTS if not tool.startswith("plain")]


def test_a_dozen_faulty_and_healthy_programs_are_listed_and_are_there() -> None:
    assert len(LISTED["faulty"]) == len(LISTED["healthy"]) == 12
    assert all(
        (FAULTY / f"{stem}.py").exists() and (FAULTY / f"{stem}_fixed.py").exists() for stem in LISTED["faulty"]
    )
    assert all((HEALTHY / f"{stem}.py").exists() for stem in LISTED["healthy"])


@pytest.mark.parametrize("tool", TOOLS)
def test_causes_are_rules_by_which_programs_are_judged(tool: str) -> None:
    facts = facts_of(tool)
    assert set().union(*facts["CAUSES"].values()) <= RULES


@pytest.mark.parametrize("tool", TOOLS)
def test_each_tool_was_asked_about_each_program_or_there_is_a_reason(tool: str) -> None:
    result = json.loads(compare.RESULTS.read_text(encoding="utf-8"))[tool]
    asked = {program.stem for program, _ in compare.programs()}
    assert set(result["programs"]) == asked or result["failure"]


def test_the_table_in_the_docs_is_that_of_the_results() -> None:
    results = json.loads(compare.RESULTS.read_text(encoding="utf-8"))
    page = compare.PAGE.read_text(encoding="utf-8")
    assert compare.table(results) in page.split(compare.BEGIN)[1].split(compare.END)[0]


def test_counts_of_the_table() -> None:
    def row(*found: tuple[str, str], digests: str = "same") -> dict[str, Any]:
        return {"found": [list(one) for one in found], "failure": None, "digests": [digests], "seconds": 2.0}

    faulty, other = "adam_at_a_tenth", "rate_kills_relus"
    rows = {
        faulty: row(("GS008", "warning")),
        f"{faulty}_fixed": row(),
        other: row(("GS004", "warning"), digests="changed"),
        f"{other}_fixed": row(("GS004", "warning")),
        "mlp_digits": row(("GS004", "advice")),
    }
    plain = {stem: row() | {"seconds": 0.5} for stem in rows}
    lines, wired, detected, apart, right, false, same, added = compare.cells(
        "gradsnitch", rows, {"plain_loop": {"programs": plain}}, asked=6
    )
    assert lines == "4"
    assert wired == "5 of 6"
    assert (detected, apart, right) == ("2 of 2", "1", "1")
    assert false == "1 of 3"
    assert same == "4 of 5"
    assert added == "1.5 s"


def facts_of(tool: str) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    source = (PEERS / "adapters" / f"{tool}.py").read_text(encoding="utf-8")
    exec(compile(compare.assignments(source), tool, "exec"), facts)
    return facts
