"""The plan of an initialisation: for each parameter what stands before it, the law, its std, and the signal it gives.

A plan costs two forward passes: one that shows where each weight stands, and one with the new weights, in which a layer
whose signal the law has missed by more than a factor of 2 is scaled on the spot. Where scales change nothing, a backward
pass of the second chooses them; and where that is only nearly so, a third forward pass tells what they have become.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from headstart.errors import HeadstartError
from headstart.prepare.balance import Factor, Shared, free_factors, projected
from headstart.prepare.choice import Choice, Chooser, Law, Options
from headstart.prepare.drawing import fill, fill_mimetic, generator_of, write
from headstart.prepare.fans import fans
from headstart.prepare.laws import in_words, normal
from headstart.prepare.output import prior_bias
from headstart.prepare.parts import Part, weights_of
from headstart.prepare.signals import Signals, Use, unchanged
from headstart.prepare.survey import Inputs, Loss, Survey, all_differentiable, read_batch, root_of, survey, to_device
from headstart.prepare.table import table

MISSED = 2.0  # factor between a layer's std and its aim from which the batch overrules the law
OPEN_STD = 0.01  # of an output layer of zeros, which lets no gradient pass, while gradients are measured
GROWTH = 4.0  # at most: what a pool or attention has averaged away is noise, and is not to be blown up


@dataclass(frozen=True)
class Row:
    """One parameter of the plan. Stds are taken over batch and units; None where nothing was measured."""

    name: str
    shape: tuple[int, ...]
    kind: str
    source: str  # what its input comes from: "relu", "layer_norm", "input", ...
    activation: str | None  # that its output meets
    found: str  # the law that it held, in words
    choice: Choice
    before: float | None = None  # std of its pre-activation with the weights as they were
    after: float | None = None  # and with the new ones
    factor: float | None = None  # by which the batch overruled the law
    balance: float | None = None  # by which the gradient chose a scale that norms leave free


@dataclass(frozen=True)
class Plan:
    """Rows in the order in which the layers run. Print it to see it."""

    rows: tuple[Row, ...]

    def __str__(self) -> str:
        return table(self.rows)

    def __getitem__(self, name: str) -> Row:
        """The row of one parameter, by name; HeadstartError if there is none."""
        for row in self.rows:
            if row.name == name:
                return row
        raise HeadstartError(f"the plan has no parameter {name!r}", "use a name from model.named_parameters()")


def plan(
    model: nn.Module,
    batch: Any,
    loss: Loss | None = None,
    *,
    targets: Any = None,
    law: Law = None,
    keep: Sequence[str] = (),
    trained: bool = False,
    frozen: bool = False,
    residual: str = "scale",
    balance: bool = True,
    seed: int = 0,
) -> Plan:
    """What `hs.initialize` would do to `model`, without doing it.

    `batch` is what the model takes: a tensor, a tuple of arguments, a dict of keyword arguments, or (inputs, labels) as
    a DataLoader gives them. `loss(output, targets)` helps to recognise the output. See `initialize` for the options.
    Parameters, buffers, gradients, training flags and random number states are the same afterwards.
    Raises HeadstartError if the model cannot be run on the batch, and for unknown laws.

    Example:
        >>> print(hs.plan(model, images))
        layer  shape   fan in/out  follows → meets  law             std     signal before → after  why
        1      64×784  784/64      input → relu     lecun_normal    ...
        3      10×64   64/10       relu → output    kaiming_normal  ...
        ...
    """
    options = Options(law, keep, trained, frozen, residual, balance)
    model = getattr(model, "_orig_mod", model)  # torch.compile's wrapper hides the operators
    inputs = ready(model, batch, targets)
    with unchanged(model):
        return carry_out(model, inputs, loss, options, seed)


def ready(model: nn.Module, batch: Any, targets: Any) -> Inputs:
    """The batch on the model's device; HeadstartError for a model without values."""
    first = next(model.parameters(), None)
    if first is None:
        raise HeadstartError(f"{type(model).__name__} has no parameters", "pass a model with layers to initialise")
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if is_lazy(tensor):
            raise HeadstartError(
                f"{name} has no shape yet: its module is lazy", "run the model once on the batch first"
            )
        if tensor.is_meta:
            raise HeadstartError(
                f"{name} is on the meta device: it has no values to run", "use hs.initialize, it makes them"
            )
    return to_device(read_batch(model, batch, targets), first.device)


def carry_out(model: nn.Module, inputs: Inputs, loss: Loss | None, options: Options, seed: int) -> Plan:
    """Initialises `model` in place and tells how. Inside `unchanged`, it was only a plan."""
    with unchanged(model, parameters=False):
        torch.manual_seed(seed)  # for dropout
        seen = survey(model, inputs, loss)
    decided, losses = _decide(seen, options), seen.losses
    shared = _shared(seen, decided)
    del seen  # and with it the graph: the second pass makes its own
    for part, row in decided:
        fill(part, row.choice, seed)
    if options.law == "mimetic":
        mimetic = fill_mimetic([part for part, row in decided if row.choice.law != "keep"], seed)
        decided = [(part, _as_mimetic(row) if part.name in mimetic else row) for part, row in decided]
    with unchanged(model, parameters=False):
        torch.manual_seed(seed)
        model.train()  # as the survey ran it: a norm in eval mode would pass on what it should set right
        rows = _measured(model, inputs, decided, shared, loss, seed)
    if isinstance(inputs.targets, Tensor):
        rows = [_with_prior(part, row, losses, inputs.targets) for (part, _), row in zip(decided, rows, strict=True)]
    return Plan(tuple(rows))


def _decide(seen: Survey, options: Options) -> list[tuple[Part, Row]]:
    """A row for each parameter, in the order in which they are used."""
    chooser = Chooser(seen.parts, options, seen.places.branches, seen.places.zeroable)
    first_use = {
        part.module: seen.uses[id(part.parameter)].order for part in seen.parts if id(part.parameter) in seen.uses
    }
    ordered = sorted(seen.parts, key=lambda part: first_use.get(part.module, math.inf))
    return [(part, _row(part, chooser, seen)) for part in ordered]


def _row(part: Part, chooser: Chooser, seen: Survey) -> Row:
    place, use = seen.places.of(part.parameter), seen.uses.get(id(part.parameter))
    choice = chooser.choose(part, place, use)
    shape = tuple(part.parameter.shape)
    words = in_words(part.parameter, choice.fans or fans(part.parameter, part.module)) if len(shape) > 1 else ""
    return Row(
        part.name, shape, part.kind, place.source.name, place.activation, words, choice, use.std if use else None
    )


def _shared(seen: Survey, decided: Sequence[tuple[Part, Row]]) -> list[Shared]:
    """Weights that alone feed the end of a branch, which was made small for the sum's sake; the last ones first."""
    places = {id(part.parameter): seen.places.of(part.parameter) for part, _ in decided}
    rows = {id(part.parameter): row for part, row in decided if row.choice.scalable and row.kind == "weight"}
    ends = {key for key, row in rows.items() if places[key].ends_branch and (row.choice.aim or 1.0) < 1.0}
    shared = []
    for first, row in reversed(rows.items()):
        second, through = places[first].into, places[first].through
        if second in ends and through is not None and not row.choice.divided:
            shared.append(Shared(row.name, rows[second].name, through))
            ends.add(first)  # what feeds it shares, too
    return shared


def _measured(
    model: nn.Module,
    inputs: Inputs,
    decided: Sequence[tuple[Part, Row]],
    shared: Sequence[Shared],
    loss: Loss | None,
    seed: int,
) -> list[Row]:
    """One pass with the new weights, which corrects them as it goes; and its backward, where it has a scale to choose."""
    choices = {id(part.parameter): row.choice for part, row in decided}
    found = [part for part, _ in decided]
    divided = {row.name: row.choice.divided for _, row in decided if row.choice.divided}
    factors: dict[int, float] = {}

    def correct(weight: Tensor, std: float) -> float | None:
        factor = _correction(choices[id(weight)], std)
        if factor is not None:
            factors[id(weight)] = factor
        return factor

    def measured() -> tuple[Any, list[Row]]:
        with Signals(model, list(weights_of(found)), correct) as signals:
            output = inputs.run(model)
        return output, [
            _with_signal(row, signals.uses.get(id(part.parameter)), factors.get(id(part.parameter)))
            for part, row in decided
        ]

    if not (divided or shared):
        with torch.no_grad():
            return measured()[1]
    closed = [part for part, row in decided if row.choice.output and part.kind == "weight" and _is_zero(part)]
    for part in closed:  # for as long as the gradients are asked for
        write(part, normal(tuple(part.parameter.shape), OPEN_STD, generator_of(part.name, seed)))
    with torch.enable_grad(), all_differentiable(model):
        output, rows = measured()
        root, outputs = root_of(output, loss, inputs.targets)
        root = projected(outputs, seed) if loss is None else root
        stds = {row.name: row.after for row in rows if row.after is not None}
        chosen = free_factors(found, stds, divided, shared, root)
    del output, root, outputs
    for part in closed:
        write(part, torch.zeros_like(part.parameter))
    shut = {part.name for part in closed}
    rows = [replace(row, after=0.0) if row.name in shut and row.after is not None else row for row in rows]
    return _rescaled(model, inputs, found, rows, chosen, seed)


def _is_zero(part: Part) -> bool:
    return not bool(part.parameter.detach().any())


def _rescaled(
    model: nn.Module,
    inputs: Inputs,
    found: Sequence[Part],
    rows: Sequence[Row],
    chosen: Mapping[str, Factor],
    seed: int,
) -> list[Row]:
    """The weights times their factors; a pass tells the signal, but where norms divide the factors out."""
    for part in found:
        if part.name in chosen:
            write(part, chosen[part.name].times(part.parameter))
    rows = [replace(row, balance=chosen[row.name].by if row.name in chosen else None) for row in rows]
    if all(row.choice.divided for row in rows if row.balance):
        return [
            replace(row, after=row.after * row.balance)
            if row.balance and row.after is not None and row.choice.divided != "weight"
            else row
            for row in rows
        ]
    torch.manual_seed(seed)
    with torch.no_grad(), Signals(model, list(weights_of(list(found)))) as signals:
        inputs.run(model)
    uses = [signals.uses.get(id(part.parameter)) for part in found]
    return [replace(row, after=use.std if use else row.after) for row, use in zip(rows, uses, strict=True)]


def _correction(choice: Choice, std: float) -> float | None:
    if choice.aim is None or not 0 < std < math.inf:
        return None
    factor = choice.aim / std if choice.exactly else min(choice.aim / std, GROWTH)
    if choice.shrink_only and factor >= 1 / MISSED:
        return None
    return factor if choice.exactly or not 1 / MISSED <= factor <= MISSED else None


def _with_signal(row: Row, use: Use | None, factor: float | None) -> Row:
    return replace(row, after=use.std if use else None, factor=factor)


def _as_mimetic(row: Row) -> Row:
    why = "query·key near the identity, value·projection near its negative (arXiv 2305.09828)"
    return replace(row, choice=replace(row.choice, law="mimetic", why=why, aim=None))


def _with_prior(part: Part, row: Row, losses: tuple[str, ...], targets: Tensor) -> Row:
    if not (row.choice.output and part.kind == "bias" and row.choice.law == "zeros"):
        return row
    values, why = prior_bias(targets, part.parameter.numel(), losses)
    write(part, values)
    return replace(row, choice=replace(row.choice, law="prior", why=why))
