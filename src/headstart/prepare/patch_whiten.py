"""Whitening as a frozen first convolution, as in the CIFAR-10 speed records.

It began with tysam-code/hlb-CIFAR10; KellerJordan/cifar10-airbench (arXiv 2404.00498, §3.2) has it with 2x2 patches,
eps 5e-4, each filter with its negative, and a bias that is trained for the first epochs.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from headstart.errors import HeadstartError
from headstart.prepare.layout import Layout
from headstart.prepare.preprocess import Transform, like
from headstart.prepare.stats import Stats
from headstart.prepare.whiten import spectrum


class PatchWhiten(Transform):
    """Each patch of an image (N, C, H, W) by its principal components: (N, K, H - patch + 1, W - patch + 1).

    patch   pixels of a patch's side
    eps     the ridge: components are divided by √(variance + eps)
    signed  give each component and its negative, so that a following ReLU or GELU loses nothing: K = 2 · C · patch²
    train_bias  let the bias learn; it starts where each component has mean 0. The weights never learn

    Example:
        >>> net = nn.Sequential(hs.PatchWhiten().fit(images), nn.GELU(), nn.Conv2d(8, 64, 3))
        >>> net(images).shape
        torch.Size([512, 64, 25, 25])
    """

    needs_covariance = True
    per = "patch"
    weight: Tensor
    bias: nn.Parameter

    def __init__(
        self,
        patch: int = 2,
        eps: float = 5e-4,
        signed: bool = True,
        train_bias: bool = False,
        ignore_nonfinite: bool = False,
    ) -> None:
        super().__init__()
        Layout("patch", patch=patch)
        if not eps > 0:
            raise HeadstartError(f"eps={eps} is not positive", "Flat patches have no variance; the records use 5e-4")
        self.patch, self.eps, self.signed = patch, eps, signed
        self.train_bias, self.ignore_nonfinite = train_bias, ignore_nonfinite
        self.register_buffer("mean", torch.empty(0))  # (C, patch, patch)
        self.register_buffer("weight", torch.empty(0))  # (K, C, patch, patch)
        self.bias = nn.Parameter(torch.empty(0), requires_grad=train_bias)  # (K,)

    def forward(self, x: Tensor) -> Tensor:
        numbers = self._numbers(x)
        weight, bias = self.weight.to(numbers.dtype), self.bias.to(numbers.dtype)
        images = numbers if numbers.ndim > 2 and numbers.shape[-3] == weight.shape[1] else numbers.unsqueeze(-3)
        return like(x, F.conv2d(images, weight, bias))

    def inverse(self, y: Tensor) -> Tensor:
        """Images (N, C, H, W), where each pixel is the mean of what the patches that hold it say."""
        numbers = self._numbers(y)
        half = self.weight[: self.mean.numel()].flatten(1).to(numbers.dtype)
        components = numbers[..., : len(half), :, :] - self.bias[: len(half), None, None].to(numbers.dtype)
        patches = torch.linalg.solve(half, components.flatten(-2))
        size = (components.shape[-2] + self.patch - 1, components.shape[-1] + self.patch - 1)
        return like(y, F.fold(patches, size, self.patch) / F.fold(torch.ones_like(patches), size, self.patch))

    def _solve(self, stats: Stats) -> dict[str, Tensor]:
        self.bias.requires_grad_(self.train_bias)
        scales, directions = spectrum(stats, self.eps)
        matrix = (directions / scales).T
        matrix = torch.cat([matrix, -matrix]) if self.signed else matrix
        return {
            "mean": stats.mean.view(stats.shape),
            "weight": matrix.reshape(-1, *stats.shape),
            "bias": -matrix @ stats.mean,
        }
