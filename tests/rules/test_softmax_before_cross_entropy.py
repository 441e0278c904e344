"""softmax-before-cross-entropy: which graphs it sees, and the floor that it names."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import chain, head, run, said, told
from torch import Tensor, nn
from torch.distributions import Categorical
from torch.func import functional_call, grad
from training import trained

import headstart as hs
from headstart.monitor.probabilities import Functional
from headstart.record import Loss, Record

RULE = "softmax-before-cross-entropy"
X, Y = torch.randn(32, 6), torch.arange(32) % 3


def record(folder: Path, loss: Callable[[Tensor, Tensor], Tensor]) -> Record:
    return trained(folder, nn.Linear(6, 3), X, Y, loss)


DOUBLED: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "function": lambda z, y: F.cross_entropy(F.softmax(z, dim=1), y),
    "method": lambda z, y: F.cross_entropy(z.softmax(-1), y),
    "module": lambda z, y: nn.CrossEntropyLoss()(nn.Softmax(dim=1)(z), y),
    "pictures": lambda z, y: F.cross_entropy(z.softmax(1).view(32, 3, 1, 1), y.view(32, 1, 1)),
    "sequences": lambda z, y: F.cross_entropy(z.view(8, 4, 3).softmax(-1).transpose(1, 2), y.view(8, 4)),
    "one axis too many": lambda z, y: F.cross_entropy(z.unsqueeze(1).softmax(-1).squeeze(1), y),
    "probabilities as labels": lambda z, y: F.cross_entropy(z.softmax(1), F.one_hot(y, 3).float()),
}
SOUND: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "logits": F.cross_entropy,
    "log-softmax, twice": lambda z, y: F.cross_entropy(z.log_softmax(1), y),
    "sharpened": lambda z, y: F.cross_entropy(z.softmax(1) * 10, y),
    "nll": lambda z, y: F.nll_loss(z.log_softmax(1), y),
}


@pytest.mark.parametrize("form", DOUBLED)
def test_it_is_seen_however_it_is_written(form: str, tmp_path: Path) -> None:
    finding = told(record(tmp_path, DOUBLED[form]), RULE)
    assert finding.severity == "error"
    assert finding.line is not None
    assert "test_softmax_before_cross_entropy.py:" in finding.line


@pytest.mark.parametrize("form", SOUND)
def test_what_takes_logits_or_does_nothing_twice_is_sound(form: str, tmp_path: Path) -> None:
    assert said(record(tmp_path, SOUND[form]), RULE) == []


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_the_floor_is_the_least_loss_that_probabilities_can_reach(classes: int) -> None:
    loss = Loss("ce", "cross_entropy", "t.py:1", {"classes": classes}, trained=True, made_by="softmax")
    finding = told(run(chain(head()), losses=[(loss, 2.0)]), RULE)
    sure = F.one_hot(torch.zeros(1, dtype=torch.long), classes).double()
    least = F.cross_entropy(sure, torch.zeros(1, dtype=torch.long)).item()
    assert finding.evidence[0].value == pytest.approx(least) == pytest.approx(math.log(math.e + classes - 1) - 1)


def test_a_loss_that_no_backward_went_through_is_none() -> None:
    loss = Loss("ce", "cross_entropy", "t.py:1", made_by="softmax")
    assert said(run(chain(head()), losses=[(loss, 2.0)]), RULE) == []


AGAIN: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "a policy": lambda z, y: -Categorical(logits=z.softmax(-1)).log_prob(y).mean(),
    "log-softmax": lambda z, y: F.nll_loss(F.log_softmax(nn.Softmax(1)(z), 1), y),
    "by hand": lambda z, y: (p := z.softmax(1)).logsumexp(1).mean() - p.gather(1, y[:, None]).mean(),
}
ONCE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "logits": lambda z, y: -Categorical(logits=z).log_prob(y).mean(),
    "probabilities": lambda z, y: -Categorical(probs=z.softmax(-1)).log_prob(y).mean(),
    "another axis": lambda z, y: F.nll_loss(z.softmax(0).log_softmax(1), y),
    "a temperature": lambda z, y: F.nll_loss((z.softmax(1) / 0.1).log_softmax(1), y),
    "entropy": lambda z, y: F.cross_entropy(z, y) + (z.softmax(1) * z.log_softmax(1)).sum(1).mean(),
}


@pytest.mark.parametrize("form", AGAIN)
def test_a_likelihood_of_probabilities_is_seen_without_a_loss_function(form: str, tmp_path: Path) -> None:
    finding = told(record(tmp_path, AGAIN[form]), RULE)
    sure = F.one_hot(torch.tensor(0), 3).double().softmax(0).max()
    assert finding.evidence[0].value == pytest.approx(sure.item())


@pytest.mark.parametrize("form", ONCE)
def test_one_softmax_is_one(form: str, tmp_path: Path) -> None:
    assert said(record(tmp_path, ONCE[form]), RULE) == []


class Halves(torch.autograd.Function):
    """A softmax that no graph names."""

    @staticmethod
    def forward(ctx: object, z: Tensor) -> Tensor:
        return z.softmax(1)

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        return gradients[0]


BY_VALUE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "an operator of one's own": lambda z, y: F.cross_entropy(Halves.apply(z), y),
    "shares of squares": lambda z, y: F.cross_entropy(z**2 / (z**2).sum(1, keepdim=True), y),
    "half precision": lambda z, y: F.cross_entropy(Halves.apply(z).bfloat16(), y),
    "sequences": lambda z, y: F.cross_entropy(Halves.apply(z).view(8, 4, 3).movedim(2, 1), y.view(8, 4)),
}
NOT_BY_VALUE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "sums of two": lambda z, y: F.cross_entropy(Halves.apply(z) * 2, y),
    "one of them below 0": lambda z, y: F.cross_entropy(Halves.apply(z) + torch.tensor([-0.5, 0.25, 0.25]), y),
    "one sample of them": lambda z, y: F.cross_entropy(torch.cat([z[:-1], z[-1:].softmax(1)]), y),
    "a single class": lambda z, y: F.cross_entropy(Halves.apply(z)[:, :1], torch.zeros(32, dtype=torch.long)),
}


@pytest.mark.parametrize("form", BY_VALUE)
def test_probabilities_are_known_by_their_values(form: str, tmp_path: Path) -> None:
    finding = told(record(tmp_path, BY_VALUE[form]), RULE)
    assert finding.evidence[0].value == pytest.approx(math.log(math.e + 2) - 1)


@pytest.mark.parametrize("form", NOT_BY_VALUE)
def test_what_is_no_distribution_is_no_probability(form: str, tmp_path: Path) -> None:
    assert said(record(tmp_path, NOT_BY_VALUE[form]), RULE) == []


@pytest.mark.parametrize(
    ("steps", "odd", "fires"), [(7, None, False), (8, None, True), (20, 15, False), (9, 3, False)]
)
def test_all_of_eight_looks_or_more_must_be_so(steps: int, odd: int | None, fires: bool, tmp_path: Path) -> None:
    calls = iter(range(steps))

    def loss(z: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(Halves.apply(z) * (2 if next(calls) == odd else 1), y)

    assert bool(said(trained(tmp_path, nn.Linear(6, 3), X, Y, loss, steps=steps), RULE)) is fires


@pytest.mark.parametrize(("own", "steps", "fires"), [(True, 12, True), (False, 12, False), (True, 7, False)])
def test_inside_torch_func(own: bool, steps: int, fires: bool, tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(6, 3), nn.Softmax(1)) if own else nn.Sequential(nn.Linear(6, 3))
    weights = {name: parameter.detach() for name, parameter in net.named_parameters()}

    def loss(weights: dict[str, Tensor]) -> Tensor:
        return F.cross_entropy(functional_call(net, weights, (X,)), Y)

    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for _ in range(steps):
            gradients = grad(loss)(weights)
            weights = {name: weight - 0.1 * gradients[name] for name, weight in weights.items()}
    if fires:
        finding = told(watch.read(), RULE)
        assert finding.severity == "warning"
        assert finding.line is not None
    else:  # there is nothing to make a record of
        assert not (tmp_path / "run.db").exists()


def test_what_is_told_inside_torch_func_is_taken_back() -> None:
    functional = Functional()
    probabilities, logits = X[:, :3].softmax(1), X[:, :3]
    seen = [functional.looks("t.py:1", probabilities) for _ in range(9)]
    assert seen == [None] * 7 + [{"line": "t.py:1", "classes": 3}, None]
    assert [functional.looks("t.py:2", logits) for _ in range(16)] == [None] * 16
    seen = [functional.looks("t.py:1", logits) for _ in range(7)]  # the sixteenth call is looked at
    assert seen == [None] * 6 + [{}]


def test_a_run_without_a_softmax_is_fine() -> None:
    assert said(run(chain(head())), RULE) == []
