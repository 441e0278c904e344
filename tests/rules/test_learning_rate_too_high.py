"""learning-rate-too-high: updates over weights, and the loss around the first that is large."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import COIN, SGD, Figure, chain, figures_of, head, linear, run, said, told
from torch import nn
from training import trained

import headstart as hs
from headstart.diagnosis.rules.learning_rate_too_high import (
    DONE,
    LARGE,
    PROMISE,
    RISE,
    START,
    TARGETS,
    TIMES,
    WHOLE,
)
from headstart.diagnosis.skill import FAR
from headstart.record import Loss, Record, Targets

RULE = "learning-rate-too-high"
NET = chain(linear("fc1"), linear("fc2"), head())


def at(
    share: Figure,
    loss: Figure,
    skill: float | None = 0.0,
    *,
    kind: str = "SGD",
    losses: tuple[Loss, ...] = (),
    size: float = 0.1,
) -> Record:
    """All three weights of one size, moved by `share` of it."""
    figures: dict[tuple[str, str], Figure] = {}
    for layer in NET:
        figures[f"{layer.name}.weight", "weight.std"] = size
        figures[f"{layer.name}.weight", "update.std"] = lambda s: size * (share(s) if callable(share) else share)  # type: ignore[operator]
    given = [(loss, 1.0) for loss in losses]
    return run(NET, figures, skill=skill, loss=loss, losses=given, optimizers=(replace(SGD, kind=kind),))


def jumps(times: float) -> Figure:
    return lambda step: 1.0 if step < 1 else times * (1 - 1e-3 * (step % 2))


def test_a_step_may_be_a_quarter_of_the_weights() -> None:
    finding = told(at(1.01 * LARGE, jumps(10)), RULE)
    assert figures_of(finding)["update_share"] == pytest.approx(1.01 * LARGE, rel=1e-5)
    assert finding.step == 0
    assert said(at(0.99 * LARGE, jumps(10)), RULE) == []


def test_the_loss_may_rise_to_twice_what_it_was() -> None:
    assert figures_of(told(at(1.0, jumps(1.01 * RISE)), RULE))["loss_rise"] == pytest.approx(1.01 * RISE)
    assert said(at(1.0, jumps(0.99 * RISE)), RULE) == []


@pytest.mark.parametrize("skill", [0.9, None])
def test_in_a_run_that_is_not_known_to_fail_it_is_advice(skill: float | None) -> None:
    assert told(at(1.01 * LARGE, jumps(1.01 * RISE), skill), RULE).severity == "advice"
    assert said(at(1.01 * LARGE, jumps(0.99 * RISE), skill), RULE) == []
    assert said(at(0.99 * LARGE, jumps(10), skill), RULE) == []


@pytest.mark.parametrize("skill", [0.0, 0.9, None])
def test_a_step_of_adam_may_be_as_long_as_the_weights_are_large(skill: float | None) -> None:
    finding = told(at(1.01 * WHOLE, 1.0, skill, kind="Adam"), RULE)
    assert finding.severity == "advice"
    assert "nothing is left of the initialisation" in finding.cause
    assert said(at(0.99 * WHOLE, 1.0, skill, kind="Adam"), RULE) == []
    assert said(at(1.01 * WHOLE, 1.0, skill), RULE) == []  # as long as SGD's gradient


def test_weights_that_are_smaller_than_pytorchs_own_are_not_the_rates_doing() -> None:
    own = 1 / math.sqrt(3 * 64)  # the bound of kaiming_uniform_(a=√5) is 1 / √fan_in
    assert told(at(1.01 * WHOLE, 1.0, 0.9, kind="Adam", size=own), RULE)
    assert said(at(1.01 * WHOLE, 1.0, 0.9, kind="Adam", size=own / 2), RULE) == []
    assert told(at(2.02 * WHOLE, 1.0, 0.9, kind="Adam", size=own / 2), RULE)
    assert said(at(1.01 * LARGE, jumps(10), 0.9, size=own / 2), RULE) == []
    assert told(at(1.01 * LARGE, jumps(10), 0.0, size=own / 2), RULE)  # known to fail


def test_a_run_that_is_done_came_through_it() -> None:
    assert said(at(WHOLE, 1.0, DONE + 0.01, kind="Adam"), RULE) == []
    assert said(at(WHOLE, jumps(10), DONE + 0.01, kind="Adam"), RULE)


def test_a_loss_that_was_as_high_before_the_step_is_not_its_doing() -> None:
    late = lambda step: 1.0 if step >= 30 else 0.01  # noqa: E731
    assert said(at(late, lambda step: 10.0 if step % 7 == 3 else 1.0), RULE) == []
    assert told(at(late, lambda step: 10.0 if step > 30 else 1.0), RULE).step == 30


def test_a_loss_that_turns_nan_without_having_risen_has_another_cause() -> None:
    assert said(at(1.0, lambda step: 1.0 if step < 9 else math.nan), RULE) == []
    assert figures_of(told(at(1.0, lambda step: 1.0 if step < 9 else math.inf), RULE))["loss_rise"] == math.inf


def test_one_weight_alone_does_not_count() -> None:
    figures: dict[tuple[str, str], Figure] = {}
    for layer, share in zip(NET, (5.0, 0.1, 0.1), strict=True):
        figures[f"{layer.name}.weight", "weight.std"] = 0.1
        figures[f"{layer.name}.weight", "update.std"] = 0.1 * share
    assert said(run(NET, figures, skill=0.0, loss=jumps(10)), RULE) == []


@pytest.mark.parametrize(("kind", "speaks"), [("SGD", False), ("Adam", True)])
def test_large_targets_are_to_blame_unless_the_optimizer_divides_by_the_gradient(kind: str, speaks: bool) -> None:
    def of_size(size: float) -> Loss:
        return Loss("mse_loss at train.py:9", "mse_loss", "train.py:9", {}, Targets(100, (), (100 * size,), (0.0,)))

    assert bool(said(at(1.0, jumps(10), kind=kind, losses=(of_size(1.01 * TARGETS),)), RULE)) is speaks
    assert said(at(1.0, jumps(10), kind=kind, losses=(of_size(0.99 * TARGETS),)), RULE)
    assert COIN.targets.total == ()


@pytest.mark.parametrize(("lr", "speaks"), [(2.2, True), (0.1, False)])
def test_gradient_descent_on_a_parabola_diverges_from_two_over_its_curvature(
    lr: float, speaks: bool, tmp_path: Path
) -> None:
    """Each step multiplies the error by 1 - lr × curvature, here 1 for whitened inputs and half the square."""
    net = nn.Linear(4, 1, bias=False)
    nn.init.constant_(net.weight, 1.0)
    x = 2 * torch.eye(4)
    y = torch.tensor([[1.0], [-1.0], [1.0], [-1.0]]) * x.sum(1, keepdim=True)

    def half_square(out: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return nn.functional.mse_loss(out, target) / 2

    record = trained(tmp_path, net, x, y, half_square, steps=40, lr=lr)
    assert math.isclose(record.loss.values[1] / record.loss.values[0], (1 - lr) ** 2, rel_tol=1e-4)
    assert bool(said(record, RULE)) is speaks


def grows(factor: float, times: int, *, steps: int = 10, **facts: object) -> Record:
    """A loss of 1 that grows in the last `times` of a few steps, too few to know of any skill."""
    figures: dict[tuple[str, str], Figure] = {}
    for layer in NET:
        figures |= {(f"{layer.name}.weight", "weight.std"): 0.1, (f"{layer.name}.weight", "update.std"): 0.0}
    loss = lambda step: factor ** max(0, step - (steps - 1 - times))  # noqa: E731
    return run(NET, figures, steps=steps, loss=loss, **facts)  # type: ignore[arg-type]


def test_a_loss_that_doubles_at_each_step_to_the_end_needs_nothing_else() -> None:
    finding = told(grows(1.01 * RISE, TIMES), RULE)
    assert (finding.step, finding.severity) == (9 - TIMES, "error")
    assert figures_of(finding)["loss_rise"] == pytest.approx(1.01 * RISE)
    assert said(grows(0.99 * RISE, 9), RULE) == []
    assert said(grows(10 * RISE, TIMES - 1), RULE) == []
    assert said(grows(1.01 * RISE, TIMES, optimizers=(replace(SGD, kind="Adam"),)), RULE) == []
    assert told(grows(1.01 * RISE, TIMES, optimizers=()), RULE).remedy is not None


@pytest.mark.parametrize("times", [20, 400])
def test_a_loss_that_grows_by_little_at_each_step_must_come_far(times: int) -> None:
    """As of a rate that is little above 2 over the curvature."""
    factor = FAR ** (1 / times)
    finding = told(grows(factor * 1.001, times, steps=times + 5), RULE)
    assert (finding.step, finding.severity) == (4, "error")
    assert figures_of(finding)["loss_rise"] == pytest.approx(FAR * 1.001**times)
    assert said(grows(factor * 0.999, times, steps=times + 5), RULE) == []
    assert told(grows(factor * 1.001, times, steps=times + 5, optimizers=()), RULE).remedy is not None
    assert said(grows(factor * 1.001, times, steps=times + 5, optimizers=(replace(SGD, kind="Adam"),)), RULE) == []


def test_a_loss_that_comes_down_in_the_end_or_comes_back_up_did_not_run_away() -> None:
    record = grows(2 * RISE, TIMES)
    for values in ([*record.loss.values[:-1], 1.0], [2000.0, *record.loss.values[1:]]):
        changed = grows(2 * RISE, TIMES)
        changed.loss = replace(record.loss, values=tuple(values))  # type: ignore[misc]
        assert said(changed, RULE) == []


@pytest.mark.parametrize(("lr", "speaks"), [(3.0, True), (2.2, False), (0.5, False)])
def test_updates_by_hand_diverge_alike(lr: float, speaks: bool, tmp_path: Path) -> None:
    """With a rate of 3 over the curvature each step multiplies the loss by 4; with 2.2 by 1.44."""
    net = nn.Linear(4, 1, bias=False)
    x, y = 2 * torch.eye(4), torch.tensor([[300.0], [-300.0], [300.0], [-300.0]])
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for _ in range(8):
            (nn.functional.mse_loss(net(x), y) / 2).backward()
            assert net.weight.grad is not None
            with torch.no_grad():
                net.weight -= lr * net.weight.grad
                net.weight.grad.zero_()
    assert bool(said(watch.read(), RULE)) is speaks


def promising(times: float, skill: Figure | None = 0.0, kind: str = "SGD", loss: float = 2.0) -> Record:
    """Small steps, of which the tenth would lower the loss by so many times of itself."""
    figures: dict[tuple[str, str], Figure] = {}
    for layer in NET:
        figures |= {(f"{layer.name}.weight", "weight.std"): 1.0, (f"{layer.name}.weight", "update.std"): 1e-3}
    figures["", "update.descent"] = lambda step: times * loss if step == 9 else 0.01
    moving = lambda step: loss * (1 - 1e-3 * ((step + 1) % 2))  # noqa: E731
    return run(NET, figures, skill=skill, loss=moving, optimizers=(replace(SGD, kind=kind),))


def test_a_step_that_promises_many_times_the_loss_goes_past_the_lowest_point() -> None:
    finding = told(promising(1.01 * PROMISE), RULE)
    assert (finding.step, finding.severity) == (9, "error")
    assert figures_of(finding)["promise"] == pytest.approx(1.01 * PROMISE)
    assert said(promising(0.99 * PROMISE), RULE) == []
    assert said(promising(1.01 * PROMISE, loss=-1.0), RULE) == []


def test_a_start_far_off_makes_such_steps_by_itself() -> None:
    def from_start(first: float) -> Record:
        return promising(1.01 * PROMISE, lambda step: 1 - first if step == 0 else 0.0)

    assert said(from_start(0.99 * START), RULE)
    assert said(from_start(1.01 * START), RULE) == []


@pytest.mark.parametrize("skill", [0.9, None])
def test_a_net_may_recover_from_it(skill: float | None) -> None:
    assert said(promising(1.01 * PROMISE, skill), RULE) == []
