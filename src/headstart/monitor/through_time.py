"""How much of the gradient of a plain recurrent layer's last steps reaches its first one.

The states of an `nn.RNN` are its outputs, so that the backward through its steps can be done again outside of it:
d_(t-1) = (d_t * f'(h_t)) W + g_(t-1), with the gradient g of the outputs. Of an LSTM or a GRU the gates are not at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from headstart.monitor.sketch import can_sketch

SAMPLES = 8  # of a batch that are followed
STEPS = 2048  # of a sequence, at most


def watch(module: nn.Module, output: Any, seen: Callable[[Callable[[], Tensor | None]], None]) -> None:
    """As a gradient comes back, `seen` gets what computes the first step's share of the largest gradient of any step."""
    if type(module) is not nn.RNN or module.bidirectional or not isinstance(output, tuple) or len(output) != 2:
        return
    outputs, last = output
    if not (can_sketch(outputs) and can_sketch(last) and outputs.ndim == last.ndim == 3):
        return
    weight = getattr(module, f"weight_hh_l{module.num_layers - 1}")
    states = outputs.detach()
    version, first = states._version, module.batch_first

    def given(tensor: Tensor, place: Callable[[Tensor], Tensor]) -> None:
        number = tensor.output_nr

        def share(gradient: Tensor | None) -> Tensor | None:
            if not can_sketch(gradient) or states._version != version:
                return None
            steps = (states.transpose(0, 1) if first else states)[:, _some(states.shape[0 if first else 1])]
            return share_of_first(steps, place(gradient), weight.detach(), module.nonlinearity)

        def hook(gradients: tuple[Tensor | None, ...]) -> None:
            if not torch.is_grad_enabled():  # else it is a part of a loss
                seen(lambda: share(gradients[number]))

        if tensor.grad_fn is not None:
            tensor.grad_fn.register_prehook(hook)

    def of_outputs(gradient: Tensor) -> Tensor:
        turned = gradient.transpose(0, 1) if first else gradient
        return turned[:, _some(turned.shape[1])]

    def of_last(gradient: Tensor) -> Tensor:
        own = gradient[-1:, _some(gradient.shape[1])]
        steps = states.shape[1 if first else 0]
        return torch.cat([own.new_zeros(steps - 1, *own.shape[1:]), own])

    if 1 < states.shape[1 if first else 0] <= STEPS:
        given(outputs, of_outputs)
        given(last, of_last)


def share_of_first(states: Tensor, gradients: Tensor, weight: Tensor, nonlinearity: str) -> Tensor:
    """Of states and gradients (steps, samples, units): the norm at the first step over the largest norm."""
    slopes = 1 - states.square() if nonlinearity == "tanh" else (states > 0).to(states.dtype)
    received = gradients[-1]
    norms = [received.norm()]
    for slope, gradient in zip(slopes[1:].flip(0), gradients[:-1].flip(0), strict=True):
        received = (received * slope) @ weight + gradient
        norms.append(received.norm())
    share: Tensor = norms[-1] / torch.stack(norms).amax()
    return share


def _some(samples: int) -> slice:
    step = max(1, samples // SAMPLES)
    return slice(0, SAMPLES * step, step)
