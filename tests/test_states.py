"""Views of what a recurrent layer gives: which of them mix the samples is told by counting."""

from __future__ import annotations

from math import prod
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from records import said, told
from torch import Tensor, nn

import headstart as hs
from headstart.monitor.states import mixes
from headstart.record import Record

RULE = "mixes-across-batch"
N, T, E, H = 6, 5, 4, 8  # samples, steps, features, hidden units


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 4), st.data())
def test_rows_of_a_view_that_mixes_hold_several_samples(steps: int, samples: int, features: int, data) -> None:
    shape = (steps, samples, features)
    whole = steps * samples * features
    others = [size for size in range(1, whole + 1) if (whole // samples) % size == 0]
    second = data.draw(st.sampled_from(others))
    viewed = data.draw(st.sampled_from([(samples, second, whole // samples // second), (samples, whole // samples)]))
    owners = torch.arange(samples).view(1, samples, 1).expand(shape).reshape(viewed)
    if mixes(shape, viewed):
        assert any(row.unique().numel() > 1 for row in owners)
    elif steps != samples and not _keeps(shape, viewed):
        assert all(row.unique().numel() == 1 for row in owners)


def _keeps(shape: tuple[int, ...], viewed: tuple[int, ...]) -> bool:
    return any((size, prod(viewed[i + 1 :])) == shape[1:] for i, size in enumerate(viewed))


class Net(nn.Module):
    def __init__(self, kind: str, take, width: int, **options) -> None:
        super().__init__()
        self.rnn = getattr(nn, kind)(E, H, **options)
        self.take, self.head = take, nn.Linear(width, 3)

    def forward(self, x: Tensor) -> Tensor:
        outputs, states = self.rnn(x)
        return self.head(self.take(outputs, states[0] if isinstance(states, tuple) else states))


def record(path: Path, net: Net, labels: tuple[int, ...] = (N,)) -> Record:
    torch.manual_seed(0)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    shape = (N, T, E) if net.rnn.batch_first else (T, N, E)
    with hs.watch(net, record=path / "run.db") as watch:
        for _ in range(3):
            optimizer.zero_grad()
            out = net(torch.randn(*shape))
            F.cross_entropy(out if len(labels) == 1 else out.movedim(-1, 1), torch.randint(0, 3, labels)).backward()
            optimizer.step()
    seen: Record = watch.read()
    assert "fault" not in seen.meta, seen.meta["fault"]
    return seen


TWO = {"bidirectional": True, "batch_first": True}
MIXED = {
    "two directions": (lambda o, h: h.view(N, -1), 2 * H, TWO),
    "a reshape": (lambda o, h: h.reshape(-1, 2 * H), 2 * H, TWO),
    "two layers": (lambda o, h: torch.relu(h.view(N, 2, H)[:, 1]), H, {"num_layers": 2, "batch_first": True}),
    "all outputs": (lambda o, h: o.view(N, -1), T * H, {}),
    "outputs as if the batch came first": (lambda o, h: o.view(N, T, H)[:, -1], H, {}),
    "through a copy": (lambda o, h: h.clone().view(N, 2 * H), 2 * H, TWO),
}


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("form", MIXED)
def test_a_view_that_mixes_the_samples_is_an_error(kind: str, form: str, tmp_path: Path) -> None:
    take, width, options = MIXED[form]
    finding = told(record(tmp_path, Net(kind, take, width, **options)), RULE)
    assert (finding.severity, finding.layer) == ("error", "rnn")
    assert finding.remedy is not None


SOUND = {
    "side by side": (lambda o, h: torch.cat([h[0], h[1]], 1), 2 * H, TWO),
    "turned first": (lambda o, h: h.transpose(0, 1).reshape(N, -1), 2 * H, TWO),
    "layers and directions": (lambda o, h: h.view(1, 2, N, H)[0, 1], H, TWO),
    "there and back": (lambda o, h: torch.tanh(h.view(N, 2 * H).view(2, N, H))[0], H, TWO),
    "one state": (lambda o, h: h.view(N, H), H, {"batch_first": True}),
    "the batch first": (lambda o, h: o.reshape(N, -1), T * H, {"batch_first": True}),
    "two heads of the outputs": (lambda o, h: o.view(T, N, 2, H // 2)[-1, :, 0], H // 2, {}),
}


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("form", SOUND)
def test_views_that_keep_the_samples_are_silent(kind: str, form: str, tmp_path: Path) -> None:
    take, width, options = SOUND[form]
    assert said(record(tmp_path, Net(kind, take, width, **options)), RULE) == []


def test_all_tokens_of_all_samples_in_one_row_are_silent(tmp_path: Path) -> None:
    net = Net("GRU", lambda o, h: o.view(T * N, H), H)
    assert said(record(tmp_path, net, labels=(T * N,)), RULE) == []


def test_without_a_label_for_each_sample_nothing_is_said(tmp_path: Path) -> None:
    net = Net("GRU", lambda o, h: h.view(N, 2 * H).repeat(2, 1), 2 * H, **TWO)
    assert said(record(tmp_path, net, labels=(2 * N,)), RULE) == []


def test_a_layer_of_the_users_that_gives_more_is_left_alone(tmp_path: Path) -> None:
    class Chatty(nn.GRU):
        def forward(self, x: Tensor):
            return (*super().forward(x), 1.0)

    net = Net("GRU", lambda o, h: o[:, -1], H, batch_first=True)
    net.rnn = Chatty(E, H, batch_first=True)
    net.forward = lambda x: net.head(net.rnn(x)[0][:, -1])
    assert said(record(tmp_path, net), RULE) == []
