"""same-batch-every-step: a loader that begins anew at each step, a batch that is kept, batches that are all there is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from records import COIN, chain, figures_of, head, run, said, told, unjudged
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import headstart as hs
from headstart.diagnosis.rules.same_batch_every_step import STEPS
from headstart.record import Loader, Record, Samples

RULE = "same-batch-every-step"
DATA = TensorDataset(torch.randn(300, 6), torch.arange(300) % 3)


def trained(path: Path, batches: Iterable[list[Tensor]], net: nn.Module | None = None) -> Record:
    net = net or nn.Linear(6, 3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    with hs.watch(net, record=path / "run.db") as watch:
        for x, y in batches:
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


def firsts(loader: DataLoader[list[Tensor]], steps: int) -> Iterable[list[Tensor]]:
    return (next(iter(loader)) for _ in range(steps))


def kept(loader: DataLoader[list[Tensor]], steps: int) -> Iterable[list[Tensor]]:
    one = next(iter(loader))
    return (one for _ in range(steps))


@pytest.mark.parametrize("size", [1, 20, 299])
def test_a_loader_that_begins_anew_at_each_step(size: int, tmp_path: Path) -> None:
    finding = told(trained(tmp_path, firsts(DataLoader(DATA, size), STEPS)), RULE)
    assert finding.severity == "warning"
    assert [(one.value, one.of) for one in finding.evidence] == [(1, STEPS), (size, 300)]


def test_more_steps_than_beginnings_are_kept(tmp_path: Path) -> None:
    assert told(trained(tmp_path, firsts(DataLoader(DATA, 20), 400)), RULE).severity == "warning"


def test_fewer_steps_are_a_check(tmp_path: Path) -> None:
    assert said(trained(tmp_path, firsts(DataLoader(DATA, 20), STEPS - 1)), RULE) == []


def test_a_batch_that_is_kept_is_advice(tmp_path: Path) -> None:
    def batches() -> Iterable[list[Tensor]]:
        yield from kept(DataLoader(DATA, 20, shuffle=True), 40)

    assert told(trained(tmp_path, batches()), RULE).severity == "advice"


def test_a_shuffled_first_batch_is_another_each_time(tmp_path: Path) -> None:
    assert said(trained(tmp_path, firsts(DataLoader(DATA, 20, shuffle=True), 40)), RULE) == []


@pytest.mark.parametrize("size", [300, 1000])
def test_the_whole_set_at_once(size: int, tmp_path: Path) -> None:
    assert said(trained(tmp_path, firsts(DataLoader(DATA, size), 40)), RULE) == []


def test_a_batch_of_no_loader_may_be_all_there_is(tmp_path: Path) -> None:
    assert said(trained(tmp_path, [list(DATA.tensors)] * 40), RULE) == []


def test_a_loader_for_something_else_says_nothing_of_it(tmp_path: Path) -> None:
    def batches() -> Iterable[list[Tensor]]:
        for step in range(40):
            if step % 10 == 0:
                list(DataLoader(DATA, 50))
            yield [DATA.tensors[0][:20], DATA.tensors[1][:20]]

    assert said(trained(tmp_path, batches()), RULE) == []


def test_epochs_through_the_loader(tmp_path: Path) -> None:
    loader = DataLoader(DATA, 20)
    assert said(trained(tmp_path, (batch for _ in range(3) for batch in loader)), RULE) == []


def test_without_samples_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))


def adversaries(path: Path, real: Iterable[Tensor], steps_between: int = 0) -> Record:
    """A critic that is given a generator's samples first, and with real ones."""
    torch.manual_seed(0)
    critic, generator = nn.Linear(6, 1), nn.Linear(2, 6)
    both = nn.ModuleDict({"critic": critic, "generator": generator})
    by_critic, by_generator = (torch.optim.SGD(net.parameters(), lr=0.01) for net in (critic, generator))
    with hs.watch(both, record=path / "run.db") as watch:
        for x in real:
            for _ in range(1 + steps_between):
                by_critic.zero_grad()
                (critic(generator(torch.randn(8, 2)).detach()).mean() - critic(x).mean()).backward()
                by_critic.step()
            by_generator.zero_grad()
            (-critic(generator(torch.randn(8, 2))).mean()).backward()
            by_generator.step()
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


def test_beside_a_generators_samples(tmp_path: Path) -> None:
    loader = DataLoader(DATA, 20)
    finding = told(adversaries(tmp_path, (x for x, _ in firsts(loader, STEPS))), RULE)
    assert finding.severity == "warning"
    assert [(one.value, one.of) for one in finding.evidence] == [(1, STEPS), (20, 300)]


def test_beside_a_generators_samples_a_batch_may_be_looked_at_now_and_then(tmp_path: Path) -> None:
    assert said(adversaries(tmp_path, (x for x, _ in firsts(DataLoader(DATA, 20), STEPS)), 2), RULE) == []


def test_beside_a_generators_samples_other_batches_are_no_fault(tmp_path: Path) -> None:
    def tasks() -> Iterable[Tensor]:
        """The first batch each time, of a loader of its own."""
        for _ in range(2 * STEPS):
            yield next(iter(DataLoader(TensorDataset(torch.randn(300, 6)), 20)))[0]

    def buffer() -> Iterable[Tensor]:
        held = torch.randn(300, 6)
        loader = DataLoader(TensorDataset(held), 20)
        for _ in range(2 * STEPS):
            held[:20] = torch.randn(20, 6)
            yield next(iter(loader))[0]

    class Drawn(torch.utils.data.Dataset[Tensor]):
        def __init__(self) -> None:
            self.rows = [0] * 300

        def __len__(self) -> int:
            return len(self.rows)

        def __getitem__(self, number: int) -> Tensor:
            return torch.randn(6)

    drawn = DataLoader(Drawn(), 20)
    passes = (x for _ in range(3) for x, _ in DataLoader(DATA, 20))
    shuffled = (x for x, _ in firsts(DataLoader(DATA, 20, shuffle=True), 2 * STEPS))
    ways = (tasks(), buffer(), (next(iter(drawn)) for _ in range(2 * STEPS)), passes, shuffled)
    for number, real in enumerate(ways):
        (tmp_path / str(number)).mkdir()
        assert said(adversaries(tmp_path / str(number), real), RULE) == []


def learnt_by_heart(
    evaluations: Sequence[float] = (0.5, 0.4, 0.5, 0.9, 0.9, 0.9), others: int = 17, batches: int = 1, **facts: Any
) -> Record:
    """A run that saw 16 samples at each step, while others are evaluated; no DataLoader."""
    record = run(chain(head()), {("net", "samples.batch"): lambda step: float(step % batches)}, skill=0.9)
    rows = [(10 * place, COIN.name, "eval", value, None) for place, value in enumerate(evaluations)]
    record._loss_rows = [*record._loss_rows, *rows]
    seen = [(key, 60, 0, 1, 0) for key in range(16)] + [(key, 0, -1, -1, 6) for key in range(100, 100 + others)]
    record.samples = (Samples("net", batch=16, steps=60, kept=tuple(seen), **facts),)
    return record


def test_without_a_loader_an_evaluation_that_gets_worse_tells_it() -> None:
    """A `get_batch` whose generator is seeded anew at each call."""
    finding = told(learnt_by_heart(), RULE)
    assert (finding.severity, figures_of(finding)) == (
        "advice",
        {"different_batches": 1, "samples": 16, "others_evaluated": 17},
    )


def test_without_a_loader_the_batch_may_be_all_there_is() -> None:
    assert said(learnt_by_heart([0.5] * 6), RULE) == []  # it does not overfit
    assert said(learnt_by_heart(others=16), RULE) == []  # no more are evaluated than are trained on
    assert said(learnt_by_heart(batches=2), RULE) == []
    assert told(learnt_by_heart(others=9, rate=2), RULE)
    loaded = learnt_by_heart()
    loaded.loaders = (Loader("DataLoader", samples=16, batch=16, begun=(0, 1, 2)),)
    assert said(loaded, RULE) == []
