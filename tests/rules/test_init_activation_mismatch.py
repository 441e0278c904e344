"""init-activation-mismatch: a product over the depth that stands in the weights, in the gradient and in the way."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from records import SGD, Figure, chain, figures_of, head, linear, run, said, told, unjudged
from torch import nn

from headstart.diagnosis import diagnose
from headstart.diagnosis.rules.init_activation_mismatch import BY_LAW, ENOUGH, SEEN, WAY
from headstart.record import Record

RULE = "init-activation-mismatch"
DEPTH = 10
XAVIER = math.sqrt(1 / 64)  # under ReLU 1/√2 of He's
LEFT = 2 ** (-DEPTH / 2)


def net(
    own: float = XAVIER,
    way: float = 0.99 * WAY,
    seen: float = 1.0,
    *,
    skill: float | None = 0.0,
    steps: int = ENOUGH,
    cut: float | None = None,
    kind: str = "SGD",
    **facts: object,
) -> Record:
    """Ten ReLU layers whose gradient shows a share `seen` of the product's logarithm, and whose weights came `way`."""
    layers = chain(*(linear(f"fc{i}", **facts) for i in range(DEPTH)), head())  # type: ignore[arg-type]
    figures: dict[tuple[str, str], Figure] = {("head.weight", "weight.std"): 0.1, ("head.weight", "update.std"): 1e-3}
    for i in range(DEPTH):
        figures |= {(f"fc{i}.weight", "weight.std"): own, (f"fc{i}.weight", "update.std"): way * own / steps}
        figures[f"fc{i}", "gradient.std"] = LEFT ** (-seen * i / (DEPTH - 1))
    if cut is not None:
        figures |= {("", "loop.norm"): cut, ("", "loop.largest"): 1.0}
    return run(layers, figures, skill=skill, steps=steps, optimizers=(replace(SGD, kind=kind),))


def test_xaviers_law_under_relu_takes_a_net_of_ten_layers_to_a_stand() -> None:
    finding = told(net(), RULE)
    assert (finding.severity, finding.layer, finding.step) == ("error", "fc0", 0)
    assert figures_of(finding)["signal_left"] == pytest.approx(LEFT, rel=1e-3)
    assert figures_of(finding)["way"] == pytest.approx(0.99 * WAY, rel=1e-3)
    assert figures_of(finding)["way_by_law"] == pytest.approx(0.99 * WAY / LEFT, rel=1e-3)


def test_hidden_weights_that_move_say_that_the_gradient_is_large_enough() -> None:
    assert said(net(way=1.01 * WAY), RULE) == []


def test_steps_that_are_too_short_for_any_start_are_another_question() -> None:
    assert told(net(way=1.02 * BY_LAW * LEFT), RULE)
    assert said(net(way=0.98 * BY_LAW * LEFT), RULE) == []


def test_where_a_clip_sets_the_length_of_the_steps_the_gradient_does_not() -> None:
    assert told(net(cut=0.99), RULE)
    assert said(net(cut=1.01), RULE) == []


def test_steps_that_are_divided_by_the_gradient_are_not_short_for_it() -> None:
    assert said(net(kind="Adam"), RULE) == []
    assert said(net(), RULE)


def test_half_of_the_decline_must_be_seen_in_the_gradient() -> None:
    assert told(net(seen=1.02 * SEEN), RULE)
    assert said(net(seen=0.98 * SEEN), RULE) == []


def test_the_law_of_the_activation_is_no_mismatch() -> None:
    assert said(net(own=math.sqrt(2) * XAVIER), RULE) == []


def test_less_than_a_thousandth_is_told_by_another_rule() -> None:
    record = net(own=0.4 * math.sqrt(2) * XAVIER)
    assert said(record, RULE) == []
    assert said(record, "weights-too-small")


@pytest.mark.parametrize("facts", [{"norm": "batch_norm"}, {"residual": True}])
def test_a_norm_or_a_shortcut_carries_the_signal(facts: dict[str, object]) -> None:
    assert said(net(**facts), RULE) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("skill", [0.9, None])
def test_it_speaks_only_of_a_run_that_is_known_to_fail(skill: float | None) -> None:
    record = net(skill=skill)
    assert RULE not in {one.rule for one in diagnose(record).findings}
    if skill is None:
        assert RULE in unjudged(record)


def test_a_try_of_a_few_steps_is_no_training() -> None:
    assert said(net(steps=ENOUGH - 1), RULE) == []


def test_it_explains_a_rate_that_looks_too_low() -> None:
    (root,) = diagnose(net()).findings
    assert root.rule == RULE
    assert "no-better-than-constant" in {one.rule for one in root.explains}


def test_its_code_draws_the_weights_by_the_law() -> None:
    remedy = told(net(), RULE).remedy
    assert remedy is not None
    model = nn.Sequential(*(nn.Linear(512, 512) for _ in range(3)))
    exec(remedy.code, {"torch": torch, "model": model})
    assert model[1].weight.std().item() == pytest.approx(math.sqrt(2 / 512), rel=0.02)
