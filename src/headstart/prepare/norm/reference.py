"""Batch normalisation written out: y = γ (x - μ) / √(σ² + ε) + β (Ioffe & Szegedy 2015, algorithm 1).

It is here to be read and compared; `torch.nn.BatchNorm1d`, `2d` and `3d` give the same numbers, faster.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from headstart.errors import HeadstartError


class BatchNorm(nn.Module):
    """Batch norm over all axes but the second, for inputs of shape (N, C), (N, C, L), (N, C, H, W), ...

    In training it normalises with the mean and the *population* variance (divided by n) of the batch, and moves the
    running mean and the running *sample* variance (divided by n - 1) by `momentum`; in evaluation it normalises with
    these. `momentum=None` averages over all batches seen. Arguments and state dict are those of `torch.nn.BatchNorm*`.

    Raises HeadstartError where a training batch holds a single value per channel, which has no variance.

    Example:
        >>> x = torch.randn(32, 4)
        >>> torch.allclose(hs.norm.BatchNorm(4)(x), nn.BatchNorm1d(4)(x), atol=1e-6)
        True
    """

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features)) if affine else None
        self.bias = nn.Parameter(torch.zeros(num_features)) if affine else None
        self.register_buffer("running_mean", torch.zeros(num_features) if track_running_stats else None)
        self.register_buffer("running_var", torch.ones(num_features) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", torch.tensor(0) if track_running_stats else None)

    def forward(self, x: Tensor) -> Tensor:
        mean, var = self._statistics(x)
        y = (x - _per_channel(mean, x)) / torch.sqrt(_per_channel(var, x) + self.eps)
        if self.weight is None or self.bias is None:
            return y
        return _per_channel(self.weight, x) * y + _per_channel(self.bias, x)

    def _statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if not self.training and self.running_mean is not None and self.running_var is not None:
            return self.running_mean, self.running_var
        mean, var = x.mean(_others(x)), x.var(_others(x), correction=0)
        if self.training:
            n = x.numel() // x.shape[1]
            if n < 2:
                raise HeadstartError(
                    f"the batch has one value per channel (shape {tuple(x.shape)}), and one value has no variance",
                    "Train on larger batches (drop_last=True drops a last one of a single sample), or use group norm",
                )
            self._move_running(mean.detach(), var.detach() * n / (n - 1))
        return mean, var

    def _move_running(self, mean: Tensor, sample_var: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked += 1
        share = self.momentum if self.momentum is not None else 1.0 / int(self.num_batches_tracked)
        self.running_mean.mul_(1 - share).add_(share * mean)
        self.running_var.mul_(1 - share).add_(share * sample_var)


def batch_norm_backward(grad: Tensor, x: Tensor, weight: Tensor, eps: float = 1e-5) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of training-mode batch norm by hand: (∂L/∂x, ∂L/∂γ, ∂L/∂β) from ∂L/∂y.

    `grad` and `x` have the shape (N, C, ...), `weight` (C,). With x̂ = (x - μ)/√(σ² + ε), and means over all axes but
    the second, ∂L/∂x = γ/√(σ² + ε) · (g - mean(g) - x̂ · mean(g x̂)): batch norm takes out of the gradient what would
    move the channel's mean or its scale, so a step can change neither.

    Example:
        >>> x, weight = torch.randn(32, 4, requires_grad=True), torch.ones(4)
        >>> nn.functional.batch_norm(x, None, None, weight, training=True).square().sum().backward()
        >>> y = nn.functional.batch_norm(x, None, None, weight, training=True)
        >>> torch.allclose(hs.norm.batch_norm_backward(2 * y, x, weight)[0], x.grad, atol=1e-5)
        True
    """
    axes = _others(x)
    std = torch.sqrt(x.var(axes, correction=0, keepdim=True) + eps)
    normal = (x - x.mean(axes, keepdim=True)) / std
    centred = grad - grad.mean(axes, keepdim=True) - normal * (grad * normal).mean(axes, keepdim=True)
    return _per_channel(weight, x) / std * centred, (grad * normal).sum(axes), grad.sum(axes)


def _others(x: Tensor) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))


def _per_channel(values: Tensor, x: Tensor) -> Tensor:
    return values.reshape(1, -1, *[1] * (x.ndim - 2))
