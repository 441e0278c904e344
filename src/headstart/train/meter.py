"""Sums of loss, right answers and samples, kept on the device: no step waits for them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from headstart.train.history import Score


class Meter:
    """Means over samples: a smaller last batch counts for what it holds."""

    def __init__(self, device: torch.device) -> None:
        exact = torch.float64 if device.type != "mps" else torch.float32  # Metal has no float64
        self._loss = torch.zeros((), dtype=exact, device=device)
        self._right = torch.zeros((), dtype=torch.int64, device=device)
        self._rows = 0
        self._judged = 0  # answers that were right or wrong

    def add(self, loss: Tensor, output: Any, target: Any) -> None:
        """`loss` is the batch's mean; `output` (rows, classes, ...) and `target` (rows, ...), if it holds classes."""
        rows = len(target) if isinstance(target, Tensor) and target.ndim else 1
        self._loss.add_(loss.detach(), alpha=rows)
        self._rows += rows
        if _are_classes(output, target):
            self._right.add_((output.detach().argmax(1) == target).sum())
            self._judged += target.numel()

    def read(self) -> Score:
        """Waits for the device."""
        accuracy = int(self._right) / self._judged if self._judged else None
        return Score(float(self._loss) / max(1, self._rows), accuracy)

    def sums(self) -> Tensor:
        """Loss, right, rows, judged: float64 (4,) on the CPU, exact."""
        return torch.tensor([float(self._loss), int(self._right), self._rows, self._judged], dtype=torch.float64)

    def load(self, sums: Tensor) -> None:
        self._loss.fill_(float(sums[0]))
        self._right.fill_(int(sums[1]))
        self._rows, self._judged = int(sums[2]), int(sums[3])


def _are_classes(output: Any, target: Any) -> bool:
    both = isinstance(output, Tensor) and isinstance(target, Tensor)
    return both and not target.is_floating_point() and output.ndim == target.ndim + 1
