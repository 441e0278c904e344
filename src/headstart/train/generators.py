"""The state of every random number generator that a training run draws from: capture, restore, seed."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from typing import Any

import torch


def seed_everything(seed: int) -> None:
    """Seeds torch on all devices, Python, and NumPy if the program has imported it."""
    torch.manual_seed(seed)
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed % 2**32)


def capture(device: torch.device, own: Sequence[torch.Generator] = ()) -> dict[str, Any]:
    """All states as plain values and CPU tensors, so that they load with weights_only=True.

    `own` are the data loaders' generators, in an order that is the same when the run goes on.
    """
    version, numbers, gauss = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "device": _device_module(device).get_rng_state() if device.type != "cpu" else None,
        "python": [version, list(numbers), gauss],
        "numpy": _numpy_state(),
        "own": [generator.get_state() for generator in own],
    }


def restore(states: dict[str, Any], device: torch.device, own: Sequence[torch.Generator] = ()) -> None:
    torch.set_rng_state(states["torch"])
    if states["device"] is not None and device.type != "cpu":
        _device_module(device).set_rng_state(states["device"])
    version, numbers, gauss = states["python"]
    random.setstate((version, tuple(numbers), gauss))
    if states["numpy"] is not None and "numpy" in sys.modules:
        sys.modules["numpy"].random.set_state(states["numpy"])
    for generator, state in zip(own, states["own"], strict=True):
        generator.set_state(state)


def generators_of(*loaders: Any) -> list[torch.Generator]:
    """The generators that data loaders and their samplers hold, each once. Batches needs none."""
    holders = [holder for loader in loaders for holder in (loader, getattr(loader, "sampler", None))]
    held = [getattr(holder, "generator", None) for holder in holders]
    return list({id(generator): generator for generator in held if isinstance(generator, torch.Generator)}.values())


def _numpy_state() -> list[Any] | None:
    if "numpy" not in sys.modules:
        return None
    name, keys, *rest = sys.modules["numpy"].random.get_state()
    return [name, keys.tolist(), *rest]


def _device_module(device: torch.device) -> Any:
    return torch.get_device_module(device)  # torch.cuda, torch.mps, ...
