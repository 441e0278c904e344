"""Checkpoints that are whole or absent, and that run no code when they are read."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import torch

from headstart.errors import HeadstartError

FORMAT = 1


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Writes `state` under `path`, atomically: a kill or a power cut leaves the old file or the new one.

    Writes to a file beside it, syncs that to the disk, renames it over `path`, and syncs the folder, without which
    the rename may be lost (man 2 fsync). Not for two processes at once.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".tmp")
    with beside.open("wb") as file:
        torch.save({"headstart_checkpoint": FORMAT, **state}, file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    _sync_folder(path.parent)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Reads a checkpoint to the CPU, with weights_only=True, its checksums verified.

    Raises HeadstartError if it is missing, damaged, or not a checkpoint of hs.fit.
    """
    if not path.is_file():
        raise HeadstartError(f"There is no checkpoint at {path}", "Name the file given as checkpoint= before")
    try:
        _verify(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load has no error of its own: pickle's, zip's, Runtime-, Value- or EOFError
        first_line = str(error).strip().partition("\n")[0] or type(error).__name__
        raise HeadstartError(
            f"{path} is damaged, or no checkpoint of hs.fit ({first_line})", "Name another checkpoint, or start anew"
        ) from None
    found = state.get("headstart_checkpoint") if isinstance(state, dict) else None
    if found != FORMAT:
        raise HeadstartError(
            f"{path} is no checkpoint of hs.fit that this version reads (format {found}, expected {FORMAT})",
            "Name a file that hs.fit wrote, or upgrade headstart: pip install -U headstart",
        )
    return dict(state)


def _verify(path: Path) -> None:
    """torch.save writes a zip with a checksum for each tensor, and torch.load does not look at them."""
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(f"the checksum of {damaged} in it is wrong")


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
