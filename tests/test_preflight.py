"""hs.check: what one batch tells, and that it leaves everything as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

import headstart as hs
from headstart.cli import app
from headstart.diagnosis.rules import catalogue
from headstart.findings import Diagnosis
from headstart.preflight import OF_SEVERAL_BATCHES, OF_THE_GRAPH, OF_THE_OPTIMIZER, asked


def net(*more: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 3), *more)


def batch() -> tuple[Tensor, Tensor]:
    return torch.randn(32, 20), torch.randint(0, 3, (32,))


def rules(diagnosis: Diagnosis) -> list[str]:
    return [finding.rule for finding in diagnosis.findings]


def test_a_sound_start_is_healthy() -> None:
    model = net()
    found = hs.check(model, batch(), nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters()))
    assert found.verdict == "healthy"
    assert found.skill is not None
    assert found.skill.value < 0.5


def test_softmax_before_cross_entropy_is_seen_without_a_loss_of_ones_own() -> None:
    assert rules(hs.check(net(nn.Softmax(1)), batch())) == ["softmax-before-cross-entropy"]


def test_alike_units_are_seen() -> None:
    model = net()
    nn.init.ones_(model[0].weight)
    nn.init.zeros_(model[0].bias)
    assert "symmetric-weights" in rules(hs.check(model, batch(), nn.CrossEntropyLoss()))


def test_an_optimizer_is_compared_with_the_model() -> None:
    model = net()
    assert "parameters-not-in-optimizer" in rules(
        hs.check(model, batch(), None, torch.optim.SGD(model[0].parameters()))
    )
    assert "parameters-not-in-optimizer" not in rules(hs.check(model, batch()))


def test_rules_on_request_are_asked_by_their_names() -> None:
    model = net()
    optimizer = torch.optim.AdamW(model.parameters())
    named = ["bias-before-batchnorm", "batchnorm-after-activation", "decay-on-norm-and-bias"]
    given = model, batch(), nn.CrossEntropyLoss(), optimizer
    found = hs.check(*given, extend_select=named)
    assert rules(found) == ["bias-before-batchnorm", "decay-on-norm-and-bias"]
    assert rules(hs.check(*given[:3], extend_select=named)) == ["bias-before-batchnorm"]
    assert rules(hs.check(*given)) == []
    with pytest.raises(hs.HeadstartError, match="Did you mean bias-before-batchnorm"):
        hs.check(*given, extend_select=["bias-before-batch-norm"])


def test_everything_is_left_as_it_was() -> None:
    model = net()
    model[0].weight.grad = torch.ones_like(model[0].weight)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    hs.check(model, batch_of(state), nn.CrossEntropyLoss(), optimizer)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(model[0].weight.grad, torch.ones_like(model[0].weight))
    assert model[4].weight.grad is None
    assert model.training
    assert not optimizer.state


def batch_of(state: Tensor) -> tuple[Tensor, Tensor]:
    drawn = batch()
    torch.set_rng_state(state)
    return drawn


def test_numbers_are_compared_by_squared_error_and_a_dict_is_keyword_arguments() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(8, 1)

        def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
            out = self.layer(x)
            return out if y is None else ((out - y) ** 2).mean()

    x, y = torch.randn(16, 8), torch.randn(16, 1)
    regression = hs.check(nn.Linear(8, 1), (x, y))
    assert regression.skill is not None
    assert regression.skill.source.startswith("mse_loss")
    assert hs.check(Model(), {"x": x, "y": y}).verdict == "healthy"


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ((3, batch()), "not a torch.nn.Module"),
        ((nn.Linear(3, 3), batch()), "cannot be run on the batch"),
        ((nn.Linear(20, 3), torch.randn(4, 20)), "No loss was given"),
        ((nn.Linear(20, 3), batch(), lambda out, y: 1 / 0), "The loss fails"),
        ((nn.Linear(20, 3), batch(), lambda out, y: out.detach().sum()), "without a gradient"),
        ((nn.Linear(20, 3), batch(), None, "SGD"), "as the optimizer"),
    ],
)
def test_bad_input_gets_one_clear_error(arguments: tuple[object, ...], what: str) -> None:
    with pytest.raises(hs.HeadstartError, match=what):
        hs.check(*arguments)


def test_asked_are_rules_that_one_batch_can_answer() -> None:
    names = {rule.name for rule in catalogue()}
    assert {*OF_SEVERAL_BATCHES, *OF_THE_GRAPH, *OF_THE_OPTIMIZER} <= names
    assert {rule.name for rule in asked(True)} - {rule.name for rule in asked(False)} == set(OF_THE_OPTIMIZER)
    assert not {"missing-zero-grad", "no-better-than-constant"} & {rule.name for rule in asked(True)}


SCRIPT = """
import torch
from torch import nn

def make():
    model = nn.Sequential(nn.Linear(20, 8), nn.ReLU(), nn.Linear(8, 3), nn.Softmax(1))
    return model, (torch.randn(32, 20), torch.randint(0, 3, (32,))), nn.CrossEntropyLoss()

def named():
    model, batch, loss = make()
    return {"model": model[:3], "batch": batch, "loss": loss}

def wrong():
    return 3

def breaks():
    return nn.Linear(3, 4)(torch.zeros(2, 2))

size = 3
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "factory_of_a_test.py"
    path.write_text(SCRIPT)
    return path


def test_the_command_names_the_cause_before_training(script: Path, tmp_path: Path) -> None:
    page = tmp_path / "check.html"
    done = CliRunner().invoke(app, ["check", f"{script}:make", "--html", str(page)])
    assert done.exit_code == 0
    assert "softmax-before-cross-entropy" in done.output
    assert "one batch, untrained" in done.output
    assert "before training" in page.read_text()
    done = CliRunner().invoke(app, ["check", f"{script}:named", "--json", "-"])
    assert '"verdict": "healthy"' in done.output


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("mak", "Did you mean"),
        ("wrong", "returns int"),
        ("breaks", "factory_of_a_test.py:17"),
        ("size", "has int, no function"),
    ],
)
def test_a_wrong_factory_is_named(script: Path, name: str, what: str) -> None:
    error = CliRunner().invoke(app, ["check", f"{script}:{name}"]).exception
    assert isinstance(error, hs.HeadstartError)
    assert what in str(error)


@pytest.mark.parametrize("target", ["train", "no_such_module:make", "no_such_file.py:make", ":make"])
def test_a_wrong_place_is_named(target: str) -> None:
    assert isinstance(CliRunner().invoke(app, ["check", target]).exception, hs.HeadstartError)
