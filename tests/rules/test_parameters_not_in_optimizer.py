"""parameters-not-in-optimizer, optimizer-holds-stale-parameters, gradients-cleared-before-step: the ledger's rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import chain, head, linear, run, told
from torch import Tensor, nn

import headstart as hs
from headstart.diagnosis import diagnose
from headstart.diagnosis.ledger import STEPS
from headstart.diagnosis.skill import ENOUGH_STEPS
from headstart.record import Parameter, Record

LEFT_OUT, STALE, CLEARED = (
    "parameters-not-in-optimizer",
    "optimizer-holds-stale-parameters",
    "gradients-cleared-before-step",
)
X, Y = torch.randn(64, 6), torch.arange(64) % 2
Loop = Callable[[nn.Module, torch.optim.Optimizer, Tensor], None]


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 2))


def usual(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def early(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()


def record(folder: Path, model: nn.Module, held: Iterable[Tensor], loop: Loop = usual, steps: int = 25) -> Record:
    optimizer = torch.optim.SGD(held, lr=0.05)
    with hs.watch(model, record=folder / "run.db") as watch:
        for _ in range(steps):
            loop(model, optimizer, nn.functional.cross_entropy(model(X), Y))
    read: Record = watch.read()
    assert "fault" not in read.meta, read.meta["fault"]
    return read


def rules(of: Record) -> set[str]:
    found = diagnose(of).findings
    return {one.rule for root in found for one in (root, *root.explains)} & {LEFT_OUT, STALE, CLEARED}


def test_a_usual_loop_is_none_of_them(tmp_path: Path) -> None:
    model = net()
    assert rules(record(tmp_path, model, model.parameters())) == set()


def test_layers_that_no_optimizer_holds_are_named(tmp_path: Path) -> None:
    model = net()
    finding = told(record(tmp_path, model, model[4].parameters()), LEFT_OUT)
    assert finding.layers == ("0", "2")
    assert (finding.evidence[0].value, finding.evidence[0].of) == (4, 6)


def test_a_single_tensor_that_was_left_out_is_named(tmp_path: Path) -> None:
    model = net()
    finding = told(record(tmp_path, model, [p for n, p in model.named_parameters() if n != "2.bias"]), LEFT_OUT)
    assert "2.bias" in finding.message


def test_frozen_layers_and_layers_behind_a_detach_are_not_left_out(tmp_path: Path) -> None:
    model = net()
    model[0].requires_grad_(False)
    model[2].register_forward_hook(lambda module, args, output: output.detach())
    assert rules(record(tmp_path, model, model[4].parameters())) == set()


def test_what_is_updated_by_hand_is_not_left_out() -> None:
    layers = chain(linear("w"), head())
    gradients = {("w", "gradient.std"): 1.0, ("head", "gradient.std"): 1.0}
    seen = run(layers, gradients)
    by_hand = (replace(parameter, optimizer=None, steps_moved=20) for parameter in seen.parameters[:2])
    seen.parameters = (*by_hand, *seen.parameters[2:])
    assert rules(seen) == set()
    seen.parameters = tuple(replace(p, steps_moved=0) for p in seen.parameters)
    assert rules(seen) == {LEFT_OUT}


def test_a_layer_that_is_reached_at_two_steps_only_is_not_left_out() -> None:
    layers = chain(linear("w"), head())
    for reached, found in ((STEPS - 1, set()), (STEPS, {LEFT_OUT})):
        seen = run(layers, {("w", "gradient.max_abs"): lambda step, reached=reached: float(step < reached)})
        seen.parameters = (replace(seen.parameters[0], optimizer=None), *seen.parameters[1:])
        assert rules(seen) == found


def test_what_another_optimizer_holds_is_not_left_out(tmp_path: Path) -> None:
    model = net()
    other = torch.optim.Adam(model[:3].parameters())

    def both(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        other.zero_grad()
        usual(model, optimizer, loss)
        other.step()

    assert rules(record(tmp_path, model, model[4].parameters(), both)) == set()


@pytest.mark.parametrize(("steps", "moved", "fires"), [(STEPS, 0, True), (STEPS - 1, 0, False), (STEPS, 1, False)])
def test_an_optimizer_of_another_model_is_stale_and_nothing_else(steps: int, moved: int, fires: bool) -> None:
    of_model = run(chain(linear("fc"), head()), {("fc", "gradient.std"): 1.0, ("head", "gradient.std"): 1.0})
    of_model.parameters = (
        *(replace(parameter, optimizer=None) for parameter in of_model.parameters),
        Parameter("sgd.0.0", (8, 8), optimizer="SGD", steps_seen=steps, steps_moved=moved),
    )
    assert (STALE in rules(of_model)) is fires
    if fires:
        assert rules(of_model) == {STALE}
        assert told(of_model, STALE).evidence[0].of == 1


@pytest.mark.parametrize(("lost", "found"), [(0, STALE), (1, LEFT_OUT)])
def test_what_it_lacks_must_have_its_like_among_what_lies_idle(lost: int, found: str, tmp_path: Path) -> None:
    model, other = net(), net()
    held = [*other.parameters(), *model[4].parameters()]
    del held[:lost]  # the only weight of six columns
    assert rules(record(tmp_path, model, held)) == {found}


def test_weights_that_were_drawn_anew_after_the_optimizer_was_made_are_stale(tmp_path: Path) -> None:
    model = net()
    held = list(model.parameters())
    model[2].weight = nn.Parameter(torch.randn(8, 8))
    finding = told(record(tmp_path, model, held), STALE)
    assert finding.layers == ("2",)
    assert (finding.evidence[0].value, finding.evidence[0].of) == (1, 6)


@pytest.mark.parametrize(("held_before", "found"), [(True, STALE), (False, LEFT_OUT)])
def test_a_tensor_that_two_layers_share_counts_once(tmp_path: Path, held_before: bool, found: str) -> None:
    """A language model's tied embedding is made anew where its vocabulary grows."""
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 8), nn.Linear(8, 2))
    model[4].weight = model[2].weight
    held = [one for one in model.parameters() if held_before or one is not model[2].weight]
    if held_before:
        model[2].weight = model[4].weight = nn.Parameter(torch.randn(8, 8))
    of_tied = record(tmp_path, model, held)
    assert rules(of_tied) == {found}
    assert told(of_tied, found).evidence[0].value == 1


def test_a_head_for_other_classes_is_in_the_place_of_the_old_one(tmp_path: Path) -> None:
    model = net()
    held = list(model.parameters())
    model[4] = nn.Linear(8, 5)
    assert rules(record(tmp_path, model, held)) == {STALE}


@pytest.mark.parametrize("used", ["frozen", "in a layer that does not run"])
def test_tensors_that_lie_idle_are_not_stale_where_none_is_lacking(tmp_path: Path, used: str) -> None:
    model = net()
    held = [*model.parameters(), *nn.Linear(8, 8).parameters()]
    if used == "frozen":
        model[2].requires_grad_(False)
        held = [parameter for parameter in held if parameter.requires_grad]
    assert rules(record(tmp_path, model, held)) == set()


@pytest.mark.parametrize("steps", [2, 3])
def test_gradients_cleared_before_each_step_are_an_error_from_three_steps_on(tmp_path: Path, steps: int) -> None:
    model = net()
    assert rules(record(tmp_path, model, model.parameters(), early, steps)) == ({CLEARED} if steps > 2 else set())


def test_the_remedy_of_cleared_gradients_trains(tmp_path: Path) -> None:
    model = net()
    finding = told(record(tmp_path, model, model.parameters(), early), CLEARED)
    before = model[0].weight.detach().clone()
    assert finding.remedy is not None
    loss = nn.functional.cross_entropy(model(X), Y)
    exec(finding.remedy.code, {"optimizer": torch.optim.SGD(model.parameters(), lr=0.05), "loss": loss})
    assert not torch.equal(before, model[0].weight)


def test_a_closure_that_clears_and_computes_within_the_step_is_sound(tmp_path: Path) -> None:
    model = net()

    def closed(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        def closure() -> float:
            loss = nn.functional.cross_entropy(model(X), Y)
            loss.backward()
            return loss.item()

        optimizer.zero_grad()
        optimizer.step(closure)

    assert rules(record(tmp_path, model, model.parameters(), closed)) == set()


def test_clearing_after_the_step_is_sound(tmp_path: Path) -> None:
    model = net()

    def late(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    assert rules(record(tmp_path, model, model.parameters(), late)) == set()


def fit(model: nn.Module, held: Iterable[Tensor], steps: int, optimizer: torch.optim.Optimizer | None = None) -> None:
    optimizer = optimizer or torch.optim.Adam(held, lr=1e-3)
    for _ in range(steps):
        usual(model, optimizer, nn.functional.cross_entropy(model(X), Y))


def second_phase(folder: Path, phase: Callable[[nn.Module], None]) -> Record:
    model = net()
    with hs.watch(model, record=folder / "run.db") as watch:
        fit(model, model.parameters(), 6)
        phase(model)
    read: Record = watch.read()
    assert "fault" not in read.meta, read.meta["fault"]
    return read


def unfreezes_late(model: nn.Module) -> None:
    model[0].requires_grad_(False)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-3)
    fit(model, (), 6, optimizer)
    model[0].requires_grad_(True)
    fit(model, (), 8, optimizer)


def test_what_is_unfrozen_after_the_optimizer_was_made_is_left_out(tmp_path: Path) -> None:
    finding = told(second_phase(tmp_path, unfreezes_late), LEFT_OUT)
    assert (finding.layers, finding.severity) == (("0",), "error")  # it does not learn
    assert "gone" in finding.cause
    assert finding.remedy is not None
    assert finding.remedy.code.startswith('optimizer.add_param_group({"params": [model[0].weight]})')


def unfreezes_and_adds(model: nn.Module) -> None:
    model[0].requires_grad_(False)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-3)
    fit(model, (), 6, optimizer)
    optimizer.add_param_group({"params": [*model[0].requires_grad_(True).parameters()]})
    fit(model, (), 8, optimizer)


def stays_frozen(model: nn.Module) -> None:
    model[0].requires_grad_(False)
    fit(model, [p for p in model.parameters() if p.requires_grad], 12)


def another_optimizer(model: nn.Module) -> None:
    fit(model, model.parameters(), 12, torch.optim.SGD(model.parameters(), lr=0.1))


def one_for_each_step(model: nn.Module) -> None:
    for _ in range(12):
        fit(model, model.parameters(), 1)


def by_turns(model: nn.Module) -> None:
    for _ in range(8):
        fit(model, model[:3].parameters(), 1)
        fit(model, model[3:].parameters(), 1)


def by_hand_as_well(model: nn.Module) -> None:
    optimizer = torch.optim.SGD(model[3:].parameters(), lr=0.1)
    for _ in range(12):
        usual(model, optimizer, nn.functional.cross_entropy(model(X), Y))
        with torch.no_grad():
            for parameter in model[:3].parameters():
                parameter -= 0.1 * parameter.grad
                parameter.grad = None


def a_head_in_the_end(model: nn.Module) -> None:
    fit(model, model[4].parameters(), 12)


def never_reached_again(model: nn.Module) -> None:
    optimizer = torch.optim.SGD(model[3:].parameters(), lr=0.1)
    for _ in range(12):
        usual(model, optimizer, nn.functional.cross_entropy(model[3:](model[:3](X).detach()), Y))


@pytest.mark.parametrize(
    "phase",
    [
        unfreezes_and_adds,
        stays_frozen,
        another_optimizer,
        one_for_each_step,
        a_head_in_the_end,
        by_turns,
        by_hand_as_well,
        never_reached_again,
    ],
)
def test_what_another_optimizer_or_a_hand_takes_over_is_not_left_out(phase, tmp_path: Path) -> None:
    read = second_phase(tmp_path, phase)
    assert rules(read) == set()
    assert all(parameter.orphaned < STEPS for parameter in read.parameters)


def test_the_steps_of_an_orphan_count_from_three(tmp_path: Path) -> None:
    parameter = second_phase(tmp_path, unfreezes_late).parameter("0.weight")
    assert parameter is not None
    assert parameter.orphaned >= STEPS
    assert parameter.optimizer == "Adam"


class Diagonal(nn.Module):
    """Scales its inputs; what it scales by is a parameter of it only if it is kept as one."""

    def __init__(self, kept: bool) -> None:
        super().__init__()
        scale = nn.Parameter(torch.zeros(6))
        self.scale = scale if kept else torch.diag(scale)
        self.lift = nn.Linear(6, 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.lift(x @ (torch.diag(self.scale) if self.scale.ndim == 1 else self.scale))  # type: ignore[no-any-return]


@pytest.mark.parametrize(("kept", "found"), [(True, set()), (False, {LEFT_OUT})])
def test_a_function_of_a_parameter_is_none(tmp_path: Path, kept: bool, found: set[str]) -> None:
    """Of weights that are multiplied with zeros the gradients are zero as they come: nothing was cleared."""
    torch.manual_seed(0)
    model = Diagonal(kept)
    assert rules(record(tmp_path, model, model.parameters())) == found


class Scaled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.scale = net(), nn.Parameter(torch.ones(2))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) * self.scale  # type: ignore[no-any-return]


@pytest.mark.parametrize(("by_hand", "found"), [(True, set()), (False, {LEFT_OUT})])
def test_a_bare_parameter_is_left_out_unless_a_hand_moves_it(tmp_path: Path, by_hand: bool, found: set[str]) -> None:
    def loop(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        usual(model, optimizer, loss)
        with torch.no_grad():
            model.get_parameter("scale").sub_(0.01 * by_hand)

    model = Scaled()
    assert rules(record(tmp_path, model, model.body.parameters(), loop)) == found


@pytest.mark.parametrize(("given", "found"), [({}, {CLEARED}), ({1: 1.0}, {CLEARED}), ({1: 0.0, 2: 0.0}, set())])
def test_gradients_that_come_as_zeros_were_not_cleared(given: dict[int, float], found: set[str]) -> None:
    read = run(
        chain(linear("body"), head()), {("head", "gradient.max_abs"): 1.0, ("SGD", "loop.given"): given}, skill=0.0
    )
    read.parameters = [replace(parameter, steps_seen=STEPS) for parameter in read.parameters]
    assert rules(read) == found


class MakesItsHead(nn.Module):
    """Makes its last layer at each call, or at the first."""

    def __init__(self, kept: bool) -> None:
        super().__init__()
        self.body, self.kept, self.made = nn.Linear(6, 8), kept, [nn.Linear(8, 2)]

    def forward(self, x: Tensor) -> Tensor:
        head = self.made[0] if self.kept else nn.Linear(8, 2)
        return head(torch.tanh(self.body(x)))  # type: ignore[no-any-return]


def test_a_layer_that_forward_makes_is_in_no_optimizer(tmp_path: Path) -> None:
    model = MakesItsHead(kept=False)
    finding = told(record(tmp_path, model, model.parameters()), LEFT_OUT)
    assert "anew" in finding.message
    assert "2 × 8" in finding.message
    assert finding.layer == "body"
    assert finding.remedy is not None
    assert finding.remedy.code.startswith("self.layer = nn.Linear(8, 2)")
    few = record(tmp_path / "few", model, model.parameters(), steps=ENOUGH_STEPS - 1)
    assert all("anew" not in one.message for one in diagnose(few).findings)


def test_a_layer_that_is_kept_is_not_made_anew(tmp_path: Path) -> None:
    model = MakesItsHead(kept=True)
    held = [*model.parameters(), *model.made[0].parameters()]
    assert rules(record(tmp_path, model, held)) == set()


def test_inputs_that_require_gradients_are_no_layers(tmp_path: Path) -> None:
    """As those of a physics-informed net, or of an attack: leaves, and new in each step."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    with hs.watch(model, record=tmp_path / "run.db") as watch:
        for _ in range(25):
            x = torch.randn(64, 6, requires_grad=True)
            usual(model, optimizer, nn.functional.cross_entropy(model(x), Y))
    assert rules(watch.read()) == set()
