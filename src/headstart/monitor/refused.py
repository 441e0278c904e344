"""Labels that a loss refuses: what they were, read while the loss raises.

Torch raises on a CPU for a label that names no class. On an accelerator the kernel asserts, after which no tensor of
the process can be read any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from headstart.monitor.losses import class_axis
from headstart.monitor.sketch import can_sketch

MOST = 8  # different labels that are told
LINES = 8  # of the user's code, with each what its first refused batch held


class Refused:
    """The labels of one run that named no class, by the line that called the loss."""

    def __init__(self) -> None:
        self.facts: dict[str, dict[str, Any]] = {}

    def note(self, kind: str, arguments: Mapping[str, Any], line: str | None, step: int) -> bool:
        """Reads the labels of a loss that raised; whether they tell more than was known."""
        known = self.facts.get(str(line))
        if known is None and len(self.facts) >= LINES:
            return False
        found = _out_of_range(arguments)
        if found is None:
            return False
        if known is None:
            self.facts[str(line)] = {"kind": kind, "line": line, "step": step, "batches": 1, **found}
            return True
        batches = known["batches"] = int(known["batches"]) + 1
        known["least"], known["most"] = min(known["least"], found["least"]), max(known["most"], found["most"])
        known["values"] = sorted({*known["values"], *found["values"]})[:MOST]
        return batches & (batches - 1) == 0  # 2, 4, 8, ...


def _out_of_range(arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """None where every label names a class: the loss raised for another reason."""
    given, target = arguments["input"], arguments["target"]
    if not can_sketch(given) or type(target) is not Tensor or target.is_floating_point() or not target.numel():
        return None
    classes = given.shape[class_axis(given)]
    labels = target.detach().flatten().long()
    labels = labels[labels != arguments.get("ignore_index", -100)]
    bad = labels[(labels < 0) | (labels >= classes)]
    if not bad.numel():
        return None
    return {
        "classes": classes,
        "labels": labels.numel(),
        "bad": bad.numel(),
        "values": sorted(set(bad.tolist()))[:MOST],
        "least": int(labels.min()),
        "most": int(labels.max()),
    }
