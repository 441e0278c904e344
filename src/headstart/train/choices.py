"""One of a few names, or an error that shows the nearest."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from headstart.errors import HeadstartError


def one_of(argument: str, given: str, allowed: Iterable[str]) -> str:
    """Returns `given` if it is allowed. Raises HeadstartError with the nearest match if not."""
    names = list(allowed)
    if given in names:
        return given
    near = difflib.get_close_matches(str(given).lower(), names, n=1)
    raise HeadstartError(
        f"There is no {argument} {given!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
        f"Give one of {', '.join(repr(name) for name in names)}",
    )
