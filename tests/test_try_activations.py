"""hs.try_activations: the textbook's order, stopped at the first that is healthy, on copies alone."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from rich.console import Console
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import headstart as hs
from headstart.errors import HeadstartError
from headstart.monitor import attach
from headstart.monitor.observer import Observer
from headstart.train.tryout import Attempt, TryOut

X = torch.randn(400, 8, generator=torch.Generator().manual_seed(1))
Y = (X[:, 0] + X[:, 1] > 0).long()
BATCHES = hs.Batches(X, Y, 20, shuffle=True, normalize=None)


def net(bias: float = 0.0, activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    model = nn.Sequential(nn.Linear(8, 32), activation(), nn.Linear(32, 32), activation(), nn.Linear(32, 2))
    with torch.no_grad():
        model[0].bias += bias
    return model


def tried(model: Any = None, batches: Any = BATCHES, loss: Any = None, **options: Any) -> TryOut:
    return hs.try_activations(model if model is not None else net(), batches, loss, **{"steps": 60, **options})


def test_a_sound_net_is_done_with_the_first() -> None:
    result = tried()
    assert result.choice == "relu"
    assert [attempt.activation for attempt in result.attempts] == ["relu"]
    assert result.untried == ("leaky_relu", "silu")
    assert result.swapped == ("1", "3")
    assert result.fixed == ()
    assert result.attempts[0].dead is not None
    assert result.attempts[0].dead < 0.5


def test_dead_relus_are_named_and_leaky_relu_is_chosen() -> None:
    result = tried(net(bias=-8.0), steps=150, lr=0.01)
    relu, leaky = result.attempts
    assert not relu.healthy
    assert relu.dead == 1.0
    assert "dead-relu" in {finding.rule for finding in relu.findings}
    assert "give zero for every input" in relu.why
    assert leaky.healthy
    assert leaky.dead is None
    assert result.choice == "leaky_relu"
    assert result.untried == ("silu",)


def test_a_saturated_tanh_gives_way() -> None:
    model = net(activation=nn.Tanh)
    with torch.no_grad():
        model[0].weight *= 300
        model[2].weight *= 300
    random_labels = torch.randint(0, 2, (400,), generator=torch.Generator().manual_seed(2))
    result = tried(model, hs.Batches(X, random_labels, 20, shuffle=True), order=("tanh",))
    assert result.choice is None
    assert "saturated-activation" in {finding.rule for finding in result.attempts[0].findings}
    assert result.attempts[0].saturated is not None
    assert result.attempts[0].saturated > 0.5
    assert "stands at the ends of tanh" in result.attempts[0].why


def test_where_none_helps_none_is_chosen_and_the_table_says_so() -> None:
    random_labels = torch.randint(0, 2, (400,), generator=torch.Generator().manual_seed(2))
    result = tried(batches=hs.Batches(X, random_labels, 20, shuffle=True), lr=1e-4)
    assert result.choice is None
    assert len(result.attempts) == 3
    assert "not the activation alone" in str(result)
    assert all("does not learn" in attempt.why for attempt in result.attempts)


def state_of(model: nn.Module) -> tuple[Any, ...]:
    grads = [parameter.grad for parameter in model.parameters()]
    return dict(model.state_dict()), grads, [(type(m), m.training) for m in model.modules()]


def same(a: Any, b: Any) -> bool:
    weights = a[0].keys() == b[0].keys() and all(torch.equal(a[0][key], b[0][key]) for key in a[0])
    return weights and a[2] == b[2] and all(x is y for x, y in zip(a[1], b[1], strict=True))


def test_model_gradients_data_and_random_numbers_stay_bit_for_bit(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 2))
    F.cross_entropy(model(X), Y).backward()
    model.eval()
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    grads = [parameter.grad.clone() for parameter in model.parameters()]
    before, numbers = state_of(model), (torch.get_rng_state(), random.getstate())
    loader = DataLoader(TensorDataset(X, Y), 20, shuffle=True, generator=torch.Generator().manual_seed(4))
    place = loader.generator.get_state()
    tried(model, loader)
    assert same(state_of(model), before)
    assert all(torch.equal(value, kept[name]) for name, value in model.state_dict().items())
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), grads, strict=True))
    assert torch.equal(torch.get_rng_state(), numbers[0])
    assert random.getstate() == numbers[1]
    assert torch.equal(loader.generator.get_state(), place)
    assert list(tmp_path.iterdir()) == []  # no record is left behind


def test_a_watch_of_the_whole_process_sees_nothing_of_it(tmp_path: Path) -> None:
    path, model = tmp_path / "run.db", net()
    observer = Observer(lambda: path, attach.script_facts, attach.BIRTHS)
    attach.attach(observer)
    try:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            tried(model, DataLoader(TensorDataset(X, Y), 20, shuffle=True), steps=30)
            optimizer.zero_grad()
            F.cross_entropy(model(X), Y).backward()
            optimizer.step()
    finally:
        attach.detach(observer, "exit 0")
    record = hs.read_record(path)
    assert len(record) == 3
    assert record.loaders == ()
    assert len(record.losses) == 1
    assert {layer.name for layer in record.layers} == {"0", "1", "2", "3", "4"}
    assert "fault" not in record.meta


def test_the_same_call_gives_the_same_result() -> None:
    model = net()
    assert tried(model) == tried(model)


def test_a_function_that_makes_the_model_is_called_anew_under_the_same_seed() -> None:
    made: list[nn.Module] = []

    def make() -> nn.Module:
        made.append(net(bias=-8.0))
        return made[-1]

    state = torch.get_rng_state()
    result = tried(make, order=("relu", "silu"))
    assert torch.equal(torch.get_rng_state(), state)
    assert len(made) == 1 + len(result.attempts)  # one to see the places
    assert len({type(model[1]) for model in made[1:]}) == len(result.attempts)
    assert result.swapped == ("1", "3")


def test_a_function_with_an_argument_activation_swaps_by_itself() -> None:
    given: list[str] = []

    def make(activation: str) -> nn.Module:
        given.append(activation)
        return hs.models.SimpleNet(width=16, activation=activation, classes=2, inputs=8)

    result = tried(make, order=("tanh", "relu"))
    assert given == ["tanh"]
    assert result.by_name
    assert "by the function that makes the model" in str(result)


class Functional(nn.Module):
    def __init__(self, act: nn.Module | None = None) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Linear(8, 16), nn.Linear(16, 16), nn.Linear(16, 2)
        self.act = act or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.act(self.second(F.relu(self.first(x)))))


def test_places_that_cannot_be_swapped_are_counted_and_named() -> None:
    result = tried(Functional(nn.ReLU()))
    assert result.swapped == ("act",)
    assert result.fixed == ("relu after first",)
    assert "not swapped  1, which are no free modules: relu after first" in str(result)


def test_a_model_of_calls_alone_is_an_error_that_names_them() -> None:
    with pytest.raises(HeadstartError, match="relu after first can only be changed in its code"):
        tried(Functional())


def test_a_loss_that_is_not_known_is_judged_by_its_fall() -> None:
    result = tried(loss=lambda output, y: (output[torch.arange(len(y)), y] - 1).abs().mean(), steps=120)
    assert result.attempts[0].skill is None
    assert result.choice == "relu"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"order": ()}, "order is empty"),
        ({"order": ("relu", "leakyrelu")}, "did you mean 'leaky_relu'"),
        ({"steps": 10}, "steps is 10"),
        ({"optimizer": torch.optim.SGD(net().parameters(), lr=1)}, "The given SGD is the model's"),
        ({"optimizer": "sdg"}, "did you mean 'sgd'"),
        ({"language": "fr"}, "no texts in 'fr'"),
        ({"model": nn.Linear(8, 2)}, "Linear has no hidden activation"),
        ({"model": 3}, "was given int"),
        ({"model": lambda: 3}, "returns int"),
        ({"batches": iter([(X, Y)])}, "read only once"),
        ({"batches": []}, "gives no batch"),
    ],
)
def test_bad_arguments_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(HeadstartError, match=message):
        tried(**change)


def attempt(name: str, healthy: bool) -> Attempt:
    return Attempt(name, healthy, healthy, 0.5 if healthy else None, 2.3, 0.4, 0.97, None, "Because.")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_table_has_a_line_an_activation_with_its_reason(language: str) -> None:
    result = TryOut(
        (attempt("relu", False), attempt("elu", True)), ("silu",), ("1",), ("relu after a",), False, language
    )
    lines = str(result).splitlines()
    assert len(lines) == 8
    assert lines[1].split() == ["relu", "✗", "-", "2.3", "→", "0.4", "97", "%", "-", "Because."]
    assert lines[2].split()[:2] == ["elu", "✓"]
    assert lines[3].startswith("silu")
    assert lines[-1].endswith("elu")
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(result)
    assert [line.rstrip() for line in console.export_text().splitlines()] == [line.rstrip() for line in lines]
