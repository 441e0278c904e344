"""A model's mean loss and accuracy on data, in evaluation mode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from headstart.train.history import Score
from headstart.train.meter import Meter

LossFunction = Callable[[Any, Any], Tensor]


def evaluate(model: nn.Module, data: Iterable[tuple[Any, Tensor]], loss: LossFunction | None = None) -> Score:
    """The mean over samples of loss (default: cross-entropy) and accuracy.

    `data` gives batches (x, y) on the model's device, such as hs.Batches or a DataLoader. No gradients; every
    module is in evaluation mode for it and in its own mode after it.

    Example:
        >>> print(hs.evaluate(model, loader))
        loss 2...  accuracy ...%
    """
    first = next(model.parameters(), None)
    meter = Meter(first.device if first is not None else torch.device("cpu"))
    accumulate(meter, model, model, data, loss or nn.CrossEntropyLoss())
    return meter.read()


def accumulate(
    meter: Meter,
    model: nn.Module,
    forward: Callable[[Any], Any],
    data: Iterable[tuple[Any, Tensor]],
    loss: LossFunction,
) -> None:
    with _evaluation_mode(model), torch.no_grad():
        for x, y in data:
            output = forward(x)
            meter.add(loss(output, y), output, y)


@contextmanager
def _evaluation_mode(model: nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
