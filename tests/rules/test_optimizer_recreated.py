"""optimizer-recreated: an optimizer that is made within the loop, and those that are made anew with reason."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from loops import net, train, watched
from records import SGD, run, said, told
from torch import Tensor, nn

from headstart.diagnosis.rules.optimizer_recreated import ADAPTIVE_STEPS, MOMENTUM_STEPS, TIMES
from headstart.record import Optimizer

RULE = "optimizer-recreated"
ADAM = Optimizer("Adam", "Adam", {"lr": 0.1}, 2)
MOMENTUM = replace(SGD, options={"lr": 0.1, "momentum": 0.9})


@pytest.mark.parametrize("each", [1, 4])
def test_one_that_is_made_anew_is_known_as_the_same(tmp_path: Path, each: int) -> None:
    def loop(model: nn.Module) -> None:
        for _ in range(6):
            train(model, torch.optim.Adam(model.parameters(), lr=1e-3), each)

    record = watched(tmp_path, net(), loop)
    (optimizer,) = record.optimizers
    assert (optimizer.name, optimizer.steps, optimizer.remade) == ("Adam", 6 * each, 5)
    assert {parameter.optimizer for parameter in record.parameters} == {"Adam"}
    finding = told(record, RULE)
    assert [evidence.value for evidence in finding.evidence] == [5, each]


def reset_by_init(model: nn.Module) -> None:
    for layer in model.children():
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()


def reset_by_state(model: nn.Module) -> None:
    model.load_state_dict(copy.deepcopy(model.state_dict()))


@pytest.mark.parametrize("reset", [reset_by_init, reset_by_state])
def test_folds_and_restarts_are_sound(tmp_path: Path, reset: Callable[[nn.Module], None]) -> None:
    def loop(model: nn.Module) -> None:
        for _ in range(6):
            reset(model)
            train(model, torch.optim.Adam(model.parameters(), lr=1e-3), 5)

    record = watched(tmp_path, net(), loop)
    assert not said(record, RULE)
    assert sum(optimizer.steps for optimizer in record.optimizers) == 30


@pytest.mark.parametrize(
    "make",
    [
        lambda parameters: torch.optim.SGD(parameters, lr=0.1),
        lambda parameters: torch.optim.LBFGS(parameters, max_iter=2),
    ],
    ids=["sgd", "lbfgs"],
)
def test_what_has_no_state_or_gathers_it_within_a_step_is_sound(
    tmp_path: Path, make: Callable[..., torch.optim.Optimizer]
) -> None:
    def loop(model: nn.Module) -> None:
        for _ in range(6):
            optimizer = make(model.parameters())

            def closure(optimizer: torch.optim.Optimizer = optimizer) -> Tensor:
                optimizer.zero_grad()
                loss = model(torch.ones(4, 6)).square().mean()
                loss.backward()
                return loss

            optimizer.step(closure)  # type: ignore[arg-type]

    assert not said(watched(tmp_path, net(), loop), RULE)


def test_two_that_take_turns_are_two(tmp_path: Path) -> None:
    def loop(model: nn.Module) -> None:
        both = [torch.optim.Adam(model.parameters(), lr=lr) for lr in (1e-3, 1e-2)]
        for _ in range(6):
            for optimizer in both:
                train(model, optimizer, 1)

    record = watched(tmp_path, net(), loop)
    assert [(optimizer.name, optimizer.steps) for optimizer in record.optimizers] == [("Adam", 6), ("Adam-2", 6)]
    assert not said(record, RULE)


def test_an_id_that_another_model_gets_is_another_optimizer(tmp_path: Path) -> None:
    def loop(model: nn.Module) -> None:
        for part in range(5):
            train(model, torch.optim.Adam(model[0 if part % 2 else 4].parameters(), lr=1e-3), 2)  # type: ignore[index]

    record = watched(tmp_path, net(), loop)
    assert {(optimizer.name, optimizer.steps) for optimizer in record.optimizers} == {("Adam", 6), ("Adam-2", 4)}


@pytest.mark.parametrize(
    ("optimizer", "remade", "steps", "fires"),
    [
        (ADAM, TIMES, 40, True),
        (ADAM, TIMES - 1, 40, False),
        (ADAM, TIMES, (TIMES + 1) * ADAPTIVE_STEPS - 1, True),
        (ADAM, TIMES, (TIMES + 1) * ADAPTIVE_STEPS, False),
        (MOMENTUM, TIMES, (TIMES + 1) * MOMENTUM_STEPS, True),
        (MOMENTUM, TIMES, (TIMES + 1) * (MOMENTUM_STEPS + 1), False),
        (SGD, 50, 51, False),
        (replace(ADAM, kind="LBFGS"), 50, 51, False),
    ],
)
def test_both_sides_of_each_limit(optimizer: Optimizer, remade: int, steps: int, fires: bool) -> None:
    record = run(optimizers=(replace(optimizer, remade=remade, steps=steps),))
    assert bool(said(record, RULE)) is fires


@pytest.mark.parametrize(
    ("skill", "life", "severity"), [(0.0, 10, "warning"), (0.0, 11, "advice"), (0.9, 1, "advice")]
)
def test_it_is_a_warning_where_nothing_is_learnt_and_no_momentum_can_build_up(
    skill: float, life: int, severity: str
) -> None:
    record = run(optimizers=(replace(ADAM, remade=9, steps=10 * life),), skill=skill)
    assert told(record, RULE).severity == severity
