"""Writes a file whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from headstart.errors import HeadstartError


def write_whole(path: Path | str, text: str) -> None:
    """Writes `text` as UTF-8 to `path`: a temporary file beside it, fsync, rename; folders are made.

    A reader sees the old file or the new one, never half of one. A link stays a link, and what is no regular file
    (`/dev/stdout`, a pipe) is written to, not replaced. Raises HeadstartError if the file cannot be written.
    """
    path = Path(path)
    # A lone surrogate (a file name that is not UTF-8) becomes its \uXXXX, which JSON reads back as it was.
    data = text.encode("utf-8", "backslashreplace")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            _replace(Path(os.path.realpath(path)), data)
    except OSError as error:
        raise HeadstartError(
            f"Cannot write {path} ({error.strerror or error})", "Name a file in a folder that you may write to"
        ) from None


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
