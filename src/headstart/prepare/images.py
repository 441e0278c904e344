"""A folder of images as batches: decoded by Pillow on all cores, with every bad image named and counted."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from headstart.errors import HeadstartError

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
AHEAD = 64  # images decoded at once: some 10 MB of them at 224 x 224
NAMED = 5  # bad images that an error names
BROKEN = (OSError, SyntaxError, ValueError, EOFError)  # what Pillow raises for files that are not whole images
COLOURS_OF = {
    "1": "L",
    "P": "RGB",
    "PA": "RGBA",
    "LA": "RGBA",
    "CMYK": "RGB",
    "YCbCr": "RGB",
    "HSV": "RGB",
    "LAB": "RGB",
}


@dataclass(frozen=True)
class BadImage:
    """An image that was left out, and why."""

    path: Path
    why: str


class ImageFolder:
    """The images below a folder, in the order of their names, as batches (1, C, H, W), or (N, C, H, W) of equal size.

    The first look, at the headers alone, settles how many channels the images have: those of the majority. With
    `skip_bad`, corrupt images and those of other channels are left out, and `bad` names them after the pass; without,
    they end it with HeadstartError, once all have been seen.
    """

    def __init__(self, path: str | Path, *, skip_bad: bool = False) -> None:
        self.path = Path(path)
        self.skip_bad = skip_bad
        self.bad: list[BadImage] = []
        self.files = sorted(file for file in self.path.rglob("*") if file.suffix.lower() in SUFFIXES)
        if not self.files:
            raise HeadstartError(
                f"{self.path} holds no images", f"Images end in one of {' '.join(sorted(SUFFIXES))}; check the path"
            )

    def __len__(self) -> int:
        return len(self.files)

    def __iter__(self) -> Iterator[Tensor]:
        self.bad = []
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            files = self._of_one_kind(pool)
            for start in range(0, len(files), AHEAD):
                yield from self._decoded(files[start : start + AHEAD], pool)
        self._refuse_bad()

    def _of_one_kind(self, pool: ThreadPoolExecutor) -> list[Path]:
        """The files whose number of channels is the commonest."""
        kinds = dict(zip(self.files, pool.map(_channels, self.files), strict=True))
        counts = Counter(kind for kind in kinds.values() if isinstance(kind, int))
        if not counts:
            self.bad = [BadImage(file, str(kind)) for file, kind in kinds.items()]
            raise HeadstartError(f"None of {len(self)} images can be read: {self._names()}", "Check the folder")
        usual = counts.most_common(1)[0][0]
        for file, kind in kinds.items():
            if kind != usual:
                why = f"{kind} channels, where {counts[usual]} others have {usual}" if isinstance(kind, int) else kind
                self.bad.append(BadImage(file, why))
        if not self.skip_bad:
            self._refuse_bad()  # before the work of decoding
        return [file for file, kind in kinds.items() if kind == usual]

    def _decoded(self, files: list[Path], pool: ThreadPoolExecutor) -> Iterator[Tensor]:
        held: list[Tensor] = []
        for file, image in zip(files, pool.map(_decode, files), strict=True):
            if isinstance(image, str):
                self.bad.append(BadImage(file, image))
                continue
            if held and image.shape != held[0].shape:
                yield torch.stack(held)
                held = []
            held.append(image)
        if held:
            yield torch.stack(held)

    def _refuse_bad(self) -> None:
        if self.bad and not self.skip_bad:
            raise HeadstartError(
                f"{len(self.bad)} of {len(self)} images cannot be used: {self._names()}",
                "Repair or remove them, or leave them out with --skip-bad (ImageFolder(path, skip_bad=True))",
            )

    def _names(self) -> str:
        named = [f"{bad.path.relative_to(self.path)} ({bad.why})" for bad in self.bad[:NAMED]]
        more = len(self.bad) - len(named)
        return ", ".join(named) + (f" and {more} more" if more else "")


def pixels(image: Image) -> Tensor:
    """A Pillow image as (C, H, W): uint8, or, of 16-bit and float images, float32; palettes become RGB."""
    import numpy as np

    if image.mode in COLOURS_OF:
        image = image.convert(COLOURS_OF[image.mode])
    array = np.array(image)
    if image.mode.startswith("I;16"):
        array = array.astype(np.float32) / 65535  # into [0, 1], as uint8 will be
    values = torch.from_numpy(array)
    return values.unsqueeze(0) if values.ndim == 2 else values.permute(2, 0, 1)


def _channels(file: Path) -> int | str:
    """From the header alone; or what is wrong with the file."""
    image_module = _pillow()
    try:
        with image_module.open(file) as image:
            mode = COLOURS_OF.get(image.mode, image.mode)
            return len(image_module.new(mode, (1, 1)).getbands())
    except BROKEN as error:
        return f"cannot be read: {type(error).__name__}"


def _decode(file: Path) -> Tensor | str:
    try:
        with _pillow().open(file) as image:
            return pixels(image)
    except BROKEN as error:
        return f"cannot be decoded: {error}"


def _pillow() -> Any:  # a module, typed only where Pillow is installed
    try:
        from PIL import Image
    except ImportError as error:
        raise HeadstartError("Reading images needs Pillow", "pip install 'headstart[images]'") from error
    return Image
