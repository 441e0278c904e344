"""The measured effect of limits: as current as the code, and shown."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from headstart.cli import app
from headstart.diagnosis.limits import FACTORS, PATH, REMEASURE, measured
from headstart.diagnosis.rules import catalogue, find

TOLD = json.loads(PATH.read_text(encoding="utf-8"))


def test_every_limit_was_measured_as_it_is_in_the_code() -> None:
    told = {rule: {name: row["value"] for name, row in rows.items()} for rule, rows in TOLD["rules"].items()}
    stale = {rule.name for rule in catalogue() if rule.limits != told.pop(rule.name, {})} | set(told)
    assert not stale, f"limits of {', '.join(sorted(stale))} changed since they were measured; rerun: {REMEASURE}"


@pytest.mark.parametrize("rule", TOLD["rules"])
def test_counts_are_of_the_programs(rule: str) -> None:
    for name, row in TOLD["rules"][rule].items():
        for factor in FACTORS:
            power, false = row[f"{factor:g}"]
            assert 0 <= power <= row["made"], name
            assert 0 <= false <= row["sound"], name


@pytest.mark.parametrize("rule", TOLD["rules"])
def test_limits_of_a_rule_agree_where_none_is_moved(rule: str) -> None:
    assert len({tuple(row["1"]) for row in TOLD["rules"][rule].values()}) == 1


def test_a_rule_keeps_quiet_on_sound_programs_at_its_limit() -> None:
    loud = {
        rule: row["1"][1] / row["sound"]
        for rule, rows in TOLD["rules"].items()
        for row in rows.values()
        if row["1"][1] > 0.02 * row["sound"]
    }
    assert not loud


def test_explain_shows_the_two_figures() -> None:
    rule = find("dead-relu")
    row = TOLD["rules"]["dead-relu"]["DEAD_SHARE"]
    page = CliRunner().invoke(app, ["explain", "dead-relu"]).stdout
    assert "## Measured" in page
    assert f"speaks on {row['1'][0]} of {row['made']} programs" in page
    assert f"warns on {row['1'][1]} of {row['sound']} sound" in page
    assert measured(rule) in page


def test_a_rule_without_limits_says_nothing_of_them() -> None:
    assert measured(find("loss-broadcast")) == ""


def test_figures_of_another_limit_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = find("dead-relu")
    monkeypatch.setattr(rule.module, "DEAD_SHARE", 0.123)
    assert "DEAD_SHARE" not in measured(rule)
