"""What one pass over data leaves: count, mean, variance, covariance, extremes; two halves merge into the whole.

`Stats` is a commutative monoid: `a + b` describes the data of both, `Stats.empty` is its zero. So any map-reduce
engine can fold it, `sum(map(hs.measure, parts))` works, and so does `torch.distributed`. The update is that of
Chan, Golub and LeVeque (1983), "Algorithms for Computing the Sample Variance", eq. 2.1; all sums are float64.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from headstart.errors import HeadstartError

if TYPE_CHECKING:
    from pathlib import Path

    from torch.distributed import ProcessGroup


@dataclass(frozen=True, eq=False)
class Joint:
    """How columns vary together, over the rows in which all of them are finite."""

    rows: int
    mean: Tensor  # (C,)
    scatter: Tensor  # (C, C): sum over rows of (x - mean)(x - mean)ᵀ

    def merge(self, other: Joint) -> Joint:
        rows = self.rows + other.rows
        mean = (self.rows * self.mean + other.rows * other.mean) / max(rows, 1)
        return Joint(rows, mean, self.about(mean) + other.about(mean))

    def about(self, centre: Tensor) -> Tensor:
        """The scatter about `centre` instead of the mean (C, C)."""
        gap = self.mean - centre
        return self.scatter + self.rows * torch.outer(gap, gap)


@dataclass(frozen=True, eq=False)
class Stats:
    """Statistics of the C columns (channels, features or values of a patch) of a data set; float64, on the CPU.

    Values that are NaN or infinite are counted and left out. `shape` says how a column's figure lies against one
    sample, so that `x - stats.mean.view(stats.shape)` broadcasts: (3, 1, 1) for RGB images, (784,) for a table.

    Example:
        >>> parts = hs.measure(images[:100]) + hs.measure(images[100:])
        >>> torch.allclose(parts.std, hs.measure(images).std)
        True
    """

    shape: tuple[int, ...]
    samples: int
    count: Tensor  # (C,) int64: finite values
    nonfinite: Tensor  # (C,) int64
    mean: Tensor  # (C,)
    squares: Tensor  # (C,): sum of squared deviations from the mean
    minimum: Tensor  # (C,); inf where count is 0
    maximum: Tensor  # (C,); -inf where count is 0
    images: Tensor  # (C,) int64: images with a std of their own; 0 unless channels were measured
    image_stds: Tensor  # (C,): sum of those stds
    joint: Joint | None = None

    @classmethod
    def empty(cls, shape: tuple[int, ...], *, covariance: bool = False) -> Stats:
        """The zero of `+` for columns that lie as `shape`."""
        columns = torch.Size(shape).numel()
        zero, none = torch.zeros(columns, dtype=torch.float64), torch.zeros(columns, dtype=torch.int64)
        joint = Joint(0, zero, zero.new_zeros(columns, columns)) if covariance else None
        return cls(shape, 0, none, none, zero, zero, zero + torch.inf, zero - torch.inf, none, zero, joint)

    @property
    def columns(self) -> int:
        return self.mean.numel()

    @property
    def variance(self) -> Tensor:
        """Population variance (C,): divided by n, as `numpy.var`; NaN where nothing finite was seen."""
        return self.squares / self.count

    @property
    def std(self) -> Tensor:
        """The pooled standard deviation (C,), over all values of a column: what standardising needs."""
        return self.variance.sqrt()

    @property
    def mean_image_std(self) -> Tensor:
        """The mean over images of each image's own std (C,); NaN where no images were seen.

        Never larger than the pooled `std`, for it leaves out how images differ from one another. ImageNet's well-known
        0.229, 0.224, 0.225 are of this kind (pytorch/vision#1439, #1965).
        """
        return self.image_stds / self.images

    @property
    def covariance(self) -> Tensor:
        """Sample covariance (C, C): divided by n - 1, as `numpy.cov`, `torch.cov` and scikit-learn's PCA.

        Raises HeadstartError where it was not measured or fewer than two complete rows were seen.
        """
        if self.joint is None:
            raise HeadstartError("The covariance was not measured", "Measure with covariance=True")
        if self.joint.rows < 2:
            raise HeadstartError(
                f"A covariance needs at least 2 rows without NaN or infinity, and there are {self.joint.rows}",
                "Give more samples",
            )
        return self.joint.scatter / (self.joint.rows - 1)

    @property
    def nonfinite_share(self) -> Tensor:
        """The share of values that are NaN or infinite (C,)."""
        return self.nonfinite.double() / (self.count + self.nonfinite)

    @property
    def constant(self) -> Tensor:
        """Columns that hold one value only (C,) bool; an empty column is not constant."""
        return self.minimum == self.maximum

    def merge(self, other: Stats) -> Stats:
        """The statistics of both data sets together; `a + b` is the same."""
        self._check_fits(other)
        pair = [torch.stack([getattr(self, name), getattr(other, name)]) for name in ("count", "mean", "squares")]
        count, mean, squares = pool(*pair)
        return replace(
            self,
            samples=self.samples + other.samples,
            count=count,
            nonfinite=self.nonfinite + other.nonfinite,
            mean=mean,
            squares=squares,
            minimum=torch.minimum(self.minimum, other.minimum),
            maximum=torch.maximum(self.maximum, other.maximum),
            images=self.images + other.images,
            image_stds=self.image_stds + other.image_stds,
            joint=self.joint.merge(other.joint) if self.joint and other.joint else None,
        )

    def __add__(self, other: Stats) -> Stats:
        return self.merge(other) if isinstance(other, Stats) else NotImplemented

    def __radd__(self, other: int) -> Stats:
        return self if other == 0 else NotImplemented  # sum() starts from 0

    def all_reduce(self, group: ProcessGroup | None = None) -> Stats:
        """The statistics of every process's data together, the same on each; every process of `group` must call it.

        Raises HeadstartError where `torch.distributed` is not initialised.
        """
        from headstart.prepare.stats_distributed import all_reduce

        return all_reduce(self, group)

    def scaled(self, factor: float) -> Stats:
        """The statistics of the data times `factor` (> 0)."""
        joint = self.joint and Joint(self.joint.rows, self.joint.mean * factor, self.joint.scatter * factor**2)
        linear = {name: getattr(self, name) * factor for name in ("mean", "minimum", "maximum", "image_stds")}
        return replace(self, squares=self.squares * factor**2, joint=joint, **linear)

    def save(self, path: str | Path) -> None:
        """Write to `path`, as JSON or, where it ends in `.safetensors`, in that format; `Stats.load` reads both."""
        from headstart.prepare.stats_file import save

        save(self, path)

    @staticmethod
    def load(path: str | Path) -> Stats:
        """Read what `save` or `headstart stats` wrote. Runs no code from the file; a broken one is refused."""
        from headstart.prepare.stats_file import load

        return load(path)

    def _check_fits(self, other: Stats) -> None:
        if self.shape != other.shape:
            raise HeadstartError(
                f"The columns do not match: {self.columns} of shape {self.shape} and {other.columns} of shape"
                f" {other.shape}",
                "Merge only statistics of the same kind of data",
            )
        if (self.joint is None) != (other.joint is None):
            raise HeadstartError(
                "Only one of the two has a covariance", "Measure both with the same covariance=True or False"
            )


def pool(count: Tensor, mean: Tensor, squares: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Merge K groups at once: each argument (K, C), each result (C,). Chan et al.'s eq. 2.1 for many groups."""
    total = count.sum(0)
    centre = (count * mean).sum(0) / total.clamp(min=1)
    return total, centre, (squares + count * (mean - centre).square()).sum(0)


def tensors(stats: Stats) -> dict[str, Tensor]:
    """The tensor fields by name, without the covariance: what is saved and reduced."""
    values: dict[str, Any] = {field.name: getattr(stats, field.name) for field in fields(stats)}
    return {name: value for name, value in values.items() if isinstance(value, Tensor)}
