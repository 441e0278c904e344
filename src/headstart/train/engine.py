"""Lightning Fabric, set up for one fit: devices, precision, processes; left out of the step where it has no work."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.single_device import SingleDeviceStrategy
from torch import Tensor, nn
from torch.optim import Optimizer

from headstart.errors import HeadstartError

Devices = str | int | list[int]


@dataclass(frozen=True)
class Engine:
    """What a step calls.

    On one device in full precision that is the model, `loss.backward` and the optimizer themselves: Fabric's wrappers
    would convert nothing there and cost about 0.1 ms a step.
    """

    fabric: Fabric
    forward: Callable[[Any], Tensor]
    backward: Callable[[Tensor], None]
    optimizer: Any  # torch's, or Fabric's wrapper, which steps through the gradient scaler
    parameters: tuple[nn.Parameter, ...]
    module: nn.Module  # as Fabric set it up

    def clip(self, max_norm: float) -> None:
        """Scales all gradients so that their common 2-norm is at most `max_norm`; a NaN norm is let through."""
        self.fabric.clip_gradients(self.module, self.optimizer, max_norm=max_norm, error_if_nonfinite=False)


def launch(devices: Devices, accelerator: str, precision: str) -> Fabric:
    """Starts Fabric: under torchrun or `fabric run` with their processes, else on the devices asked for."""
    try:
        fabric = Fabric(
            accelerator=accelerator,
            devices=_devices(devices),
            num_nodes=_nodes(),
            precision=None if precision == "32-true" else precision,  # type: ignore[arg-type]
        )
        if "LT_CLI_USED" not in os.environ:  # `fabric run` has launched already
            fabric.launch()
    except (ValueError, TypeError, RuntimeError, ImportError) as error:  # its MisconfigurationException is one of them
        raise HeadstartError(
            f"Fabric cannot be set up with devices={devices!r}, accelerator={accelerator!r}, precision={precision!r}: "
            + str(error).strip().rstrip("."),
            'Leave all three out for one device in full precision, or see "precision" in Fabric\'s documentation',
        ) from error
    return fabric


def is_plain(fabric: Fabric) -> bool:
    """One process, one device, float32: nothing for Fabric to do within a step."""
    alone = isinstance(fabric.strategy, SingleDeviceStrategy)
    return alone and fabric.strategy.precision.precision == "32-true"


def can_fuse(fabric: Fabric) -> bool:
    """Fused kernels exist for these; with a gradient scaler they would unscale by themselves, after the clipping."""
    return fabric.device.type in ("cpu", "cuda") and fabric.strategy.precision.precision != "16-mixed"


def engine_of(fabric: Fabric, module: Any, model: nn.Module, optimizer: Optimizer) -> Engine:
    """`module` is `model` as `fabric.setup_module` gave it."""
    parameters = tuple(parameter for parameter in model.parameters() if parameter.requires_grad)
    if is_plain(fabric):
        return Engine(fabric, model, torch.Tensor.backward, optimizer, parameters, module)
    return Engine(fabric, module, fabric.backward, fabric.setup_optimizers(optimizer), parameters, module)


def _devices(devices: Devices) -> Devices:
    """What torchrun started on this node, else one: starting processes behind a script is no default."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", 1)) if devices == "auto" else devices


def _nodes() -> int:
    local = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    return max(1, int(os.environ.get("WORLD_SIZE", local)) // local)
