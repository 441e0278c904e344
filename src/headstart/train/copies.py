"""A short training of a copy: the model, its random numbers, its data and a watch of the run stay as they were."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.utils._pytree import tree_map
from torch.utils.data import DataLoader

from headstart.errors import HeadstartError
from headstart.train import generators
from headstart.train.batches import Batches

CPU = torch.device("cpu")


@contextmanager
def apart(model: nn.Module | None, source: Any) -> Iterator[None]:
    """Puts all generators back in the end, and hides what happens inside from whoever watches the run.

    Generators are those of the CPU, of `source`, and of the model's devices, or of all that are in use for no model.
    """
    from headstart.monitor.attach import unwatched

    devices = _devices(model)
    own = generators.generators_of(source)
    states = generators.capture(CPU, own)
    of_devices = [(device, _state(device)) for device in devices]
    with ExitStack() as stack:
        stack.enter_context(unwatched())
        stack.enter_context(torch.enable_grad())
        try:
            yield
        finally:
            generators.restore(states, CPU, own)
            for device, state in of_devices:
                _set_state(device, state)


def seed_generators(number: int, model: nn.Module | None) -> None:
    """Seeds every generator that `apart` puts back, and no other: `torch.manual_seed` reaches all devices, even those
    that nobody has used yet."""
    torch.default_generator.manual_seed(number)
    random.seed(number)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(number % 2**32)
    for device in _devices(model):
        if device.type == "cuda":
            torch.cuda.default_generators[device.index].manual_seed(number)
        else:
            torch.get_device_module(device).manual_seed(number)


def plain(model: nn.Module) -> nn.Module:
    """The model itself, out of the wrappers of `torch.compile` and of several devices."""
    inner: nn.Module = getattr(model, "_orig_mod", model)
    return inner.module if isinstance(inner, (DataParallel, DistributedDataParallel)) else inner


def copied(*things: Any) -> tuple[Any, ...]:
    """Deep copies that share among each other what the originals share, such as a model's and an optimizer's weights.

    Raises HeadstartError if one cannot be copied.
    """
    try:
        return copy.deepcopy(things)
    except Exception as error:  # a module of the user's may hold anything
        raise HeadstartError(
            f"{type(things[0]).__name__} cannot be copied: {type(error).__name__}: {error}",
            "Give a model that copy.deepcopy can copy: one that holds no results of an earlier forward pass, no open "
            "files and no locks",
        ) from error


def endless(source: Iterable[Any], model: nn.Module, number: int) -> Iterator[tuple[Any, Tensor]]:
    """Pairs (x, y) on the model's device, epoch after epoch, in the seed's order; `source` keeps its own position."""
    first = next(model.parameters(), None)
    device = first.device if first is not None else CPU
    own = _own(source, number)
    while True:
        given = 0
        for batch in own:
            given += 1
            x, y = _pair(batch)
            yield _moved(x, device), _moved(y, device)
        if not given:
            raise HeadstartError("The data gives no batch", "Give at least one; does drop_last leave any?")


def check_source(source: Any) -> None:
    """Raises HeadstartError for what cannot be read several times."""
    if isinstance(source, Tensor) or not hasattr(source, "__iter__"):
        raise HeadstartError(
            f"The data is {type(source).__name__}, which gives no batches",
            "Give hs.Batches, a DataLoader, or a list of batches (x, y)",
        )
    if not isinstance(source, DataLoader) and iter(source) is source:
        raise HeadstartError(
            f"The data is {type(source).__name__}, which can be read only once",
            "Give hs.Batches, a DataLoader, or a list of batches (x, y)",
        )


def _own(source: Any, number: int) -> Any:
    """A source of the same batches with a position of its own."""
    if isinstance(source, Batches):
        own = copy.copy(source)
        own.seed = number
        own.set_epoch(0)
        return own
    if isinstance(source, DataLoader):
        return _own_loader(source, number)
    if isinstance(source, (list, tuple)):
        order = torch.randperm(len(source), generator=torch.Generator().manual_seed(number))
        return [source[place] for place in order.tolist()]
    return source


def _own_loader(loader: DataLoader[Any], number: int) -> DataLoader[Any]:
    """A shallow copy whose samplers and generators are deep ones; the data set is shared, and workers are not."""
    own = copy.copy(loader)
    parts = {name: own.__dict__.get(name) for name in ("sampler", "batch_sampler", "generator")}
    with suppress(Exception):  # a sampler of the user's own that cannot be copied is shared
        parts = copy.deepcopy(parts, {id(loader.dataset): loader.dataset})
    # DataLoader refuses to have these set after it was made.
    own.__dict__.update(parts, _iterator=None, persistent_workers=False)
    for generator in generators.generators_of(own):
        generator.manual_seed(number)
    return own


def _pair(batch: Any) -> tuple[Any, Any]:
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        given = f"{len(batch)} items" if isinstance(batch, (tuple, list)) else f"a {type(batch).__name__}"
        raise HeadstartError(f"A batch holds {given}", "Give batches of two: the inputs and their targets, (x, y)")
    return batch[0], batch[1]


def _moved(value: Any, device: torch.device) -> Any:
    return tree_map(lambda leaf: leaf.to(device) if isinstance(leaf, Tensor) else leaf, value)


def _devices(model: nn.Module | None) -> list[torch.device]:
    """The model's, but for the CPU; without a model all that the program has started to use."""
    if model is None:
        started = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
        return [torch.device("cuda", index) for index in range(torch.cuda.device_count())] if started else []
    found = {tensor.device for tensor in (*model.parameters(), *model.buffers())}
    return sorted((device for device in found if device.type not in ("cpu", "meta")), key=str)


def _state(device: torch.device) -> Tensor:
    module = torch.get_device_module(device)
    state: Tensor = module.get_rng_state() if device.type == "mps" else module.get_rng_state(device)
    return state


def _set_state(device: torch.device, state: Tensor) -> None:
    module = torch.get_device_module(device)
    module.set_rng_state(state) if device.type == "mps" else module.set_rng_state(state, device)
