"""Where batches come from: Batches, a torch DataLoader, or anything with a length that gives (x, y) repeatedly."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from torch import Tensor
from torch.utils.data import DataLoader

from headstart.errors import HeadstartError
from headstart.train.batches import Batches

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Source = Batches | Iterable[Any]


def prepared(source: Source, fabric: Fabric, name: str) -> Any:
    """Puts the data on the device, and shares it between ranks."""
    _check_length(source, name)
    if isinstance(source, Batches):
        return source if source.pinned else source.to(fabric.device)
    if isinstance(source, DataLoader):
        return fabric.setup_dataloaders(source)
    return source


def pairs(source: Any, fabric: Fabric, epoch: int = 0, skip: int = 0) -> Iterator[tuple[Any, Tensor]]:
    """The (x, y) of an epoch on the device, without its first `skip` batches.

    Batches begins there at once; of anything else they are drawn and dropped, so that its generators move on too.
    """
    if isinstance(source, Batches):
        source.load_state_dict({"epoch": epoch, "batch": skip, "seed": source.seed})
        on_device = source.x.device == fabric.device
        return iter(source) if on_device else (fabric.to_device(pair) for pair in source)
    _set_epoch(source, epoch)
    on_device = hasattr(source, "_dataloader")  # Fabric's wrapper moves them
    batches = iter(source)
    for _ in itertools.islice(batches, skip):
        pass
    return (_pair(batch if on_device else fabric.to_device(batch)) for batch in batches)


def _set_epoch(source: Any, epoch: int) -> None:
    if hasattr(source, "_num_iter_calls"):  # Fabric counts iterations itself, from 0 after a resume as well
        source._num_iter_calls = epoch
    for holder in (source, getattr(source, "sampler", None)):
        set_epoch = getattr(holder, "set_epoch", None)
        if callable(set_epoch):
            set_epoch(epoch)


def _pair(batch: Any) -> tuple[Any, Tensor]:
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        given = f"{len(batch)} items" if isinstance(batch, (tuple, list)) else f"a {type(batch).__name__}"
        raise HeadstartError(f"A batch holds {given}", "Give batches of two: the inputs and their targets, (x, y)")
    return batch[0], batch[1]


def _check_length(source: Any, name: str) -> None:
    try:
        length = len(source)
    except TypeError:
        raise HeadstartError(
            f"{name} is a {type(source).__name__}, which does not say how many batches it gives",
            "Give hs.Batches, a DataLoader over a data set with a length, or a list of batches (x, y)",
        ) from None
    if length == 0:
        raise HeadstartError(f"{name} gives no batch", "Give at least one; does drop_last leave any?")
    if iter(source) is source:
        raise HeadstartError(f"{name} can be read only once", "Give a list of batches (x, y), or a DataLoader")
