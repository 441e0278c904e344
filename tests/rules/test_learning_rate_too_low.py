"""learning-rate-too-low: how far the weights came over the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import SGD, Figure, chain, figures_of, head, linear, run, said, told
from torch import nn

import headstart as hs
from headstart.diagnosis import diagnose
from headstart.diagnosis.case import Case
from headstart.diagnosis.rules import find
from headstart.diagnosis.rules.learning_rate_too_low import (
    ABOVE,
    BENT,
    DIVIDES,
    DONE,
    ENOUGH,
    FAR,
    HALF,
    KEPT,
    LED,
    NOT_YET,
    OWN,
    PACE,
    SHORT,
    USUAL,
    WAY,
    WHOLE,
)
from headstart.diagnosis.skill import ENOUGH_STEPS
from headstart.findings import Finding
from headstart.record import Layer, Optimizer, Record, Series

RULE = "learning-rate-too-low"
NET = chain(linear("fc1"), head())


def moved(fc1: Figure, last: Figure, skill: Figure | None = 0.0, steps: int = ENOUGH) -> Record:
    """Weights of size 1 and their updates."""
    figures: dict[tuple[str, str], Figure] = {(f"{layer.name}.weight", "weight.std"): 1.0 for layer in NET}
    given: dict[tuple[str, str], Figure] = {("fc1.weight", "update.std"): fc1, ("head.weight", "update.std"): last}
    return run(NET, {**figures, **given}, skill=skill, steps=steps)


def test_the_weight_that_came_furthest_may_be_a_hundredth_from_its_start() -> None:
    finding = told(moved(1e-9, 0.99 * WAY / ENOUGH), RULE)
    assert figures_of(finding)["way"] == pytest.approx(0.99 * WAY, rel=1e-5)
    assert said(moved(1e-9, 1.01 * WAY / ENOUGH), RULE) == []


@pytest.mark.parametrize(
    ("kind", "share", "first"), [("Adam", 1.01, True), ("Adam", 0.99, False), ("SGD", 1.01, False)]
)
def test_of_steps_whose_size_is_the_rates_alone_nothing_else_is_the_cause(
    kind: str, share: float, first: bool
) -> None:
    near = moved(1e-9, 0.5 * WAY / ENOUGH)
    near.optimizers = (replace(SGD, kind=kind),)  # type: ignore[misc]
    near.lr = Series((0,), (0.5 * WAY / ENOUGH / (share * OWN),))  # type: ignore[misc]
    assert told(near, RULE).first is first


def test_a_table_of_biases_may_come_many_times_its_size() -> None:
    factors = replace(linear("factors"), kind="Embedding", fan_in=8, shape=(64, 8))
    biases = replace(linear("biases"), kind="Embedding", fan_in=1, shape=(64, 1))

    def fitted(*layers: Layer) -> Record:
        way = {"factors": 0.9 * WAY / ENOUGH, "biases": 2 / ENOUGH}
        figures: dict[tuple[str, str], Figure] = {(f"{one.name}.weight", "weight.std"): 1.0 for one in layers}
        figures |= {(f"{one.name}.weight", "update.std"): way[one.name] for one in layers}
        return run(chain(*layers), figures, skill=0.0, steps=ENOUGH)

    assert figures_of(told(fitted(factors, biases), RULE))["way"] == pytest.approx(0.9 * WAY, rel=1e-5)
    assert said(fitted(biases), RULE) == []


@pytest.mark.parametrize(("way", "found"), [(0.9 * SHORT, ["advice"]), (1.1 * SHORT, [])])
def test_a_run_on_its_way_up_that_is_not_past_the_constant(way: float, found: list[str]) -> None:
    rising = moved(way / ENOUGH, way / ENOUGH, skill=lambda step: -0.3 + 0.33 * step / ENOUGH)
    assert Case.of(rising).learns is None
    assert [one.severity for one in said(rising, RULE)] == found


def test_a_run_that_learns_may_stay_within_a_tenth_where_it_is_done() -> None:
    near = 0.9 * NOT_YET / ENOUGH
    assert told(moved(near, near, skill=0.99 * DONE), RULE).severity == "advice"
    assert said(moved(near, near, skill=1.01 * DONE), RULE) == []
    assert said(moved(near, 1.1 * NOT_YET / ENOUGH, skill=0.99 * DONE), RULE) == []


def slow(way: float, start: float = -0.9, end: float = -0.5, wave: float = 0.0) -> Record:
    """A loss that falls to where it is no better than the constant's; the last layer comes three times its size."""

    def skill(step: int) -> float:
        return start + (end - start) * step / ENOUGH + wave * (-1) ** step

    figures: dict[tuple[str, str], Figure] = {(f"{layer.name}.weight", "weight.std"): 1.0 for layer in NET}
    figures |= {("fc1.weight", "update.std"): way / ENOUGH, ("head.weight", "update.std"): 3 / ENOUGH}
    return run(NET, figures, skill=skill, loss=lambda step: 1 - skill(step), steps=ENOUGH)


def test_a_last_layer_alone_may_go_to_the_constant_while_the_loss_falls() -> None:
    finding = told(slow(0.9 * NOT_YET), RULE)
    assert finding.severity == "warning"
    assert figures_of(finding)["way"] == pytest.approx(0.9 * NOT_YET, rel=1e-5)
    assert said(slow(1.1 * NOT_YET), RULE) == []
    assert said(slow(0.9 * NOT_YET, start=-0.5, wave=0.1), RULE) == []  # the loss does not fall
    assert said(slow(0.9 * NOT_YET, start=FAR - 2, end=FAR - 1), RULE) == []


def test_between_two_looks_it_goes_on_as_at_the_first() -> None:
    seldom = dict.fromkeys(range(0, ENOUGH, 10), 0.99 * WAY / ENOUGH)
    assert figures_of(told(moved(seldom, seldom), RULE))["way"] == pytest.approx(0.99 * WAY, rel=1e-5)


def unknown(loss: Figure, optimizers: tuple[Optimizer, ...] = (SGD,)) -> Record:
    """Weights that stay, and a loss of which no more is known."""
    figures: dict[tuple[str, str], Figure] = {(f"{layer.name}.weight", "weight.std"): 1.0 for layer in NET}
    figures |= {(f"{layer.name}.weight", "update.std"): 1e-9 for layer in NET}
    return run(NET, figures, steps=ENOUGH, loss=loss, optimizers=optimizers)


def test_where_the_skill_is_not_known_it_is_advice() -> None:
    assert told(unknown(2.0), RULE).severity == "advice"
    assert told(unknown(lambda step: 2.0 - 0.01 * step), RULE).severity == "advice"


def test_without_an_optimizer_there_is_no_rate_to_tell() -> None:
    record = unknown(2.0, ())
    record.lr = Series((), ())  # type: ignore[misc]
    finding = told(record, RULE)
    assert "0.1" not in finding.message
    assert finding.remedy is not None
    assert "lr = 100 * lr" in finding.remedy.code


def test_a_try_of_a_few_steps_is_no_training() -> None:
    assert said(moved(1e-9, 1e-9, steps=ENOUGH - 1), RULE) == []


def found(way: float, steps: int, skill: float = 0.0) -> list[Finding]:
    """Of sound weights that came so far, a second look included."""
    figures: dict[tuple[str, str], Figure] = {(f"{layer.name}.weight", "weight.std"): 0.1 for layer in NET}
    figures |= {(f"{layer.name}.weight", "update.std"): 0.1 * way / steps for layer in NET}
    record = run(NET, figures, skill=skill, steps=steps, optimizers=(SGD,))
    return [finding for finding in diagnose(record).findings if finding.rule == RULE]


@pytest.mark.parametrize(("way", "times"), [(0.299, 10), (0.101, 10), (0.099, 30), (0.009, 100), (0.001, 100)])
def test_the_remedy_goes_as_far_as_the_weights_are_large(way: float, times: int) -> None:
    remedy = found(way, ENOUGH)[0].remedy
    assert remedy is not None
    assert f"lr={times * 0.1:g})" in remedy.code
    assert f"{times} times 0.1" in remedy.code


def test_of_a_short_run_that_does_not_learn_it_is_a_suspicion() -> None:
    limits = find(RULE).second_look
    way, least = limits["WAY"], int(limits["ENOUGH"])
    assert least == ENOUGH_STEPS  # fewer do not tell whether a run learns

    def suspected(way: float, steps: int, skill: float = 0.0) -> list[str]:
        return [finding.severity for finding in found(way, steps, skill)]

    assert suspected(0.99 * way, ENOUGH - 1) == ["advice"]
    assert suspected(0.99 * way, least) == ["advice"]
    assert suspected(1.01 * way, ENOUGH - 1) == []
    assert suspected(0.99 * way, least - 1) == []
    assert suspected(0.99 * way, least, skill=0.9) == []


def test_a_weight_that_does_not_move_at_all_is_not_the_rates_doing() -> None:
    assert said(moved(0.0, 1e-9), RULE) == []


def divided(eps: float, largest: float, way: float = 0.9 * LED, kind: str = "Adam", **given: object) -> Record:
    """A run of few steps, whose gradients hold no value above `largest`."""
    steps = 40
    figures: dict[tuple[str, str], Figure] = {(f"{layer.name}.weight", "weight.std"): 1.0 for layer in NET}
    figures |= {(f"{layer.name}.weight", "update.std"): way / steps for layer in NET}
    figures |= {(f"{layer.name}.weight", "weight_gradient.max_abs"): {0: largest, 9: largest / 9} for layer in NET}
    optimizers = (Optimizer(kind, kind, {"lr": 0.1, "eps": eps}, 2),)
    return run(NET, figures, steps=steps, **{"skill": 0.0, "optimizers": optimizers, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [*DIVIDES, "Adadelta", "SGD"])
def test_an_eps_above_every_gradient_makes_adam_a_descent_at_lr_over_eps(kind: str) -> None:
    record = divided(1.0, 0.99, kind=kind)
    if kind not in DIVIDES:
        assert said(record, RULE) == []
        return
    finding = told(record, RULE)
    assert (finding.severity, figures_of(finding)["largest_gradient"]) == ("error", pytest.approx(0.99))
    assert "eps" in finding.message
    assert finding.remedy is not None
    assert "eps=1e-08" in finding.remedy.code


def test_the_limits_are_on_eps_and_on_the_way() -> None:
    assert said(divided(1.0, 1.01), RULE) == []
    assert said(divided(1.0, 0.5, 1.01 * LED), RULE) == []
    assert said(divided(1.0, 0.5, 0.99 * LED), RULE)
    assert said(divided(1.01 * USUAL, 0.5 * USUAL), RULE)
    assert said(divided(USUAL, 0.5 * USUAL), RULE) == []
    assert said(divided(1.0, 0.0), RULE) == []


def test_a_large_eps_in_a_run_that_learns_or_of_two_optimizers_is_a_choice() -> None:
    two = tuple(Optimizer(name, "Adam", {"lr": 0.1, "eps": 1.0}, 1) for name in ("Adam", "Adam-2"))
    assert said(divided(1.0, 0.5, skill=0.9), RULE) == []
    assert said(divided(1.0, 0.5, optimizers=two), RULE) == []


@pytest.mark.parametrize("eps", [1e-8, 1.0])
def test_adam_of_that_eps_goes_as_far_as_gradient_descent(eps: float, tmp_path: Path) -> None:
    """Its second moment, corrected, is below the square of the largest gradient: it divides by eps to 2 eps."""
    torch.manual_seed(0)
    x, y = torch.randn(64, 8), torch.randint(0, 4, (64,))
    net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 4))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, eps=eps)
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for _ in range(40):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x), y[torch.randperm(64)]).backward()
            optimizer.step()
    found = [one for one in said(watch.read(), RULE) if "eps" in one.message]
    assert bool(found) is (eps == 1)


def straight(
    share: float, pace: float = 0.9, *, skill: Figure | None = 0.0, clipped: bool = False, first: float = 9.0
) -> Record:
    """A loss that falls by 1 from the middle of the first third to that of the last, at `share` of what is promised."""
    figures: dict[tuple[str, str], Figure] = {(f"{layer.name}.weight", "weight.std"): 1.0 for layer in NET}
    figures |= {(f"{layer.name}.weight", "update.std"): 1.0 for layer in NET}
    promised = 3 / 2 / ENOUGH / share
    figures["", "update.descent"] = lambda step: promised * (1 if step < 2 * ENOUGH // 3 else pace)
    if clipped:
        figures["", "loop.norm"] = 1.0
    return run(NET, figures, skill=skill, steps=ENOUGH, loss=lambda step: 9 - 3 / 2 * step / ENOUGH if step else first)


@pytest.mark.parametrize(("skill", "severity"), [(0.0, "warning"), (None, "advice")])
def test_a_loss_may_keep_four_fifths_of_what_the_steps_promise(skill: float | None, severity: str) -> None:
    finding = told(straight(1.05 * KEPT, skill=skill), RULE)
    assert (finding.severity, figures_of(finding)["pace"]) == (severity, pytest.approx(0.9))
    assert figures_of(finding)["kept"] == pytest.approx(1.05 * KEPT, rel=0.05)
    assert said(straight(0.9 * KEPT, skill=skill), RULE) == []


def test_of_a_run_that_learns_nearly_all_must_be_kept() -> None:
    assert told(straight(1.06 * WHOLE, skill=0.9), RULE).severity == "advice"
    assert said(straight(0.95 * WHOLE, skill=0.9), RULE) == []


def test_where_nothing_has_slowed_half_is_enough() -> None:
    finding = told(straight(1.05 * HALF, 1.0), RULE)
    assert finding.severity == "advice"
    assert "longer steps, or more" in finding.cause
    assert said(straight(1.05 * HALF, 0.9), RULE) == []
    assert said(straight(0.95 * HALF, 1.0), RULE) == []
    assert said(straight(1.05 * HALF, 1.0, skill=0.9), RULE) == []


def test_a_run_that_ends_or_is_done_or_clipped_may_go_straight() -> None:
    assert said(straight(1.0, 1.1 * PACE), RULE)
    assert said(straight(1.0, 0.9 * PACE), RULE) == []
    assert said(straight(1.0, 0.9 * PACE, skill=-1.0), RULE)  # a bias alone would get further
    assert said(straight(1.0, 0.9 * ABOVE, skill=-1.0), RULE) == []
    assert said(straight(1.0, 0.9 * PACE, skill=-1.0, first=4.4), RULE) == []  # a step threw it up
    assert said(straight(1.0, skill=1.01 * DONE), RULE) == []
    assert said(straight(1.0, clipped=True), RULE) == []
    assert said(straight(1.1 * BENT), RULE) == []


@pytest.mark.parametrize(("rate", "speaks"), [(0.01, True), (0.5, False)])
def test_gradient_descent_on_a_line_at_a_hundredth_of_the_best_rate(rate: float, speaks: bool, tmp_path: Path) -> None:
    """The best rate of all is 1 over the curvature, here that of a mean square over unit inputs: 1/2 to 1."""
    torch.manual_seed(0)
    x = torch.randn(256, 8)
    y = 5 + x.sum(1, keepdim=True)
    net = nn.Linear(8, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=rate / 2)
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for _ in range(60):
            optimizer.zero_grad()
            (net(x) - y).square().mean().backward()
            optimizer.step()
    assert bool(said(watch.read(), RULE)) is speaks
