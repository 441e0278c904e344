"""Nothing of the user's is kept alive by the watch: a model that is deleted is gone, however it was trained."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from headstart.monitor import attach
from headstart.monitor.observer import Observer
from headstart.monitor.weak import Weak

Train = Callable[[], list[Tensor]]


def by_optimizer() -> list[Tensor]:
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    x, y = torch.randn(16, 4), torch.randint(0, 2, (16,))
    for _ in range(12):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        nn.functional.cross_entropy(model(x), y)
    return list(model.parameters())


def by_hand() -> list[Tensor]:
    x, y = torch.randn(16, 4), torch.randn(16, 1)
    weights = [(torch.randn(*shape) * 0.3).requires_grad_() for shape in ((4, 8), (8,), (8, 1))]
    for _ in range(12):
        loss = ((torch.relu(x @ weights[0] + weights[1]) @ weights[2] - y) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            for weight in weights:
                assert weight.grad is not None
                weight -= 0.01 * weight.grad
                weight.grad = None
    return weights


def by_new_tensors() -> list[Tensor]:
    x, y, w = torch.randn(16, 4), torch.randn(16, 1), torch.zeros(4, 1, requires_grad=True)
    for _ in range(12):
        ((x @ w - y) ** 2).mean().backward()
        assert w.grad is not None
        w = (w - 0.1 * w.grad).detach().requires_grad_()
    return [w]


def by_accumulation() -> list[Tensor]:
    model = nn.Linear(4, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x, y = torch.randn(16, 4), torch.randint(0, 2, (16,))
    for step in range(12):
        (nn.functional.cross_entropy(model(x), y) / 2).backward()
        if step % 2:
            optimizer.step()
            optimizer.zero_grad()
    return list(model.parameters())


@pytest.mark.parametrize("train", [by_optimizer, by_hand, by_new_tensors, by_accumulation])
def test_what_was_trained_is_gone_once_it_is_deleted(train: Train, tmp_path: Path) -> None:
    observer = Observer(lambda: tmp_path / "run.db", attach.script_facts, attach.BIRTHS)
    attach.attach(observer)
    try:
        gone = [weakref.ref(tensor) for tensor in train()]
        gc.collect()
        alive = [reference() for reference in gone]
        storages = [tensor for block in observer._ledger._blocks.values() for tensor in block]
        followed = observer.step
    finally:
        attach.detach(observer, "finished")
    assert (tmp_path / "run.db").exists()
    assert not (tmp_path / "run.log").exists()
    assert followed >= 6
    assert alive == [None] * len(gone)
    assert not storages  # views of their memory


def test_what_a_function_holds_for_a_while_is_gone_when_it_lets_go(tmp_path: Path) -> None:
    """Before Python 3.13 reading a frame's variables keeps them."""
    model, w = nn.Linear(4, 2), torch.ones(2, 2, requires_grad=True)
    observer = Observer(lambda: tmp_path / "run.db", attach.script_facts, attach.BIRTHS)
    attach.attach(observer)
    try:
        batch = torch.randn(16, 4)
        loss = nn.functional.dropout(model(batch) @ w).square().mean()  # a raw tensor is named by its variable
        loss.backward()
        gone = [weakref.ref(batch), weakref.ref(loss)]
        del batch, loss
        gc.collect()
        alive = [reference() for reference in gone]
    finally:
        attach.detach(observer, "finished")
    assert alive == [None, None]


def test_a_function_that_asked_for_its_locals_keeps_what_it_got(tmp_path: Path) -> None:
    observer = Observer(lambda: tmp_path / "run.db", attach.script_facts, attach.BIRTHS)
    attach.attach(observer)
    try:
        given = told(0.1)
    finally:
        attach.detach(observer, "finished")
    assert given == {"lr": 0.1}


def told(lr: float) -> dict[str, object]:
    settings = locals()
    w = torch.ones(3, 1, requires_grad=True)
    ((torch.ones(2, 3) @ w) * lr).sum().backward()
    return settings


def test_parameters_that_are_to_be_swapped_can_be(tmp_path: Path) -> None:
    """`swap_tensors` refuses what has a weak reference."""
    observer = Observer(lambda: tmp_path / "run.db", attach.script_facts, attach.BIRTHS)
    torch.__future__.set_swap_module_params_on_conversion(True)
    attach.attach(observer)
    try:
        model = nn.Linear(4, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        model(torch.randn(8, 4)).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
        model.double()
    finally:
        attach.detach(observer, "finished")
        torch.__future__.set_swap_module_params_on_conversion(False)
    assert observer.step == 1
    assert model.weight.dtype is torch.float64


def test_runs_of_several_models_stay_one_record(tmp_path: Path) -> None:
    """The ids of tensors that are gone come again."""
    observer = Observer(lambda: tmp_path / "run.db", attach.script_facts, attach.BIRTHS)
    attach.attach(observer)
    try:
        for train in (by_optimizer, by_hand, by_optimizer, by_new_tensors, by_accumulation, by_hand):
            train()
            gc.collect()
    finally:
        attach.detach(observer, "finished")
    assert not (tmp_path / "run.log").exists()


def test_those_that_live_come_in_their_order() -> None:
    first, second, third = (torch.zeros(1) for _ in range(3))
    followed = Weak([first, second, third])
    del second
    assert [tensor is other for tensor, other in zip(followed, (first, third), strict=True)] == [True, True]
    assert followed.are_gone()
    assert not Weak([first]).are_gone()
