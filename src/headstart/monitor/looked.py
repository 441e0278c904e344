"""An evaluation whose loss is computed where gradients are on again: `with torch.no_grad(): output = model(x)`, and then
`criterion(output, y)` behind the block. Its output has no graph, so that no backward can come of it.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from headstart.monitor.losses import INPUTS


class Looked:
    """What a module gave last, if that was without gradients. Nothing is kept alive."""

    def __init__(self) -> None:
        self._output: weakref.ref[Tensor] | None = None

    def ran(self, output: Any, grad: bool) -> None:
        """As each module returns."""
        self._output = None if grad or type(output) is not Tensor else weakref.ref(output)

    def judges(self, kind: str, arguments: Mapping[str, Any]) -> bool:
        """Whether a loss is of that very output, as it is or as a view; not of one that was merely detached."""
        given, output = arguments.get(INPUTS.get(kind, ("input", "target"))[0]), self._output and self._output()
        if output is None or type(given) is not Tensor or given.requires_grad:
            return False
        return given is output or given._base is output
