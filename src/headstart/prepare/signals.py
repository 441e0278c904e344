"""Runs a model on one batch, measures what each weight gives, and leaves the model as it was.

The measuring happens below autograd, operator by operator, so it makes no difference whether a weight is used by a
module, by `torch.nn.functional` or by `x @ self.weight`.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from headstart.prepare.fans import Fans, of_convolution

# aten operator: the places of its two factors. Which of them is the weight is seen from its memory.
PRODUCTS = {
    "convolution": (0, 1),
    "addmm": (1, 2),
    "mm": (0, 1),
    "bmm": (0, 1),
    "baddbmm": (1, 2),
    "addmv": (1, 2),
    "mv": (0, 1),
}


@dataclass(frozen=True)
class Use:
    """The first use of one weight in a forward pass."""

    order: int
    fans: Fans  # as the operator uses it, whichever way round the weight is stored
    std: float  # of the operator's output, over batch and units: the pre-activation


class Signals(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records the first `Use` of each of `weights`, by id.

    `correct(weight, std)` may return a factor; the weight is then multiplied by it on the spot, before its output flows
    on, so that one pass corrects all layers in the order in which they run. (LSUV, Mishkin and Matas 2016, arXiv
    1511.06422, passes the batch through once a layer and more.)
    """

    def __init__(
        self, model: nn.Module, weights: list[Tensor], correct: Callable[[Tensor, float], float | None] | None = None
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.uses: dict[int, Use] = {}
        self._correct = correct
        self._weight_at = {_address(weight): weight for weight in weights}
        self._of_model = {_address(tensor) for tensor in (*model.parameters(), *model.buffers())}
        self._copy_of: dict[int, Tensor] = {}  # address of a cast, masked or standardised copy: its weight
        self._kept: list[Tensor] = []  # so that no address is used twice

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        first = result[0] if isinstance(result, tuple) and result else result  # batch norm gives three
        if not isinstance(first, Tensor):
            return result
        name = func._schema.name.partition("::")[2]
        tensors = [arg for arg in args if isinstance(arg, Tensor)]
        if tensors and all(_address(tensor) in self._of_model for tensor in tensors):
            self._remember_copy(tensors, first)
        elif name in PRODUCTS:
            return self._product(name, lambda: func(*args, **(kwargs or {})), args, first)
        return result

    def _product(self, name: str, again: Callable[[], Tensor], args: Any, result: Tensor) -> Tensor:
        left, right = (args[place] for place in PRODUCTS[name])
        on_left = _address(left) in self._of_model
        if on_left == (_address(right) in self._of_model):  # attention's products have no weight
            return result
        operand = left if on_left else right
        weight = self._weight_at.get(_address(operand))
        known = weight if weight is not None else self._copy_of.get(_address(operand))
        if known is None or id(known) in self.uses:
            return result
        std = _std(result)
        factor = self._correct(weight, std) if self._correct and weight is not None else None
        if factor is not None and weight is not None:
            weight.mul_(factor)
            result = again()
            std = _std(result)
        self.uses[id(known)] = Use(len(self.uses), _fans(name, args, operand, on_left), std)
        return result

    def _remember_copy(self, tensors: list[Tensor], result: Tensor) -> None:
        """`result` is computed from the model's own tensors alone; `tensors` says which weight is behind it."""
        if _address(result) in self._of_model:
            return  # a view
        self._of_model.add(_address(result))
        self._kept.append(result)
        for tensor in tensors:
            weight = self._weight_at.get(_address(tensor), self._copy_of.get(_address(tensor)))
            if weight is not None:
                self._copy_of[_address(result)] = weight


@contextmanager
def unchanged(model: nn.Module, *, parameters: bool = True) -> Iterator[None]:
    """Whatever happens inside, the model leaves as it came: values, buffers, training flags, and random number states.

    With `parameters=False` the parameters keep what was done to them. Needs the memory of one more copy of the model.
    """
    tensors = [*(model.parameters() if parameters else ()), *model.buffers()]
    memory = [(tensor, tensor.data) for tensor in tensors]
    registered = [(module._buffers, dict(module._buffers)) for module in model.modules()]
    training = [(module, module.training) for module in model.modules()]
    devices = list({tensor.device for tensor in tensors if tensor.device.type == "cuda"})
    numpy = sys.modules.get("numpy")
    numpy_state = numpy.random.get_state() if numpy else None
    python_state = random.getstate()
    for tensor, data in memory:
        tensor.data = data.clone()
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        for tensor, data in memory:
            tensor.data = data
        for buffers, known in registered:
            buffers.clear()
            buffers.update(known)
        for module, flag in training:
            module.training = flag
        random.setstate(python_state)
        if numpy:
            numpy.random.set_state(numpy_state)


def _address(tensor: Tensor) -> int:
    try:
        return tensor.untyped_storage().data_ptr()
    except (NotImplementedError, RuntimeError):  # sparse, functorch's and other tensors without storage
        return -id(tensor)


def _std(tensor: Tensor) -> float:
    return tensor.detach().float().var(correction=0).sqrt().item()


def _fans(name: str, args: Any, operand: Tensor, on_left: bool) -> Fans:
    if name == "convolution":
        return of_convolution(tuple(operand.shape), tuple(args[3]), args[6], args[8])
    rows, columns = (*operand.shape[-2:],) if operand.ndim > 1 else (operand.shape[0], 1)
    return Fans(columns, rows) if on_left else Fans(rows, columns)
