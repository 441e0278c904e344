"""Optimizers by name, with weight decay where it belongs: on the weights of linear and convolution layers alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from headstart.errors import HeadstartError
from headstart.train.choices import one_of

Groups = list[dict[str, Any]]
OptimizerChoice = str | Optimizer | Callable[..., Optimizer]

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "sgd": lambda groups, **options: torch.optim.SGD(groups, momentum=0.9, nesterov=True, **options),
}


def optimizer_of(
    choice: OptimizerChoice, model: nn.Module, lr: float, weight_decay: float, *, fused: bool = False
) -> Optimizer:
    """An optimizer by name, an existing one, or what `choice(groups, lr=lr)` gives.

    `fused` computes all parameters in one kernel; it is asked of the named ones alone. Raises HeadstartError for an
    unknown name, a model without trainable parameters, or an existing optimizer of another model's parameters.
    """
    groups = decay_groups(model, weight_decay)
    if not groups:
        raise HeadstartError(
            f"{type(model).__name__} has no trainable parameters",
            "Give a model with at least one parameter that requires grad",
        )
    if isinstance(choice, Optimizer):
        return _of_this_model(choice, model)
    if callable(choice):
        return choice(groups, lr=lr)
    make = OPTIMIZERS[one_of("optimizer", choice, OPTIMIZERS)]
    return make(groups, lr=lr, fused=True) if fused else make(groups, lr=lr)


def decay_groups(model: nn.Module, weight_decay: float) -> Groups:
    """Trainable parameters in two groups, with weight decay and without: norm weights and biases (ndim <= 1).

    Decay pulls towards 0, and a norm's weight belongs near 1; a bias has no part in how steep the function is.
    Practice since He et al. 2019 ("Bag of tricks", §3.1, "no bias decay").
    """
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    decayed = [parameter for parameter in trainable if parameter.ndim > 1]
    spared = [parameter for parameter in trainable if parameter.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": spared, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


def _of_this_model(optimizer: Optimizer, model: nn.Module) -> Optimizer:
    held = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    if not held & {id(parameter) for parameter in model.parameters()}:
        raise HeadstartError(
            f"The given {type(optimizer).__name__} holds none of the parameters of {type(model).__name__}",
            "Make the optimizer from model.parameters() of the model that you train",
        )
    return optimizer
