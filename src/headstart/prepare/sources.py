"""What can be read: tensors, arrays and memmaps, loaders and other iterables, datasets, image folders, `.npy` files.

Each becomes a stream of batches (N, ...), read one at a time, so that memory does not grow with the data.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Sized
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset

from headstart.errors import HeadstartError

SLICE = 2**24  # values of one batch that is cut from something large
TOGETHER = 64  # samples of a dataset in one batch


def batches(data: Any) -> Iterator[Tensor]:
    """The batches of `data`, each a tensor (N, ...), none of them a copy where that can be.

    Raises HeadstartError for what cannot be read, and, in the middle of the stream, for a batch that is no tensor.
    """
    from headstart.prepare.images import ImageFolder

    if isinstance(data, str | Path):
        data = opened(Path(data))
    if isinstance(data, Tensor) or hasattr(data, "__array__"):
        return _slices(data)
    if isinstance(data, ImageFolder):
        return iter(data)
    if isinstance(data, Dataset) and not isinstance(data, IterableDataset):
        return _together(_samples(data))
    if isinstance(data, Iterable) and not isinstance(data, dict | bytes):
        return (_tensor(batch) for batch in data)
    raise HeadstartError(
        f"A {type(data).__name__} cannot be read as data",
        "Give a tensor, an array, a loader or other iterable of batches, a dataset, an image folder or an .npy file",
    )


def length(data: Any) -> int | None:
    """How many samples `data` holds, where that can be known beforehand."""
    if isinstance(data, Tensor) or hasattr(data, "__array__"):
        return int(data.shape[0]) if data.ndim else None
    inner = getattr(data, "dataset", data)  # a DataLoader's own length counts batches
    return len(inner) if isinstance(inner, Sized) and not isinstance(inner, list | tuple) else None


def opened(path: Path) -> Any:
    """The folder or file as something that `batches` reads; raises HeadstartError where it is neither."""
    from headstart.prepare.images import ImageFolder

    if path.is_dir():
        return ImageFolder(path)
    if not path.exists():
        raise HeadstartError(f"{path} does not exist", "Give a folder of images or an .npy file")
    if path.suffix != ".npy":
        raise HeadstartError(f"{path} is neither a folder nor an .npy file", "Give a folder of images or an .npy file")
    import numpy as np

    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise HeadstartError(f"{path} is not a readable .npy file: {error}", "Write it with numpy.save") from error


def _slices(data: Any) -> Iterator[Tensor]:
    if not isinstance(data, Tensor) and not hasattr(data, "ndim"):
        data = data.__array__()
    if data.ndim == 0 or getattr(data, "layout", torch.strided) != torch.strided:
        yield _tensor(data)  # no slices can be had; whoever reads it refuses it
        return
    step = max(SLICE // max(math.prod(data.shape[1:]), 1), 1)
    for start in range(0, len(data), step):
        yield _tensor(data[start : start + step])


def _tensor(batch: Any) -> Tensor:
    if isinstance(batch, list | tuple) and batch:
        batch = batch[0]  # (inputs, targets), as loaders give them
    if isinstance(batch, Tensor):
        return batch
    if not hasattr(batch, "__array__"):
        raise HeadstartError(
            f"A batch is a {type(batch).__name__}, and not a tensor or array",
            "Give batches of tensors, or pairs whose first is a tensor: (batch['pixel_values'] for batch in loader)",
        )
    return from_array(batch)


def from_array(batch: Any) -> Tensor:
    """A NumPy array as a tensor that shares its memory where it can."""
    import numpy as np

    array = np.asarray(batch)
    if array.dtype.kind not in "biufc":
        raise HeadstartError(f"An array holds {array.dtype} and not numbers", "Select or convert the numeric columns")
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if any(stride < 0 for stride in array.strides):
        array = array.copy()  # torch has no negative strides
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)  # long double is not torch's
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")  # it is only read
        return torch.from_numpy(array)


def _samples(dataset: Dataset[Any]) -> Iterator[Tensor]:
    for index in range(len(dataset)):  # type: ignore[arg-type]  # map-style, so it has a length
        sample = dataset[index]
        sample = sample[0] if isinstance(sample, tuple | list) else sample
        yield _from_image(sample) if hasattr(sample, "getbands") else torch.as_tensor(sample)


def _from_image(image: Any) -> Tensor:
    from headstart.prepare.images import pixels

    return pixels(image)


def _together(samples: Iterable[Tensor]) -> Iterator[Tensor]:
    """Neighbours of one shape, stacked."""
    held: list[Tensor] = []
    for sample in samples:
        if held and (sample.shape != held[0].shape or len(held) == TOGETHER):
            yield torch.stack(held)
            held = []
        held.append(sample)
    if held:
        yield torch.stack(held)
