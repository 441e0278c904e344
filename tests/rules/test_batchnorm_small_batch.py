"""batchnorm-small-batch: the standard error that the limit rests on, and both sides of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from records import chain, head, linear, run, said, told, unjudged
from torch import nn
from training import trained

from headstart.diagnosis.rules.batchnorm_small_batch import ERROR, FEW, relative_error
from headstart.prepare import norm
from headstart.record import Mode, Record

RULE = "batchnorm-small-batch"


def record(*values: int | None, skill: float | None = None) -> Record:
    seen = run(chain(linear("fc"), head()), skill=skill)
    seen.modes = tuple(Mode(f"bn{n}", "BatchNorm1d", n, values=count, steps=60) for n, count in enumerate(values))
    return seen


@pytest.mark.parametrize("values", [2, 3, 8, 50])
def test_the_error_is_that_of_normal_samples(values: int) -> None:
    torch.manual_seed(0)
    variances = torch.randn(100_000, values, dtype=torch.double).var(1)
    assert relative_error(values) == pytest.approx(variances.std().item(), rel=0.05)


def test_two_values_leave_a_sign() -> None:
    y = nn.BatchNorm1d(50, eps=1e-12)(torch.randn(2, 50))
    assert torch.allclose(y.abs(), torch.ones(2, 50), atol=1e-3)


@pytest.mark.parametrize("skill", [None, 0.5, 0.0])
@pytest.mark.parametrize("values", [1, 2, 3, 4, FEW - 1, FEW])
def test_its_severity_by_the_error(values: int, skill: float | None) -> None:
    found = [one.severity for one in said(record(64, values, skill=skill), RULE)]
    grave = skill == 0.0 or relative_error(values) >= ERROR
    assert found == ([] if values >= FEW else ["warning"] if grave else ["advice"])


def test_the_norm_with_the_fewest_values_is_told() -> None:
    finding = told(record(6, None, 2, 64), RULE)
    assert (finding.layer, finding.layers) == ("bn2", ("bn0", "bn2"))


def test_it_is_not_judged_without_a_batch_norm() -> None:
    assert RULE in unjudged(record())


def test_two_pictures_have_many_values(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))
    x = torch.randn(2, 1, 8, 8)
    model(x)
    assert said(trained(tmp_path, model, x, torch.tensor([0, 1]), lr=0.1), RULE) == []


def test_its_remedy_takes_the_place_of_the_norm(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(3, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 2))
    finding = told(trained(tmp_path, model, torch.randn(2, 3), torch.tensor([0, 1]), lr=0.1), RULE)
    assert finding.remedy is not None
    exec(finding.remedy.code, {"torch": torch, "model": model})
    assert isinstance(model[1], nn.GroupNorm)
    assert model(torch.randn(1, 3)).shape == (1, 2)


@pytest.mark.parametrize("units", [3, 8, 48, 64, 100, 512])
def test_its_remedy_does_not_leave_a_sign_itself(units: int, tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(3, units), nn.BatchNorm1d(units), nn.ReLU(), nn.Linear(units, 2))
    remedy = told(trained(tmp_path, model, torch.randn(2, 3), torch.tensor([0, 1]), lr=0.1), RULE).remedy
    assert remedy is not None
    exec(remedy.code, {"torch": torch, "model": model})
    group = norm.convert(nn.BatchNorm1d(units), "group").model
    assert isinstance(model[1], nn.GroupNorm)
    assert isinstance(group, nn.GroupNorm)
    assert model[1].num_groups == group.num_groups
    assert model[1].num_groups == 1 or units // model[1].num_groups >= 16


def alone(samples: int = 1, evaluated: int = 3, tracks: bool = True, skill: float | None = 0.5) -> Record:
    seen = run(chain(linear("fc"), head()), skill=skill)
    seen.modes = (
        Mode("bn", "BatchNorm2d", tracks=tracks, values=100, steps=60, evaluated=evaluated, samples=samples),
    )
    return seen


@pytest.mark.parametrize(("skill", "severity"), [(0.5, "advice"), (None, "advice"), (0.0, "warning")])
def test_one_picture_is_normalised_by_itself(skill: float | None, severity: str) -> None:
    assert told(alone(skill=skill), RULE).severity == severity


@pytest.mark.parametrize("kind", [{"samples": 2}, {"evaluated": 0}, {"tracks": False}])
def test_two_pictures_and_what_is_the_same_in_both_modes_are_sound(kind: dict[str, int]) -> None:
    assert said(alone(**kind), RULE) == []  # type: ignore[arg-type]


def test_in_a_batch_of_one_batch_norm_is_instance_norm() -> None:
    x = torch.randn(1, 3, 9, 9)
    assert torch.allclose(nn.BatchNorm2d(3)(x), nn.InstanceNorm2d(3)(x), atol=1e-5)
