"""inputs-not-standardized: size, smallness and offset of what the first layers are given."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from records import chain, figures_of, head, linear, run, said, told, unjudged
from torch import Tensor, nn
from training import trained

from headstart.diagnosis.rules.inputs_not_standardized import LARGE, OFFSET, SMALL
from headstart.record import Layer, Record

RULE = "inputs-not-standardized"
NET = chain(linear("fc1"), head())


def given(mean: float, std: float, first: Layer = NET[0], skill: float | None = 0.0) -> Record:
    layers = chain(first, head())
    return run(layers, {(first.name, "input.mean"): mean, (first.name, "input.std"): std}, skill=skill)


@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.01 * LARGE), (0.8 * LARGE, 0.61 * LARGE), (-1.01 * LARGE, 5.0)])
def test_inputs_whose_size_is_above_the_limit_are_too_large(mean: float, std: float) -> None:
    finding = told(given(mean, std), RULE)
    assert figures_of(finding)["input_size"] == pytest.approx(math.sqrt(mean**2 + std**2))
    assert finding.evidence[0].limit == LARGE


@pytest.mark.parametrize(("mean", "std"), [(0.0, 0.99 * LARGE), (0.8 * LARGE, 0.59 * LARGE), (0.5, 0.29), (0.1, 0.3)])
def test_inputs_within_the_limits_are_fine(mean: float, std: float) -> None:
    assert said(given(mean, std), RULE) == []


def test_inputs_whose_size_is_below_the_limit_are_too_small() -> None:
    finding = told(given(0.0, 0.99 * SMALL), RULE)
    assert finding.evidence[0].limit == SMALL
    assert said(given(0.0, 1.01 * SMALL), RULE) == []


@pytest.mark.parametrize("sign", [1, -1])
def test_a_mean_far_above_the_spread_is_an_offset(sign: int) -> None:
    finding = told(given(sign * 1.01 * OFFSET * 0.5, 0.5), RULE)
    assert (finding.evidence[0].figure, finding.evidence[0].limit) == ("mean_over_std", OFFSET)
    assert finding.evidence[0].value == pytest.approx(1.01 * OFFSET)
    assert said(given(sign * 0.99 * OFFSET * 0.5, 0.5), RULE) == []


def test_the_curvature_along_an_offset_mean_is_a_hundred_times_that_across_it() -> None:
    x = np.random.default_rng(0).normal(size=(4000, 5)) + OFFSET * np.array([1.0, 0, 0, 0, 0])
    curvatures = np.linalg.eigvalsh(x.T @ x / len(x))
    assert curvatures[-1] / np.median(curvatures) == pytest.approx(1 + OFFSET**2, rel=0.1)


@pytest.mark.parametrize(("skill", "severity"), [(0.9, "advice"), (None, "advice"), (0.0, "error")])
def test_it_is_advice_where_the_run_is_not_known_to_fail(skill: float | None, severity: str) -> None:
    assert told(given(0.0, 70.0, skill=skill), RULE).severity == severity


def test_a_norm_behind_the_first_layer_makes_the_inputs_size_irrelevant() -> None:
    assert said(given(0.0, 70.0, linear("fc1", norm="batch_norm")), RULE) == []


@pytest.mark.parametrize(("norm", "fault"), [("layer_norm", True), ("group_norm", True), ("batch_norm", False)])
def test_only_a_norm_over_the_samples_takes_away_an_offset(norm: str, fault: bool) -> None:
    assert bool(said(given(1.01 * OFFSET, 1.0, linear("fc1", norm=norm)), RULE)) is fault
    assert said(given(0.99 * OFFSET, 1.0, linear("fc1", norm=norm)), RULE) == []
    assert said(given(0.0, 70.0, linear("fc1", norm=norm)), RULE) == []


def test_the_offset_of_inputs_stays_behind_a_layer_norm() -> None:
    """Two inputs far from zero come out of it nearly the same; a batch norm takes the offset away."""
    torch.manual_seed(0)
    x, layer = torch.randn(200, 16), torch.nn.Linear(16, 64)

    def spread(norm: torch.nn.Module, offset: float) -> float:
        return norm(layer(x + offset)).detach().std(0).mean().item()

    assert spread(torch.nn.LayerNorm(64), 50.0) < 0.1 * spread(torch.nn.LayerNorm(64), 0.0)
    assert spread(torch.nn.BatchNorm1d(64), 50.0) == pytest.approx(spread(torch.nn.BatchNorm1d(64), 0.0), rel=1e-2)


def test_a_norm_in_front_of_all_layers_takes_any_inputs() -> None:
    norm = Layer("norm", "BatchNorm1d", 0, ("norm.weight", "norm.bias"), (64,), units=64)
    figures = {("norm", "input.mean"): 33.0, ("norm", "input.std"): 78.0}
    assert said(run(chain(norm, *NET), figures, skill=0.0), RULE) == []


def test_constant_inputs_are_another_question() -> None:
    assert said(given(50.0, 0.0), RULE) == []


def test_a_few_steps_with_other_inputs_do_not_count() -> None:
    stds = {("fc1", "input.mean"): 0.0, ("fc1", "input.std"): lambda step: 500.0 if step < 25 else 1.0}
    assert said(run(NET, stds, steps=60, skill=0.0), RULE) == []


def test_of_several_first_layers_the_one_furthest_off_is_told() -> None:
    stds = {"image": 12.0, "text": 400.0, "price": 1.0}
    figures = {(name, "input.std"): std for name, std in stds.items()}
    finding = told(run([linear(name) for name in stds], figures, skill=0.0), RULE)
    assert finding.layer == "text"
    assert set(finding.layers) == {"image", "text"}


def test_the_remedy_standardises_those_very_inputs() -> None:
    x = np.random.default_rng(0).normal(33.0, 78.0, 500)
    scope = {"x": x}
    remedy = told(given(float(x.mean()), float(x.std())), RULE).remedy
    assert remedy is not None
    exec(remedy.code, scope)
    assert scope["x"].mean() == pytest.approx(0, abs=1e-3)
    assert scope["x"].std() == pytest.approx(1, abs=1e-3)


def test_pixels_are_seen_as_they_are_and_integers_for_an_embedding_are_not(tmp_path: Path) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.image, self.head = nn.Embedding(256, 8), nn.Linear(20, 8), nn.Linear(8, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.words(x.long()).mean(1) + self.image(x))

    x = torch.randint(0, 256, (16, 20)).float()
    finding = told(trained(tmp_path, Net(), x, torch.arange(16) % 2, steps=3), RULE)
    assert finding.layers == ("image",)
    assert finding.step == 0
    assert figures_of(finding)["input_mean"] == pytest.approx(x.mean().item(), rel=0.05)
    assert figures_of(finding)["input_std"] == pytest.approx(x.std().item(), rel=0.05)


def test_without_a_layer_that_is_fed_by_data_it_is_not_judged() -> None:
    assert RULE in unjudged(run(NET, {("fc1", "activation.std"): 1.0}))
