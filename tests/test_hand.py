"""Loops without an optimizer: their steps, their gradients, and whether they clear them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import headstart as hs
from headstart.monitor import attach
from headstart.monitor.observer import DENSE, Observer, sketched
from headstart.record import Record, read_record

X = torch.randn(64, 5, generator=torch.Generator().manual_seed(1))
Y = (X[:, :1] * X[:, 1:2]).tanh()
STEPS = 12


def clear_none(w: nn.Parameter) -> None:
    w.grad = None


def clear_zero(w: nn.Parameter) -> None:
    assert w.grad is not None
    w.grad.zero_()


def clear_data(w: nn.Parameter) -> None:
    assert w.grad is not None
    w.grad.data.zero_()


def keep(w: nn.Parameter) -> None:
    pass


def by_backward(net: nn.Module, loss: Callable[[], Tensor], clear: Callable[[nn.Parameter], None]) -> None:
    for _ in range(STEPS):
        loss().backward()
        with torch.no_grad():
            for w in net.parameters():
                w -= 0.1 * w.grad  # type: ignore[operator]
                clear(w)


def by_grad(net: nn.Module, loss: Callable[[], Tensor], form: Callable[[Iterable[Tensor]], Any] = list) -> None:
    for _ in range(STEPS):
        gradients = torch.autograd.grad(loss(), form(net.parameters()))
        with torch.no_grad():
            for w, gradient in zip(net.parameters(), gradients, strict=True):
                w -= 0.1 * gradient


def watched(path: Path, run: Callable[[nn.Module, Callable[[], Tensor]], None]) -> Record:
    net = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1))
    with hs.watch(net, record=path / "w.db") as watch:
        run(net, lambda: nn.functional.mse_loss(net(X), Y))
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


@pytest.mark.parametrize("clear", [clear_none, clear_zero, clear_data])
def test_gradients_may_be_cleared_in_any_way(tmp_path: Path, clear: Callable[[nn.Parameter], None]) -> None:
    cleared = watched(tmp_path, lambda net, loss: by_backward(net, loss, clear)).series("", "loop.cleared")
    assert set(cleared.values) == {1.0}


def test_gradients_that_are_never_cleared_are_seen(tmp_path: Path) -> None:
    cleared = watched(tmp_path, lambda net, loss: by_backward(net, loss, keep)).series("", "loop.cleared")
    assert len(cleared) == STEPS - 1
    assert set(cleared.values) == {0.0}


@pytest.mark.parametrize("clear", [clear_none, keep])
def test_the_loss_of_each_step_is_known(tmp_path: Path, clear: Callable[[nn.Parameter], None]) -> None:
    record = watched(tmp_path, lambda net, loss: by_backward(net, loss, clear))
    losses = record.loss_of(record.losses[0].name)
    assert losses.steps == tuple(range(STEPS))
    assert losses.values == record.loss.values


def test_the_loss_of_each_step_is_known_where_nothing_is_updated(tmp_path: Path) -> None:
    def run(net: nn.Module, loss: Callable[[], Tensor]) -> None:
        for _ in range(STEPS):
            net.zero_grad()
            loss().backward()

    record = watched(tmp_path, run)
    assert len(record.loss_of(record.losses[0].name)) == len(record) >= STEPS - 1


def test_each_update_is_a_step_whichever_way_the_gradients_come(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    torch.manual_seed(0)
    by_backwards = watched(tmp_path / "a", lambda net, loss: by_backward(net, loss, clear_none))
    torch.manual_seed(0)
    by_grads = watched(tmp_path / "b", by_grad)
    assert len(by_grads) == len(by_backwards) == STEPS
    assert by_grads.loss.values == by_backwards.loss.values
    for figure in ("weight.std", "weight_gradient.std", "update.std"):
        seen = by_grads.series("0.weight", figure)
        assert len(seen) == STEPS
        assert seen.values == pytest.approx(by_backwards.series("0.weight", figure).values, rel=1e-6)


@pytest.mark.parametrize("form", [list, tuple, iter])
def test_weights_may_be_given_to_autograd_grad_in_any_form(
    tmp_path: Path, form: Callable[[Iterable[Tensor]], Any]
) -> None:
    record = watched(tmp_path, lambda net, loss: by_grad(net, loss, form))
    assert len(record) == STEPS
    assert len(record.series("0.weight", "weight_gradient.std")) == STEPS


def test_a_gradient_that_raises_does_not_end_the_watch(tmp_path: Path) -> None:
    def run(net: nn.Module, loss: Callable[[], Tensor]) -> None:
        value = loss()
        torch.autograd.grad(value, list(net.parameters()))
        with pytest.raises(RuntimeError, match="second time"):
            torch.autograd.grad(value, list(net.parameters()))
        by_grad(net, loss)

    assert len(watched(tmp_path, run).series("0.weight", "weight_gradient.std")) == STEPS


def test_gradients_that_autograd_grad_gives_are_none_to_clear(tmp_path: Path) -> None:
    assert not watched(tmp_path, by_grad).series("", "loop.cleared")


def test_a_look_into_the_data_is_no_backward(tmp_path: Path) -> None:
    net, x = nn.Linear(5, 1), X.clone().requires_grad_()
    with hs.watch(net, record=tmp_path / "w.db"):
        for _ in range(5):
            (gradient,) = torch.autograd.grad(nn.functional.mse_loss(net(x), Y), x)
            x = (x + 0.1 * gradient.sign()).detach().requires_grad_()
    assert not (tmp_path / "w.db").exists()


def test_gradients_of_gradients_are_no_backward_of_the_loop(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with hs.watch(net, record=tmp_path / "w.db") as watch:
        for _ in range(4):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(net(X), Y)
            gradients = torch.autograd.grad(loss, list(net.parameters()), create_graph=True)
            (loss + 0.01 * sum(gradient.square().sum() for gradient in gradients)).backward()
            optimizer.step()
    record = watch.read()
    assert len(record) == 4
    assert record.series("0.weight", "weight_gradient.std").first > 0


def test_the_loss_of_every_step_by_hand_is_seen(tmp_path: Path) -> None:
    record = watched(tmp_path, lambda net, loss: by_backward(net, loss, clear_none))
    (loss,) = record.losses
    assert record.loss_of(loss.name).steps == tuple(range(STEPS))


def test_of_a_long_loop_by_hand_the_loss_of_each_sketched_step_is_seen(tmp_path: Path) -> None:
    net = nn.Linear(5, 1)
    with hs.watch(net, record=tmp_path / "w.db") as watch:
        for _ in range(4 * DENSE):
            nn.functional.mse_loss(net(X), Y).backward()
            with torch.no_grad():
                for w in net.parameters():
                    w -= 0.01 * w.grad  # type: ignore[operator]
                    w.grad = None
    record = watch.read()
    (loss,) = record.losses
    assert record.loss_of(loss.name).steps == tuple(filter(sketched, range(4 * DENSE)))


@pytest.mark.filterwarnings("ignore:Using backward")  # of a cycle that ends with this test
@pytest.mark.parametrize("by_grad", [True, False])
def test_a_gradient_that_is_a_part_of_the_loss_is_not_what_a_layer_gets(by_grad: bool, tmp_path: Path) -> None:
    """As of an energy whose derivative is the answer: no weight moves by the ones that it starts with."""
    net = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1, bias=False))
    optimizer, x = torch.optim.SGD(net.parameters(), lr=0.1), X.clone().requires_grad_()
    with hs.watch(net, record=tmp_path / "w.db") as watch:
        for _ in range(4):
            optimizer.zero_grad()
            if by_grad:
                (force,) = torch.autograd.grad(net(x).sum(), x, create_graph=True)
                force.square().mean().backward()
            else:
                net(x).sum().backward(create_graph=True)
            optimizer.step()
    record = watch.read()
    assert set(record.series("2", "gradient.max_abs").values) == (set() if by_grad else {1.0})
    assert len(record.series("0", "gradient.std")) == 4


def test_a_model_that_is_one_layer_is_told_once(tmp_path: Path) -> None:
    net = nn.Linear(5, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with hs.watch(net, record=tmp_path / "w.db") as watch:
        for _ in range(4):
            optimizer.zero_grad()
            nn.functional.mse_loss(net(X), Y).backward()
            optimizer.step()
    (layer,) = watch.read().layers
    assert (layer.kind, layer.parameters, layer.output) == ("Linear", ("weight", "bias"), True)


def test_a_model_of_numbers_alone_has_steps_as_well(tmp_path: Path) -> None:
    plain = descend(1e-3)
    observer = Observer(lambda: tmp_path / "p.db", attach.script_facts, attach.BIRTHS)
    attach.attach(observer)
    try:
        assert descend(1e-3) == plain
    finally:
        attach.detach(observer, "finished")
    record = read_record(tmp_path / "p.db")
    assert "fault" not in record.meta
    assert len(record.loss) == len(record) == STEPS
    assert [(parameter.name, parameter.shape) for parameter in record.parameters] == [("a", ()), ("b", ()), ("c", ())]
    assert record.loss.values[-1] < record.loss.values[0]
    assert set(record.series("", "loop.cleared").values) == {1.0}


def descend(lr: float) -> list[float]:
    """As PyTorch's tutorial does."""
    x, y = X[:, 0], X[:, 1]
    a, b, c = (torch.tensor(number, requires_grad=True) for number in (0.5, -1.0, 2.0))
    for _ in range(STEPS):
        loss = (a + b * x + c * x**2 - y).pow(2).sum()
        loss.backward()
        with torch.no_grad():
            for w in (a, b, c):
                w -= lr * w.grad  # type: ignore[operator]
                w.grad = None
    return [a.item(), b.item(), c.item()]


@pytest.mark.parametrize("by", ["backward", "grad"])
@pytest.mark.parametrize("momentum", [0.0, 0.9, 1.0])
def test_what_an_update_carries_of_the_one_before_is_its_momentum(by: str, momentum: float, tmp_path: Path) -> None:
    def run(net: nn.Module, loss: Callable[[], Tensor]) -> None:
        weights = list(net.parameters())
        sums = [torch.zeros_like(w) for w in weights]
        for _ in range(STEPS):
            if by == "grad":
                gradients = torch.autograd.grad(loss(), weights)
            else:
                loss().backward()
                gradients = tuple(w.grad for w in weights if w.grad is not None)
            with torch.no_grad():
                for w, total, gradient in zip(weights, sums, gradients, strict=True):
                    total.mul_(momentum).add_(gradient)
                    w -= 0.05 * total
                    w.grad = None

    carried = watched(tmp_path, run).series("", "loop.carried")
    assert len(carried) >= STEPS // 2 or not momentum  # where the gradient hardly turns, the two are not told apart
    assert carried.values == pytest.approx([momentum] * len(carried), abs=1e-3)


def test_an_update_of_something_else_as_well_carries_nothing_that_is_known(tmp_path: Path) -> None:
    def run(net: nn.Module, loss: Callable[[], Tensor]) -> None:
        for _ in range(STEPS):
            loss().backward()
            with torch.no_grad():
                for w in net.parameters():
                    w -= 0.05 * w.grad + 0.01 * torch.randn_like(w)  # type: ignore[operator]
                    w.grad = None

    assert len(watched(tmp_path, run).series("", "loop.carried")) == 0
