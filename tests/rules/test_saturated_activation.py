"""saturated-activation: more than half of the outputs at the ends, to the end, in a run that does not learn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import COIN, SGD, Figure, chain, figures_of, head, linear, run, said, told, unjudged
from scipy.stats import norm
from torch import Tensor, nn
from training import trained

from headstart.diagnosis.rules.saturated_activation import SATURATED_SHARE
from headstart.record import Loss, Record, Targets

RULE = "saturated-activation"
SQUARES = Loss("mse", "mse_loss", None, {}, Targets(100, (), (0.0,), (100.0,)), True)  # variance 1


def saturated(share: Figure, skill: float = 0.0, activation: str = "tanh", **facts: object) -> Record:
    layers = chain(linear("fc1", activation=activation), linear("fc2", activation=activation), head())
    return run(layers, {("fc1", "activation.saturated"): share}, skill=skill, **facts)  # type: ignore[arg-type]


def test_more_than_half_of_the_outputs_are_too_many() -> None:
    finding = told(saturated(SATURATED_SHARE + 0.01), RULE)
    assert (finding.severity, finding.layer, finding.step) == ("error", "fc1", 0)
    assert figures_of(finding) == {"saturated_share": pytest.approx(0.51)}
    assert said(saturated(SATURATED_SHARE), RULE) == []


@pytest.mark.parametrize("skill", [0.5, 0.9])
def test_in_a_run_that_learns_it_is_a_gate_or_a_code(skill: float) -> None:
    assert said(saturated(1.0, skill), RULE) == []
    assert told(saturated(1.0, 0.06), RULE).severity == "advice"  # the second look at what learns little


def test_what_opens_again_or_is_the_output_is_no_finding() -> None:
    assert said(saturated(lambda step: 0.4 if step == 55 else 0.9), RULE) == []
    only = run(chain(linear("fc", activation="tanh", output=True)), {("fc", "activation.saturated"): 1.0}, skill=0.0)
    assert said(only, RULE) == []


def squares(share: Figure) -> Record:
    layers = chain(linear("fc1"), linear("answer", activation="tanh", output=True))
    return run(layers, {("answer", "activation.saturated"): share}, losses=((SQUARES, 1.1),))


def test_under_squares_the_output_itself_may_be_flat_from_the_start() -> None:
    finding = told(squares(0.9), RULE)
    assert (finding.severity, finding.layer) == ("error", "answer")
    assert said(squares(lambda step: 0.9 if step else 0.4), RULE) == []


def test_what_came_later_is_dated_and_blamed_on_the_rate() -> None:
    finding = told(saturated(lambda step: 0.9 if step > 20 else 0.0), RULE)
    assert finding.step == 21
    assert finding.remedy is not None
    assert "lr=0.01" in finding.remedy.code
    assert "init" in (told(saturated(0.9), RULE).remedy or finding.remedy).code


def unknown(share: Figure = 0.9, loss: Figure = 1.0, **facts: object) -> Record:
    """Codes under a loss of the user's own, of which nobody knows what guessing gives."""
    layers = chain(linear("fc1"), linear("code", activation="tanh", output=True))
    return run(layers, {("code", "activation.saturated"): share}, loss=loss, **facts)  # type: ignore[arg-type]


def test_under_a_loss_that_is_not_known_what_was_so_from_the_start_is_advice() -> None:
    finding = told(unknown(), RULE)
    assert (finding.severity, finding.layer, finding.step) == ("advice", "code", 0)
    assert said(unknown(SATURATED_SHARE), RULE) == []
    assert said(unknown(lambda step: 0.9 if step else 0.4), RULE) == []  # it came to it
    assert said(unknown(lambda step: 0.4 if step == 30 else 0.9), RULE) == []
    assert said(unknown(steps=15), RULE) == []
    assert said(unknown(optimizers=(SGD, replace(SGD, name="SGD-2"))), RULE) == []


def test_the_logarithm_behind_a_sigmoid_of_the_output_gives_the_slope_back() -> None:
    layers = chain(linear("fc1"), linear("answer", activation="sigmoid", output=True))
    assert said(run(layers, {("answer", "activation.saturated"): 1.0}, loss=1.0), RULE) == []


@pytest.mark.parametrize(("scale", "share"), [(1.0, 0.0), (50.0, 0.95), (1 / 30, 0.0)])
def test_a_number_before_the_activation_counts(scale: float, share: float, tmp_path: Path) -> None:
    class Codes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.head = nn.Linear(64, 256), nn.Linear(256, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            z = self.fc(x)
            answer: torch.Tensor = self.head(torch.tanh(z / 30 if scale < 1 else scale * z))
            return answer

    torch.manual_seed(0)
    net = Codes()
    nn.init.normal_(net.fc.weight, 0, 10 / 8 if scale < 1 else 1 / 8)
    record = trained(tmp_path, net, torch.randn(256, 64), torch.randint(0, 2, (256,)))
    assert record.series("fc", "activation.saturated").first == pytest.approx(share, abs=0.05)


def test_relus_are_not_meant() -> None:
    assert said(saturated(1.0, activation="relu"), RULE) == []


@pytest.mark.parametrize("std", [1.0, 3.0, 6.0])
def test_the_share_is_twice_the_normal_tail(std: float, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(64, 256), nn.Tanh(), nn.Linear(256, 2))
    with torch.no_grad():
        net[0].weight.normal_(0, std / 8)
        net[0].bias.zero_()
    record = trained(tmp_path, net, torch.randn(256, 64), torch.randint(0, 2, (256,)))
    seen = record.series("1", "activation.saturated") or record.series("0", "activation.saturated")
    assert seen.last == pytest.approx(2 * norm.sf(2.9932 / std), abs=0.08)


def test_without_a_loss_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head()), loss=lambda step: None))


def clipped(share: Figure, skill: float | None = 0.0) -> Record:
    return run(chain(head()), {(COIN.name, "loss.clipped"): share}, skill=skill)


def test_half_of_the_answers_may_stand_at_the_ends_of_a_clip() -> None:
    finding = told(clipped(1.01 * SATURATED_SHARE), RULE)
    assert (finding.severity, finding.layer) == ("error", None)
    assert finding.evidence[0].figure == "clipped_share"
    assert said(clipped(0.99 * SATURATED_SHARE), RULE) == []


@pytest.mark.parametrize("skill", [0.9, None])
def test_a_clip_is_sound_in_a_run_that_learns_or_may(skill: float | None) -> None:
    assert said(clipped(1.0, skill), RULE) == []


def test_a_clip_that_lets_go_in_the_end_is_sound() -> None:
    assert said(clipped(lambda step: 0.9 if step < 50 else 0.1), RULE) == []


def entropy(p: Tensor, y: Tensor) -> Tensor:
    p = torch.clip(p, 1e-7, 1 - 1e-7)
    return -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()


def clipped_apart(p: Tensor, y: Tensor) -> Tensor:
    low, high = p.clamp(min=1e-10), (1 - p).clamp(min=1e-10)
    return -(y * low.log() + (1 - y) * high.log()).mean()


@pytest.mark.parametrize(
    "loss",
    [
        entropy,
        clipped_apart,
        lambda z, y: nn.functional.binary_cross_entropy(z.clamp(1e-7, 1 - 1e-7), y),
        lambda z, y: nn.functional.mse_loss(z.clamp(max=1.0), y),
    ],
)
def test_the_share_is_counted(loss, tmp_path: Path) -> None:
    x = torch.tensor([[-3.0], [-2.0], [2.0], [3.0], [0.25], [0.75], [0.5], [5.0]])
    net = nn.Linear(1, 1)
    nn.init.ones_(net.weight)
    nn.init.zeros_(net.bias)
    seen = trained(tmp_path, net, x, (torch.arange(8) % 2).float()[:, None], loss, steps=3)
    (one,) = seen.losses
    share = 3 / 8 if one.kind == "mse_loss" else 5 / 8
    assert seen.series(one.name, "loss.clipped").values == (share, share, share)
    (tmp_path / "sound").mkdir()
    seen = trained(tmp_path / "sound", nn.Sequential(net, nn.Sigmoid()), x, (x > 0).float(), loss, steps=3)
    assert max(seen.series(seen.losses[0].name, "loss.clipped").values) == 0.0
