"""gradient-detached, parameters-without-gradient, zero-derivative-op: ways from the loss that end too early."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from loops import X, Y, loss_of, net, train, watched
from records import chain, flat, head, linear, run, said, told
from torch import Tensor, nn

from headstart.diagnosis import diagnose
from headstart.diagnosis.ledger import STEPS
from headstart.diagnosis.skill import ENOUGH_STEPS
from headstart.record import Optimizer, Record

DETACHED, WITHOUT, ZERO = "gradient-detached", "parameters-without-gradient", "zero-derivative-op"
Way = Callable[[Tensor], Tensor]


class Passing(nn.Module):
    """Two layers, something in between, and a head."""

    def __init__(self, way: Way, spare: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second, self.head = nn.Linear(6, 8), nn.Linear(8, 8), nn.Linear(8, 2)
        self.spare = nn.Linear(8, 3) if spare else None
        self.way = way

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.second(self.first(x).tanh())
        if self.spare is not None:
            self.spare(hidden)
        answer: Tensor = self.head(self.way(hidden))
        return answer


def rules(record: Record) -> set[str]:
    return {one.rule for one in flat(diagnose(record))} & {DETACHED, WITHOUT, ZERO}


def passed(folder: Path, way: Way, steps: int = 25, spare: bool = False) -> Record:
    def loop(model: nn.Module) -> None:
        train(model, torch.optim.SGD(model.parameters(), lr=0.05), steps)

    return watched(folder, Passing(way, spare), loop)


@pytest.mark.parametrize(
    "cut",
    [Tensor.detach, lambda h: h.data, lambda h: torch.from_numpy(h.detach().numpy().copy())],
    ids=["detach", "data", "numpy"],
)
def test_a_cut_between_layers_is_placed(tmp_path: Path, cut: Way) -> None:
    record = passed(tmp_path, cut)
    finding = told(record, DETACHED)
    assert finding.layers == ("first", "second")
    assert "between second and head" in finding.message
    assert rules(record) == {DETACHED}


def test_a_cut_counts_from_three_looks_on(tmp_path: Path) -> None:
    assert rules(passed(tmp_path, Tensor.detach, STEPS - 1)) == set()


@pytest.mark.parametrize(
    "way", [lambda h: h, torch.relu, lambda h: h + h.detach(), lambda h: h + (h.round() - h).detach()]
)
def test_a_way_that_stays_open_is_sound(tmp_path: Path, way: Way) -> None:
    assert rules(passed(tmp_path, way)) == set()


def test_a_frozen_part_before_a_cut_is_sound(tmp_path: Path) -> None:
    def loop(model: nn.Module) -> None:
        train(model, torch.optim.SGD(model.get_submodule("head").parameters(), lr=0.05))

    assert rules(watched(tmp_path, Passing(Tensor.detach), loop)) == set()


def test_what_is_detached_for_one_loss_and_trained_by_another_is_sound(tmp_path: Path) -> None:
    def loop(model: nn.Module) -> None:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        for step in range(24):
            model.way = Tensor.detach if step % 2 else torch.Tensor.clone  # type: ignore[assignment]
            train(model, optimizer, 1)

    assert rules(watched(tmp_path, Passing(torch.clone), loop)) == set()


@pytest.mark.parametrize(("steps", "fires"), [(STEPS, True), (STEPS - 1, False)])
def test_a_loss_made_anew_from_its_value_is_an_error(tmp_path: Path, steps: int, fires: bool) -> None:
    def loop(model: nn.Module) -> None:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        train(model, optimizer, steps, lambda model: torch.tensor(loss_of(model).item(), requires_grad=True))

    assert [finding.severity for finding in said(watched(tmp_path, net(), loop), DETACHED)] == ["error"] * fires


def mean_of_values(model: nn.Module) -> Tensor:
    return torch.tensor([loss_of(model).item(), loss_of(model).item()], requires_grad=True).mean()


def loss_of_the_answers(model: nn.Module) -> Tensor:
    return nn.functional.mse_loss(model(X).argmax(1).float().requires_grad_(), Y.float())


@pytest.mark.parametrize("cut", [mean_of_values, loss_of_the_answers])
def test_a_few_operations_on_such_a_tensor_are_no_way_to_the_net(
    tmp_path: Path, cut: Callable[[nn.Module], Tensor]
) -> None:
    def loop(model: nn.Module) -> None:
        train(model, torch.optim.SGD(model.parameters(), lr=0.05), STEPS, cut)

    assert [finding.severity for finding in said(watched(tmp_path, net(), loop), DETACHED)] == ["error"]


def test_one_real_loss_among_them_is_enough(tmp_path: Path) -> None:
    def loop(model: nn.Module) -> None:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        train(model, optimizer, 5, lambda model: torch.tensor(loss_of(model).item(), requires_grad=True))
        train(model, optimizer, 1)

    assert rules(watched(tmp_path, net(), loop)) == set()


def test_a_head_whose_output_is_not_used_is_named(tmp_path: Path) -> None:
    finding = told(passed(tmp_path, torch.clone, spare=True), WITHOUT)
    assert finding.layers == ("spare",)
    assert (finding.evidence[0].value, finding.evidence[0].of) == (2, 8)


@pytest.mark.parametrize(("skill", "severity"), [(0.9, "advice"), (0.0, "warning"), (None, "advice")])
def test_parameters_without_gradient_weigh_more_where_nothing_is_learnt(skill: float | None, severity: str) -> None:
    record = run(chain(linear("w"), head()), {("w", "activation.mean"): 0.0}, skill=skill)
    idle, trained = record.parameters[:2], record.parameters[2:]
    record.parameters = (
        *(replace(parameter, steps_seen=STEPS) for parameter in idle),
        *(replace(parameter, steps_seen=STEPS, steps_with_gradient=STEPS) for parameter in trained),
    )
    assert told(record, WITHOUT).severity == severity


@pytest.mark.parametrize(
    ("skill", "steps", "reached", "severity"),
    [
        (None, ENOUGH_STEPS, 0, "warning"),
        (None, ENOUGH_STEPS - 1, 0, "advice"),
        (None, ENOUGH_STEPS, 1, "advice"),  # one of the tensors that it holds has gradients
        (0.9, ENOUGH_STEPS, 0, "advice"),
    ],
)
def test_an_optimizer_all_of_whose_steps_do_nothing_is_a_fault(
    skill: float | None, steps: int, reached: int, severity: str
) -> None:
    record = run(chain(linear("w"), head()), {("w", "activation.mean"): 0.0}, skill=skill)
    idle, trained = record.parameters[:2], record.parameters[2:]
    record.parameters = (
        replace(idle[0], steps_seen=STEPS, optimizer="Adam"),
        replace(idle[1], steps_seen=STEPS, optimizer="Adam", steps_moved=STEPS * reached),
        *(replace(parameter, steps_seen=STEPS, steps_with_gradient=STEPS) for parameter in trained),
    )
    record.optimizers = (*record.optimizers, Optimizer("Adam", "Adam", {"lr": 0.1}, 2, steps))
    assert told(record, WITHOUT).severity == severity


def test_a_head_that_is_never_called_or_used_once_is_not_named(tmp_path: Path) -> None:
    model = Passing(torch.clone)
    model.add_module("idle", nn.Linear(2, 2))
    assert rules(watched(tmp_path, model, lambda m: train(m, torch.optim.SGD(m.parameters(), lr=0.05)))) == set()


def test_sparse_gradients_are_gradients(tmp_path: Path) -> None:
    class Words(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.head = nn.EmbeddingBag(5000, 4, sparse=True), nn.Linear(4, 2)

        def forward(self, words: Tensor) -> Tensor:
            answer: Tensor = self.head(self.embed(words))
            return answer

    def loop(model: nn.Module) -> None:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        words = torch.arange(64)[:, None] * 3
        train(model, optimizer, loss=lambda model: loss_of(model, words))

    record = watched(tmp_path, Words(), loop)
    assert rules(record) == set()
    assert [parameter.sparse for parameter in record.parameters] == [True, False, False]


@pytest.mark.parametrize("op", ["round", "floor", "ceil", "trunc", "sign"])
def test_layers_behind_a_step_function_are_named(tmp_path: Path, op: str) -> None:
    record = passed(tmp_path, getattr(torch, op))
    finding = told(record, ZERO)
    assert finding.layers == ("first", "second")
    assert f"torch.{op}" in finding.message
    assert rules(record) == {ZERO}


def test_a_step_function_behind_the_whole_net_is_an_error(tmp_path: Path) -> None:
    def rounded(model: nn.Module) -> Tensor:
        return ((model(X).round() - nn.functional.one_hot(Y, 2)) ** 2).mean()

    record = watched(tmp_path, net(), lambda m: train(m, torch.optim.SGD(m.parameters(), lr=0.05), loss=rounded))
    finding = told(record, ZERO)
    assert (finding.severity, finding.evidence[0].value, finding.evidence[0].of) == ("error", 3, 3)


def test_a_second_way_around_the_step_function_is_sound(tmp_path: Path) -> None:
    assert rules(passed(tmp_path, lambda h: h.round() + h)) == set()
