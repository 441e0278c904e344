"""The learning-rate range test: a short training of copies while the rate grows, and what rate it suggests."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from headstart.errors import HeadstartError
from headstart.train.copies import apart, check_source, copied, endless, plain, seed_generators
from headstart.train.evaluate import LossFunction
from headstart.train.optimizers import OptimizerChoice, optimizer_of
from headstart.train.range_test import RangeTest, is_far_above

STOP_AFTER = 3  # losses in a row that are far above the start: one alone may be an odd batch


def lr_find(
    model: nn.Module,
    batches: Iterable[Any],
    loss: LossFunction | None = None,
    *,
    optimizer: OptimizerChoice = "adamw",
    weight_decay: float = 1e-4,
    clip: float | None = None,
    low: float = 1e-6,
    high: float = 10.0,
    steps: int = 100,
    burn_in: int = 10,
    seeds: int = 3,
) -> RangeTest:
    """Trains copies of `model` while the learning rate grows from `low` to `high`, and suggests a rate, or says why not.

    The model, the optimizer, the data's position, gradients, buffers, modes and all random numbers stay as they are, bit
    for bit, and a watch of the run sees nothing of it. Each seed has a copy of its own, other batches (where they are
    shuffled) and other dropout; the weights are the same. Costs `seeds` · (`burn_in` + `steps`) training steps at most.
    Each rank of several tests by itself: call it on one, and broadcast the suggestion. What a hook of the model or the
    data set itself keeps is out of reach.

    Args:
        model: as it will be trained. A model in evaluation mode is tested in training mode; one in training mode keeps
            the modes of its parts, such as a frozen batch norm's. The running statistics that move are the copy's.
        batches: `hs.Batches`, a DataLoader, or a list of batches (x, y); they go around as often as needed.
        loss: a function (output, y) that gives the batch's mean; cross-entropy if left out.
        optimizer: "adamw", "adam", "sgd" (momentum 0.9, Nesterov); a torch optimizer of the model's parameters, which is
            copied with its state, and whose groups keep the ratios of their rates; or a function of (parameter groups,
            lr=...). The suggestion is for this optimizer and this batch size.
        weight_decay: as in `hs.fit`; an existing optimizer keeps its own.
        clip: the largest 2-norm of all gradients together, as in `hs.fit`.
        low, high: the smallest and the largest rate. Each step's is the last one's times the same factor.
        steps: of the sweep. More steps show more and cost more: from 1e-6 to 10, 100 of them are 14 for each factor of 10.
        burn_in: steps at the rate `low` before the sweep, which measure the loss at the start and how much it differs
            between batches, and let the optimizer's averages fill.
        seeds: copies that are trained.

    Returns:
        A `RangeTest`: print it; `.suggestion` is a rate, or None where `.refusal` says why; `.plot()` draws it.

    Raises:
        HeadstartError: an argument is out of its range, the data can be read only once or holds no pairs (x, y), the
            model cannot be copied, or the loss has no gradient.

    Source: Smith 2017, Cyclical Learning Rates (arXiv 1506.01186), §3.3: the "LR range test" raises the rate through a
    short run; the rate where the accuracy starts to rise and the one where it "slows, becomes ragged, or starts to fall"
    bound the useful ones. It raises the rate linearly and over some epochs. The exponential grid over some hundred steps,
    and both ways of choosing one rate, are fast.ai's (`fastai.callback.schedule`): `steep`, where the loss falls fastest
    by log(rate), and `minimum`, "one-tenth the minimum before divergence". `RangeTest` says which of them is suggested.

    Example:
        >>> found = hs.lr_find(model, loader, optimizer="sgd")
        >>> print(found)
        learning-rate range test · sgd · 3 seeds · 1e-6 to 10
          ...
          start          loss ... between batches
          falls from     ...
          steepest       ...
          suggestion     ...
          lowest loss    ...
          breaks down    ...
        >>> history = hs.fit(model, loader, optimizer="sgd", lr=found.suggestion, progress=False)
    """
    _check(low, high, steps, burn_in, seeds)
    check_source(batches)
    model, loss = plain(model), loss or nn.CrossEntropyLoss()
    factor = (high / low) ** (1 / (steps - 1))
    lrs = [low * factor**step for step in range(steps)]
    starts, losses = [], []
    with apart(model, batches):
        for number in range(seeds):
            seed_generators(number, model)
            own, made, measure = _copy(model, optimizer, loss, low, weight_decay)
            pairs = endless(batches, own, number)
            start, after = _sweep(own, made, measure, pairs, [low] * burn_in, lrs, clip)
            starts.append(tuple(start))
            losses.append(tuple(after))
    return RangeTest(tuple(lrs), tuple(losses), tuple(starts), _name(optimizer))


def _sweep(
    model: nn.Module,
    optimizer: Optimizer,
    loss: LossFunction,
    pairs: Iterator[tuple[Any, Tensor]],
    burn_in: list[float],
    lrs: list[float],
    clip: float | None,
) -> tuple[list[float], list[float]]:
    """The losses before the sweep, and after the step at each of `lrs`, up to where training broke down.

    What a step did shows in the next batch's loss.
    """
    seen: list[float] = []
    ratios = _ratios(optimizer)
    for lr in [*burn_in, *lrs]:
        value = _loss(model, loss, *next(pairs))
        seen.append(value.item())
        if _broken(seen, len(burn_in)):
            break
        _set_rate(optimizer, lr, ratios)
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        if clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
    else:
        with torch.no_grad():
            seen.append(_loss(model, loss, *next(pairs), gradient=False).item())
    return seen[: len(burn_in) + 1], seen[len(burn_in) + 1 :]


def _broken(seen: list[float], burn_in: int) -> bool:
    """Whether the loss is not finite, or has been far above where it began for some steps."""
    if not math.isfinite(seen[-1]):
        return True
    start, after = seen[: burn_in + 1], seen[burn_in + 1 :]
    return len(after) >= STOP_AFTER and all(is_far_above(value, start, after) for value in after[-STOP_AFTER:])


def _loss(model: nn.Module, loss: LossFunction, x: Any, y: Tensor, *, gradient: bool = True) -> Tensor:
    value = loss(model(x), y)
    if not isinstance(value, Tensor) or value.ndim or (gradient and not value.requires_grad):
        given = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise HeadstartError(
            f"The loss gives {given}"
            + (" without a gradient" if isinstance(value, Tensor) and not value.ndim else ""),
            "Give a loss of (output, y) whose value is the batch's mean, computed from the model's output",
        )
    return value


def _copy(
    model: nn.Module, optimizer: OptimizerChoice, loss: LossFunction, lr: float, weight_decay: float
) -> tuple[nn.Module, Optimizer, LossFunction]:
    """Of the model, a loss with state of its own, and the optimizer: theirs refer to each other as the originals do."""
    made: Optimizer
    if isinstance(optimizer, Optimizer):
        optimizer_of(optimizer, model, lr, weight_decay)  # complains about one of another model
        own, loss, made = copied(model, loss, optimizer)
    else:
        own, loss = copied(model, loss)
        made = optimizer_of(optimizer, own, lr, weight_decay)
    if isinstance(made, torch.optim.LBFGS):
        raise HeadstartError("LBFGS searches for its step by itself", "Use its lr of 1, or test another optimizer")
    if not own.training:
        own.train()
    return own, made, loss


def _ratios(optimizer: Optimizer) -> list[float]:
    """Of each group's rate to the first one's; 1 where a schedule has taken the rate to 0."""
    rates = [float(group["lr"]) for group in optimizer.param_groups]
    return [rate / rates[0] if rates[0] and rate else 1.0 for rate in rates]


def _set_rate(optimizer: Optimizer, lr: float, ratios: list[float]) -> None:
    for group, ratio in zip(optimizer.param_groups, ratios, strict=True):
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(lr * ratio)
        else:
            group["lr"] = lr * ratio


def _name(optimizer: OptimizerChoice) -> str:
    if isinstance(optimizer, str):
        return optimizer
    kind = type(optimizer) if isinstance(optimizer, Optimizer) else optimizer
    return getattr(kind, "__name__", type(kind).__name__)


def _check(low: float, high: float, steps: int, burn_in: int, seeds: int) -> None:
    if not 0 < low < high < math.inf:
        raise HeadstartError(f"low is {low!r} and high {high!r}", "Give 0 < low < high, such as 1e-6 and 10")
    if steps < 20:
        raise HeadstartError(f"steps is {steps!r}", "Give 20 or more; 100 is a sound start")
    if burn_in < 2:
        raise HeadstartError(f"burn_in is {burn_in!r}", "Give 2 or more: they show how much batches differ")
    if seeds < 1:
        raise HeadstartError(f"seeds is {seeds!r}", "Give 1 or more; 3 show how far chance goes")
