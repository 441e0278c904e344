"""What runs under no_grad in the midst of a forward, and what is evaluated or checkpointed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import said, told
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

import headstart as hs
from headstart.record import Record

RULE = "parameters-without-gradient"
X, Y = torch.randn(32, 6, generator=torch.Generator().manual_seed(0)), torch.arange(32) % 2


class Net(nn.Module):
    def __init__(self, way: str) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.way, self.body, self.head = way, nn.Sequential(nn.Linear(6, 8), nn.Tanh()), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        if self.way == "body":
            with torch.no_grad():
                x = self.body(x)
            return self.head(x)
        if self.way == "warm-up":
            with torch.no_grad():
                self.body(x)
        if self.way == "checkpoint":
            return self.head(checkpoint(self.body, x.requires_grad_(), use_reentrant=True))
        return self.head(self.body(x))


def record(path: Path, net: Net, held=None, steps: int = 6) -> Record:
    optimizer = torch.optim.Adam(held if held is not None else net.parameters(), lr=1e-3)
    with hs.watch(net, record=path / "run.db") as watch:
        for _ in range(steps):
            with torch.no_grad():
                net(X)
            optimizer.zero_grad()
            F.cross_entropy(net(X.clone()), Y).backward()
            optimizer.step()
    seen: Record = watch.read()
    assert "fault" not in seen.meta, seen.meta["fault"]
    return seen


def test_a_part_without_a_graph_is_told(tmp_path: Path) -> None:
    finding = told(record(tmp_path, Net("body")), RULE)
    assert (finding.severity, finding.layers) == ("advice", ("body.0",))
    assert (finding.evidence[0].value, finding.evidence[0].of) == (2, 4)
    assert finding.remedy is not None
    assert finding.remedy.code.startswith("model.body[0].requires_grad_(False)")


@pytest.mark.parametrize("way", ["all", "warm-up", "checkpoint"])
def test_evaluation_and_checkpoints_are_none(way: str, tmp_path: Path) -> None:
    read = record(tmp_path, Net(way))
    assert said(read, RULE) == []
    if way == "all":
        assert not any(parameter.ungraded for parameter in read.parameters)


def test_what_is_frozen_or_in_no_optimizer_is_none(tmp_path: Path) -> None:
    net = Net("body")
    net.body.requires_grad_(False)
    assert said(record(tmp_path, net), RULE) == []
    (tmp_path / "other").mkdir()
    net = Net("body")
    assert said(record(tmp_path / "other", net, net.head.parameters()), RULE) == []


def test_a_warning_in_a_run_that_does_not_learn(tmp_path: Path) -> None:
    assert told(record(tmp_path, Net("body"), steps=40), RULE).severity == "warning"


def test_it_counts_from_three_steps(tmp_path: Path) -> None:
    assert said(record(tmp_path, Net("body"), steps=2), RULE) == []
    (tmp_path / "three").mkdir()
    assert told(record(tmp_path / "three", Net("body"), steps=4), RULE).severity == "advice"
