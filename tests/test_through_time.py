"""The gradient within an nn.RNN: as autograd gives it where each step is written out."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import run, said, told
from torch import Tensor, nn

import headstart as hs
from headstart.diagnosis.rules.gradients_vanish import LEFT
from headstart.monitor.through_time import SAMPLES, share_of_first, watch
from headstart.record import Layer, Record

RULE = "gradients-vanish"
B, T, E, H = 5, 9, 3, 6


def of(rnn: nn.RNN, x: Tensor, loss) -> list[Tensor]:
    found: list[Tensor] = []
    output = rnn(x)
    watch(rnn, output, lambda compute: found.append(compute()))
    loss(*output).backward()
    return found


def written_out(rnn: nn.RNN, x: Tensor, loss) -> Tensor:
    """The same net step by step, and the gradients of all its last layer's states."""
    layer = rnn.num_layers - 1
    below = x
    if layer:
        lower = nn.RNN(E, H, layer, nonlinearity=rnn.nonlinearity)
        lower.load_state_dict({name: value for name, value in rnn.state_dict().items() if f"_l{layer}" not in name})
        below, _ = lower(x)
    cell = nn.RNNCell(below.shape[-1], H, nonlinearity=rnn.nonlinearity)
    cell.load_state_dict(
        {name.removesuffix(f"_l{layer}"): v for name, v in rnn.state_dict().items() if f"_l{layer}" in name}
    )
    state, states = torch.zeros(x.shape[1], H), []
    for step in below.detach():
        state = cell(step, state)
        state.retain_grad()
        states.append(state)
    loss(torch.stack(states), states[-1].unsqueeze(0)).backward()
    norms = torch.stack([state.grad.norm() for state in states])
    return norms[0] / norms.max()


LOSSES = {
    "last output": lambda outputs, last: outputs[-1].square().sum(),
    "last state": lambda outputs, last: last[-1].square().sum(),
    "a middle step": lambda outputs, last: outputs[T // 2].sum(),
    "all steps": lambda outputs, last: outputs.sin().mean(),
}


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("loss", LOSSES)
def test_it_is_autograds(nonlinearity: str, layers: int, loss: str) -> None:
    torch.manual_seed(0)
    rnn, x = nn.RNN(E, H, layers, nonlinearity=nonlinearity), torch.randn(T, B, E)
    (found,) = of(rnn, x, LOSSES[loss])
    torch.testing.assert_close(found, written_out(rnn, x, LOSSES[loss]))


def test_the_batch_may_come_first() -> None:
    torch.manual_seed(0)
    rnn, x = nn.RNN(E, H, batch_first=True), torch.randn(B, T, E)
    (found,) = of(rnn, x, lambda outputs, last: outputs[:, -1].square().sum())
    rnn.batch_first = False
    torch.testing.assert_close(found, written_out(rnn, x.transpose(0, 1), LOSSES["last output"]))


def test_of_a_large_batch_some_samples_are_followed() -> None:
    rnn, x = nn.RNN(E, H), torch.randn(1, 4 * SAMPLES, E).expand(T, -1, -1)
    assert len(of(rnn, x, LOSSES["last output"])) == 1


@pytest.mark.parametrize("other", [nn.LSTM(E, H), nn.GRU(E, H), nn.RNN(E, H, bidirectional=True)])
def test_of_others_nothing_is_known(other: nn.Module) -> None:
    found: list[Tensor] = []
    output = other(torch.randn(T, B, E))
    watch(other, output, lambda compute: found.append(compute()))
    output[0][-1].sum().backward()
    assert found == []


def test_nothing_is_said_of_outputs_that_were_overwritten_or_of_a_part_of_a_loss() -> None:
    rnn, x = nn.RNN(E, H), torch.randn(T, B, E, requires_grad=True)
    assert of(rnn, x, lambda outputs, last: outputs.mul_(2.0)[-1].sum()) == [None]
    found: list[Tensor] = []
    output = rnn(x)
    watch(rnn, output, lambda compute: found.append(compute()))
    torch.autograd.grad(output[0][-1].sum(), x, create_graph=True)
    assert found == []


def test_a_linear_recurrence_shrinks_by_its_weight_at_each_step() -> None:
    states, gradients = torch.ones(T, B, H), torch.zeros(T, B, H)
    gradients[-1] = 1.0
    share = share_of_first(states, gradients, 0.5 * torch.eye(H), "relu")
    assert share.item() == pytest.approx(0.5 ** (T - 1))


def recurrent(early: float, skill: float | None = 0.0) -> Record:
    layers = (Layer("rnn", "RNN", 0, (), (H, E)), Layer("head", "Linear", 1, (), (2, H), follows=("rnn",)))
    seen = {("rnn", "gradient.early"): early, ("head", "gradient.std"): 1.0, ("w", "weight_gradient.std"): 1.0}
    return run(layers, seen, skill=skill)


def test_a_first_step_may_get_a_ten_thousandth_in_a_run_that_does_not_learn() -> None:
    finding = told(recurrent(0.99 * LEFT), RULE)
    assert (finding.severity, finding.layer) == ("warning", "rnn")
    assert finding.evidence[0].value == pytest.approx(0.99 * LEFT)
    assert said(recurrent(1.01 * LEFT), RULE) == []
    assert said(recurrent(0.5 * LEFT, skill=0.9), RULE) == []
    assert said(recurrent(0.5 * LEFT, skill=None), RULE) == []


def test_a_long_sequence_is_seen_in_a_run(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = nn.ModuleDict({"rnn": nn.RNN(1, 8, batch_first=True), "head": nn.Linear(8, 2)})
    optimizer = torch.optim.SGD(net.parameters(), lr=0.0)
    with hs.watch(net, record=tmp_path / "run.db") as watched:
        for _ in range(40):
            x, y = torch.randn(16, 60, 1), torch.randint(0, 2, (16,))
            optimizer.zero_grad()
            F.cross_entropy(net["head"](net["rnn"](x)[0][:, -1]), y).backward()
            optimizer.step()
    record: Record = watched.read()
    assert "fault" not in record.meta, record.meta["fault"]
    series = record.series("rnn", "gradient.early")
    assert series.steps == (0, 1, 2, 4, 8, 16, 32)
    assert told(record, RULE).evidence[0].figure == "early_gradient"
