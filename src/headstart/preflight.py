"""Before any training: one batch forward and backward, and the questions that can be answered from it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Module
from torch.optim import Optimizer
from torch.utils._pytree import tree_leaves

from headstart.diagnosis import diagnose
from headstart.diagnosis.ledger import STEPS
from headstart.diagnosis.rules import Rule, by_default, catalogue, find
from headstart.diagnosis.text import Language
from headstart.errors import HeadstartError
from headstart.findings import CHECKED, Diagnosis
from headstart.monitor import attach
from headstart.monitor.observer import Observer
from headstart.prepare.survey import Inputs, read_batch
from headstart.record import Record, read_record

Loss = Callable[..., Tensor]

# What shows at the first batch. Loops, optimizers and symptoms show in the steps that follow, but for these.
LOOKS = STEPS  # at the same batch; rules of the parameter ledger want as many
GROUPS = ("loss", "data", "init", "norm", "signal")
OF_THE_GRAPH = ("parameters-without-gradient", "gradient-detached", "zero-derivative-op")
OF_THE_OPTIMIZER = ("parameters-not-in-optimizer", "optimizer-holds-stale-parameters", "decay-on-norm-and-bias")
OF_SEVERAL_BATCHES = (
    *("data-not-shuffled", "evaluated-in-training-mode", "batchnorm-stale-statistics"),
    *("same-batch-every-step", "same-order-every-epoch", "samples-repeated", "validation-leaks"),
)


@dataclass(frozen=True)
class Look:
    """What one batch showed."""

    diagnosis: Diagnosis
    record: Record


def check(
    model: Module,
    batch: Any,
    loss: Loss | None = None,
    optimizer: Optimizer | None = None,
    *,
    language: Language = "en",
    extend_select: Sequence[str] = (),
) -> Diagnosis:
    """Asks, before any training, what one batch forward and backward can tell.

    The model is left as it was: no weight moves, and gradients, buffers, modes and random numbers are put back. What is
    off by its size alone (weights, inputs) is advice here, for only a run shows whether it hurts.

    Args:
        model: in the mode in which it is going to be trained; on any device.
        batch: `(inputs, targets)`, as a DataLoader gives it; a dict of keyword arguments; or what `model` takes.
        loss: `loss(output, targets)`, or `loss(output)` where there are no targets. By default what the batch suggests:
            cross-entropy for integer targets, mean squared error for others, or the loss that the model itself returns.
        optimizer: the one that will train the model; given, its parameters are compared with the model's.
        language: of the texts, "en" or "zh".
        extend_select: names of rules on request that are asked as well.

    Raises:
        HeadstartError: the model cannot be run on the batch, the loss cannot be computed, it has no gradient, or a rule
            is not known.

    Example:
        >>> hs.check(model, next(iter(loader)), nn.CrossEntropyLoss(), optimizer).verdict
        'healthy'
    """
    rules = (*by_default(), *map(find, extend_select))
    return look(model, batch, loss, optimizer, language=language, rules=rules).diagnosis


def look(
    model: Module,
    batch: Any,
    loss: Loss | None = None,
    optimizer: Optimizer | None = None,
    *,
    language: Language = "en",
    name: str | None = None,
    rules: Sequence[Rule] | None = None,
) -> Look:
    """`check`, with the record that it judged. `name` is what the report calls the model; of `rules`, by default all but
    those on request, it asks those that one batch can answer."""
    if not isinstance(model, Module):
        raise HeadstartError(
            f"hs.check was given {type(model).__name__}, not a torch.nn.Module",
            "Give the model first, then a batch: hs.check(model, (x, y), loss)",
        )
    if optimizer is not None and not isinstance(optimizer, Optimizer):
        raise HeadstartError(
            f"hs.check was given {type(optimizer).__name__} as the optimizer",
            "Give a torch.optim.Optimizer, or leave it out",
        )
    inputs = read_batch(model, batch)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "check.db"
        observer = Observer(lambda: path, attach.script_facts, attach.BIRTHS, only=model)
        attach.attach(observer)
        try:
            with _put_back(model):
                for _ in range(LOOKS):
                    _loss(inputs.run(model), inputs, loss).backward()  # type: ignore[no-untyped-call]
                    observer.looked(optimizer)
        except HeadstartError:
            if not observer.has_refused:  # labels that name no class are a finding
                raise
        finally:
            attach.detach(observer, CHECKED)
        if not path.exists():
            raise HeadstartError(
                "The loss does not depend on the model that was given",
                "Give the model that makes the output, and a loss of that output",
            )
        record = read_record(path)
    chosen = by_default() if rules is None else rules
    wanted = [rule for rule in asked(optimizer is not None) if rule in chosen]
    found = diagnose(record, language=language, rules=wanted)
    return Look(replace(found, script=name or type(model).__name__), record)


def asked(optimizer: bool) -> tuple[Rule, ...]:
    """The rules that one batch can answer, with or without an optimizer."""
    names = OF_THE_GRAPH + (OF_THE_OPTIMIZER if optimizer else ())
    shown = (rule for rule in catalogue() if rule.group in GROUPS and rule.name not in OF_SEVERAL_BATCHES)
    return (*shown, *(rule for rule in catalogue() if rule.name in names))


def _loss(output: Any, inputs: Inputs, loss: Loss | None) -> Tensor:
    targets = inputs.targets
    try:
        if loss is not None:
            value = loss(output) if targets is None else loss(output, targets)
        else:
            value = _own_loss(output) if targets is None else _suggested(output, targets)
    except HeadstartError:
        raise
    except Exception as error:  # the loss is the user's own
        raise HeadstartError(
            f"The loss fails on the model's output: {type(error).__name__}: {error}",
            "Give a loss that takes (output, targets), and the targets in the batch: (inputs, targets)",
        ) from error
    if not isinstance(value, Tensor) or not value.requires_grad:
        raise HeadstartError(
            f"The loss is {type(value).__name__} without a gradient",
            "Compute it from the model's output, not under torch.no_grad(), with parameters that require gradients",
        )
    return value if value.ndim == 0 else value.mean()


def _own_loss(output: Any) -> Tensor:
    """Models of some libraries return their loss with the rest."""
    own = output.get("loss") if isinstance(output, dict) else getattr(output, "loss", output)
    if not isinstance(own, Tensor) or own.ndim:
        raise HeadstartError(
            "No loss was given, the batch has no targets, and the model returns no loss of its own",
            "Give a loss: hs.check(model, batch, loss=lambda output: ...), or the batch as (inputs, targets)",
        )
    return own


def _suggested(output: Any, targets: Any) -> Tensor:
    given = next((leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor)), None)
    if given is None or not isinstance(targets, Tensor):
        raise HeadstartError(
            f"No loss was given, and none is known for an output of {type(output).__name__}",
            "Give one that takes (output, targets): hs.check(model, batch, loss)",
        )
    return F.mse_loss(given, targets) if targets.is_floating_point() else F.cross_entropy(given, targets)


@contextlib.contextmanager
def _put_back(model: Module) -> Iterator[None]:
    """Leaves gradients, buffers and random numbers as they were; gradients that were not there are not there again."""
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    gradients = [(parameter, parameter.grad) for parameter in model.parameters()]
    for parameter, _ in gradients:
        parameter.grad = None
    devices = {parameter.device for parameter, _ in gradients if parameter.device.type == "cuda"}
    try:
        with torch.random.fork_rng(sorted(device.index or 0 for device in devices)), torch.enable_grad():
            yield
    finally:
        for parameter, gradient in gradients:
            parameter.grad = gradient
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                if name in buffers and buffer.shape == buffers[name].shape:
                    buffer.copy_(buffers[name])
