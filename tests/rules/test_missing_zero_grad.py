"""missing-zero-grad: the share of steps on gradients that were not cleared."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from records import SGD, Figure, chain, head, linear, run, said, told, unjudged
from torch import nn
from training import trained

import headstart as hs
from headstart.diagnosis.rules.missing_zero_grad import CARRIED, STEPS, UNCLEARED
from headstart.record import Optimizer, Record

RULE = "missing-zero-grad"
NET = chain(linear("fc1"), head())


def cleared(figure: Figure, steps: int = 60) -> Record:
    return run(NET, {("SGD", "loop.cleared"): figure}, steps=steps, skill=0.0)


def test_a_loop_that_never_clears_is_an_error() -> None:
    finding = told(cleared(dict.fromkeys(range(1, 60), 0.0)), RULE)
    assert finding.severity == "error"
    assert finding.step == 1
    (evidence,) = finding.evidence
    assert (evidence.value, evidence.limit, evidence.steps) == (1.0, UNCLEARED, (1, 59))


def test_a_loop_that_clears_at_each_step_is_fine() -> None:
    assert said(cleared(1.0), RULE) == []


def test_more_than_nine_of_ten_steps_are_too_many() -> None:
    assert told(cleared(lambda step: float(step == 0), steps=11), RULE).evidence[0].value == 10 / 11
    assert said(cleared(lambda step: float(step == 0), steps=10), RULE) == []


def test_fewer_steps_than_the_limit_say_nothing() -> None:
    assert said(cleared(0.0, steps=STEPS - 1), RULE) == []
    assert told(cleared(0.0, steps=STEPS), RULE)


def test_each_optimizer_is_judged_by_itself() -> None:
    adam = Optimizer("Adam", "Adam", {"lr": 1e-3}, 2)
    figures: dict[tuple[str, str], Figure] = {("SGD", "loop.cleared"): 1.0, ("Adam", "loop.cleared"): 0.0}
    finding = told(run(NET, figures, optimizers=[SGD, adam]), RULE)
    assert finding.message.startswith("Adam ")
    assert len(said(run(NET, {**figures, ("SGD", "loop.cleared"): 0.0}, optimizers=[SGD, adam]), RULE)) == 2


def test_the_sum_of_gradients_is_what_such_a_step_follows(tmp_path: Path) -> None:
    net, x, y = nn.Linear(4, 2), torch.randn(8, 4), torch.arange(8) % 2
    nn.functional.cross_entropy(net(x), y).backward()
    assert net.weight.grad is not None
    once = net.weight.grad.clone()
    net.zero_grad()
    record = trained(tmp_path, net, x, y, steps=12, clears=lambda step: False)
    torch.testing.assert_close(net.weight.grad, 12 * once)
    assert told(record, RULE).evidence[0].value == 1


def test_where_no_optimizer_stepped_after_a_backward_it_is_not_judged() -> None:
    assert RULE in unjudged(run(NET))


@pytest.mark.parametrize("copies", [True, False])
def test_gradients_that_are_written_by_hand_are_no_sum(tmp_path: Path, copies: bool) -> None:
    """A master copy in float32 gets each gradient of the bfloat16 net by assignment or by copy_."""
    net, x, y = nn.Linear(4, 2).bfloat16(), torch.randn(8, 4).bfloat16(), torch.arange(8) % 2
    master = [p.detach().clone().float().requires_grad_() for p in net.parameters()]
    optimizer = torch.optim.SGD(master, lr=0.1)
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for _ in range(12):
            nn.functional.cross_entropy(net(x).float(), y).backward()
            for m, p in zip(master, net.parameters(), strict=True):
                assert p.grad is not None
                if copies and m.grad is not None:
                    m.grad.copy_(p.grad)
                else:
                    m.grad = p.grad.float()
                p.grad = None
            optimizer.step()
            with torch.no_grad():
                for m, p in zip(master, net.parameters(), strict=True):
                    p.copy_(m)
    assert said(watch.read(), RULE) == []


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.LBFGS])
@pytest.mark.parametrize(("clears", "found"), [("closure", False), ("loop", False), ("never", True)])
def test_a_closure_clears_or_the_loop_does(
    tmp_path: Path, kind: type[torch.optim.Optimizer], clears: str, found: bool
) -> None:
    """Within a step that is given a closure are all of its backwards; of each closure, one for each half of the data."""
    net, x, y = nn.Linear(4, 2), torch.randn(8, 4), torch.arange(8) % 2
    optimizer = kind(net.parameters(), lr=0.01)  # type: ignore[call-arg]

    def closure() -> torch.Tensor:
        if clears == "closure":
            optimizer.zero_grad()
        losses = [nn.functional.cross_entropy(net(a), b) for a, b in ((x[:4], y[:4]), (x[4:], y[4:]))]
        for loss in losses:
            loss.backward()
        return sum(losses, torch.zeros(()))

    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for _ in range(6):
            if clears == "loop":
                optimizer.zero_grad()
            optimizer.step(closure)
    record = watch.read()
    assert record.series(kind.__name__, "loop.cleared").steps == (1, 2, 3, 4, 5)  # at the first the net was not known
    assert bool(said(record, RULE)) is found


@pytest.mark.parametrize(
    ("share", "fires"),
    [(0.0, False), (0.99, False), (CARRIED - 1e-3, False), (CARRIED, True), (1.0, True), (1.02, False)],
)
def test_sums_of_the_users_own_are_never_emptied(share: float, fires: bool) -> None:
    record = run(NET, {("", "loop.carried"): dict.fromkeys(range(1, 20), share)}, steps=20, skill=0.0)
    assert bool(said(record, RULE)) is fires
