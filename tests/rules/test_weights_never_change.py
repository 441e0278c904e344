"""weights-never-change: a rate of zero, updates that rounding takes away, steps that are undone."""

from __future__ import annotations

import copy
import gc
import weakref
from pathlib import Path

import pytest
import torch
from loops import X, loss_of, net, train, watched
from records import said, told
from torch import nn

import headstart as hs
from headstart.diagnosis.skill import ENOUGH_STEPS
from headstart.record import Record

RULE = "weights-never-change"


@pytest.mark.parametrize(("steps", "fires"), [(ENOUGH_STEPS, True), (ENOUGH_STEPS - 1, False)])
def test_a_rate_of_zero_is_an_error_from_enough_steps_on(tmp_path: Path, steps: int, fires: bool) -> None:
    record = watched(tmp_path, net(), lambda model: train(model, torch.optim.SGD(model.parameters(), lr=0.0), steps))
    assert [finding.severity for finding in said(record, RULE)] == ["error"] * fires


def test_a_warm_up_that_begins_with_zero_is_sound(tmp_path: Path) -> None:
    def loop(model: nn.Module) -> None:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
        train(model, optimizer, 30)
        optimizer.param_groups[0]["lr"] = 0.1
        train(model, optimizer, 1)

    assert not said(watched(tmp_path, net(), loop), RULE)


def test_an_update_below_half_a_unit_in_the_last_place_is_rounded_away(tmp_path: Path) -> None:
    """float32 has 24 bits: beside a weight of 1 an update of less than 2^-25 is lost. Adam's is lr in every place."""

    def loop(lr: float, dtype: torch.dtype) -> str:
        model = net().to(dtype)
        for parameter in model.parameters():
            nn.init.ones_(parameter)
        folder = tmp_path / f"{lr}{dtype}"
        folder.mkdir()

        def run(model: nn.Module) -> None:
            optimizer = torch.optim.SGD(model.parameters(), lr=lr)
            train(
                model,
                optimizer,
                loss=lambda model: model(X.to(dtype)).mean() + sum(p.sum() for p in model.parameters()),
            )

        return "".join(finding.cause for finding in said(watched(folder, model, run), RULE))

    # every gradient is 1 to 2: the sum's 1 and the mean's at most 1
    assert "rounding" in loop(2.0**-27, torch.float32)
    assert loop(2.0**-22, torch.float32) == ""
    assert loop(2.0**-27, torch.float64) == ""  # in double precision it is not


def test_weights_that_are_set_back_are_told_only_where_nothing_is_learnt(tmp_path: Path) -> None:
    def loop(model: nn.Module) -> None:
        start = copy.deepcopy(model.state_dict())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(30):
            train(model, optimizer, 1)
            model.load_state_dict(start)

    finding = told(watched(tmp_path, net(), loop), RULE)
    assert "sets them back" in finding.cause
    unknown = tmp_path / "unknown"
    unknown.mkdir()

    def adapts(model: nn.Module) -> None:
        start = copy.deepcopy(model.state_dict())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(30):  # test-time adaptation: the entropy of the answers falls, batch by batch
            train(model, optimizer, 1, lambda model: torch.distributions.Categorical(logits=model(X)).entropy().mean())
            model.load_state_dict(start)

    assert not said(watched(unknown, net(), adapts), RULE)


@pytest.mark.parametrize(
    ("rates", "fires", "cause"),
    [
        ([0.0] * 30, True, "is 0"),
        ([0.0] * 29 + [0.1], False, ""),  # a warm-up whose only move nobody looks at
        ([0.1] * 30, False, ""),
    ],
)
def test_what_a_function_made_is_known_when_it_is_gone(
    tmp_path: Path, rates: list[float], fires: bool, cause: str
) -> None:
    """The last look at the weights of `def main()` is that of the last quarter of a doubling of the steps: 28 of 30."""
    model = net()
    optimizer, gone = torch.optim.SGD(model.parameters()), weakref.ref(model[0].weight)  # type: ignore[index, union-attr]
    with hs.watch(model, record=tmp_path / "run.db") as watch:
        for rate in rates:
            optimizer.param_groups[0]["lr"] = rate
            train(model, optimizer, 1)
        del model, optimizer
        gc.collect()
        assert gone() is None
    record = watch.read()
    assert max(step for p in record.parameters for step in record.series(p.name, "weight.changed").steps) <= 28
    assert [cause in finding.cause for finding in said(record, RULE)] == [True] * fires


def test_beside_an_optimizer_that_changes_weights_it_is_advice(tmp_path: Path) -> None:
    def loop(model: nn.Module) -> None:
        still, moving = (torch.optim.SGD(model[i].parameters(), lr=lr) for i, lr in ((0, 0.0), (4, 0.1)))  # type: ignore[index]
        for _ in range(ENOUGH_STEPS + 1):
            model.zero_grad()
            loss_of(model).backward()
            still.step()
            moving.step()

    assert told(watched(tmp_path, net(), loop), RULE).severity == "advice"


def by_hand(folder: Path, script: str, steps: int = ENOUGH_STEPS + 1, moves: bool = False) -> Record:
    """Gradients without an optimizer, as a script of these lines would compute them."""

    def loop(model: nn.Module) -> None:
        for _ in range(steps):
            model.zero_grad()
            loss_of(model).backward()
            if moves:
                with torch.no_grad():
                    for parameter in model.parameters():
                        parameter -= 0.1 * parameter.grad  # type: ignore[operator]

    record = watched(folder, net(), loop)
    record.meta |= {"script": "here/train.py", "script_text": script}
    return record


UPDATE = "for p in model.parameters():\n    p = p - lr * p.grad\n"


def test_an_update_that_makes_a_new_tensor_is_an_error(tmp_path: Path) -> None:
    finding = told(by_hand(tmp_path, UPDATE), RULE)
    assert finding.severity == "error"
    assert finding.line == "train.py:2"
    assert finding.remedy is not None
    assert finding.remedy.code.startswith("p -= lr * p.grad")


@pytest.mark.parametrize(
    "script",
    [
        "for name, p in params.items():\n    p = p - lr * grads[name]\n",
        "for p, g in zip(params, grads):\n    p = p - lr * g\nreturned = params\n",
    ],
)
def test_a_loops_own_name_that_nothing_reads_after_is_the_same(script: str, tmp_path: Path) -> None:
    assert "p -= lr * g" in told(by_hand(tmp_path, script), RULE).remedy.code  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "script",
    [
        "for name, p in params.items():\n    p = p - lr * grads[name]\n    new[name] = p\n",
        "for row in rows:\n    total = total - row\n",
        "print(model.fc.weight.grad.norm())",
        "p -= lr * p.grad",
        "w = (w - lr * w.grad).detach()",
        "p.data = p.data - lr * p.grad",
        "loss = loss - penalty",
        "not python",
    ],
)
def test_gradients_that_are_only_looked_at_are_sound(tmp_path: Path, script: str) -> None:
    assert not said(by_hand(tmp_path, script), RULE)


def test_weights_that_change_beside_such_a_line_are_sound(tmp_path: Path) -> None:
    assert not said(by_hand(tmp_path, UPDATE, moves=True), RULE)


def test_a_few_steps_by_hand_are_not_judged(tmp_path: Path) -> None:
    assert not said(by_hand(tmp_path, UPDATE, ENOUGH_STEPS - 1), RULE)


class ByCopies(torch.optim.Optimizer):
    """Descends in memory that lies row by row: of a transposed tensor that is a copy."""

    def __init__(self, groups: list[dict[str, object]]) -> None:
        super().__init__(groups, {"lr": 0.1})

    @torch.no_grad()
    def step(self, closure: object = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for p in group["params"]:
                p.contiguous().view(-1).sub_(group["lr"] * p.grad.reshape(-1))


def by_copies(folder: Path, *, transposed: bool, factor: float = 1.0, own_rate: float = 0.1) -> list[str]:
    model = net()
    first: nn.Linear = model[0]  # type: ignore[assignment]
    if transposed:
        first.weight = nn.Parameter(torch.randn(first.weight.shape[::-1]).t())

    def loop(model: nn.Module) -> None:
        rest = [p for p in model.parameters() if p is not first.weight]
        groups = [{"params": [first.weight], "lr": own_rate}, {"params": rest}]
        train(model, ByCopies(groups), 40, lambda model: loss_of(model) + factor * model[0].weight.square().mean())  # type: ignore[index]

    return [finding.message for finding in said(watched(folder, model, loop), RULE)]


def test_a_tensor_that_the_optimizer_only_copies_stays_behind(tmp_path: Path) -> None:
    (message,) = by_copies(tmp_path, transposed=True)
    assert "0.weight never changed" in message


def test_a_tensor_that_arrives_or_has_a_rate_of_its_own_is_sound(tmp_path: Path) -> None:
    for name, given in (("a", {"transposed": False}), ("b", {"transposed": True, "own_rate": 0.0})):
        (tmp_path / name).mkdir()
        assert not by_copies(tmp_path / name, **given)  # type: ignore[arg-type]


def test_a_tensor_whose_update_rounding_takes_away_is_not_left_behind(tmp_path: Path) -> None:
    def loop(model: nn.Module) -> None:
        nn.init.constant_(model[0].weight, 1e6)  # type: ignore[index, arg-type]
        train(model, torch.optim.SGD(model.parameters(), lr=1e-3), 40)

    assert not said(watched(tmp_path, net(), loop), RULE)
