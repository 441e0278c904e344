"""decay-on-norm-and-bias: what an optimizer decays beside weight matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from records import SGD, chain, figures_of, head, linear, run, said, told
from torch import Tensor, nn

import headstart as hs
from headstart.record import Layer, Record
from headstart.train.optimizers import decay_groups

RULE = "decay-on-norm-and-bias"
NORM = Layer("norm", "LayerNorm", 0, ("norm.weight", "norm.bias"), (64,))
DECAYING = replace(SGD, options={"lr": 0.1, "momentum": 0.9, "nesterov": False, "weight_decay": 5e-4})


def record(decays: dict[str, float], frozen: tuple[str, ...] = (), **rates: float) -> Record:
    """`decays` by parameter; the others have none."""
    seen = run(chain(linear("fc1"), NORM, head()), optimizers=[DECAYING], frozen=frozen)
    seen.parameters = tuple(
        replace(one, weight_decay=decays.get(one.name, 0.0), lr=rates.get(one.name.partition(".")[0], 0.1))
        for one in seen.parameters
    )
    return seen


EVERY = dict.fromkeys(("fc1.weight", "fc1.bias", "norm.weight", "norm.bias", "head.weight", "head.bias"), 5e-4)
FEW = ("fc1.bias", "norm.weight", "norm.bias", "head.bias")


def test_it_tells_how_many_and_by_how_much() -> None:
    finding = told(record(EVERY), RULE)
    assert finding.severity == "advice"
    assert finding.layers == ("fc1", "norm", "head")
    assert figures_of(finding) == {"tensors_decayed": 4, "weight_decay": 5e-4}
    assert "4 biases and gains of norms, 194 values, by 5e-4" in finding.message


@pytest.mark.parametrize("name", FEW)
def test_one_of_them_is_enough(name: str) -> None:
    assert figures_of(told(record({name: 5e-4}), RULE))["tensors_decayed"] == 1


def test_weights_alone_are_what_is_advised() -> None:
    assert said(record({"fc1.weight": 5e-4, "head.weight": 5e-4}), RULE) == []


def test_nothing_is_decayed_or_the_decay_is_not_known() -> None:
    assert said(record({}), RULE) == []
    assert said(run(chain(linear("fc1"), NORM, head()), optimizers=[DECAYING]), RULE) == []


def test_what_is_frozen_is_not_decayed() -> None:
    assert told(record(EVERY, frozen=("norm", "head")), RULE).layers == ("fc1",)


def test_the_remedy_has_the_options_of_this_script() -> None:
    remedy = told(record(EVERY), RULE).remedy
    assert remedy is not None
    assert remedy.code.endswith("optimizer = torch.optim.SGD(groups, lr=0.1, weight_decay=0.0005, momentum=0.9)")


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.PReLU(), nn.Linear(8, 3))


def seen(path: Path, model: nn.Module, *optimizers: torch.optim.Optimizer) -> Record:
    x, y = torch.randn(16, 6), torch.arange(16) % 3
    with hs.watch(model, record=path / "run.db") as watch:
        for _ in range(5):
            nn.functional.cross_entropy(model(x), y).backward()
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
    record = watch.read()
    assert "fault" not in record.meta
    return record


MAKERS: dict[str, Callable[[nn.Module], torch.optim.Optimizer]] = {
    "AdamW": lambda model: torch.optim.AdamW(model.parameters()),
    "SGD": lambda model: torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4),
    "two rates": lambda model: torch.optim.Adam(
        [{"params": model[:3].parameters(), "lr": 1e-4}, {"params": model[3].parameters()}],  # type: ignore[index]
        lr=1e-3,
        weight_decay=1e-4,
    ),
}


@pytest.mark.parametrize("name", MAKERS)
def test_in_real_runs_its_remedy_runs_and_silences_it(name: str, tmp_path: Path) -> None:
    model = net()
    finding = told(seen(tmp_path, model, MAKERS[name](model)), RULE)
    assert figures_of(finding)["tensors_decayed"] == 4  # not the slope of the PReLU
    (tmp_path / "instead").mkdir()
    again = net()
    names: dict[str, Any] = {"model": again, "torch": torch, "optimizer": MAKERS[name](again)}
    assert finding.remedy is not None
    exec(finding.remedy.code, names)
    optimizer = names["optimizer"]
    assert {id(p) for group in optimizer.param_groups for p in group["params"]} == {id(p) for p in again.parameters()}
    assert said(seen(tmp_path / "instead", again, optimizer), RULE) == []


QUIET: dict[str, Callable[[nn.Module], Iterable[torch.optim.Optimizer]]] = {
    "no decay": lambda model: [torch.optim.Adam(model.parameters())],
    "as hs.fit does": lambda model: [torch.optim.AdamW(decay_groups(model, 0.05))],
    "biases of another optimizer": lambda model: [
        torch.optim.SGD([p for p in model.parameters() if p.ndim > 1], lr=0.1, weight_decay=1e-4),
        torch.optim.SGD([p for p in model.parameters() if p.ndim < 2], lr=0.1),
    ],
}


@pytest.mark.parametrize("name", QUIET)
def test_real_runs_that_spare_them_are_quiet(name: str, tmp_path: Path) -> None:
    model = net()
    assert said(seen(tmp_path, model, *QUIET[name](model)), RULE) == []


def test_of_two_optimizers_the_one_that_does_it_is_told(tmp_path: Path) -> None:
    model = net()
    first = torch.optim.SGD(model[:3].parameters(), lr=0.1)
    second = torch.optim.AdamW(model[3].parameters())
    finding = told(seen(tmp_path, model, first, second), RULE)
    assert (finding.layers, figures_of(finding)["tensors_decayed"]) == (("3",), 1)
    assert "AdamW decays 1 " in finding.message


def test_raw_tensors_are_read_by_what_they_do(tmp_path: Path) -> None:
    torch.manual_seed(0)
    w1, w2 = torch.randn(6, 8).requires_grad_(), torch.randn(8, 3).requires_grad_()
    b1, slope = torch.zeros(8, requires_grad=True), torch.ones(8, requires_grad=True)
    optimizer = torch.optim.AdamW([w1, b1, slope, w2])

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(6, 6, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            return ((self.first(x) @ w1 + b1).sigmoid() * slope) @ w2

    model = Net()
    x, y = torch.randn(16, 6), torch.arange(16) % 3
    with hs.watch(model, record=tmp_path / "run.db") as watch:
        for _ in range(5):
            optimizer.add_param_group({"params": [model.first.weight]}) if len(optimizer.param_groups) < 2 else None
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
            optimizer.zero_grad()
    finding = told(watch.read(), RULE)
    assert figures_of(finding)["tensors_decayed"] == 1
