"""Which finding explains which, and which leads."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import chain, head, linear, run, told

from headstart.diagnosis import diagnose
from headstart.diagnosis.explain import GROUPS, PHASES, STATES, explain
from headstart.diagnosis.flow import Flow
from headstart.diagnosis.rules import catalogue
from headstart.findings import SEVERITIES, Evidence, Finding, Severity

CHOSEN = [group for group in GROUPS if group not in STATES]
FLOW = Flow(run(chain(linear("a"), linear("b"), linear("c"), head("d"))))
FORK = Flow(run([linear("left"), linear("right"), linear("join", follows=("left", "right"))]))

Given = tuple[Finding, str]


def found(
    name: str,
    group: str,
    severity: Severity = "error",
    *,
    at: str | None = None,
    step: int | None = 0,
    seen: str | None = None,
) -> Given:
    """A finding of `group` in the layer `at`, proved by the series `seen`."""
    evidence = (Evidence("figure", 1.0, None, (), seen),)
    return Finding(name, severity, "", at, step, evidence, layers=(at,) if at else ()), group


def tree(*findings: Given, flow: Flow = FLOW) -> dict[str, list[str]]:
    """The roots in their order, each with what it explains."""
    orders = [explain(findings, flow), explain(findings[::-1], flow)]
    assert orders[0] == orders[1]  # whatever order the rules ran in
    return {root.rule: [one.rule for one in root.explains] for root in orders[0]}


def test_nothing_explains_nothing() -> None:
    assert explain([], FLOW) == ()


@pytest.mark.parametrize("group", CHOSEN)
def test_what_somebody_chose_explains_the_state_that_it_leads_to(group: str) -> None:
    chosen, state = found("chosen", group, at="a"), found("state", "signal", at="b", step=20)
    assert tree(chosen, state) == {"chosen": ["state"]}


@pytest.mark.parametrize("group", ["loss", "loop", "data", "init"])
def test_a_rate_that_is_judged_by_its_updates_is_explained_by_what_makes_them_large(group: str) -> None:
    rate = found("rate", "optimizer", step=0, seen="update.std")
    assert tree(found("cause", group, at="a"), rate) == {"cause": ["rate"]}
    assert set(tree(found("cause", group, "advice", at="a"), rate)) == {"cause", "rate"}
    assert set(tree(found("cause", group, at="a"), found("rate", "optimizer"))) == {"cause", "rate"}


def test_a_rate_explains_what_comes_after_its_first_update_only() -> None:
    rate = found("rate", "optimizer", step=0, seen="update.std")
    before, after = (found("dead", "signal", at="a", step=step, seen="activation.dead") for step in (0, 1))
    assert set(tree(rate, before)) == {"rate", "dead"}
    assert tree(rate, after) == {"rate": ["dead"]}


def test_a_start_that_is_judged_by_its_first_loss_is_explained_by_inputs_and_weights() -> None:
    start = found("start", "init", at="d", seen="loss")
    assert tree(found("weights", "init", at="a", seen="weight.std"), start) == {"weights": ["start"]}
    assert tree(found("inputs", "data", at="a", seen="input.std"), start) == {"inputs": ["start"]}
    assert set(tree(found("rate", "optimizer"), start)) == {"rate", "start"}
    assert set(tree(found("other", "init", at="a", seen="activation.std"), start)) == {"other", "start"}


@pytest.mark.parametrize("group", CHOSEN)
def test_what_somebody_chose_is_explained_by_nothing(group: str) -> None:
    state, chosen = found("state", "signal", at="a", step=0), found("chosen", group, at="b", step=20)
    assert set(tree(state, chosen)) == {"state", "chosen"}
    other = found("other", GROUPS[0], at="a")
    assert set(tree(other, chosen)) == {"other", "chosen"}


def test_a_choice_that_shows_later_explains_no_earlier_state() -> None:
    chosen = found("chosen", "optimizer", at="a", step=20)
    assert tree(chosen, found("state", "signal", at="b", step=20)) == {"chosen": ["state"]}
    assert set(tree(chosen, found("state", "signal", at="b", step=19))) == {"chosen", "state"}


def test_of_two_states_the_earlier_explains_the_later() -> None:
    early, late = found("early", "signal", at="c", step=5), found("late", "signal", at="a", step=6)
    assert tree(late, early) == {"early": ["late"]}


def test_at_one_moment_neither_explains_the_other() -> None:
    one, other = (found(name, "signal", at="b", step=5, seen="activation.std") for name in ("one", "other"))
    assert set(tree(one, other)) == {"one", "other"}


@pytest.mark.parametrize(("before", "behind"), list(pairwise(PHASES)))
def test_within_a_step_the_phase_that_runs_first_is_the_cause(before: str, behind: str) -> None:
    series = {phase: phase if phase == "loss" else f"{phase}.not_finite" for phase in (before, behind)}
    cause = found("cause", "signal", at="b", step=5, seen=series[before])
    effect = found("effect", "signal", at="b", step=5, seen=series[behind])
    assert tree(effect, cause) == {"cause": ["effect"]}


def test_activations_run_from_the_inputs_on() -> None:
    front, back = (found(f"in-{at}", "signal", at=at, step=5, seen="activation.dead") for at in "ac")
    assert tree(back, front) == {"in-a": ["in-c"]}


@pytest.mark.parametrize("figure", ["gradient.std", "weight_gradient.std"])
def test_gradients_run_from_the_loss_back(figure: str) -> None:
    front, back = (found(f"in-{at}", "signal", at=at, step=5, seen=figure) for at in "ac")
    assert tree(front, back) == {"in-c": ["in-a"]}


def test_no_signal_passes_between_two_branches() -> None:
    left, right = (found(at, "init" if at == "left" else "signal", at=at, step=5) for at in ("left", "right"))
    assert set(tree(left, right, flow=FORK)) == {"left", "right"}
    assert tree(left, found("join", "signal", at="join", step=5), flow=FORK) == {"left": ["join"]}


def test_a_signal_passes_back_as_well_as_forward() -> None:
    assert tree(found("root", "init", at="d"), found("state", "signal", at="a", step=5)) == {"root": ["state"]}


def test_what_concerns_no_layer_concerns_the_whole_run() -> None:
    whole = found("whole", "loop")
    assert tree(whole, found("right", "signal", at="right", step=5), flow=FORK) == {"whole": ["right"]}


def test_advice_explains_no_more_than_advice() -> None:
    advice = found("advice", "init", "advice", at="a")
    assert set(tree(advice, found("state", "signal", "warning", at="b"))) == {"state", "advice"}
    assert tree(advice, found("state", "signal", "advice", at="b")) == {"advice": ["state"]}
    assert tree(found("root", "init", "warning", at="a"), found("state", "signal", "error", at="b")) == {
        "root": ["state"]
    }


def test_a_symptom_leads_only_where_no_cause_was_found_and_explains_nothing() -> None:
    symptom = found("symptom", "symptom", step=0)
    assert tree(symptom) == {"symptom": []}
    assert tree(symptom, found("state", "signal", at="a", step=99)) == {"state": ["symptom"]}
    assert set(tree(symptom, found("choice", "init", "advice", at="a"))) == {"symptom", "choice"}


def test_of_two_symptoms_the_one_that_shows_first_leads() -> None:
    early, late = found("early", "symptom", step=0), found("late", "symptom", step=59)
    assert tree(late, early) == {"early": ["late"]}
    assert set(tree(late, found("too", "symptom", step=59))) == {"late", "too"}
    assert tree(late, early, found("cause", "init", at="a")) == {"cause": ["early", "late"]}


def test_a_cause_is_told_with_the_consequences_of_its_consequences() -> None:
    root = found("root", "init", at="left")
    state = found("state", "signal", at="join", step=5)
    far = found("far", "signal", at="right", step=9)
    assert tree(far, state, root, flow=FORK) == {"root": ["state", "far"]}


def test_a_consequence_is_told_once_under_the_first_root() -> None:
    first, second = found("first", "loop"), found("second", "init", at="a")
    assert tree(second, first, found("state", "signal", at="b", step=5)) == {"first": ["state"], "second": []}


def test_the_gravest_root_leads() -> None:
    given = [found(severity, "init", severity, at="a") for severity in SEVERITIES]
    assert list(tree(*given)) == ["error", "warning", "advice"]


def test_among_equally_grave_roots_the_more_fundamental_leads() -> None:
    given = [found(group, group, at="a") for group in CHOSEN]
    assert list(tree(*given)) == CHOSEN


def test_among_equals_the_earlier_leads_then_the_one_nearer_to_the_inputs() -> None:
    steps = [found(f"at-{step}", "init", at="a", step=step) for step in (3, 1, 2)]
    assert list(tree(*steps)) == ["at-1", "at-2", "at-3"]
    places = [found(f"in-{at}", "init", at=at) for at in "cab"]
    assert list(tree(*places)) == ["in-a", "in-b", "in-c"]


some_finding = st.builds(
    found,
    st.sampled_from("pqrs"),
    st.sampled_from(GROUPS),
    st.sampled_from(SEVERITIES),
    at=st.sampled_from([None, "a", "b", "c", "d"]),
    step=st.sampled_from([None, 0, 1, 5]),
    seen=st.sampled_from([None, "loss", "activation.std", "gradient.std"]),
)


@given(st.lists(some_finding, max_size=8))
def test_every_finding_is_told_exactly_once(findings: list[Given]) -> None:
    roots = explain(findings, FLOW)
    all_told = [replace(one, explains=()) for root in roots for one in (root, *root.explains)]
    assert sorted(map(repr, all_told)) == sorted(repr(one) for one, _ in findings)


def test_every_rule_is_of_a_known_group() -> None:
    assert {rule.group for rule in catalogue()} <= set(GROUPS)


def test_a_run_that_fails_by_copies_is_told_from_its_root() -> None:
    layers = chain(linear("fc1"), linear("fc2"), head())
    figures = {
        ("fc1.weight", "weight.distinct"): {0: 1.0, 8: 1.0},
        ("fc2", "activation.dead"): dict.fromkeys(range(10, 60, 10), 1.0),
        ("fc1.weight", "weight_gradient.std"): 1.0,
        ("fc1", "gradient.std"): 0.0,
        ("head", "gradient.std"): 1.0,
    }
    (root,) = diagnose(run(layers, figures, skill=0.0)).findings
    assert root.rule == "symmetric-weights"
    symptoms = {"loss-plateau", "no-better-than-constant"}
    assert {one.rule for one in root.explains} == {"dead-relu", "gradients-vanish", *symptoms}
    assert told(run(layers, figures, skill=0.0), "dead-relu") in root.explains
