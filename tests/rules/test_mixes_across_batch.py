"""mixes-across-batch: what runs along the batch, and every layout that does not."""

from __future__ import annotations

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
