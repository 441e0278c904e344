"""frozen-by-mistake: nearly all is frozen, and nothing is learnt."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from loops import X, Y, net, train, watched
from records import Figure, chain, linear, run, said, told, unjudged
from torch import nn

import headstart as hs
from headstart.diagnosis.rules.frozen_by_mistake import FROZEN
from headstart.record import Record

RULE = "frozen-by-mistake"


@pytest.mark.parametrize(("trained", "fires"), [(0.99, True), (1.01, False)])
def test_both_sides_of_the_share(trained: float, fires: bool) -> None:
    """A frozen layer of 18,000 values beside one of `trained` times 2,000."""
    body, top = linear("body", 8, 2000), linear("top", 1, round(1000 * trained))
    record = run(chain(body, top), {("body", "activation.mean"): 0.0}, frozen=("body",), skill=0.0)
    sizes = [math.prod(parameter.shape) for parameter in record.parameters]
    assert (sum(sizes[:2]) / sum(sizes) > FROZEN) is fires
    assert bool(said(record, RULE)) is fires


@pytest.mark.parametrize("skill", [0.9, None])
def test_a_run_that_learns_or_may_learn_is_sound(skill: float | None) -> None:
    record = run(
        chain(linear("body"), linear("top", 64, 2)), {("body", "activation.mean"): 0.0}, frozen=("body",), skill=skill
    )
    assert skill is None or not said(record, RULE)
    assert skill is not None or RULE in unjudged(record)


def test_what_is_frozen_and_does_not_run_is_not_counted() -> None:
    record = run(chain(linear("body"), linear("top", 64, 2)), frozen=("body",), skill=0.0)
    assert not said(record, RULE)


def test_a_frozen_net_that_does_not_learn_is_named(tmp_path: Path) -> None:
    def loop(model: nn.Module) -> None:
        for parameter in model[:4].parameters():  # type: ignore[index]
            parameter.requires_grad_(False)
        train(model, torch.optim.SGD(model[4].parameters(), lr=1e-5), 30)  # type: ignore[index]

    finding = told(watched(tmp_path, big(), loop), RULE)
    assert finding.layers == ("0", "2")


def big() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(X.shape[1], 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, len(Y.unique()))
    )


def test_what_is_unfrozen_later_is_trainable(tmp_path: Path) -> None:
    def loop(model: nn.Module) -> None:
        model[0].requires_grad_(False)  # type: ignore[index]
        train(model, torch.optim.SGD(model.parameters(), lr=0.01), 10)
        model[0].requires_grad_(True)  # type: ignore[index]
        train(model, torch.optim.SGD(model.parameters(), lr=0.01), 10)

    assert all(parameter.trainable for parameter in watched(tmp_path, net(), loop).parameters)


@pytest.mark.parametrize(
    ("zero", "fires"), [(1.0, True), ({0: 1.0, 1: 1.0}, True), ({0: 1.0}, False), ({0: 1.0, 1: 0.0, 2: 1.0}, False)]
)
def test_a_frozen_weight_of_zeros_is_told_in_a_run_that_learns(zero: Figure, fires: bool) -> None:
    """Two looks at least, zero at all of them."""
    figures: dict[tuple[str, str], Figure] = {("up", "activation.mean"): 0.0, ("up.weight", "weight.zero"): zero}
    record = run(chain(linear("up"), linear("top", 64, 2)), figures, frozen=("up",), skill=0.9)
    assert [finding.severity for finding in said(record, RULE)] == ["advice"] * fires


def test_a_weight_of_zeros_whose_layer_never_ran_is_not_counted() -> None:
    record = run(
        chain(linear("up"), linear("top", 64, 2)), {("up.weight", "weight.zero"): 1.0}, frozen=("up",), skill=0.9
    )
    assert not said(record, RULE)


class Adapter(nn.Module):
    """A layer, and a branch beside it whose last factor starts at zero."""

    def __init__(self, base: nn.Linear) -> None:
        super().__init__()
        self.base, self.down = base, nn.Linear(base.in_features, 4, bias=False)
        self.up = nn.Linear(4, base.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.base(x) + self.up(self.down(x))  # type: ignore[no-any-return]


@pytest.mark.parametrize("adapters", ["frozen", "trained", "loaded"])
def test_adapters_that_are_frozen_at_zero_add_nothing(tmp_path: Path, adapters: str) -> None:
    """Frozen adapters that hold something (they were loaded) are sound."""
    torch.manual_seed(0)
    model = nn.Sequential(Adapter(nn.Linear(X.shape[1], 32)), nn.Tanh(), nn.Linear(32, len(Y.unique())))
    model[0].requires_grad_(False)
    if adapters == "trained":
        model[0].up.weight.requires_grad_(True)  # type: ignore[union-attr]
    if adapters == "loaded":
        nn.init.normal_(model[0].up.weight)  # type: ignore[union-attr, arg-type]

    def loop(model: nn.Module) -> None:
        train(model, torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01), 40)

    found = [one for one in said(watched(tmp_path, model, loop), RULE) if one.evidence[0].figure == "zero_weights"]
    assert [one.layers for one in found] == ([("0.up",)] if adapters == "frozen" else [])


def second_task(folder: Path, new: nn.Module, frozen: bool = True) -> Record:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 2))
    labels = torch.randint(0, 3, (len(X),))
    with hs.watch(nn.ModuleList([model, new]), record=folder / "run.db") as watch:
        for step in range(40):
            if step == 10:
                model[2] = new
                new.requires_grad_(not frozen)
            if step in (0, 10):
                held = [p for p in model.parameters() if p.requires_grad]
                optimizer = torch.optim.SGD(held, lr=0.01)
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(torch.randn(len(X), 6)), labels % (2 if step < 10 else 3)).backward()
            optimizer.step()
    read = watch.read()
    assert "fault" not in read.meta, read.meta["fault"]
    return read


def test_a_new_head_that_is_frozen_as_it_was_drawn_is_an_error(tmp_path: Path) -> None:
    finding = told(second_task(tmp_path, nn.Linear(8, 3)), RULE)
    assert (finding.severity, finding.step) == ("error", 10)
    assert (finding.evidence[0].value, finding.evidence[0].of) == (2, 2)


def loaded() -> nn.Linear:
    head = nn.Linear(8, 3)
    head.load_state_dict(nn.Linear(8, 3).state_dict())
    return head


@pytest.mark.parametrize("new", [loaded, lambda: copy.deepcopy(nn.Linear(8, 3))], ids=["loaded", "a copy"])
def test_a_new_head_that_comes_from_elsewhere_may_be_frozen(new, tmp_path: Path) -> None:
    assert said(second_task(tmp_path, new()), RULE) == []


def test_a_new_head_that_is_trained_is_sound(tmp_path: Path) -> None:
    assert said(second_task(tmp_path, nn.Linear(8, 3), frozen=False), RULE) == []


def features(base: nn.Linear, tmp_path: Path) -> Record:
    """A head is trained on what a frozen base makes of random numbers."""
    model = nn.Sequential(base.requires_grad_(False), nn.ReLU(), nn.Linear(16, 2))
    return watched(tmp_path, model, lambda model: train(model, torch.optim.SGD(model[2].parameters(), lr=0.1), 30))


def test_features_that_nobody_trained_are_advice_or_more(tmp_path: Path) -> None:
    finding = next(
        one for one in said(features(nn.Linear(6, 16), tmp_path), RULE) if one.step == 0 and one.layer == "0"
    )
    assert "nothing ever trained them" in finding.message
    assert finding.severity in ("advice", "warning")


def test_where_nothing_is_trained_a_fresh_net_is_a_tool() -> None:
    """As where an image is fitted to what a random net gives."""
    layers = chain(replace(linear("fc1"), frozen_at=0), linear("head", 64, 2))
    for frozen, speaks in ((("fc1", "head"), False), (("fc1",), True)):
        record = run(layers, {}, frozen=frozen, skill=0.5)
        assert any("nothing ever trained" in one.message for one in said(record, RULE)) is speaks


@pytest.mark.parametrize(("skill", "severity"), [(0.0, "error"), (0.5, "advice")])
def test_a_layer_that_is_frozen_as_drawn_in_the_midst_of_the_run(skill: float, severity: str) -> None:
    layers = chain(replace(linear("fc1"), frozen_at=30), linear("head", 64, 2))
    found = said(run(layers, {}, frozen=("fc1",), skill=skill), RULE)
    assert [(one.severity, one.step) for one in found if one.layer == "fc1"] == [(severity, 30)]


def test_states_of_a_recurrent_layer_that_nobody_trained(tmp_path: Path) -> None:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.GRU(3, 16, batch_first=True).requires_grad_(False)
            self.head = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 2))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.rnn(x.reshape(-1, 2, 3))[0][:, -1])

    record = watched(
        tmp_path, Reader(), lambda model: train(model, torch.optim.SGD(model.head.parameters(), lr=0.1), 30)
    )
    assert "rnn" in {one.layer for one in said(record, RULE) if "nothing ever trained" in one.message}


@pytest.mark.parametrize("way", [nn.init.xavier_uniform_, nn.init.orthogonal_])
def test_features_that_were_written_may_be_meant(way, tmp_path: Path) -> None:
    base = nn.Linear(6, 16)
    way(base.weight)
    assert not any("nothing ever trained" in one.message for one in said(features(base, tmp_path), RULE))


@pytest.mark.parametrize(("frozen", "found"), [(True, True), (False, False)])
def test_an_optimizer_that_holds_frozen_tensors_alone(frozen: bool, found: bool, tmp_path: Path) -> None:
    """The norms' way of fine-tuning, gone wrong: what has no "bn" in its name is frozen, the new head too."""

    def loop(model: nn.Module) -> None:
        head = model[4]  # type: ignore[index]
        head.requires_grad_(not frozen)
        train(model, torch.optim.SGD(head.parameters(), lr=1e-2), 30)

    findings = [one for one in said(watched(tmp_path, big(), loop), RULE) if "SGD took 30 steps" in one.message]
    assert bool(findings) is found


def test_what_was_trained_before_it_was_frozen_is_meant_so(tmp_path: Path) -> None:
    def loop(model: nn.Module) -> None:
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
        train(model, optimizer, 30)
        model.requires_grad_(False)
        optimizer.step()

    assert said(watched(tmp_path, big(), loop), RULE) == []


class Own(nn.Module):
    def __init__(self, wrap: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.W = wrap(torch.randn(8, 16) / 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.W


@pytest.mark.parametrize(("wrap", "fires"), [(torch.Tensor, True), (nn.Parameter, False)])
def test_weights_that_are_no_parameters_are_told(
    wrap: Callable[[torch.Tensor], torch.Tensor], fires: bool, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(Own(wrap), nn.ReLU(), nn.Linear(16, 2))
    x = torch.randn(256, 8)
    y = (x[:, 0] > 0).long()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    with hs.watch(model, record=tmp_path / "run.db") as watch:
        for _ in range(40):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
    told_of = said(watch.read(), RULE)
    assert bool(told_of) is fires
    if fires:
        assert "0 multiplies what it is given by W" in told_of[0].message
        assert told_of[0].severity == "advice"
