"""What holds for a diagnosis whatever the rules are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import SGD, chain, head, linear, run
from torch import nn

from headstart.diagnosis import diagnose
from headstart.diagnosis.case import Case
from headstart.diagnosis.rules import find
from headstart.errors import HeadstartError
from headstart.findings import Finding
from headstart.monitor import attach
from headstart.monitor.observer import Observer
from headstart.record import Record, Writer

NET = chain(linear("fc1"), head())


def uncleared(**meta: object) -> Record:
    record = run(NET, {("SGD", "loop.cleared"): 0.0}, optimizers=[SGD])
    record.meta = {**record.meta, **meta}
    return record


def test_a_rule_in_preview_gives_advice_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = find("missing-zero-grad")
    assert diagnose(uncleared()).verdict == "failing"
    monkeypatch.setattr("headstart.diagnosis.by_default", lambda: (replace(rule, status="preview"),))
    assert diagnose(uncleared()).verdict == "advice"


def test_a_rule_on_request_is_asked_by_its_name_gives_advice_and_explains_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loud = replace(
        find("bias-before-batchnorm"), judge=lambda case: [Finding("bias-before-batchnorm", "error", "a bias")]
    )
    monkeypatch.setattr("headstart.diagnosis.find", {"bias-before-batchnorm": loud}.__getitem__)
    record = run(NET, {("fc1", "activation.dead"): 0.95, ("fc1.weight", "weight_gradient.max_abs"): 1.0}, skill=0.9)
    default = diagnose(record)
    assert "bias-before-batchnorm" not in {one.rule for one in (*default.findings, *default.not_judged)}
    asked = diagnose(record, extend_select=["bias-before-batchnorm", "bias-before-batchnorm"])
    assert asked.findings[:-1] == default.findings
    assert (asked.findings[-1].rule, asked.findings[-1].severity) == ("bias-before-batchnorm", "advice")
    assert asked.verdict == default.verdict
    (alone,) = diagnose(record, rules=[loud], extend_select=["bias-before-batchnorm"]).findings
    assert alone.explains == ()


def test_a_rule_on_request_that_is_not_known_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(HeadstartError, match="Did you mean bias-before-batchnorm"):
        diagnose(uncleared(), extend_select=["bias-before-batch-norm"])


def test_a_rule_that_fails_costs_no_other_its_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(case: Case) -> Iterator[Finding]:
        yield Finding("dead-relu", "error", "half way through")
        raise ZeroDivisionError("by zero")

    rule = find("missing-zero-grad")
    broken = replace(rule, name="dead-relu", judge=breaks)
    monkeypatch.setattr("headstart.diagnosis.by_default", lambda: (broken, rule))
    diagnosis = diagnose(uncleared())
    assert [finding.rule for finding in diagnosis.findings] == ["missing-zero-grad"]
    assert [one.rule for one in diagnosis.not_judged] == ["dead-relu"]
    assert "ZeroDivisionError: by zero" in diagnosis.not_judged[0].because


def test_a_record_of_nothing_is_healthy_and_not_judged() -> None:
    diagnosis = diagnose(run(steps=0, optimizers=()))
    assert diagnosis.verdict == "healthy"
    assert diagnosis.steps == 0
    assert {one.rule for one in diagnosis.not_judged} >= {"symmetric-weights", "not-finite", "no-better-than-constant"}


def test_it_takes_a_record_its_path_or_a_watch(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "run.db")
    writer.step(0, 0.1, float("nan"))
    writer.close("exit 0", 0.2)
    for given in (tmp_path / "run.db", str(tmp_path / "run.db"), writer):
        assert [finding.rule for finding in diagnose(given).findings] == ["not-finite"]


@pytest.mark.parametrize("given", [None, 7, ["run.db"]])
def test_what_is_no_record_is_refused_by_its_type(given: object) -> None:
    with pytest.raises(HeadstartError, match=type(given).__name__):
        diagnose(given)


def test_a_language_without_texts_is_refused() -> None:
    with pytest.raises(HeadstartError, match="'fr'"):
        diagnose(uncleared(), language="fr")  # type: ignore[arg-type]


def test_both_languages_find_the_same() -> None:
    english, chinese = diagnose(uncleared()), diagnose(uncleared(), language="zh")
    assert english.findings[0].evidence == chinese.findings[0].evidence
    assert english.findings[0].message.isascii()
    assert "清零" in chinese.findings[0].message


def test_the_script_is_named_as_one_would_type_it() -> None:
    assert diagnose(uncleared(script="/home/me/net/src/train.py", cwd="/home/me/net")).script == "src/train.py"
    assert diagnose(uncleared(script="/elsewhere/train.py", cwd="/home/me/net")).script == "/elsewhere/train.py"


def test_a_finding_of_the_loop_names_the_users_own_line(tmp_path: Path) -> None:
    """Of the optimizer where it was made, of the loop where backward is called."""
    observer = Observer(lambda: tmp_path / "run.db", attach.script_facts, attach.BIRTHS)
    attach.attach(observer)
    try:
        torch.manual_seed(0)
        model = nn.Linear(6, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=50.0)  # made here
        x = torch.randn(64, 6)
        for _ in range(20):
            (model(x).square().mean()).backward()  # called here
            optimizer.step()
    finally:
        attach.detach(observer, "finished")
    findings = diagnose(tmp_path / "run.db").findings
    everything = [*findings, *(explained for finding in findings for explained in finding.explains)]
    code = Path(__file__).read_text(encoding="utf-8").splitlines()
    at = {one.rule: code[int(one.line.rpartition(":")[2]) - 1] for one in everything if one.line}
    assert "# called here" in at["missing-zero-grad"]
    assert all("# made here" in at[rule] for rule in at if rule.startswith("learning-rate"))
