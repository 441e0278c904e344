"""The output's bias from the labels: the network starts by answering the class frequencies, or the mean.

Without it the first steps only learn the bias, which draws a hockey stick into the loss (Karpathy, A Recipe for Training
Neural Networks, 2019, "init well").
"""

from __future__ import annotations

import torch
from torch import Tensor

from headstart.errors import HeadstartError

BINARY_LOSSES = ("binary_cross_entropy_with_logits", "binary_cross_entropy")


def prior_bias(targets: Tensor, units: int, losses: tuple[str, ...]) -> tuple[Tensor, str]:
    """The bias (units,) with which an output of `units` values answers the prior, and its reason.

    Whole-number targets are classes: logarithms of their frequencies, each class counted once more than it occurs, so
    that an absent one stays finite; one unit alone gets the log odds. Negative labels are taken as "ignore". With a
    binary loss, or booleans of the output's shape, log odds for each unit. Other floats are regression targets: means.
    """
    if targets.numel() == 0:
        raise HeadstartError("the targets are empty", "pass the labels of the batch, or none")
    of_units = targets.ndim > 1 and targets.shape[-1] == units
    binary = any(loss in BINARY_LOSSES for loss in losses) or targets.dtype == torch.bool
    if binary or (units == 1 and not targets.is_floating_point()):
        return _log_odds(targets, units, of_units)
    if targets.is_floating_point():
        columns = targets.detach().double().reshape(-1, units) if of_units or units == 1 else None
        if columns is None:
            raise HeadstartError(
                f"targets of shape {tuple(targets.shape)} do not fit an output of {units} values",
                f"pass floats of shape (N, {units}), or classes as whole numbers",
            )
        return columns.mean(0).float(), "mean of the targets"
    labels = targets.detach().flatten()
    labels = labels[labels >= 0]
    if labels.numel() == 0 or int(labels.max()) >= units:
        raise HeadstartError(
            f"labels from {int(targets.min())} to {int(targets.max())} do not fit an output of {units} classes",
            f"pass labels from 0 to {units - 1}",
        )
    counts = torch.bincount(labels, minlength=units).double() + 1
    return (counts / counts.sum()).log().float(), "log of the class frequencies"


def _log_odds(targets: Tensor, units: int, of_units: bool) -> tuple[Tensor, str]:
    columns = targets.detach().double().reshape(-1, units if of_units else 1)
    positive = (columns.sum(0) + 1) / (len(columns) + 2)
    return (positive / (1 - positive)).log().float().expand(units).clone(), "log odds of the targets"
