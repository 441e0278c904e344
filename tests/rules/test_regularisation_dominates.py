"""regularisation-dominates: decay against gradient, and what is left of the weights."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from loops import loss_of, net, train, watched
from records import COIN, SGD, Figure, chain, head, linear, run, said, told

from headstart.diagnosis.rules.regularisation_dominates import (
    FADED,
    FOLDS,
    FORGETS,
    GONE,
    LEFT,
    LITTLE,
    MEANT,
    NAT,
    PAID,
    PART,
    PULL,
    SHARE,
    TERMS,
)
from headstart.record import Record

RULE = "regularisation-dominates"
DECAY, RATE = 0.5, 0.1


def decayed(
    left: float = LEFT / 2,
    pull: float = 2 * PULL,
    share: float = 1.0,
    kind: str = "SGD",
    skill: float | None = 0.0,
    decay: float | None = DECAY,
) -> Record:
    """Two layers whose weights shrink evenly from 1 to `left`, with the gradients and updates that are asked for."""
    figures = {}
    for name in ("body", "head"):
        weight = f"{name}.weight"
        for figure, factor in (("weight", 1.0), ("weight_gradient", DECAY / pull), ("update", RATE * DECAY / share)):
            figures[weight, f"{figure}.mean"] = 0.0
            figures[weight, f"{figure}.std"] = lambda step, factor=factor: factor * left ** (step / 59)
    record = run(chain(linear("body"), head()), figures, skill=skill, optimizers=(replace(SGD, kind=kind),))
    record.parameters = tuple(replace(p, weight_decay=decay, lr=RATE) for p in record.parameters)
    return record


@pytest.mark.parametrize(
    ("record", "fires"),
    [
        (decayed(), True),
        (decayed(left=LEFT * 1.01), False),
        (decayed(pull=PULL * 0.99), False),
        (decayed(pull=PULL * 1.01), True),
        (decayed(kind="AdamW", share=SHARE * 1.01, pull=0.1), True),
        (decayed(kind="AdamW", share=SHARE * 0.99), False),
        (decayed(decay=0.0), False),
        (decayed(decay=None), False),
        (decayed(skill=0.9), False),
    ],
)
def test_both_sides_of_each_limit(record: Record, fires: bool) -> None:
    assert [finding.severity for finding in said(record, RULE)] == ["error"] * fires


@pytest.mark.parametrize(("left", "found"), [(0.9 * GONE, ["advice"]), (1.1 * GONE, [])])
def test_of_weights_that_are_gone_the_forces_are_not_compared(left: float, found: list[str]) -> None:
    """As under Adam, which makes a small gradient and a small pull of decay alike."""
    assert [one.severity for one in said(decayed(left, pull=0.5, skill=0.06), RULE)] == found


def test_a_matrix_that_keeps_its_size_is_enough() -> None:
    record = decayed()
    record.parameters = tuple(
        replace(p, weight_decay=0.0 if p.name == "body.weight" else p.weight_decay) for p in record.parameters
    )
    assert told(record, RULE).layers == ("head",)
    mixed = decayed()
    mixed._streams = {key: place for key, place in mixed._streams.items() if key != ("body.weight", "weight")}  # type: ignore[assignment]
    assert not said(mixed, RULE)


@pytest.mark.parametrize("skill", [0.0, 0.9])
def test_one_matrix_of_which_nothing_is_left_is_advised_of(skill: float) -> None:
    record = decayed(0.9 * GONE, pull=0.5, skill=skill)
    record._streams = {key: place for key, place in record._streams.items() if key != ("body.weight", "weight")}  # type: ignore[assignment]
    finding = told(record, RULE)
    assert (finding.severity, finding.layers) == ("advice", ("head",))
    assert "1 of 2 weight matrices" in finding.message


@pytest.mark.parametrize(("decay", "fires"), [(1.0, True), (1e-4, False)])
def test_sgd_without_a_use_for_its_weights_takes_them_to_zero(tmp_path: Path, decay: float, fires: bool) -> None:
    """Where the loss does not pull, 90 steps leave (1 - lr * decay)^90 of a weight."""
    record = watched(
        tmp_path, net(), lambda m: train(m, torch.optim.SGD(m.parameters(), lr=0.1, weight_decay=decay), 90)
    )
    findings = said(record, RULE)
    assert bool(findings) is fires
    if fires:
        assert findings[0].evidence[0].value < 3 * 0.9**89


def penalised(
    left: float = LEFT / 2,
    price: float = 2.0,
    skill: float = 0.0,
    *,
    others: int = 0,
    penalty: bool = True,
    body: float | None = None,
) -> Record:
    """Two layers whose weights shrink to `left`, the first to `body`, under a penalty that costs `price` times ln 2 at
    first, then less."""
    figures: dict[tuple[str, str], Figure] = {}
    for name in ("body", "head"):
        for figure in ("weight.mean", "weight_gradient.mean", "update.mean"):
            figures[f"{name}.weight", figure] = 0.0
        share = body if name == "body" and body is not None else left
        figures[f"{name}.weight", "weight.std"] = lambda step, share=share: share ** (step / 59)  # type: ignore[misc]
        for figure in ("weight_gradient", "update"):
            figures[f"{name}.weight", f"{figure}.std"] = 0.01
    record = run(
        chain(linear("body"), head()),
        figures,
        skill=skill,
        losses=[(replace(COIN, name=f"another-{i}"), 0.7) for i in range(others)],
        loss=lambda step: (1 - skill) * math.log(2) + price * math.log(2) * left ** (2 * step / 59),
    )
    record.parameters = tuple(replace(p, penalised=penalty and len(p.shape) > 1) for p in record.parameters)
    return record


@pytest.mark.parametrize(
    ("record", "fires"),
    [
        (penalised(), True),
        (penalised(left=LEFT * 1.01), False),
        (penalised(left=0.9, body=GONE * 0.99), True),
        (penalised(left=0.9, body=GONE * 1.01), False),
        (penalised(left=0.9, body=GONE * 0.99, price=0.99), False),
        (penalised(price=1.01), True),
        (penalised(price=0.99), False),
        (penalised(others=1), False),
        (penalised(penalty=False), False),
        (penalised(skill=0.9), False),
    ],
)
def test_both_sides_of_each_limit_of_a_penalty(record: Record, fires: bool) -> None:
    assert [finding.severity for finding in said(record, RULE)] == ["error"] * fires


@pytest.mark.parametrize(("strength", "fires"), [(1.0, True), (1e-3, False)])
def test_a_penalty_in_the_loss_is_priced(tmp_path: Path, strength: float, fires: bool) -> None:
    """What it costs is what it comes to before the first step: the rest of the loss is known."""

    def penalty(model: torch.nn.Module) -> torch.Tensor:
        return strength * sum(p.pow(2).sum() for p in model.parameters() if p.ndim > 1)

    model = net()
    expected = penalty(model).item()
    record = watched(
        tmp_path,
        model,
        lambda m: train(m, torch.optim.SGD(m.parameters(), lr=0.05), 90, lambda m: loss_of(m) + penalty(m)),
    )
    assert {p.name: p.penalised for p in record.parameters} == {
        name: p.ndim > 1 for name, p in model.named_parameters()
    }
    findings = said(record, RULE)
    assert bool(findings) is fires
    if fires:
        assert findings[0].evidence[1].value == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("changed", "fires"),
    [
        ({}, True),
        ({"kind": "RAdam"}, True),
        ({"kind": "AdamW", "decay": 0.9 * FORGETS / RATE}, False),
        ({"kind": "SGD"}, False),
        ({"left": FADED * 1.01}, False),
        ({"left": FADED * 0.99}, True),
        ({"pull": PART * 1.01}, True),
        ({"pull": PART * 0.99}, False),
        ({"skill": LITTLE * 1.01}, False),
        ({"skill": LITTLE * 0.99}, True),
        ({"decay": MEANT * 0.99, "pull": 0.5 * MEANT / DECAY}, False),
    ],
)
def test_adam_makes_whole_steps_of_decay(changed: dict[str, float | str], fires: bool) -> None:
    asked = {"left": 0.2, "pull": 0.5, "kind": "Adam", "skill": 0.3, "share": 0.3, **changed}
    found = said(decayed(**asked), RULE)  # type: ignore[arg-type]
    assert [one.severity for one in found] == ["advice"] * fires
    if fires:
        assert found[0].remedy is not None
        assert "torch.optim.AdamW(" in found[0].remedy.code


def test_adam_may_keep_its_decay_apart() -> None:
    record = decayed(left=0.2, pull=5.0, kind="Adam", skill=0.3, share=0.3, decay=0.9 * FORGETS / RATE)
    assert told(record, RULE).severity == "advice"
    apart = {"decoupled_weight_decay": True}
    record.optimizers = tuple(replace(one, options={**one.options, **apart}) for one in record.optimizers)
    assert said(record, RULE) == []


def coded(price: float = 1.0, left: float = 0.1, skill: float = 0.0) -> Record:
    """A VAE whose whole loss ends at `left`, and in which each nat of its codes costs `price`."""
    figures = {("", "loss.nat"): price}
    for name in ("body", "head"):
        figures |= {(f"{name}.weight", f"{figure}.std"): 0.1 for figure in ("weight", "weight_gradient", "update")}
    return run(chain(linear("body"), head()), figures, skill=skill, loss=left)


@pytest.mark.parametrize(
    ("record", "fires"),
    [
        (coded(), True),
        (coded(price=1.01 * NAT * 0.1), True),
        (coded(price=0.99 * NAT * 0.1), False),
        (coded(skill=0.3), False),
        (coded(left=0.0), False),
    ],
)
def test_codes_that_cost_more_than_all_there_is_to_explain(record: Record, fires: bool) -> None:
    found = said(record, RULE)
    assert [finding.severity for finding in found] == ["error"] * fires
    if fires:
        assert "reduction='sum'" in found[0].remedy.code


class Coder(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = torch.nn.Linear(30, 4)
        self.decoder = torch.nn.Linear(2, 30)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        mu, logvar = self.encoder(x).chunk(2, 1)
        return self.decoder(mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)), mu, logvar


@pytest.mark.parametrize(("reduction", "fires"), [("mean", True), ("sum", False)])
def test_a_mean_over_the_values_beside_a_sum_over_the_codes(tmp_path: Path, reduction: str, fires: bool) -> None:
    torch.manual_seed(0)
    x = torch.randn(256, 2) @ torch.randn(2, 30)

    def loss(model: torch.nn.Module) -> torch.Tensor:
        output, mu, logvar = model(x)
        reconstruction = torch.nn.functional.mse_loss(output, x, reduction=reduction) / (1 if fires else len(x))
        scale = 0.1 if fires else 1.0
        return scale * reconstruction - 0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1).mean()

    model = Coder()
    record = watched(tmp_path, model, lambda m: train(m, torch.optim.Adam(m.parameters(), lr=0.02), 240, loss))
    assert record.series("", "loss.nat").last == pytest.approx(1.0)
    assert bool(said(record, RULE)) is fires


@pytest.mark.parametrize(
    ("given", "fires"),
    [
        ({}, True),
        ({"decay": 0.99 * FORGETS / RATE}, False),
        ({"skill": 1.01 * LITTLE}, False),
        ({"left": 1.01}, False),
        ({"kind": "Adam"}, False),
        ({"kind": "SGD"}, False),
    ],
)
def test_decay_that_takes_a_hundredth_at_each_step_is_advice_where_little_is_learnt(
    given: dict[str, float | str], fires: bool
) -> None:
    facts = {"kind": "AdamW", "skill": 0.3, "left": 0.5, "decay": 1.01 * FORGETS / RATE, "pull": 100.0} | given
    found = said(decayed(**facts), RULE)  # type: ignore[arg-type]
    assert [one.severity for one in found] == ["advice"] * fires
    assert not fires or "70 steps later" in found[0].message or "69 steps later" in found[0].message


def in_balance(
    price: float = 1.01 * PAID,
    skill: float = 0.3,
    left: float = 0.5,
    folds: float = 1.01 * FOLDS,
    terms: float = 0.0,
    norm: str | None = None,
    **options: float,
) -> Record:
    """Two layers whose decay costs `price` of what has been learnt, after `folds` of its time constants."""
    constant = math.log(2)
    decay = folds / (RATE * 60) * (1 - options.get("momentum", 0.0))
    size = math.sqrt(price * skill * constant / (decay / 2 * (64 * 64 + 2 * 64)))
    figures: dict[tuple[str, str], Figure] = {}
    for name in ("body", "head"):
        for figure in ("weight.mean", "weight_gradient.mean", "update.mean"):
            figures[f"{name}.weight", figure] = 0.0
        for figure in ("weight_gradient.std", "update.std"):
            figures[f"{name}.weight", figure] = 1.0
        figures[f"{name}.weight", "weight.std"] = lambda step: size * left ** (step / 59 - 1)
    made = replace(SGD, options={"lr": RATE, **options})
    layers = chain(linear("body", norm=norm), head())
    record = run(layers, figures, skill=skill, loss=constant * (1 - skill + terms), optimizers=(made,))
    record.parameters = tuple(replace(p, weight_decay=decay, lr=RATE) for p in record.parameters)
    return record


@pytest.mark.parametrize(
    ("given", "fires"),
    [
        ({}, True),
        ({"price": 0.99 * PAID}, False),
        ({"skill": 1.01 * LITTLE}, False),
        ({"left": 1.01}, False),
        ({"folds": 0.99 * FOLDS}, False),
        ({"momentum": 0.9}, True),
        ({"momentum": 0.9, "dampening": 0.9}, False),
        ({"terms": 0.9 * TERMS}, True),
        ({"terms": 1.1 * TERMS}, False),
        ({"norm": "batch_norm"}, False),
    ],
)
def test_what_decay_costs_where_it_is_in_balance(given: dict[str, float | str], fires: bool) -> None:
    found = said(in_balance(**given), RULE)  # type: ignore[arg-type]
    assert [one.severity for one in found] == ["advice"] * fires
    if fires:
        assert found[0].evidence[0].value == pytest.approx(found[0].evidence[0].limit * 1.01)


@pytest.mark.parametrize(("strength", "fires"), [(0.9, False), (1.1, True)])
def test_a_linear_layer_pays_a_third_where_its_answers_are_halved(
    tmp_path: Path, strength: float, fires: bool
) -> None:
    """Of a squared error the second derivative is 2: as much decay halves the answers."""
    torch.manual_seed(0)
    x, _ = torch.linalg.qr(torch.randn(4000, 8))
    x = x * math.sqrt(4000)
    y = x[:, :4].sum(1, keepdim=True)
    noise = torch.randn_like(y)
    y = y + 2 * (noise - x @ (x.T @ noise) / 4000)
    model = torch.nn.Linear(8, 1, bias=False)
    torch.nn.init.constant_(model.weight, 1.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=2 * strength)
    loop = lambda m: train(m, optimizer, 90, lambda m: torch.nn.functional.mse_loss(m(x), y))  # noqa: E731
    record = watched(tmp_path, model, loop)
    assert bool(said(record, RULE)) is fires
