"""gradients-cleared-before-step, of micro-batches: all but the last one's gradient are thrown away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import SGD, chain, head, run, said, told
from torch import Tensor, nn
from torch.optim import Optimizer

import headstart as hs
from headstart.diagnosis.rules import gradients_cleared_before_step as module
from headstart.record import Record

RULE = "gradients-cleared-before-step"
STEPS = 14
Step = Callable[[nn.Module, Optimizer], None]


def batch(seed: int | None = None) -> tuple[Tensor, Tensor]:
    if seed is not None:
        torch.manual_seed(seed)
    x = torch.randn(8, 6)
    return x, (x[:, 0] > 0).long()


def loss_of(net: nn.Module, seed: int | None = None) -> Tensor:
    x, y = batch(seed)
    return F.cross_entropy(net(x), y)


def cleared(net: nn.Module, optimizer: Optimizer) -> None:
    for _ in range(4):
        optimizer.zero_grad()
        loss_of(net).backward()
    optimizer.step()


def zeroed_and_clipped(net: nn.Module, optimizer: Optimizer) -> None:
    for _ in range(3):
        optimizer.zero_grad(set_to_none=False)
        (loss_of(net) / 3).backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1e-3)
    optimizer.step()


def unevenly(net: nn.Module, optimizer: Optimizer) -> None:
    for index in range(2):
        net.zero_grad()
        (loss_of(net) * (index + 1)).backward()
    optimizer.step()


def added_up(net: nn.Module, optimizer: Optimizer) -> None:
    optimizer.zero_grad()
    for _ in range(4):
        loss_of(net).backward()
    optimizer.step()


def climbs_first(net: nn.Module, optimizer: Optimizer) -> None:
    """SAM, on other samples than it then steps on."""
    for climb in (0.05, -0.05):
        optimizer.zero_grad()
        loss_of(net).backward()
        if climb > 0:
            way = [parameter.grad.clone() for parameter in net.parameters() if parameter.grad is not None]
            for parameter, direction in zip(net.parameters(), way, strict=True):
                parameter.data.add_(direction, alpha=climb)
    for parameter, direction in zip(net.parameters(), way, strict=True):
        parameter.data.sub_(direction, alpha=0.05)
    optimizer.step()


def mean_by_hand(net: nn.Module, optimizer: Optimizer) -> None:
    found = []
    for _ in range(3):
        optimizer.zero_grad()
        loss_of(net).backward()
        found.append([parameter.grad.clone() for parameter in net.parameters() if parameter.grad is not None])
    for parameter, *gradients in zip(net.parameters(), *found, strict=True):
        parameter.grad = torch.stack(gradients).mean(0)
    optimizer.step()


def projected(net: nn.Module, optimizer: Optimizer) -> None:
    """A-GEM's, in place."""
    found = []
    for _ in range(2):
        optimizer.zero_grad()
        loss_of(net).backward()
        found.append(torch.cat([p.grad.flatten().clone() for p in net.parameters() if p.grad is not None]))
    old, new = found
    along = float(new @ old / old.square().sum())
    for parameter in net.parameters():
        assert parameter.grad is not None
        part = old[: parameter.numel()].view_as(parameter)
        parameter.grad.sub_(part, alpha=along)
        old = old[parameter.numel() :]
    optimizer.step()


def two_lines(net: nn.Module, optimizer: Optimizer) -> None:
    """The size of one gradient is written down, along the other goes the step."""
    optimizer.zero_grad()
    loss_of(net).backward()
    optimizer.zero_grad()
    loss_of(net).backward()
    optimizer.step()


def same_batch(net: nn.Module, optimizer: Optimizer) -> None:
    for _ in range(2):
        optimizer.zero_grad()
        loss_of(net, seed=1).backward()
    optimizer.step()


def attacked(net: nn.Module, optimizer: Optimizer) -> None:
    """Of three backwards the first two move the data, and the last the weights."""
    x, y = batch()
    moved = torch.zeros_like(x, requires_grad=True)
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(net(x + moved), y).backward()
        assert moved.grad is not None
        moved.data.add_(moved.grad.sign(), alpha=0.02)
    optimizer.step()


class Skips:
    """Now and then a batch is not stepped on."""

    def __init__(self) -> None:
        self.drawn = torch.Generator().manual_seed(0)

    def __call__(self, net: nn.Module, optimizer: Optimizer) -> None:
        while True:
            optimizer.zero_grad()
            loss_of(net).backward()
            if torch.rand((), generator=self.drawn) < 0.5:
                return optimizer.step()


def two_players(net: nn.Module, optimizer: Optimizer) -> None:
    """The generator's backward leaves gradients in the discriminator, which are cleared before its own."""
    generator = nn.Linear(3, 6)
    other = torch.optim.SGD(generator.parameters(), lr=0.1)
    for fools in (True, False):
        optimizer.zero_grad()
        made = generator(torch.randn(8, 3))
        F.cross_entropy(net(made), torch.full((8,), int(fools))).backward()
        (other if fools else optimizer).step()


WRONG = {"cleared": cleared, "zeroed and clipped": zeroed_and_clipped, "unevenly": unevenly}
SOUND: dict[str, Step] = {
    "added up": added_up,
    "sam": climbs_first,
    "a mean by hand": mean_by_hand,
    "projected": projected,
    "two lines": two_lines,
    "the same batch": same_batch,
    "attacked": attacked,
    "skipped": Skips(),
    "two players": two_players,
}


def record(folder: Path, step: Step, steps: int = STEPS, kind: type[torch.optim.SGD] = torch.optim.SGD) -> Record:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 2))
    optimizer = kind(net.parameters(), lr=0.1)
    with hs.watch(net, record=folder / "run.db") as watch:
        for _ in range(steps):
            step(net, optimizer)
    read = watch.read()
    assert "fault" not in read.meta, read.meta["fault"]
    return read


@pytest.mark.parametrize(("form", "count"), [("cleared", 3), ("zeroed and clipped", 2), ("unevenly", 1)])
def test_gradients_of_micro_batches_that_are_thrown_away_are_counted(form: str, count: int, tmp_path: Path) -> None:
    finding = told(record(tmp_path, WRONG[form]), RULE)
    assert finding.severity == "advice"  # it is not known whether it learns
    assert (finding.evidence[0].value, finding.evidence[0].of) == (count, count + 1)


@pytest.mark.parametrize("form", SOUND)
def test_a_gradient_that_is_used_or_added_up_is_sound(form: str, tmp_path: Path) -> None:
    assert said(record(tmp_path, SOUND[form], steps=30), RULE) == []


def test_an_optimizer_of_the_users_own_may_have_kept_them(tmp_path: Path) -> None:
    class Own(torch.optim.SGD):
        pass

    assert said(record(tmp_path, cleared, kind=Own), RULE) == []


@pytest.mark.parametrize(("seldom", "steps", "fires"), [(4, 40, True), (3, 40, False), (40, 7, False), (40, 8, True)])
def test_it_must_be_so_often_and_in_most_of_the_steps(seldom: int, steps: int, fires: bool) -> None:
    """Each `seldom`th step throws nothing away."""

    def thrown(step: int) -> float | None:
        return 0.0 if step % seldom == seldom - 1 else 3.0

    found = run(
        chain(head()), {("SGD", "loop.thrown"): thrown, ("", "loop.backwards"): 4.0}, steps=steps, optimizers=[SGD]
    )
    assert bool(said(found, RULE)) is fires
    assert (module.THROWN_STEPS, module.REGULAR) == (8, 0.75)


def test_where_nothing_is_learnt_it_is_a_warning() -> None:
    figures = {("SGD", "loop.thrown"): 3.0, ("", "loop.backwards"): 4.0}
    assert told(run(chain(head()), figures, skill=0.0), RULE).severity == "warning"
    assert told(run(chain(head()), figures, skill=0.9), RULE).severity == "advice"
