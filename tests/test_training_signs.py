"""What was trained is recognised and kept; what a law drew is not taken for it."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from sklearn.datasets import load_digits
from torch import Tensor, nn

import headstart as hs
from headstart.prepare.parts import parts
from headstart.prepare.training_signs import ALPHA, has_large_direction, is_drawn, shows_training

SHAPES = [(10, 256), (256, 784), (8, 8), (64, 3, 7, 7), (128, 64, 3, 3), (1000, 16), (96, 1, 3, 3)]
LAWS = "uniform_ normal_ xavier_normal_ xavier_uniform_ kaiming_normal_ kaiming_uniform_ orthogonal_ trunc_normal_".split()


def digits() -> tuple[Tensor, Tensor]:
    x, y = load_digits(return_X_y=True)
    return torch.tensor(x, dtype=torch.float32) / 8 - 1, torch.tensor(y)


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 10))


def normalised() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 32, bias=False), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 10))


def cnn() -> nn.Module:
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        *(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.Flatten(), nn.Linear(256, 10)),
    )


def train(model: nn.Module, steps: int = 200, kind: type[torch.optim.Optimizer] = torch.optim.Adam) -> float:
    x, y = digits()
    optimizer = kind(model.parameters(), lr=0.1 if kind is torch.optim.SGD else 3e-3)  # type: ignore[call-arg]
    for _ in range(steps):
        i = torch.randint(0, len(x), (64,))
        optimizer.zero_grad()
        F.cross_entropy(model(x[i]), y[i]).backward()
        optimizer.step()
    return accuracy(model)


def accuracy(model: nn.Module) -> float:
    x, y = digits()
    model.eval()
    with torch.no_grad():
        found = (model(x).argmax(1) == y).float().mean().item()
    model.train()
    return found


@pytest.mark.parametrize("make", [mlp, normalised, cnn])
@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.SGD])
def test_a_trained_network_stays_as_it_is_to_the_last_bit(
    make: Callable[[], nn.Module], kind: type[torch.optim.Optimizer]
) -> None:
    model = make()
    assert train(model, kind=kind) > 0.9
    before = copy.deepcopy(model.state_dict())
    hs.initialize(model, digits()[0][:64])
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize("zero_bias", [True, False])
def test_a_fresh_output_on_a_trained_network_is_drawn(zero_bias: bool) -> None:
    model = mlp()
    train(model)
    model[4] = nn.Linear(48, 5)
    if zero_bias:
        nn.init.trunc_normal_(model[4].weight, std=0.02)
        nn.init.zeros_(model[4].bias)
    before = copy.deepcopy(model.state_dict())
    hs.initialize(model, digits()[0][:64])
    changed = {name for name, value in model.state_dict().items() if not torch.equal(before[name], value)}
    assert "4.weight" in changed
    assert changed <= {"4.weight", "4.bias"}


def test_a_new_part_of_a_trained_network_is_drawn() -> None:
    model = cnn()
    train(model)
    longer = nn.Sequential(*list(model)[:-1], nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 10))
    before = copy.deepcopy(longer.state_dict())
    hs.initialize(longer, digits()[0][:64])
    changed = {name for name, value in longer.state_dict().items() if not torch.equal(before[name], value)}
    assert changed == {"9.weight", "9.bias", "11.weight", "11.bias"}


@pytest.mark.parametrize("make", [mlp, normalised, cnn])
def test_a_fresh_network_shows_no_training_also_after_a_pass_that_moves_statistics(
    make: Callable[[], nn.Module],
) -> None:
    model = make()
    model(digits()[0])
    assert [part.name for part in parts(model) if shows_training(part)] == []


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("law", LAWS)
def test_no_law_of_torch_is_taken_for_training(law: str, shape: tuple[int, ...]) -> None:
    for _ in range(5):
        weight = torch.empty(shape)
        getattr(nn.init, law)(weight)
        assert is_drawn(weight)
        assert not has_large_direction(weight)


def test_an_outlier_is_no_direction() -> None:
    weight = nn.init.trunc_normal_(torch.empty(256, 256), std=0.02)
    weight[3, 5] = 2.0  # 100 σ, as the erfinv form could give
    assert not has_large_direction(weight)


@pytest.mark.parametrize("fill", [torch.zeros, torch.ones, lambda *shape: torch.eye(*shape)])
def test_constants_and_identities_are_no_training(fill: Callable[..., Tensor]) -> None:
    assert is_drawn(fill(64, 64))


@pytest.mark.parametrize("draw", ["laplace", "t", "lognorm"])
def test_heavy_tails_are_no_draw_and_the_limit_is_that_of_kolmogorov(draw: str) -> None:
    rng = np.random.default_rng(0)
    values = {"laplace": rng.laplace(size=4000), "t": rng.standard_t(3, 4000), "lognorm": rng.lognormal(size=4000)}[
        draw
    ]
    assert not is_drawn(torch.tensor(values).view(40, 100))
    standard = (values - values.mean()) / values.std(ddof=1)
    assert stats.kstest(standard, "norm").pvalue < ALPHA


def test_dcgans_scales_are_no_training_but_shifts_that_moved_are() -> None:
    norm = nn.BatchNorm2d(64)
    nn.init.normal_(norm.weight, 1.0, 0.02)
    assert not any(map(shows_training, parts(norm)))
    nn.init.normal_(norm.bias, 0.0, 0.02)  # RepVGG's
    assert not any(map(shows_training, parts(norm)))
    norm(torch.randn(4, 64, 2, 2))
    assert [part.name for part in parts(norm) if shows_training(part)] == ["bias"]
