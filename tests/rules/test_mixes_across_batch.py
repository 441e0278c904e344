"""mixes-across-batch: what runs along the batch, every layout that does not, and sums that lack their axis."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import said, told
from torch import Tensor, nn
from training import trained

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


class Pool(nn.Module):
    """Attention over the steps of each sample, if `dim` is 1; `heads` scores for each step."""

    def __init__(self, dim: int, heads: int = 1) -> None:
        super().__init__()
        self.score, self.head, self.dim = nn.Linear(E, heads), nn.Linear(heads * E, 3), dim

    def forward(self, x: Tensor) -> Tensor:
        weights = F.softmax(self.score(x), self.dim)
        return self.head((weights.mT @ x).flatten(1))


@pytest.mark.parametrize("heads", [1, 2])
def test_a_softmax_over_the_batch_is_seen(heads: int, tmp_path: Path) -> None:
    finding = told(record(tmp_path, Pool(0, heads), (N, T), (N,)), RULE)
    assert (finding.severity, finding.layer) == ("advice", "score")
    assert f"({N}, {T}, {heads})" in finding.message


@pytest.mark.parametrize(
    ("dim", "shape"),
    [(1, (N, T)), (-1, (N, T)), (0, (N, N)), (0, (N, 1))],
    ids=["steps", "last", "square", "one each"],
)
def test_a_softmax_over_another_axis_or_of_no_telling_is_silent(
    dim: int, shape: tuple[int, int], tmp_path: Path
) -> None:
    assert said(record(tmp_path, Pool(dim), shape, (N,)), RULE) == []


def test_time_first_attention_is_silent(tmp_path: Path) -> None:
    class TimeFirst(Pool):
        def forward(self, x: Tensor) -> Tensor:
            weights = F.softmax(self.score(x), 0)
            return self.head((weights * x).sum(0))

    assert said(record(tmp_path, TimeFirst(0), (T, N), (N,)), RULE) == []


def test_weights_of_parameters_alone_are_silent(tmp_path: Path) -> None:
    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.experts = nn.ModuleList(nn.Linear(E, 3) for _ in range(N))  # as many as samples
            self.mix = nn.Parameter(torch.zeros(N, 3))

        def forward(self, x: Tensor) -> Tensor:
            answers = torch.stack([expert(x[:, 0]) for expert in self.experts], 1)
            return (answers * self.mix.softmax(0)).sum(1)

    assert said(record(tmp_path, Mixed(), (N, T), (N,)), RULE) == []


class Viewed(nn.Module):
    """A net whose features go to what takes (steps, samples, features) by `way`."""

    def __init__(self, way: str, kind: str) -> None:
        super().__init__()
        self.conv, self.dense = nn.Conv1d(E, E, 1), nn.Linear(T * E, T * E)
        self.mixer: nn.Module = nn.GRU(E, E) if kind == "GRU" else nn.TransformerEncoderLayer(E, 2, 16, dropout=0.0)
        self.way, self.head = way, nn.Linear(E, 3)

    def forward(self, x: Tensor) -> Tensor:
        n = x.shape[0]
        maps = self.conv(x.transpose(1, 2)).relu()  # (samples, features, steps)
        if self.way == "view":
            x = maps.view(T, n, E)
        elif self.way == "dense":
            x = 0.5 * self.dense(x.flatten(1)).view(T, n, E).tanh() + torch.ones(T, 1, E)
        elif self.way == "permute":
            x = maps.permute(2, 0, 1)
        elif self.way == "reshape of a permute":
            x = maps.permute(2, 0, 1).reshape(T, n, E)
        elif self.way == "one by one":
            x = torch.stack([self.dense(x.flatten(1)).view(n, T, E)[:, t] for t in range(T)])
        else:
            x = self.dense(x.flatten(1)).view(n, T, E).transpose(0, 1).relu()
        out = self.mixer(x)
        return self.head((out[0] if isinstance(out, tuple) else out)[-1])  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", ["GRU", "attention"])
@pytest.mark.parametrize(
    ("way", "before"),
    [
        ("view", (N, E, T)),
        ("dense", (N, T * E)),
        *((way, None) for way in ("permute", "reshape of a permute", "one by one", "transpose")),
    ],
)
def test_a_view_that_breaks_samples_up_is_seen(
    way: str, before: tuple[int, ...] | None, kind: str, tmp_path: Path
) -> None:
    seen = record(tmp_path, Viewed(way, kind), (N, T), (N,))  # type: ignore[arg-type]
    found = said(seen, RULE)
    assert [one.severity for one in found] == ["warning"] * bool(before)
    assert [layer.samples_before for layer in seen.layers if layer.samples_before] == [before] * bool(before)


class Columns(nn.Module):
    """A recurrence along the columns of pictures, with the axes where `batch_first` wants them, or not."""

    def __init__(self, way: str, batch_first: bool) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, E, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.rnn, self.head = nn.LSTM(E, E, batch_first=batch_first), nn.Linear(E, 2)
        self.way = way

    def forward(self, x: Tensor) -> Tensor:
        maps = self.conv(x.float())
        ways: dict[str, Callable[[], Tensor]] = {
            "columns": lambda: maps.mean(2).permute(2, 0, 1),
            "columns first": lambda: maps.mean(2).transpose(1, 2),
            "all places": lambda: maps.flatten(2).permute(2, 0, 1),
            "all places first": lambda: maps.flatten(2).transpose(1, 2),
            "a film": lambda: maps.mean((2, 3)).unsqueeze(0),
            "squeezed": lambda: F.adaptive_avg_pool2d(maps, (1, 3)).squeeze(2).permute(2, 0, 1),
        }
        return self.head(self.rnn(ways[self.way]())[0])  # type: ignore[no-any-return]


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize(
    ("way", "wants"),
    [
        ("columns", False),
        ("columns first", True),
        ("all places", False),
        ("all places first", True),
        ("squeezed", False),
        ("a film", None),
    ],
)
def test_a_recurrence_along_a_convolution_s_samples(
    way: str, wants: bool | None, batch_first: bool, tmp_path: Path
) -> None:
    model, x = Columns(way, batch_first), torch.randn(N, 1, 4, 6)
    y = torch.randint(0, 2, (model(x).numel() // 2,))
    seen = trained(tmp_path, model, x, y, lambda out, y: nn.functional.cross_entropy(out.flatten(0, 1), y), steps=30)
    found = said(seen, RULE)
    assert bool(found) is (wants is not None and wants is not batch_first)
    assert all(one.remedy and "transpose(0, 1)" in one.remedy.code for one in found)


def test_a_view_counts_only_where_the_labels_say_that_the_second_axis_is_the_samples(tmp_path: Path) -> None:
    class PerStep(Viewed):
        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.mixer(self.conv(x.transpose(1, 2)).view(T, N, E))[0])  # type: ignore[no-any-return]

    assert said(record(tmp_path, PerStep("", "GRU"), (N, T), (T, N)), RULE) == []  # type: ignore[arg-type]


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
