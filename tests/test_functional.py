"""Loops in the style of `torch.func` are training; derivatives by data are not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, grad, grad_and_value, stack_module_state, vmap

from headstart.diagnosis import diagnose
from headstart.monitor import attach
from headstart.monitor.functional import TIMES, UNCHANGED
from headstart.monitor.observer import Observer
from headstart.record import Record, read_record

X = torch.randn(64, 5, generator=torch.Generator().manual_seed(1))
Y = (X[:, 0] * X[:, 1] > 0).long()
STEPS, LR = 30, 0.1


def watched(path: Path, run: Callable[[], object]) -> Record | None:
    """As of a script; None where nothing was trained."""
    observer = Observer(lambda: path / "w.db", dict, attach.BIRTHS)
    attach.attach(observer)
    try:
        run()
    finally:
        attach.detach(observer, "finished")
    if observer.path is None:
        return None
    record = read_record(observer.path)
    assert "fault" not in record.meta, record.meta["fault"]
    return record


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 2))


def parameters(model: nn.Module) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def by_dictionary(rate: float = LR, *, value: bool = True, steps: int = STEPS) -> dict[str, Tensor]:
    model = net()
    params = parameters(model)

    def loss(params: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(model, params, (x,)), y)

    for _ in range(steps):
        gradients = grad_and_value(loss)(params, X, Y)[0] if value else grad(loss)(params, X, Y)
        params = {name: p - rate * gradients[name] for name, p in params.items()}
    return params


def by_list(*, rate: float = LR) -> list[Tensor]:
    """Raw tensors, differentiated by their places."""
    model = parameters(net())
    w1, b1, w2, b2 = model.values()

    def loss(w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
        return F.cross_entropy(F.linear(F.linear(X, w1, b1).tanh(), w2, b2), Y)

    slopes = grad(loss, argnums=(0, 1, 2, 3))
    for _ in range(STEPS):
        g1, g2, g3, g4 = slopes(w1, b1, w2, b2)
        w1, b1, w2, b2 = w1 - rate * g1, b1 - rate * g2, w2 - rate * g3, b2 - rate * g4
    return [w1, b1, w2, b2]


def of_many_values() -> list[Tensor]:
    """The same by a rate that changes, of matrices that are large enough to tell that from chance."""
    w1, w2 = torch.randn(64, 5, generator=torch.Generator().manual_seed(2)) / 5, torch.zeros(2, 64)
    slopes = grad(lambda w1, w2: F.cross_entropy((X @ w1.T).tanh() @ w2.T, Y), argnums=(0, 1))
    for step in range(STEPS):
        g1, g2 = slopes(w1, w2)
        w1, w2 = w1 - LR / (1 + step) * g1, w2 - LR / (1 + step) * g2
    return [w1, w2]


def of_an_ensemble() -> dict[str, Tensor]:
    """Three nets at once; the loss is written out."""
    models = [net() for _ in range(3)]
    with torch.no_grad():
        for model in models[1:]:
            for p in model.parameters():
                p += 0.1
    params, buffers = stack_module_state(models)  # type: ignore[arg-type]
    params = {name: p.detach() for name, p in params.items()}

    def loss(params: dict[str, Tensor], buffers: dict[str, Tensor]) -> Tensor:
        return (functional_call(models[0], (params, buffers), (X,))[:, 0] - X[:, 0]).square().mean()

    for _ in range(STEPS):
        gradients, _ = vmap(grad_and_value(loss))(params, buffers)
        params = {name: p - LR * gradients[name] for name, p in params.items()}
    return params


def with_aux() -> Tensor:
    """One vector of weights; outputs besides the loss."""
    w = torch.zeros(5)

    def loss(w: Tensor) -> tuple[Tensor, Tensor]:
        out = X @ w
        return F.mse_loss(out, X[:, 0]), out

    for _ in range(STEPS):
        gradient, _ = grad(loss, has_aux=True)(w)
        w = w - LR * gradient
    return w


LOOPS: dict[str, Callable[[], object]] = {
    "dictionary": by_dictionary,
    "gradients alone": lambda: by_dictionary(value=False),
    "list": by_list,
    "ensemble": of_an_ensemble,
    "aux": with_aux,
}


@pytest.mark.parametrize("loop", LOOPS)
def test_each_call_is_a_step_and_the_update_is_told_by_the_next(loop: str, tmp_path: Path) -> None:
    record = watched(tmp_path, LOOPS[loop])
    assert record is not None
    held = TIMES if loop in ("list", "aux") else 1  # tensors without a key are followed later
    assert len(record) == STEPS - held - 1  # and the last call's update is seen by nobody
    assert set(record.series("", "loop.climbed").values) == {0.0}
    for p in record.parameters:
        gradients, updates = (record.series(p.name, f"{kind}.mean") for kind in ("weight_gradient", "update"))
        assert len(updates) >= STEPS - held - 2
        assert updates.values == pytest.approx([-LR * value for value in gradients.values], rel=1e-3, abs=1e-7)


def test_names_are_the_keys_or_the_variables(tmp_path: Path) -> None:
    (tmp_path / "list").mkdir()
    keyed, placed = watched(tmp_path, by_dictionary), watched(tmp_path / "list", by_list)
    assert keyed is not None
    assert placed is not None
    assert {p.name for p in keyed.parameters} == {"0.weight", "0.bias", "2.weight", "2.bias"}
    assert {p.name for p in placed.parameters} == {"w1", "b1", "w2", "b2"}


def test_the_loss_and_its_function_are_known(tmp_path: Path) -> None:
    record = watched(tmp_path, by_dictionary)
    assert record is not None
    assert [loss.kind for loss in record.losses] == ["cross_entropy"]
    assert record.loss_of(record.losses[0].name).values == pytest.approx(record.loss.values)
    (tmp_path / "aux").mkdir()
    squares = watched(tmp_path / "aux", with_aux)
    assert squares is not None
    assert [loss.kind for loss in squares.losses] == ["mse_loss"]


def test_many_values_are_followed_whatever_their_rate(tmp_path: Path) -> None:
    record = watched(tmp_path, of_many_values)
    assert record is not None
    assert len(record) == STEPS - 2


@pytest.mark.parametrize("loop", LOOPS)
def test_a_watched_loop_is_the_same(loop: str, tmp_path: Path) -> None:
    kept: list[object] = []
    state = torch.random.get_rng_state()
    assert watched(tmp_path, lambda: kept.append(LOOPS[loop]())) is not None
    after = torch.random.get_rng_state()
    torch.random.set_rng_state(state)
    plain = LOOPS[loop]()
    assert torch.equal(torch.random.get_rng_state(), after)
    assert all(map(torch.equal, leaves(kept[0]), leaves(plain)))


def leaves(tree: object) -> Sequence[Tensor]:
    if isinstance(tree, Tensor):
        return [tree]
    return list(tree.values() if isinstance(tree, dict) else tree)  # type: ignore[call-overload, no-any-return]


def test_an_update_that_adds_the_gradient_climbs(tmp_path: Path) -> None:
    record = watched(tmp_path, lambda: by_dictionary(-LR))
    assert record is not None
    assert set(record.series("", "loop.climbed").values) == {1.0}
    assert diagnose(record).findings[0].rule == "loss-sign"


def test_parameters_that_never_change_are_followed_after_some_calls(tmp_path: Path) -> None:
    record = watched(tmp_path, lambda: by_dictionary(0.0))
    assert record is not None
    assert len(record) == STEPS - UNCHANGED - 1
    assert {p.steps_moved for p in record.parameters} == {0}


def test_a_compiled_step_runs_as_before(tmp_path: Path) -> None:
    def loss(w: Tensor) -> Tensor:
        return F.mse_loss(X @ w, X[:, 0])

    def run() -> Tensor:
        step = torch.compile(lambda w: w - LR * grad(loss)(w), backend="eager")
        w = torch.zeros(5)
        for _ in range(5):
            w = step(w)
        return w

    kept: list[Tensor] = []
    watched(tmp_path, lambda: kept.append(run()))
    assert torch.equal(kept[0], run())


def slopes_of_data() -> None:
    """As a physics-informed net asks for them: where the points change, and not along the slopes."""
    model = net()
    for i in range(STEPS):
        vmap(grad(lambda x: model(x).sum()))(X + i)


def slopes_by_two_coordinates() -> None:
    for i in range(STEPS):
        x, t = torch.tensor(float(i)), torch.tensor(float(-i))
        grad(lambda x, t: (x * t).sin(), argnums=(0, 1))(x, t)


def slopes_by_many_points() -> None:
    model = net()
    for seed in range(STEPS):
        x = torch.randn(100, 5, generator=torch.Generator().manual_seed(seed))
        grad(lambda a, b: model(a + b).sum(), argnums=(0, 1))(x, x.flip(0))


def second_derivatives() -> None:
    def within(x: Tensor) -> Tensor:
        return grad(lambda x: (x**3).sum())(x).sum()

    for i in range(STEPS):
        grad(within)(X[i])


def per_sample_gradients() -> None:
    model = net()
    params = parameters(model)

    def loss(params: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(model, params, (x[None],)), y[None])

    for _ in range(STEPS):
        vmap(grad(loss), in_dims=(None, 0, 0))(params, X, Y)


NO_TRAINING = (
    slopes_of_data,
    slopes_by_two_coordinates,
    slopes_by_many_points,
    second_derivatives,
    per_sample_gradients,
)


@pytest.mark.parametrize("run", NO_TRAINING)
def test_derivatives_that_train_nothing_are_no_steps(run: Callable[[], None], tmp_path: Path) -> None:
    assert watched(tmp_path, run) is None


def test_beside_an_optimizer_nothing_is_followed(tmp_path: Path) -> None:
    def run() -> None:
        model = net()
        optimizer = torch.optim.SGD(model.parameters(), lr=LR)
        params = parameters(model)
        for _ in range(STEPS):
            gradients = grad(lambda p: F.cross_entropy(functional_call(model, p, (X,)), Y))(params)
            params = {name: p - LR * gradients[name] for name, p in params.items()}
            optimizer.zero_grad()
            F.cross_entropy(model(X), Y).backward()
            optimizer.step()

    record = watched(tmp_path, run)
    assert record is not None
    assert len(record) == STEPS
    assert {p.optimizer for p in record.parameters} == {"SGD"}
