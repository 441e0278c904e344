"""batchnorm-stale-statistics: the weight of the start by its closed form, and both sides of each limit."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from records import chain, head, linear, run, said, told, unjudged
from torch import Tensor, nn
from training import trained

import headstart as hs
from headstart.diagnosis.case import Case
from headstart.diagnosis.rules.batchnorm_stale_statistics import ENOUGH_STEPS, LATEST, START, start_weight
from headstart.record import Mode, Record

RULE = "batchnorm-stale-statistics"


def record(
    momentum: float | None, batches: int = 60, *, first: int = 1, last: int = 59, evaluated: int = 1, steps: int = 60
) -> Record:
    seen = run(
        chain(linear("fc"), head()), {("bn", "norm.batches"): {0: first, min(last, steps - 1): batches}}, steps=steps
    )
    seen.modes = (Mode("bn", "BatchNorm1d", 0, None, True, momentum, steps=steps, evaluated=evaluated),)
    return seen


@given(momentum=st.floats(0, 1), batches=st.integers(1, 100))
def test_the_weight_of_the_start_is_what_torch_leaves_of_it(momentum: float, batches: int) -> None:
    norm = nn.BatchNorm1d(1, momentum=momentum).double()
    norm.running_mean.fill_(1.0)  # type: ignore[union-attr]
    data = torch.tensor([[-1.0], [1.0]], dtype=torch.double)  # its mean is 0: all that is left is the start
    for _ in range(batches):
        norm(data)
    seen = record(momentum, batches)
    assert start_weight(Case.of(seen), seen.modes[0]) == pytest.approx(norm.running_mean.item(), abs=1e-9)  # type: ignore[union-attr]


@pytest.mark.parametrize(("batches", "fires"), [(68, True), (69, False)])  # 0.99^68 = 0.505, 0.99^69 = 0.4998
def test_it_speaks_up_to_half(batches: int, fires: bool) -> None:
    assert (0.99**batches > START) is fires
    assert bool(said(record(0.01, batches), RULE)) is fires


@pytest.mark.parametrize(("evaluated", "severity"), [(1, "warning"), (0, "advice")])
def test_an_evaluation_makes_it_a_warning(evaluated: int, severity: str) -> None:
    assert told(record(0.0, evaluated=evaluated), RULE).severity == severity


@pytest.mark.parametrize(("momentum", "fires"), [(LATEST, True), (0.89, False), (1.0, True)])
def test_a_momentum_that_forgets_all_is_advice(momentum: float, fires: bool) -> None:
    found = said(record(momentum), RULE)
    assert [one.severity for one in found] == ["advice"] * fires


@pytest.mark.parametrize(
    "sound",
    [
        record(0.1),
        record(None),
        record(0.0, first=2),  # statistics from elsewhere
        record(0.0, last=40),  # killed: how many batches there were is not known
        record(0.0, steps=ENOUGH_STEPS - 1),
    ],
)
def test_it_is_silent(sound: Record) -> None:
    assert said(sound, RULE) == []


@pytest.mark.parametrize(("in_eval", "fires"), [(10, True), (11, False)])
def test_training_in_evaluation_mode_is_another_fault(in_eval: int, fires: bool) -> None:
    seen = record(0.01, 10)
    seen.modes = tuple(replace(mode, steps=10, eval_steps=in_eval) for mode in seen.modes)
    assert bool(said(seen, RULE)) is fires


def test_a_real_run(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8, momentum=1e-3), nn.ReLU(), nn.Linear(8, 2))
    finding = told(trained(tmp_path, model, torch.randn(32, 6), torch.arange(32) % 2, steps=30, lr=0.1), RULE)
    assert finding.evidence[0].value == pytest.approx(0.999**30)
    assert finding.remedy is not None
    exec(finding.remedy.code, {"model": model})
    assert model[1].momentum == 0.1


def test_it_is_not_judged_without_running_statistics() -> None:
    assert RULE in unjudged(run(chain(linear("fc"), head())))


Follow = Callable[[nn.Module, nn.Module], None]
PICTURES = 3 + 2 * torch.randn(64, 3, generator=torch.Generator().manual_seed(0))


def parameters_alone(mine: nn.Module, new: nn.Module) -> None:
    for a, b in zip(mine.parameters(), new.parameters(), strict=True):
        a.data.lerp_(b.data, 0.1)


def all_of_it(mine: nn.Module, new: nn.Module) -> None:
    mine.load_state_dict(new.state_dict())


def nothing(mine: nn.Module, new: nn.Module) -> None:
    pass


def taken_anew(mine: nn.Module, new: nn.Module) -> None:
    """As update_bn does."""
    parameters_alone(mine, new)
    mine.train()
    with torch.no_grad():
        mine(PICTURES)
    mine.eval()


def averaged(folder: Path, follow: Follow, epochs: int = 5, late: bool = False, training: bool = True) -> Record:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2)).train(training)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    mine = copy.deepcopy(net).eval()
    with hs.watch(nn.ModuleList([net, mine]), record=folder / "run.db") as watch:
        for epoch in range(epochs):
            for _ in range(5):
                optimizer.zero_grad()
                nn.functional.cross_entropy(net(PICTURES), (PICTURES[:, 0] > 3).long()).backward()
                optimizer.step()
            if late and epoch == epochs - 1:
                all_of_it(mine, net)
            follow(mine, net)
            with torch.no_grad():
                mine(PICTURES)
    read = watch.read()
    assert "fault" not in read.meta, read.meta["fault"]
    return read


def test_a_copy_whose_weights_follow_and_whose_statistics_do_not(tmp_path: Path) -> None:
    finding = told(averaged(tmp_path, parameters_alone), RULE)
    assert finding.severity == "warning"
    assert finding.evidence[0].value == 1


@pytest.mark.parametrize(
    ("follow", "facts"),
    [
        (all_of_it, {}),
        (taken_anew, {}),
        (nothing, {}),  # kept as it was: another matter
        (parameters_alone, {"late": True}),
        (parameters_alone, {"epochs": 2}),
        (parameters_alone, {"training": False}),  # nobody's statistics move
    ],
)
def test_a_copy_that_is_given_statistics_is_sound(follow: Follow, facts: dict[str, Tensor], tmp_path: Path) -> None:
    assert said(averaged(tmp_path, follow, **facts), RULE) == []  # type: ignore[arg-type]
