"""IDX, the format of MNIST and its kin: a magic number, the sizes, the bytes. Plain or gzipped."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import torch
from torch import Tensor

from headstart.errors import HeadstartError

UNSIGNED_BYTE = 0x08  # the magic number's third byte
DEFLATE_RATIO = 1032  # the most that deflate can compress, zlib.net/zlib_tech.html


def read_idx(path: Path, ndim: int) -> Tensor:
    """Reads unsigned bytes with `ndim` dimensions: 3 for images (n, height, width), 1 for labels (n,).

    Raises HeadstartError, naming the file, if it is missing, truncated, corrupt or something else.
    """
    try:
        with _open(path) as file:
            sizes = _header(file, path, ndim)
            return _values(file, path, sizes)
    except (OSError, EOFError, zlib.error) as error:  # BadGzipFile is an OSError
        raise HeadstartError(f"{path} cannot be read ({_reason(error)})", "Download it again, whole") from None


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _header(file: BinaryIO, path: Path, ndim: int) -> tuple[int, ...]:
    """Reads the magic number and the sizes."""
    expected = UNSIGNED_BYTE << 8 | ndim
    start = file.read(4)
    magic = int.from_bytes(start, "big")
    if len(start) < 4 or magic != expected:
        found = f"magic number {magic}" if len(start) == 4 else f"{len(start)} bytes"
        raise HeadstartError(
            f"{path} is no IDX file of unsigned bytes with {ndim} dimension{'s'[: ndim > 1]}: it starts with {found}, "
            f"expected magic number {expected}",
            "Images go under a name with images-idx3, labels under one with labels-idx1; download the file again",
        )
    sizes = file.read(4 * ndim)
    if len(sizes) < 4 * ndim:
        raise _wrong_size(path, len(sizes), 4 * ndim, "of header")
    return struct.unpack(f">{ndim}I", sizes)


def _values(file: BinaryIO, path: Path, sizes: tuple[int, ...]) -> Tensor:
    """Reads exactly what the header promises; reading one byte more makes gzip verify its checksum."""
    count = math.prod(sizes)
    if count > path.stat().st_size * DEFLATE_RATIO:  # a false header must not ask for the whole memory
        raise _wrong_size(path, path.stat().st_size, count, "in the file")
    data = bytearray(file.read(count + 1))
    if len(data) != count:
        found = len(data) + len(file.read()) if len(data) < count else "more"
        raise _wrong_size(path, found, count, "of values")
    return torch.frombuffer(data, dtype=torch.uint8).view(sizes) if count else torch.empty(sizes, dtype=torch.uint8)


def _wrong_size(path: Path, found: int | str, expected: int, what: str) -> HeadstartError:
    return HeadstartError(
        f"{path} is truncated or corrupt: found {found} bytes {what}, expected {expected}", "Download it again, whole"
    )
