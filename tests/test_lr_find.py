"""hs.lr_find: nothing that was given changes, and the rate is the one that theory or a sweep says."""

from __future__ import annotations

import copy
import io
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

import headstart as hs
from headstart.errors import HeadstartError
from headstart.monitor import attach
from headstart.monitor.observer import Observer

X = torch.randn(60, 4, generator=torch.Generator().manual_seed(1))
Y = (X[:, 0] > 0).long()


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 2))


def quick(model: nn.Module, batches: Any, loss: Any = None, **options: Any) -> Any:
    return hs.lr_find(model, batches, loss, **{"steps": 30, "burn_in": 3, "seeds": 2, **options})


def bits(*things: Any) -> bytes:
    """Everything that tensors, generators and containers hold, as bytes."""
    buffer = io.BytesIO()
    torch.save(things, buffer)
    return buffer.getvalue()


def generators() -> tuple[Any, ...]:
    name, keys, *rest = np.random.get_state()
    return torch.get_rng_state(), random.getstate(), (name, torch.from_numpy(keys.astype(np.int64)), *rest)


def state_of(model: nn.Module, optimizer: torch.optim.Optimizer) -> bytes:
    grads = [parameter.grad for parameter in model.parameters()]
    modes = [module.training for module in model.modules()]
    return bits(model.state_dict(), grads, modes, optimizer.state_dict(), generators())


@pytest.mark.parametrize("given", ["adamw", "own"])
def test_model_optimizer_gradients_buffers_modes_and_random_numbers_stay_bit_for_bit(given: str) -> None:
    model = net()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    F.cross_entropy(model(X), Y).backward()
    optimizer.step()
    model[1].eval()  # frozen statistics
    before = state_of(model, optimizer)
    batches = DataLoader(TensorDataset(X, Y), 10, shuffle=True)
    found = quick(model, batches, optimizer=optimizer if given == "own" else given)
    assert len(found.losses) == 2
    assert state_of(model, optimizer) == before
    assert not model.training or not model[1].training


def loaders() -> Iterator[Any]:
    data = TensorDataset(X, Y)
    yield DataLoader(data, 7, shuffle=True)
    yield DataLoader(data, 7, shuffle=True, generator=torch.Generator().manual_seed(3))
    yield DataLoader(data, 7, sampler=RandomSampler(data, generator=torch.Generator().manual_seed(3)))
    yield DataLoader(data, batch_sampler=torch.utils.data.BatchSampler(Resumable(60), 7, drop_last=False))
    yield hs.Batches(X, Y, 7, shuffle=True, seed=5)


class Resumable:
    """A sampler that remembers where it is, as those do that can be saved."""

    def __init__(self, count: int) -> None:
        self.count, self.place = count, 0

    def __iter__(self) -> Iterator[int]:
        while self.place < self.count:
            self.place += 1
            yield self.place - 1
        self.place = 0


@pytest.mark.parametrize("place", range(5))
def test_a_loop_goes_on_bitwise_as_if_there_had_been_no_test_in_the_middle_of_its_epoch(place: int) -> None:
    ends = []
    for tested in (False, True):
        torch.manual_seed(0)
        model, batches = net(), list(loaders())[place]
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        for _ in range(2):
            for step, (x, y) in enumerate(batches):
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
                if tested and step == 3:
                    quick(model, batches, optimizer=optimizer)
        ends.append(state_of(model, optimizer))
    assert ends[0] == ends[1]


def test_workers_that_stay_keep_their_place() -> None:
    torch.manual_seed(0)
    loader = DataLoader(TensorDataset(X, Y), 10, num_workers=1, persistent_workers=True)
    under_way = iter(loader)
    next(under_way)
    quick(net(), loader, steps=20)
    assert [len(y) for _, y in under_way] == [10] * 5


def test_a_watch_of_the_whole_process_sees_nothing_of_it(tmp_path: Path) -> None:
    path, model = tmp_path / "run.db", net()
    observer = Observer(lambda: path, attach.script_facts, attach.BIRTHS)
    attach.attach(observer)
    try:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            quick(model, DataLoader(TensorDataset(X, Y), 20, shuffle=True))
            optimizer.zero_grad()
            F.cross_entropy(model(X), Y).backward()
            optimizer.step()
    finally:
        attach.detach(observer, "exit 0")
    record = hs.read_record(path)
    assert len(record) == 3
    assert record.loaders == ()
    assert [found.kind for found in record.optimizers] == ["SGD"]
    assert len(record.losses) == 1
    assert "fault" not in record.meta


def test_the_same_call_gives_the_same_result_and_seeds_differ() -> None:
    model, batches = net(), hs.Batches(X, Y, 10, shuffle=True)
    first, second = (quick(model, batches, seeds=3) for _ in range(2))
    assert first == second
    assert len(set(first.losses)) == 3


class Bowl(nn.Module):
    """A loss of curvature / 2 · w²: plain descent at 1 / curvature is there at once, and from 2 / curvature on it grows."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.w * x


def bowl(curvature: float) -> Any:
    return lambda output, y: curvature / 2 * (output**2).mean()


@pytest.mark.parametrize("curvature", [0.25, 1.0, 64.0])
def test_on_a_bowl_the_rate_is_below_the_one_that_is_there_at_once(curvature: float) -> None:
    batches = [(torch.tensor(1.0), torch.tensor(0.0))]
    found = hs.lr_find(
        Bowl(), batches, bowl(curvature), optimizer=torch.optim.SGD, low=1e-4 / curvature, high=1e2 / curvature
    )
    assert found.refusal is None
    assert 0.03 / curvature < found.suggestion < 1 / curvature
    w = math.prod(1 - curvature * lr for lr in (*[found.lrs[0]] * 10, *found.lrs[:40]))
    assert found.losses[0][39] == pytest.approx(curvature / 2 * w**2, rel=1e-4)


@pytest.mark.parametrize("scale", [0.125, 4.0])
def test_a_loss_that_is_scaled_by_c_asks_for_a_rate_of_plain_sgd_scaled_by_one_over_c(scale: float) -> None:
    model, batches = net(), hs.Batches(X, Y, 10, shuffle=True)
    plain = quick(model, batches, optimizer=torch.optim.SGD, weight_decay=0.0, low=1e-4, high=1e3, steps=60)
    scaled = quick(
        model,
        batches,
        lambda output, y: scale * F.cross_entropy(output, y),
        optimizer=torch.optim.SGD,
        weight_decay=0.0,
        low=1e-4 / scale,
        high=1e3 / scale,
        steps=60,
    )
    assert plain.suggestion is not None
    assert scaled.suggestion == pytest.approx(plain.suggestion / scale)


def test_an_existing_optimizer_is_tested_with_its_state_and_the_ratios_of_its_rates() -> None:
    seen: list[list[float]] = []

    class Noting(torch.optim.SGD):
        def step(self, closure: Any = None) -> Any:
            seen.append([float(group["lr"]) for group in self.param_groups])
            assert all("momentum_buffer" in self.state[p] for group in self.param_groups for p in group["params"])
            return super().step(closure)

    model = net()
    groups = [
        {"params": model[0].parameters(), "lr": 0.1},
        {"params": [*model[1].parameters(), *model[4].parameters()], "lr": torch.tensor(0.2)},
    ]
    optimizer = Noting(groups, momentum=0.9)
    F.cross_entropy(model(X), Y).backward()
    torch.optim.SGD.step(optimizer)
    quick(model, [(X, Y)], optimizer=optimizer, seeds=1, low=1e-4, high=1e-2)
    assert seen[-1] == pytest.approx([1e-2, 2e-2])
    assert all(second == pytest.approx(2 * first) for first, second in seen)
    assert [float(group["lr"]) for group in optimizer.param_groups] == pytest.approx([0.1, 0.2])


def test_a_model_in_evaluation_mode_is_tested_in_training_mode_and_frozen_parts_stay_frozen() -> None:
    modes: list[tuple[bool, bool]] = []

    class Noting(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            modes.append((self.training, self[1].training))
            return super().forward(x)

    model = Noting(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).eval()
    quick(model, [(X, Y)], seeds=1)
    assert set(modes) == {(True, True)}
    modes.clear()
    model.train()[1].eval()
    quick(model, [(X, Y)], seeds=1)
    assert set(modes) == {(True, False)}


def test_it_stops_where_training_breaks_down() -> None:
    found = hs.lr_find(net(), [(X, Y)], optimizer=torch.optim.SGD, high=1e6, seeds=1)
    assert len(found.losses[0]) < len(found.lrs)


def test_a_loss_with_weights_of_its_own_is_copied_with_the_optimizer_that_holds_them() -> None:
    class Learned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.temperature = nn.Parameter(torch.ones(()))

        def forward(self, output: Tensor, y: Tensor) -> Tensor:
            return F.cross_entropy(output * self.temperature, y)

    model, loss = net(), Learned()
    optimizer = torch.optim.SGD([*model.parameters(), *loss.parameters()], lr=0.1)
    quick(model, [(X, Y)], loss, optimizer=optimizer)
    assert loss.temperature.item() == 1
    assert loss.temperature.grad is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"low": 0.0}, "low is 0.0"),
        ({"low": 1.0, "high": 0.1}, "high 0.1"),
        ({"steps": 5}, "steps is 5"),
        ({"burn_in": 1}, "burn_in is 1"),
        ({"seeds": 0}, "seeds is 0"),
        ({"optimizer": "sdg"}, "did you mean 'sgd'"),
        ({"optimizer": torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1)}, "none of the parameters"),
        ({"optimizer": lambda groups, lr: torch.optim.LBFGS([p for g in groups for p in g["params"]])}, "LBFGS"),
        ({"batches": ((X, Y) for _ in range(3))}, "read only once"),
        ({"batches": X}, "Tensor, which gives no batches"),
        ({"batches": []}, "gives no batch"),
        ({"batches": [X]}, "A batch holds a Tensor"),
        ({"batches": [(X, Y, Y)]}, "A batch holds 3 items"),
        ({"loss": lambda output, y: 1.0}, "The loss gives float"),
        ({"loss": lambda output, y: F.cross_entropy(output, y, reduction="none")}, r"shape \(60,\)"),
        ({"loss": lambda output, y: output.sum().detach()}, "without a gradient"),
    ],
)
def test_bad_arguments_are_named_and_leave_random_numbers_alone(change: dict[str, Any], message: str) -> None:
    model = net()
    before = bits(model.state_dict(), generators())
    with pytest.raises(HeadstartError, match=message):
        quick(model, **{"batches": [(X, Y)], **change})
    assert bits(model.state_dict(), generators()) == before


def test_a_model_that_cannot_be_copied_is_an_error_that_says_why() -> None:
    model = net()
    model.kept = model[0](X)  # a result with a graph behind it
    with pytest.raises(HeadstartError, match="Sequential cannot be copied: RuntimeError"):
        quick(model, [(X, Y)])


def test_wrappers_are_taken_off() -> None:
    model = net()
    assert quick(nn.DataParallel(model), [(X, Y)]) == quick(model, [(X, Y)])


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_the_rate_is_nearly_as_good_as_the_best_of_a_sweep_on_mnist(optimizer: str) -> None:
    digits = hs.mnist()
    batches = hs.Batches(digits.train_images[:2000], digits.train_labels[:2000], 50, shuffle=True)
    torch.manual_seed(0)
    start = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))

    def loss_at(lr: float) -> float:
        model = copy.deepcopy(start)
        hs.fit(model, batches, optimizer=optimizer, lr=lr, epochs=3, watch=False, progress=False)
        return hs.evaluate(model, batches).loss

    found = hs.lr_find(start, batches, optimizer=optimizer)
    best = min(loss_at(10 ** (power / 2)) for power in range(-8, 1))
    assert loss_at(found.suggestion) < 2 * best
