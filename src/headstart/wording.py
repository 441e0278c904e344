"""Numbers as a reader expects them, and texts with numbers in them."""

from __future__ import annotations

import math
import string
from typing import Any


def number(value: float) -> str:
    """Three significant digits, and all of a whole part up to a million: "0.972", "61,706", "1.2e-9"."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite" if value > 0 else "minus infinite"
    if value == int(value) and abs(value) < 1e7:
        return f"{int(value):,}"
    if 1e-3 <= abs(value) < 1e6:
        return f"{value:.3g}" if abs(value) < 999.5 else f"{value:,.0f}"
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits.removesuffix('.0')}e{int(exponent)}"


def share(value: float) -> str:
    """A share in percent: "97 %", "0.3 %"; 100 % and 0 % only where they are exact."""
    if not math.isfinite(value):
        return number(value)
    percent = 100 * value
    if percent in (0, 100) or 1 <= abs(percent) <= 99 or abs(percent) >= 101:
        return f"{percent:,.0f} %"
    if abs(percent) < 0.001:
        return f"{number(percent)} %"
    digits = 1 if 0.1 <= abs(percent) <= 99.9 else 3
    return f"{percent:.{digits}f} %"


def filled(template: str, **values: Any) -> str:
    """`template` with its fields: "{dead:share} of {units:number} units"; other format specs are Python's own."""
    return _FORMATTER.vformat(template, (), values)


def fields_of(template: str) -> frozenset[str]:
    """The names of the fields in `template`."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(template) if name)


class _Formatter(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        own = {"share": share, "number": number}.get(format_spec)
        return own(value) if own else str(super().format_field(value, format_spec))


_FORMATTER = _Formatter()


def sentences(*parts: str | None) -> str:
    """One after the other; after a full-width stop there is no space."""
    told = ""
    for part in filter(None, parts):
        told += part if not told or told.endswith("。") else f" {part}"
    return told
