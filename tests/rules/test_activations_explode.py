"""activations-explode: outputs that grow through the net, or from step to step."""

from __future__ import annotations

import math

import pytest
from records import Figure, chain, figures_of, head, linear, run, said, told, unjudged

from headstart.diagnosis import diagnose
from headstart.diagnosis.rules.activations_explode import FIRST, GROWTH
from headstart.record import Record

RULE = "activations-explode"


def net(*stds: Figure, skill: float | None = 0.0, last: Figure = 1.0, **facts: object) -> Record:
    """Layers with `facts` whose outputs have these stds, and a head."""
    layers = chain(*(linear(f"fc{i}", **facts) for i in range(len(stds))), head())  # type: ignore[arg-type]
    figures = {(f"fc{i}", "activation.std"): std for i, std in enumerate(stds)}
    return run(layers, {**figures, ("head", "activation.std"): last}, skill=skill)


def test_a_layer_may_give_a_thousand_times_what_the_first_one_gives() -> None:
    finding = told(net(0.5, 10.0, 1.01 * 0.5 * GROWTH), RULE)
    assert (finding.severity, finding.layer, finding.step) == ("error", "fc2", 0)
    assert figures_of(finding)["signal_ratio"] == pytest.approx(1.01 * GROWTH)
    assert said(net(0.5, 10.0, 0.99 * 0.5 * GROWTH), RULE) == []


def test_outputs_are_no_exception() -> None:
    assert told(net(1.0, 10.0, last=1.01 * GROWTH), RULE).layer == "head"


def test_large_inputs_are_another_question() -> None:
    assert said(net(1e6, 1e6, last=1e6), RULE) == []


def test_in_time_a_layer_may_grow_a_thousand_times() -> None:
    def grows(times: float) -> Figure:
        return lambda step: 2.0 if step <= 40 else 2.0 * times

    finding = told(net(grows(1.01 * GROWTH), grows(1.01 * GROWTH)), RULE)
    assert (finding.layer, finding.layers, finding.step) == ("fc0", ("fc0", "fc1"), 41)
    assert figures_of(finding)["signal_ratio"] == pytest.approx(1.01 * GROWTH)
    assert said(net(grows(0.99 * GROWTH), grows(0.99 * GROWTH)), RULE) == []


def test_what_is_usual_is_the_median_of_the_first_steps() -> None:
    early = (FIRST - 2) // 2
    assert told(net(lambda step: 1.0 if step >= early and step < 40 else 2 * GROWTH), RULE)


def test_figures_that_are_not_finite_are_left_out() -> None:
    assert told(net(1.0, lambda step: 2 * GROWTH if step < 50 else math.inf), RULE)
    assert said(net(1.0, lambda step: 1.0 if step < 50 else math.nan), RULE) == []


@pytest.mark.parametrize("skill", [0.9, None])
def test_it_speaks_only_of_a_run_that_is_known_to_fail(skill: float | None) -> None:
    record = net(1.0, 1e9, skill=skill)
    assert RULE not in {one.rule for one in diagnose(record).findings}
    if skill is None:
        assert RULE in unjudged(record)


def test_a_norm_behind_the_layer_brings_any_size_back() -> None:
    assert said(net(1.0, 1e9, norm="batch_norm"), RULE) == []


def test_branches_are_told_to_start_from_nothing() -> None:
    branch, chained = told(net(1.0, 1e9, residual=True), RULE), told(net(1.0, 1e9), RULE)
    assert branch.remedy is not None
    assert chained.remedy is not None
    assert branch.remedy.code.startswith("torch.nn.init.zeros_(model.fc1.weight)")
    assert chained.remedy.code.startswith("torch.nn.init.kaiming_normal_(model.fc1.weight")


def test_weights_that_are_too_large_explain_it_and_it_explains_gradients_of_the_same_step() -> None:
    layers = chain(linear("fc0"), linear("fc1"), head())
    figures: dict[tuple[str, str], Figure] = {("fc0", "activation.std"): 1.0, ("fc1", "activation.std"): 1e5}
    figures |= {
        ("fc0", "gradient.std"): 1e5,
        ("head", "gradient.std"): 1.0,
        ("fc0.weight", "weight_gradient.std"): 1.0,
    }
    (alone,) = diagnose(run(layers, figures, skill=0.0)).findings
    assert alone.rule == RULE
    assert "gradients-explode" in {one.rule for one in alone.explains}
    (root,) = diagnose(run(layers, {**figures, ("fc1.weight", "weight.std"): 1e4}, skill=0.0)).findings
    assert root.rule == "weights-too-large"
    assert RULE in {one.rule for one in root.explains}


def test_without_layers_it_is_not_judged() -> None:
    assert RULE in unjudged(run(skill=0.0))
