"""layer-not-learning: a layer's way over the run beside that of its like."""

from __future__ import annotations

from dataclasses import replace

import pytest
from records import Figure, chain, figures_of, head, linear, run, said, told, unjudged

from headstart.diagnosis import diagnose
from headstart.diagnosis.rules.layer_not_learning import ENOUGH, OTHERS, RATE, SHARE, WAY
from headstart.record import Layer, Record

RULE = "layer-not-learning"
NET = chain(linear("fc1"), linear("fc2"), head())


def moved(
    *ways: float, skill: float | None = 0.0, steps: int = ENOUGH, layers: tuple[Layer, ...] = NET, **facts: object
) -> Record:
    """Weights of size 1 whose updates add up to `ways`, all with gradients of one size."""
    figures: dict[tuple[str, str], Figure] = {}
    for layer, way in zip(layers, ways, strict=True):
        figures |= {(layer.parameters[0], "weight.std"): 1.0, (layer.parameters[0], "update.std"): way / steps}
    return run(layers, figures, skill=skill, steps=steps, **facts)  # type: ignore[arg-type]


def test_a_thousandth_of_the_others_way_is_standing_still() -> None:
    finding = told(moved(0.99 * SHARE, 1.0, 1.0), RULE)
    assert (finding.severity, finding.layer, finding.step) == ("error", "fc1", 0)
    assert figures_of(finding)["way"] == pytest.approx(0.99 * SHARE, rel=1e-4)
    assert said(moved(1.01 * SHARE, 1.0, 1.0), RULE) == []


def test_the_others_must_move_and_the_layer_must_not() -> None:
    assert told(moved(0.9 * SHARE * WAY, 1.01 * WAY, 1.01 * WAY), RULE)
    assert said(moved(0.9 * SHARE * WAY, 0.99 * WAY, 0.99 * WAY), RULE) == []
    assert told(moved(0.99 * WAY, 1000.0, 1000.0), RULE)
    assert said(moved(1.01 * WAY, 1000.0, 1000.0), RULE) == []


def test_a_weight_that_does_not_move_at_all_is_for_other_rules() -> None:
    assert said(moved(0.0, 1.0, 1.0), RULE) == []


def test_it_is_compared_with_layers_of_its_class() -> None:
    other = replace(NET[1], kind="Conv2d")
    assert OTHERS == 2
    assert said(moved(1e-6, 1.0, 1.0, layers=(NET[0], other, NET[2])), RULE) == []
    assert told(moved(1e-6, 1.0, 1.0, 1.0, layers=(NET[0], other, NET[2], replace(NET[1], name="fc3"))), RULE)


def test_linear_layers_of_the_users_own_are_compared_as_well() -> None:
    own = tuple(replace(layer, kind="Dense", factor="weight") for layer in NET)
    assert told(moved(1e-6, 1.0, 1.0, layers=own), RULE)
    assert said(moved(1e-6, 1.0, 1.0, layers=tuple(replace(layer, factor=None) for layer in own)), RULE) == []


def test_embeddings_may_move_as_little_as_they_like() -> None:
    embed = replace(NET[0], kind="Embedding")
    assert said(moved(1e-6, 1.0, 1.0, layers=(embed, *NET[1:])), RULE) == []


@pytest.mark.parametrize("skill", [0.9, None])
def test_it_speaks_only_of_a_run_that_is_known_to_fail(skill: float | None) -> None:
    record = moved(1e-6, 1.0, 1.0, skill=skill)
    assert RULE not in {one.rule for one in diagnose(record).findings}
    if skill is None:
        assert RULE in unjudged(record)


def test_a_try_of_a_few_steps_is_no_training() -> None:
    assert said(moved(1e-6, 1.0, 1.0, steps=ENOUGH - 1), RULE) == []


def test_what_has_been_trained_before_may_stand_still() -> None:
    assert said(moved(1e-6, 1.0, 1.0, frozen=["head"]), RULE) == []


def test_a_rate_of_its_own_is_named_and_the_remedy_gives_it_the_others() -> None:
    record = moved(1e-6, 1.0, 1.0)
    record.parameters = tuple(
        replace(one, lr=1e-8 if one.name.startswith("fc1") else 0.1) for one in record.parameters
    )
    finding = told(record, RULE)
    assert "1e-8" in finding.cause
    assert finding.remedy is not None
    assert "SGD(model.parameters(), lr=0.1)" in finding.remedy.code
    plain = told(moved(1e-6, 1.0, 1.0), RULE)
    assert plain.remedy is not None
    assert "kaiming_normal_(model.fc1.weight" in plain.remedy.code


@pytest.mark.parametrize(("rate", "found"), [(0.99 * RATE, ["advice"]), (1.01 * RATE, [])])
def test_a_rate_of_a_thousandth_of_the_others_is_advised_against_in_a_run_that_learns(
    rate: float, found: list[str]
) -> None:
    record = moved(1e-6, 1.0, 1.0, skill=0.9)
    record.parameters = tuple(
        replace(one, lr=0.1 * rate if one.name.startswith("fc1") else 0.1) for one in record.parameters
    )
    assert [one.severity for one in said(record, RULE)] == found


def test_gradients_that_vanish_explain_it() -> None:
    record = moved(1e-6, 1.0, 1.0)
    figures: dict[tuple[str, str], Figure] = {("fc1.weight", "weight_gradient.std"): 1e-9}
    for layer, way, gradient in zip(NET, (1e-6, 1.0, 1.0), (1e-9, 1.0, 1.0), strict=True):
        figures |= {(f"{layer.name}.weight", "weight.std"): 1.0, (f"{layer.name}.weight", "update.std"): way / ENOUGH}
        figures[layer.name, "gradient.std"] = gradient
    (root,) = [one for one in diagnose(run(NET, figures, skill=0.0, steps=len(record))).findings if one.explains]
    assert RULE in {one.rule for one in root.explains}
