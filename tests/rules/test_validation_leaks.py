"""validation-leaks: parts that overlap, both sides of each limit, and evaluations that are of both parts on purpose."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import chain, figures_of, head, run, said, told, unjudged
from torch import Tensor, nn
from torch.nn import functional as F

import headstart as hs
from headstart.diagnosis import diagnose
from headstart.diagnosis.rules.validation_leaks import AGAIN, ALL, APART, LEAKED, LOOKED, ONCE, SHARE, TIMES
from headstart.diagnosis.samples import Drawn
from headstart.record import Optimizer, Record, Samples

RULE = "validation-leaks"
X, Y = torch.randn(1000, 10), torch.arange(1000) % 2
Kept = tuple[int, int, int, int, int]


def trained(
    path: Path,
    train: Tensor,
    evaluated: Sequence[Tensor],
    *,
    x: Tensor = X,
    epochs: int = 3,
    change: Callable[[Tensor], Tensor] = lambda x: x,
) -> Record:
    """`train` and `evaluated` are rows of x; each of `evaluated` is a call after each epoch."""
    net = nn.Linear(x.shape[1], 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    with hs.watch(net, record=path / "run.db") as watch:
        for _ in range(epochs):
            for rows in train[torch.randperm(len(train))].split(40):
                optimizer.zero_grad()
                F.cross_entropy(net(change(x[rows])), Y[rows]).backward()
                optimizer.step()
            with torch.no_grad():
                for rows in evaluated:
                    net(x[rows])
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


@pytest.mark.parametrize("leaked", [15, 150, 285])
def test_a_share_that_leaks_is_told(leaked: int, tmp_path: Path) -> None:
    rows = torch.arange(600 - leaked, 900 - leaked)
    finding = told(trained(tmp_path, torch.arange(600), [rows[torch.randperm(300)]]), RULE)
    assert finding.severity == "warning"
    assert figures_of(finding)["share_trained_on"] == pytest.approx(leaked / 300, abs=0.01)


def test_parts_that_do_not_overlap(tmp_path: Path) -> None:
    assert said(trained(tmp_path, torch.arange(800), [torch.arange(800, 1000)]), RULE) == []


def test_copies_in_the_data_leak_too(tmp_path: Path) -> None:
    x = X.clone()
    x[800:850] = x[:50]
    assert told(trained(tmp_path, torch.arange(800), [torch.arange(800, 1000)], x=x), RULE).severity == "warning"


def test_each_part_by_itself(tmp_path: Path) -> None:
    parts = [*torch.arange(400).split(100), *torch.arange(800, 1000).split(100)]
    assert said(trained(tmp_path, torch.arange(800), parts), RULE) == []


def test_all_data_at_once(tmp_path: Path) -> None:
    assert said(trained(tmp_path, torch.arange(800), [torch.arange(1000)]), RULE) == []


def test_one_epoch_does_not_tell_the_whole_set(tmp_path: Path) -> None:
    assert said(trained(tmp_path, torch.arange(800), [torch.arange(700, 1000)], epochs=1), RULE) == []


def test_what_is_changed_each_time_is_never_the_same(tmp_path: Path) -> None:
    def noise(x: Tensor) -> Tensor:
        return x + 0.1 * torch.randn_like(x)

    assert said(trained(tmp_path, torch.arange(800), [torch.arange(700, 1000)], change=noise), RULE) == []


@pytest.mark.parametrize("x", [(torch.rand(1000, 8) < 0.5).float(), torch.randint(0, 3, (1000, 8)).float()])
def test_small_spaces_are_alike_by_chance(x: Tensor, tmp_path: Path) -> None:
    """Most of them are too plain to be told apart, so that it may be that nothing is judged."""
    record = trained(tmp_path, torch.arange(800), [torch.arange(800, 1000)], x=x)
    assert RULE not in {finding.rule for finding in diagnose(record).findings}


def test_samples_that_are_chosen_after_they_were_evaluated(tmp_path: Path) -> None:
    """Active learning: the pool is scored, then the best of it are trained on."""
    net = nn.Linear(10, 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    known, pool = torch.arange(200), torch.arange(200, 1000)
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for _ in range(4):
            for rows in known[torch.randperm(len(known))].split(40):
                optimizer.zero_grad()
                F.cross_entropy(net(X[rows]), Y[rows]).backward()
                optimizer.step()
            with torch.no_grad():
                order = net(X[pool])[:, 0].argsort()
            known, pool = torch.cat([known, pool[order[:20]]]), pool[order[20:]]
    assert said(watch.read(), RULE) == []


def record(
    looks: tuple[tuple[int, int], ...] = ((50, 50),),
    kept: Sequence[Kept] | None = None,
    optimizer: Optimizer | None = None,
) -> Record:
    """100 kept samples, of which 20 are evaluated, in epochs of 100 steps."""
    usual = [(i, 2, i, 100 + i, int(i < 20)) for i in range(100)]
    optimizers = [Optimizer("SGD", "SGD"), *([optimizer] if optimizer else [])]
    made = run(chain(head()), {("net", "samples.batch"): 1.0}, optimizers=optimizers)
    made.samples = (Samples("net", (10,), evaluated=100, kept=tuple(usual if kept is None else kept), looks=looks),)
    return made


def test_both_sides_of_each_limit() -> None:
    assert said(record(((LEAKED, LOOKED - LEAKED),)), RULE)
    assert said(record(((LEAKED - 1, 100),)), RULE) == []
    assert said(record(((LEAKED, LOOKED - LEAKED - 1),)), RULE) == []
    assert said(record(((int(2000 * SHARE) + 1, 1979),)), RULE)
    assert said(record(((int(2000 * SHARE), 1980),)), RULE) == []


def test_most_must_leak_within_batches() -> None:
    assert said(record(((50, 50), (50, 0))), RULE)
    assert said(record(((50, 50), (51, 0))), RULE) == []


def test_the_whole_set_must_be_known_and_not_evaluated() -> None:
    def seen_again(count: int, evaluated: int = 0) -> list[Kept]:
        return [(i, 1 + (i < count), i, 100 + i if i < count else -1, int(i < evaluated)) for i in range(100)]

    assert said(record(kept=seen_again(round(100 * AGAIN))), RULE)
    assert said(record(kept=seen_again(round(100 * AGAIN) - 1)), RULE) == []
    assert said(record(kept=seen_again(100, round(100 * ALL))), RULE)
    assert said(record(kept=seen_again(100, round(100 * ALL) + 1)), RULE) == []


def test_as_many_as_are_alike_by_chance() -> None:
    kept = [(i, 2, i, i + 1 if i < 2 else 100 + i, 0) for i in range(100)]
    by_chance = Drawn.of(Samples("net", kept=tuple(kept))).by_chance
    assert by_chance == pytest.approx(
        2 * 2 / 0.81 / 102, rel=0.01
    )  # two pairs, of samples that are nine tenths of all
    looks = math.floor(1000 * by_chance * TIMES)
    assert said(record(((looks + 1, 999 - looks),), kept), RULE)
    assert said(record(((looks, 1000 - looks),), kept), RULE) == []


@pytest.mark.parametrize("copies", [0, 30, 90])
@pytest.mark.parametrize("dropped", [0, 40])
def test_the_share_that_is_alike_is_found_of_shuffled_epochs(copies: int, dropped: int) -> None:
    """Of 600 samples so many are copies of another; each epoch leaves some out."""
    torch.manual_seed(copies + dropped)
    names = torch.cat([torch.arange(600 - copies), torch.arange(copies)])
    seen: dict[int, list[int]] = {}
    for epoch in range(6):
        for place, sample in enumerate(torch.randperm(600)[: 600 - dropped]):
            seen.setdefault(int(names[sample]), []).append(epoch * 30 + place // 20)
    kept = tuple((name, len(steps), steps[0], (*steps, -1)[1], 0) for name, steps in seen.items())
    assert Drawn.of(Samples("net", kept=kept)).by_chance == pytest.approx(2 * copies / 600, abs=0.05)


@pytest.mark.parametrize(
    ("alike", "pairs", "whole", "fires"),
    [
        (APART, 10, False, True),
        (1.01 * APART, 10, False, False),
        (None, 10, False, False),
        (0.0, 10, True, False),
        (0.0, 27, False, True),  # 27 pairs of 0.81 of the set, twice, of 133
        (0.0, 28, False, False),
    ],
)
def test_what_is_nowhere_alike_by_chance_are_copies(alike: float | None, pairs: int, whole: bool, fires: bool) -> None:
    kept = [(i, 2, i, i + 1 if i < pairs else 100 + i, 0) for i in range(100)]
    made = record(((60, 140),), kept)
    made.samples = tuple(replace(one, alike=alike, whole=whole) for one in made.samples)
    assert (Drawn.of(made.samples[0]).by_chance <= ONCE) is (pairs < 28)
    found = said(made, RULE)
    assert bool(found) is fires
    assert not fires or "copies when they were split" in found[0].cause


@pytest.mark.parametrize("first", ["split", "oversample"])
@pytest.mark.parametrize("kind", ["real numbers", "few levels"])
def test_a_rare_class_that_is_oversampled_before_the_split(first: str, kind: str, tmp_path: Path) -> None:
    """Of few levels samples may be alike by chance, whoever made copies of them."""
    torch.manual_seed(0)
    x = torch.randn(600, 10) if kind == "real numbers" else torch.randn(600, 10).round() / 3
    rare = torch.arange(600) < 100
    copies = torch.arange(100).repeat(4)
    if first == "oversample":
        order = torch.cat([torch.arange(600), copies])[torch.randperm(1000)]
        train, valid = order[:800], order[800:]
    else:
        order = torch.randperm(600)
        train, valid = order[:450], order[450:]
        train = torch.cat([train, train[rare[train]].repeat(4)])
    net = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 2))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for _ in range(4):
            for rows in train[torch.randperm(len(train))].split(40):
                optimizer.zero_grad()
                nn.functional.cross_entropy(net(x[rows]), rare[rows].long()).backward()
                optimizer.step()
            with torch.no_grad():
                net(x[valid])
    told = said(watch.read(), RULE)
    assert [one.severity for one in told] == ["warning"] * (first == "oversample" and kind == "real numbers")


def test_folds_are_no_leak() -> None:
    assert said(record(optimizer=Optimizer("SGD-2", "SGD")), RULE) == []
    again = record()
    again.optimizers = tuple(replace(one, remade=1) for one in again.optimizers)
    assert said(again, RULE) == []


def test_without_an_evaluation_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head()), {("net", "samples.batch"): 1.0}))


def folds(path: Path, start: str, *, once: bool = False) -> Record:
    """Five folds of one net, whose weights go on from fold to fold or start again."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 2))
    drawn = {name: value.clone() for name, value in net.state_dict().items()}
    x, y = X[:200], (X[:200, 0] > 0).long()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    with hs.watch(net, record=path / "run.db") as watch:
        for number in range(5):
            if start == "loaded":
                net.load_state_dict(drawn)
            if start == "behind autograd's back":
                for name, parameter in net.named_parameters():
                    parameter.data.copy_(drawn[name])
            if not once:
                optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
            held = torch.arange(200) % 5 == number
            for _ in range(6):
                for rows in torch.randperm(160).split(40):
                    optimizer.zero_grad()
                    F.cross_entropy(net(x[~held][rows]), y[~held][rows]).backward()
                    optimizer.step()
                with torch.no_grad():
                    net(x[held])
    return watch.read()


@pytest.mark.parametrize("once", [True, False])
def test_folds_that_share_a_model_are_seen(once: bool, tmp_path: Path) -> None:
    finding = told(folds(tmp_path, "goes on", once=once), RULE)
    left, joined = (one.value for one in finding.evidence)
    assert 80 <= left <= 160  # of evaluations many alike are not all looked at
    assert joined == 40


@pytest.mark.parametrize("once", [True, False])
@pytest.mark.parametrize("start", ["loaded", "behind autograd's back"])
def test_folds_that_start_again_are_sound(start: str, once: bool, tmp_path: Path) -> None:
    assert said(folds(tmp_path, start, once=once), RULE) == []


def test_training_on_one_task_and_then_on_another_is_no_change_of_places(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 2))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    y = (X[:, 0] > 0).long()
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for task in torch.arange(400).split(200):
            for _ in range(6):
                for rows in task[torch.randperm(200)].split(40):
                    optimizer.zero_grad()
                    F.cross_entropy(net(X[rows]), y[rows]).backward()
                    optimizer.step()
                with torch.no_grad():
                    net(X[:200])  # what is forgotten of the first
    assert said(watch.read(), RULE) == []
