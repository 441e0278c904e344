"""mixes-across-batch: what runs along the batch, every layout that does not, and sums that lack their axis."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import said, told
from torch import Tensor, nn

import headstart as hs
from headstart.record import Record

RULE = "mixes-across-batch"
N, T, E = 12, 5, 8  # samples, steps, features
Way = Callable[[Tensor, Tensor, Tensor], Tensor]


class Net(nn.Module):
    def __init__(self, kind: str, batch_first: bool, take: str) -> None:
        super().__init__()
        if kind == "attention":
            self.mixer: nn.Module = nn.TransformerEncoderLayer(E, 2, 16, dropout=0.0, batch_first=batch_first)
        else:
            self.mixer = getattr(nn, kind)(E, E, batch_first=batch_first)
        self.take, self.head = take, nn.Linear(E, 3)

    def forward(self, x: Tensor) -> Tensor:
        out = self.mixer(x)
        out = out[0] if isinstance(out, tuple) else out
        return self.head({"second": out[:, -1], "first": out[-1], "all": out}[self.take])


def record(path: Path, net: Net, shape: tuple[int, int], labels: tuple[int, ...], steps: int = 4) -> Record:
    torch.manual_seed(0)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    with hs.watch(net, record=path / "run.db") as watch:
        for _ in range(steps):
            optimizer.zero_grad()
            out = net(torch.randn(*shape, E))
            y = torch.randint(0, 3, labels)
            F.cross_entropy(out if len(labels) == 1 else out.movedim(-1, 1), y).backward()
            optimizer.step()
    seen: Record = watch.read()
    assert "fault" not in seen.meta, seen.meta["fault"]
    return seen


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU", "attention"])
def test_a_batch_in_the_place_of_the_steps_is_seen(kind: str, tmp_path: Path) -> None:
    finding = told(record(tmp_path, Net(kind, False, "second"), (N, T), (N,)), RULE)
    assert finding.severity == "advice"  # four steps say nothing of whether it learns
    assert finding.layer is not None
    assert "mixer" in finding.layer
    assert "batch_first=True" in finding.remedy.code


def test_in_a_run_that_does_not_learn_it_is_an_error(tmp_path: Path) -> None:
    assert told(record(tmp_path, Net("GRU", False, "second"), (N, T), (N,), steps=40), RULE).severity == "error"


@pytest.mark.parametrize("kind", ["LSTM", "attention"])
@pytest.mark.parametrize(
    ("batch_first", "take", "shape", "labels"),
    [
        (True, "second", (N, T), (N,)),
        (False, "first", (T, N), (N,)),
        (False, "all", (T, N), (T, N)),  # a label for each step of each sample
        (False, "second", (T, 1), (T,)),  # one sequence with a label for each step
        (False, "second", (N, N), (N,)),  # no telling
    ],
    ids=["batch first", "steps first", "tags", "one sequence", "as many steps as samples"],
)
def test_every_layout_as_documented_is_silent(kind, batch_first, take, shape, labels, tmp_path: Path) -> None:
    assert said(record(tmp_path, Net(kind, batch_first, take), shape, labels), RULE) == []


class Pair(nn.Module):
    """Two tables of vectors, and a bias for each row."""

    def __init__(self, way: Way) -> None:
        super().__init__()
        self.u, self.v, self.bias = nn.Embedding(9, E), nn.Embedding(9, E), nn.Embedding(9, 1)
        self.way = way

    def forward(self, x: Tensor) -> Tensor:
        return self.way(self.u(x[:, 0]), self.v(x[:, 1]), self.bias(x[:, 0]))


def pairs(path: Path, way: Way, rows: int = N, more: Callable[[Tensor], Tensor] | None = None) -> Record:
    torch.manual_seed(0)
    net = Pair(way)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.0)
    with hs.watch(net, record=path / "run.db") as watch:
        for _ in range(4):
            optimizer.zero_grad()
            out, y = net(torch.randint(0, 9, (rows, 2))).reshape(-1), torch.randn(rows)
            loss = F.mse_loss(out, y) if more is None else (F.mse_loss(out, y, reduction="none") + more(out)).mean()
            loss.backward()
            optimizer.step()
    seen: Record = watch.read()
    assert "fault" not in seen.meta, seen.meta["fault"]
    return seen


ALONG_THE_BATCH: dict[str, Way] = {
    "tensordot": lambda u, v, b: torch.tensordot(u, v, 2) + b,
    "sum": lambda u, v, b: (u * v).sum() + b,
    "einsum": lambda u, v, b: b - torch.einsum("bi,bi->", u, v),
    "dot": lambda u, v, b: b + u.flatten().dot(v.flatten()),
    "of one layer": lambda u, v, b: b + torch.tanh(u).sum(),
}
EACH_BY_ITSELF: dict[str, Way] = {
    "its own sum": lambda u, v, b: (u * v).sum(1, keepdim=True) + b,
    "einsum": lambda u, v, b: torch.einsum("bi,bi->b", u, v)[:, None] + b,
    "centred": lambda u, v, b: b - b.mean(),
    "scaled": lambda u, v, b: b * (u * v).sum() / u.norm(),
    "shares": lambda u, v, b: b.exp() / b.exp().sum(),
    "a logarithm of all": lambda u, v, b: b - b.exp().sum().log(),
}


@pytest.mark.parametrize("way", ALONG_THE_BATCH)
def test_a_sum_over_the_whole_batch_is_seen(way: str, tmp_path: Path) -> None:
    finding = told(pairs(tmp_path, ALONG_THE_BATCH[way]), RULE)
    assert finding.severity == "advice"
    assert finding.layer == "u"
    u, v = torch.randn(2, N, E)
    assert finding.remedy is not None
    assert eval(finding.remedy.code, {"u": u, "v": v}).shape == (N, 1)


@pytest.mark.parametrize("way", EACH_BY_ITSELF)
def test_sums_of_each_sample_and_norms_of_all_are_silent(way: str, tmp_path: Path) -> None:
    assert said(pairs(tmp_path, EACH_BY_ITSELF[way]), RULE) == []


def test_a_batch_of_one_is_a_sample(tmp_path: Path) -> None:
    assert said(pairs(tmp_path, ALONG_THE_BATCH["sum"], rows=1), RULE) == []


def test_a_cost_that_is_added_to_the_losses_is_silent(tmp_path: Path) -> None:
    assert said(pairs(tmp_path, EACH_BY_ITSELF["its own sum"], more=lambda out: 0.1 * out.square().sum()), RULE) == []
