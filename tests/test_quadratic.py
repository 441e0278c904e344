"""Descent on squared errors of one linear layer: what it hangs on, by the closed form."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from records import flat
from torch import nn
from training import trained

from headstart.diagnosis import diagnose
from headstart.diagnosis.case import Case
from headstart.diagnosis.quadratic import diverges
from headstart.record import Record

X = 20 * torch.randn(64, 3, generator=torch.Generator().manual_seed(2))  # H = 400: stable below a rate of 1/400


def fitted(
    path: Path, *, lr: float, net: nn.Module | None = None, target: float = 500.0, weight: float = 30.0
) -> Record:
    net = net or nn.Linear(3, 1, bias=False)
    with torch.no_grad():
        next(net.parameters()).fill_(weight)
    return trained(path, net, X, target + X[:, :1], nn.functional.mse_loss, lr=lr, steps=24)


@pytest.mark.parametrize(("lr", "away"), [(0.02, True), (1e-4, False)])
def test_it_diverges_by_its_rate(lr: float, away: bool, tmp_path: Path) -> None:
    assert diverges(Case.of(fitted(tmp_path, lr=lr))) is away


@pytest.mark.parametrize(("target", "weight"), [(500.0, 30.0), (0.0, 0.1)])
def test_neither_the_targets_nor_the_start_are_to_blame_for_it(target: float, weight: float, tmp_path: Path) -> None:
    diagnosis = diagnose(fitted(tmp_path, lr=0.02, target=target, weight=weight))
    assert [one.rule for one in diagnosis.findings] == ["inputs-not-standardized", "learning-rate-too-high"]
    assert not {"targets-not-standardized", "weights-too-large"} & {one.rule for one in flat(diagnosis)}


@pytest.mark.parametrize(
    "net", [nn.Sequential(nn.Linear(3, 8), nn.Linear(8, 1)), nn.Sequential(nn.Linear(3, 1), nn.Tanh())]
)
def test_of_more_layers_or_an_activation_nothing_is_known(net: nn.Module, tmp_path: Path) -> None:
    assert not diverges(Case.of(trained(tmp_path, net, X, 500 + X[:, :1], nn.functional.mse_loss, lr=1e-3, steps=24)))
