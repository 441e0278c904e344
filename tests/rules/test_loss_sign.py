"""loss-sign: the negative of a loss, and what else a minus sign may mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from loops import loss_of, net, watched
from records import COIN, SGD, chain, flat, head, run, said, told, unjudged
from torch import Tensor, nn
from training import trained

from headstart.diagnosis import diagnose
from headstart.diagnosis.rules.loss_sign import GROWN, LEARNT
from headstart.record import Record

RULE = "loss-sign"
NEGATED = replace(COIN, negated=True)
X, Y = torch.randn(64, 6), torch.arange(64) % 3

Form = Callable[[Tensor, Tensor], Tensor]


def rising(step: int) -> float:
    return 0.7 + 0.1 * step


def record(folder: Path, loss: Form) -> Record:
    torch.manual_seed(0)
    return trained(folder, nn.Linear(6, 3), X, Y, loss, steps=30, lr=0.1)


WRONG: dict[str, Form] = {
    "minus": lambda z, y: -F.cross_entropy(z, y),
    "negative log-likelihood": lambda z, y: -F.nll_loss(z.log_softmax(1), y),
    "mean of each": lambda z, y: -F.cross_entropy(z, y, reduction="none").mean(),
    "each negative": lambda z, y: (-F.cross_entropy(z, y, reduction="none")).mean(),
    "squares": lambda z, y: -F.mse_loss(z, F.one_hot(y, 3).float()),
    "a sum": lambda z, y: -(F.cross_entropy(z, y) + (1 - z.sigmoid()).mean()),
    "a weighted sum": lambda z, y: -(0.5 * F.cross_entropy(z, y) + F.mse_loss(z, F.one_hot(y, 3).float()) / 4),
    "smoothed": lambda z, y: -F.cross_entropy(z, y, label_smoothing=0.1),
}
SOUND: dict[str, Form] = {
    "plus": F.cross_entropy,
    "twice": lambda z, y: torch.neg(-F.cross_entropy(z, y)),
    "policy gradient": lambda z, y: -(-F.cross_entropy(z, y, reduction="none") * torch.rand(64)).mean(),
    "a part of a sum": lambda z, y: F.cross_entropy(z, y) - 0.1 * F.mse_loss(z, torch.ones(64, 3)),
    "minus a difference": lambda z, y: -(F.mse_loss(z, torch.ones(64, 3)) - F.cross_entropy(z, y)),
    "weights of both signs": lambda z, y: -(F.cross_entropy(z, y, reduction="none") * torch.randn(64)).mean(),
    "one label for all": lambda z, y: -F.binary_cross_entropy_with_logits(z, torch.zeros(64, 3)),
}


@pytest.mark.parametrize("form", WRONG)
def test_it_is_seen_however_it_is_written(form: str, tmp_path: Path) -> None:
    finding = told(record(tmp_path, WRONG[form]), RULE)
    assert finding.severity == "error"
    assert finding.line is not None


@pytest.mark.parametrize("form", SOUND)
def test_other_minus_signs_are_sound(form: str, tmp_path: Path) -> None:
    assert said(record(tmp_path, SOUND[form]), RULE) == []


@pytest.mark.parametrize(("start", "fires"), [(0.99 * LEARNT, True), (1.01 * LEARNT, False)])
def test_a_net_that_was_trained_before_may_be_made_to_forget(start: float, fires: bool) -> None:
    value = (1 - start) * 0.6931471805599453
    seen = run(chain(head()), losses=[(NEGATED, lambda step: value if step < 3 else value + 1)])
    assert bool(said(seen, RULE)) is fires


def test_an_ascent_that_is_meant_is_sound() -> None:
    assert told(run(chain(head()), losses=[(NEGATED, rising)]), RULE).evidence[0].value > 5
    ascending = replace(SGD, options={"lr": 0.1, "maximize": True})
    assert said(run(chain(head()), losses=[(NEGATED, rising)], optimizers=[ascending]), RULE) == []
    assert said(run(chain(head()), losses=[(NEGATED, lambda step: -rising(step) + 9)]), RULE) == []


def test_beside_a_loss_that_is_minimised_it_is_an_adversary() -> None:
    other = replace(COIN, name="other")
    assert said(run(chain(head()), losses=[(NEGATED, rising), (other, 0.3)]), RULE) == []


def test_without_a_loss_function_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))


def density(z: Tensor, y: Tensor) -> Tensor:
    return torch.distributions.Normal(z, 1.0).log_prob(F.one_hot(y, 3).float()).mean()


def by_turns() -> Form:
    calls = iter(range(100))
    return lambda z, y: density(z, y) if next(calls) % 2 else -density(z, y)


def test_a_log_density_without_its_minus_is_an_error(tmp_path: Path) -> None:
    finding = told(record(tmp_path, density), RULE)
    assert finding.severity == "error"
    assert finding.message.startswith("The log-density of a normal distribution is minimised")
    assert finding.remedy is not None
    assert finding.remedy.code.startswith("loss = -log_prob.mean()")


def test_a_log_density_that_is_maximised_somewhere_is_sound(tmp_path: Path) -> None:
    assert said(record(tmp_path, by_turns()), RULE) == []
    (tmp_path / "plain").mkdir()
    assert RULE in unjudged(record(tmp_path / "plain", lambda z, y: -density(z, y)))


# Terms of a loss, and overlaps

Figures = dict[tuple[str, str], Callable[[int], float]]


def seen(figure: str, values: Callable[[int], float], **more: Callable[[int], float]) -> Record:
    figures: Figures = {("head.weight", f"loss.{figure}"): values}
    figures |= {("", f"loss.{name}"): opposed for name, opposed in more.items()}
    record = run(chain(head()), figures)
    return with_parameters(record)


def with_parameters(record: Record, **facts: object) -> Record:
    record.parameters = tuple(replace(p, **{"steps_moved": 10, **facts}) for p in record.parameters)  # type: ignore[arg-type]
    return record


def grown(times: float) -> Callable[[int], float]:
    """Over the last third, after half as much over the second one."""
    return lambda step: 0.01 if step < 20 else 0.01 * times if step >= 40 else 0.005 * times


@pytest.mark.parametrize(("times", "fires"), [(0.99 * GROWN, False), (1.01 * GROWN, True)])
def test_a_subtracted_square_is_wrong_where_its_base_runs_away(times: float, fires: bool) -> None:
    assert bool(said(seen("sunk", grown(times)), RULE)) is fires


def test_what_has_come_to_rest_is_bounded_by_something() -> None:
    assert said(seen("sunk", lambda step: 0.01 if step < 9 else 9.0), RULE) == []
    assert told(seen("sunk", lambda step: 0.01 if step < 9 else float(step)), RULE).severity == "error"
    assert told(seen("sunk", lambda step: 0.01 if step < 50 else float("nan")), RULE).layers == ("head",)


def test_a_game_of_two_is_sound() -> None:
    assert said(seen("sunk", grown(1e4), opposed=lambda step: 1.0), RULE) == []
    assert said(with_parameters(seen("sunk", grown(1e4)), optimizer=None), RULE) == []


@pytest.mark.parametrize(("start", "fires"), [(0.99 * LEARNT, True), (1.01 * LEARNT, False)])
def test_an_overlap_that_falls_is_minimised(start: float, fires: bool) -> None:
    assert bool(said(seen("overlap", lambda step: start / (1 + step)), RULE)) is fires
    assert said(seen("overlap", lambda step: 0.1 + step / 100), RULE) == []


class Coder(nn.Module):
    def __init__(self) -> None:
        torch.manual_seed(1)
        super().__init__()
        self.mean, self.spread, self.back = nn.Linear(6, 2), nn.Linear(6, 2), nn.Linear(2, 6)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mu, logvar = self.mean(x), self.spread(x)
        return self.back(mu + torch.randn_like(mu) * (0.5 * logvar).exp()), mu, logvar


def coded(path: Path, sign: float) -> Record:
    def loss(out: tuple[Tensor, Tensor, Tensor], y: Tensor) -> Tensor:
        again, mu, logvar = out
        divergence = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1).mean()
        return F.mse_loss(again, X) + sign * divergence

    return trained(path, Coder(), X, Y, loss, steps=40, lr=0.2)  # type: ignore[arg-type]


def test_a_divergence_is_added(tmp_path: Path) -> None:
    finding = told(coded(tmp_path, -1.0), RULE)
    assert finding.message.startswith("The loss subtracts the square of what mean gives")
    assert finding.remedy is not None
    assert "+ divergence" in finding.remedy.code
    (tmp_path / "sound").mkdir()
    assert said(coded(tmp_path / "sound", 1.0), RULE) == []


def overlap(z: Tensor, y: Tensor) -> Tensor:
    p, t = z.sigmoid(), F.one_hot(y, 3).float()
    return 2 * (p * t).sum() / (p.sum() + t.sum())


def test_an_overlap_is_made_large(tmp_path: Path) -> None:
    finding = told(record(tmp_path, overlap), RULE)
    assert finding.severity == "error"
    assert finding.remedy is not None
    assert finding.remedy.code.startswith("loss = 1 - dice")
    (tmp_path / "sound").mkdir()
    assert RULE in unjudged(record(tmp_path / "sound", lambda z, y: 1 - overlap(z, y)))


def by_hand(
    folder: Path, sign: float, change: Callable[[Tensor], Tensor] = lambda loss: loss, steps: int = 30
) -> Record:
    def loop(model: nn.Module) -> None:
        for _ in range(steps):
            change(loss_of(model)).backward()
            with torch.no_grad():
                for weight in model.parameters():
                    assert weight.grad is not None
                    weight += sign * 0.1 * weight.grad
                    weight.grad = None

    return watched(folder, net(), loop)


@pytest.mark.parametrize("change", [lambda loss: loss, lambda loss: 12.5 * loss])
def test_an_update_by_hand_goes_against_the_gradient(change: Callable[[Tensor], Tensor], tmp_path: Path) -> None:
    finding = told(by_hand(tmp_path, 1.0, change), RULE)
    assert finding.severity == "error"
    assert finding.remedy is not None
    assert "w -= lr * w.grad" in finding.remedy.code


@pytest.mark.parametrize(
    ("sign", "change"),
    [
        (-1.0, lambda loss: loss),
        (1.0, lambda loss: -loss),  # two minus signs
        (1.0, lambda loss: 1 / loss),  # what is meant to grow
        (1.0, lambda loss: 1 - loss),
    ],
)
def test_what_goes_down_the_loss_by_hand_is_sound(
    sign: float, change: Callable[[Tensor], Tensor], tmp_path: Path
) -> None:
    assert not [one for one in flat(diagnose(by_hand(tmp_path, sign, change))) if one.rule == RULE]


def test_a_few_updates_by_hand_say_nothing(tmp_path: Path) -> None:
    assert not said(by_hand(tmp_path, 1.0, steps=19), RULE)


def test_where_the_loss_soon_overflows_fewer_updates_tell(tmp_path: Path) -> None:
    x, y = torch.randn(64, 6), 30 * torch.randn(64, 2)

    def loop(model: nn.Module) -> None:
        for _ in range(12):
            (4 * nn.functional.mse_loss(model(x), y)).backward()
            for weight in model.parameters():
                assert weight.grad is not None
                weight.data += weight.grad
                weight.grad = None

    record = watched(tmp_path, nn.Linear(6, 2), loop)
    assert told(record, RULE).severity == "error"
    assert not said(record, "learning-rate-too-high")


@pytest.mark.parametrize(("growth", "fires"), [(3.0, True), (1.0, False)])
def test_of_an_unknown_loss_updates_that_climb_are_told_if_it_grows_without_an_end(growth: float, fires: bool) -> None:
    record = run(chain(head()), {("", "loop.climbed"): 1.0}, loss=lambda step: min(1 + step, 30) * growth**step)
    assert bool(said(record, RULE)) is fires


def test_of_an_unknown_loss_that_runs_away_downhill_the_sign_is_right() -> None:
    record = run(chain(head()), {("", "loop.climbed"): lambda step: float(step > 5)}, loss=lambda step: 3.0**step)
    assert said(record, RULE) == []
