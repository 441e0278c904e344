"""loss-broadcast: shapes of equal size and different rank, which broadcast to something bigger."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from records import chain, head, run, said, told, unjudged
from torch import Tensor, nn
from training import trained

from headstart.diagnosis.rules.loss_broadcast import _pairs
from headstart.diagnosis.skill import REGRESSIONS
from headstart.record import Loss, Record

RULE = "loss-broadcast"
X, Y = torch.randn(32, 6), torch.randn(32)


def record(folder: Path, loss, outputs: int = 1, y: Tensor = Y) -> Record:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch's own
        return trained(folder, nn.Linear(6, outputs), X, y, loss)


@pytest.mark.parametrize("kind", REGRESSIONS)
def test_a_column_against_a_row_is_an_error(kind: str, tmp_path: Path) -> None:
    finding = told(record(tmp_path, getattr(F, kind)), RULE)
    assert finding.severity == "error"
    assert (finding.evidence[0].value, finding.evidence[0].limit) == (32 * 32, 32)
    assert "(32, 1)" in finding.message
    assert "(32,)" in finding.message
    assert finding.remedy is not None
    output = torch.randn(32, 1)
    loss = eval(finding.remedy.code, {"torch": torch, "output": output, "target": Y})
    assert torch.equal(loss, getattr(F, kind)(output.squeeze(1), Y))


def test_a_row_against_a_column_too(tmp_path: Path) -> None:
    assert told(record(tmp_path, lambda z, y: F.mse_loss(z.squeeze(1), y.unsqueeze(1))), RULE).line is not None


def test_a_difference_that_is_written_out_too(tmp_path: Path) -> None:
    finding = told(record(tmp_path, lambda z, y: ((z - y) ** 2).mean()), RULE)
    assert (finding.evidence[0].value, finding.evidence[0].limit) == (32 * 32, 32)
    assert finding.message.startswith("A difference is taken of outputs of shape (32, 1) and targets of shape (32,)")
    (tmp_path / "sound").mkdir()
    assert said(record(tmp_path / "sound", lambda z, y: ((z.squeeze(1) - y) ** 2).mean()), RULE) == []


def test_of_the_actions_that_were_taken_too(tmp_path: Path) -> None:
    taken = torch.arange(32).unsqueeze(1) % 3
    finding = told(record(tmp_path, lambda q, y: ((q.gather(1, taken) - y) ** 2).mean(), 3), RULE)
    assert (finding.evidence[0].value, finding.evidence[0].limit) == (32 * 32, 32)
    (tmp_path / "sound").mkdir()
    seen = record(tmp_path / "sound", lambda q, y: ((q.gather(1, taken).squeeze(1) - y) ** 2).mean(), 3)
    assert said(seen, RULE) == []


def test_other_shapes_are_sound(tmp_path: Path) -> None:
    sound = {
        "the same": lambda z, y: F.mse_loss(z.squeeze(1), y),
        "one value for all": lambda z, y: F.mse_loss(z, torch.ones(1)),
        "a row for all": lambda z, y: F.mse_loss(z.view(8, 4), torch.ones(4)),
        "each pair on purpose": lambda z, y: F.mse_loss(z, y.unsqueeze(0)),
        "a table of its own": lambda z, y: F.mse_loss(z, torch.ones(32, 32)),
        "one sample": lambda z, y: F.mse_loss(z[:1], y[:1]),
    }
    for number, form in enumerate(sound.values()):
        (tmp_path / str(number)).mkdir()
        assert said(record(tmp_path / str(number), form), RULE) == []


@settings(deadline=None)
@given(st.lists(st.integers(1, 4), max_size=3), st.lists(st.integers(1, 4), max_size=3))
def test_the_pairs_are_those_of_torch(given_shape: list[int], target_shape: list[int]) -> None:
    try:
        pairs = torch.broadcast_shapes(given_shape, target_shape).numel()
    except RuntimeError:
        return
    loss = Loss("mse", "mse_loss", shape=tuple(given_shape), target_shape=tuple(target_shape), trained=True)
    values = torch.Size(given_shape).numel()
    equal = values == torch.Size(target_shape).numel()
    bigger = equal and pairs > values and len(given_shape) != len(target_shape)
    assert _pairs(loss) == (pairs if bigger else None)


def test_a_loss_that_no_backward_went_through_is_none() -> None:
    loss = Loss("mse", "mse_loss", shape=(8, 1), target_shape=(8,), trained=True)
    assert told(run(chain(head()), losses=[(loss, 1.0)]), RULE).severity == "error"
    assert said(run(chain(head()), losses=[(replace(loss, trained=False), 1.0)]), RULE) == []


def critic(z: Tensor, y: Tensor) -> Tensor:
    return z.tanh().mean() + 0.5 * (y - z).pow(2).mean()


def two_critics(z: Tensor, y: Tensor) -> Tensor:
    return critic(z, y) + 0.5 * (y - z - 1).pow(2).mean()


@pytest.mark.parametrize("terms", [critic, two_critics])
def test_a_term_of_several_is_an_error_of_its_own(tmp_path: Path, terms: Callable[[Tensor, Tensor], Tensor]) -> None:
    finding = told(record(tmp_path, terms), RULE)
    assert (finding.severity, finding.step) == ("error", 0)
    assert (finding.evidence[0].value, finding.evidence[0].limit) == (32 * 32, 32)
    assert "(32, 1)" in finding.message
    assert finding.remedy is not None
    output = torch.randn(32, 1)
    loss = eval(finding.remedy.code, {"torch": torch, "output": output, "target": Y})
    assert torch.equal(loss, F.mse_loss(output.squeeze(1), Y))
    (tmp_path / "sound").mkdir()
    assert said(record(tmp_path / "sound", lambda z, y: terms(z.squeeze(1), y)), RULE) == []


def policy(z: Tensor, y: Tensor) -> Tensor:
    return -(z.squeeze(1).sigmoid().log() * y[:, None]).mean()


def test_a_table_of_products_is_an_error_of_its_own(tmp_path: Path) -> None:
    finding = told(record(tmp_path, policy), RULE)
    assert (finding.severity, finding.step) == ("error", 0)
    assert (finding.evidence[0].value, finding.evidence[0].limit) == (32 * 32, 32)
    value, weight = torch.randn(32), torch.randn(32, 1)
    assert finding.remedy is not None
    loss = eval(finding.remedy.code, {"value": value, "weight": weight})
    assert torch.equal(loss, (value * weight[:, 0]).mean())
    (tmp_path / "rows").mkdir()
    assert said(record(tmp_path / "rows", lambda z, y: -(z.squeeze(1).sigmoid().log() * y).mean()), RULE) == []


def test_without_a_backward_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head()), loss=lambda step: None))
