"""Whitening: a linear map after which all columns are uncorrelated with variance 1 (LeCun et al. 1998, §4.3)."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from headstart.errors import HeadstartError
from headstart.prepare.layout import Layout, Per
from headstart.prepare.preprocess import Transform, like
from headstart.prepare.stats import Stats

Method = Literal["pca", "zca", "cholesky"]


class Whiten(Transform):
    """y = W (x - mean), with W Σ Wᵀ = I for the covariance Σ of the data it was fitted to.

    Of all such W (Kessy, Lewin and Strimmer 2018, "Optimal Whitening and Decorrelation"), with Σ = U Λ Uᵀ,

    method    "pca"       Λ^-1/2 Uᵀ: components by falling variance; a sample becomes a vector of them
              "zca"       U Λ^-1/2 Uᵀ: stays closest to the data; the sample's shape is kept
              "cholesky"  Lᵀ with Σ^-1 = L Lᵀ: triangular, column i of the output depends on columns i, i+1, ...
    eps       the ridge: Σ + eps I is inverted, so that directions of tiny variance are not blown up. 0: exact
    components  keep the directions of most variance: this many, or, below 1, that share of it; not for cholesky
    per       "feature" (a sample is one vector) or "channel" (colours are mixed at every pixel)
    axis      that of the channels in a batch; None: 1

    Directions without variance (constant features, fewer samples than features) are left out, where eps is 0: "pca"
    has fewer components, "zca" a W of lower rank, "cholesky" is refused. Divides by n - 1, as scikit-learn's PCA does.

    Example:
        >>> white = hs.Whiten("pca", components=50).fit(images)
        >>> torch.allclose(white(images).T.cov(), torch.eye(50), atol=1e-3)
        True
    """

    needs_covariance = True
    matrix: Tensor  # (K, C)
    inverse_matrix: Tensor  # (C, K)

    def __init__(
        self,
        method: Method = "pca",
        eps: float = 0.0,
        components: float | None = None,
        per: Per = "feature",
        axis: int | None = None,
        ignore_nonfinite: bool = False,
    ) -> None:
        super().__init__()
        Layout(per, axis)
        _check(method, eps, components)
        self.method, self.eps, self.components = method, eps, components
        self.per, self.axis, self.ignore_nonfinite = per, axis, ignore_nonfinite
        for name in ("mean", "matrix", "inverse_matrix"):
            self.register_buffer(name, torch.empty(0))

    def forward(self, x: Tensor) -> Tensor:
        centred = self._numbers(x) - self.mean
        matrix = self.matrix.to(centred.dtype)
        if self.per == "channel":
            return like(x, self._mix(centred, matrix))
        y = centred.flatten(-self.mean.ndim) @ matrix.T
        return like(x, y.reshape(x.shape) if self.method == "zca" else y)

    def inverse(self, y: Tensor) -> Tensor:
        numbers = self._numbers(y)
        matrix = self.inverse_matrix.to(numbers.dtype)
        if self.per == "channel":
            return like(y, self._mix(numbers, matrix) + self.mean)
        flat = numbers.flatten(-self.mean.ndim) if self.method == "zca" else numbers
        return like(y, (flat @ matrix.T).reshape(*flat.shape[:-1], *self.mean.shape) + self.mean)

    def _mix(self, x: Tensor, matrix: Tensor) -> Tensor:
        """The matrix times the channels of each pixel."""
        if matrix.numel() == 1:
            return x * matrix.squeeze()  # grey images may have no channel axis
        axis = next(place for place, size in enumerate(self.mean.shape) if size > 1) - self.mean.ndim
        return (x.movedim(axis, -1) @ matrix.T).movedim(-1, axis)

    def _solve(self, stats: Stats) -> dict[str, Tensor]:
        if self.method == "cholesky":
            matrix, inverse = _cholesky(stats, self.eps)
        else:
            scales, directions = spectrum(stats, self.eps, self.components)
            turn = directions if self.method == "zca" else torch.eye(len(scales), dtype=scales.dtype)
            matrix, inverse = turn @ (directions / scales).T, directions * scales @ turn.T
        return {"mean": stats.mean.view(stats.shape), "matrix": matrix, "inverse_matrix": inverse}


def spectrum(stats: Stats, eps: float, components: float | None = None) -> tuple[Tensor, Tensor]:
    """Standard deviations √(λ + eps) (K,) along the principal directions (C, K), largest first.

    Each direction's sign makes its largest entry positive, as in scikit-learn, so that a fit can be repeated.
    """
    values, vectors = torch.linalg.eigh(stats.covariance)
    values, vectors = values.flip(0).clamp(min=0), vectors.flip(1)
    kept = stats.columns if eps > 0 else _rank(values, stats)
    if components is not None:
        kept = _asked(components, values, kept)
    if kept == 0:
        raise HeadstartError("The data do not vary in any direction", "Whitening needs data that differ")
    vectors = vectors[:, :kept]
    largest = vectors.gather(0, vectors.abs().argmax(0, keepdim=True))
    return (values[:kept] + eps).sqrt(), vectors * largest.sign()


def _rank(values: Tensor, stats: Stats) -> int:
    """How many eigenvalues are more than rounding, which grows with the columns and the root of the rows."""
    rows = stats.joint.rows if stats.joint else 0
    noise = 10 * torch.finfo(values.dtype).eps * max(stats.columns, rows**0.5)
    return min(int((values > noise * values[0]).sum()), max(rows - 1, 0))


def _asked(components: float, values: Tensor, available: int) -> int:
    if components < 1:
        shares = values.cumsum(0) / values.sum()
        return min(int((shares < components).sum()) + 1, available)
    if components > available:
        raise HeadstartError(
            f"components={components}, and the data vary in {available} directions only",
            "Ask for fewer, give more samples, or eps > 0",
        )
    return int(components)


def _cholesky(stats: Stats, eps: float) -> tuple[Tensor, Tensor]:
    """W and its inverse, both upper triangular: Σ = R Rᵀ from the flipped Σ's own factor, and W = R^-1."""
    covariance = stats.covariance
    rank = _rank(torch.linalg.eigvalsh(covariance).flip(0), stats)
    if eps == 0 and rank < stats.columns:
        raise HeadstartError(
            f"The covariance of {stats.columns} columns has rank {rank}, and Cholesky whitening needs all of it",
            'Use method="pca" or "zca", eps > 0, or more samples',
        )
    ridged = covariance + eps * torch.eye(stats.columns, dtype=covariance.dtype)
    root = torch.linalg.cholesky(ridged.flip(0, 1)).flip(0, 1)
    one = torch.eye(stats.columns, dtype=covariance.dtype)
    return torch.linalg.solve_triangular(root, one, upper=True), root


def _check(method: str, eps: float, components: float | None) -> None:
    if method not in get_args(Method):
        raise HeadstartError(f"method={method!r} is not known", f"Use one of {', '.join(get_args(Method))}")
    if not eps >= 0:
        raise HeadstartError(f"eps={eps} is negative", "The ridge is added to variances; use 0 or a little more")
    if components is None:
        return
    if method == "cholesky":
        raise HeadstartError("Cholesky whitening cannot be truncated", 'Leave components out, or use method="pca"')
    if components <= 0 or (components > 1 and components != int(components)):
        raise HeadstartError(
            f"components={components} is neither a number of directions nor a share of the variance",
            "Use a whole number, or a share between 0 and 1",
        )
