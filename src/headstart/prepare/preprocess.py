"""What Standardize, Whiten and PatchWhiten share: fitted by measuring, kept in buffers, at home in three worlds.

As `nn.Module`s they are saved, moved and exported with the model. As torchvision v2 transforms they are called on one
image. As scikit-learn transformers they have `fit`, `partial_fit`, `transform`, `inverse_transform` and `get_params`.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import Self

from headstart.errors import HeadstartError
from headstart.prepare.layout import Per
from headstart.prepare.measure import measure
from headstart.prepare.stats import Stats


class Transform(nn.Module, ABC):
    """A fixed affine map of data, found from their statistics. Buffers are empty until it is fitted."""

    per: Per
    axis: int | None = None
    patch: int = 2
    ignore_nonfinite: bool = False
    needs_covariance = False

    mean: Tensor  # every transform has it, and it is empty until fitted

    def __init__(self) -> None:
        super().__init__()
        self.stats: Stats | None = None

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """The transformed data; any batch axes, the dtype kept (uint8 becomes the buffers' dtype, in 1/255ths)."""

    @abstractmethod
    def inverse(self, y: Tensor) -> Tensor:
        """The data back from what `forward` gave."""

    @abstractmethod
    def _solve(self, stats: Stats) -> dict[str, Tensor]:
        """The buffers, in float64."""

    @property
    def fitted(self) -> bool:
        return self.mean.numel() > 0

    def fit(self, data: Any, y: Any = None) -> Self:
        """Forget what was seen and fit to `data`: whatever `hs.measure` reads, or a `Stats`. `y` is ignored."""
        self.stats = None
        return self._take(data if isinstance(data, Stats) else self._measured(data), _dtype_of(data))

    def partial_fit(self, data: Any, y: Any = None) -> Self:
        """Fit to `data` and all that was seen before; solved anew each time, so `fit(loader)` is faster in one go."""
        if self.stats is None and self.fitted:
            raise HeadstartError(
                f"This {type(self).__name__} was loaded, and a state_dict holds no running statistics",
                "Call fit on all data, or keep Stats.save beside it and merge: fit(Stats.load(...) + hs.measure(new))",
            )
        new = data if isinstance(data, Stats) else self._measured(data)
        return self._take(new if self.stats is None else self.stats + new, _dtype_of(data))

    def transform(self, x: Any) -> Any:
        """`forward` for a tensor or an array, without gradient; an array comes back as one."""
        return self._applied(self.forward, x)

    def inverse_transform(self, y: Any) -> Any:
        """`inverse` for a tensor or an array."""
        return self._applied(self.inverse, y)

    def fit_transform(self, x: Any, y: Any = None) -> Any:
        return self.fit(x).transform(x)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments, as scikit-learn's `clone` and grid search ask for them."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: Any) -> Self:
        """Change constructor arguments; takes effect at the next fit."""
        known = self.get_params()
        for name in params:
            if name not in known:
                raise HeadstartError(f"{type(self).__name__} has no parameter {name!r}", f"It has {', '.join(known)}")
        type(self)(**(known | params))  # the constructor's own checks, before anything changes
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def extra_repr(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return said if self.fitted else f"{said}, not fitted"

    def _measured(self, data: Any) -> Stats:
        return measure(data, per=self.per, axis=self.axis, patch=self.patch, covariance=self.needs_covariance)

    def _take(self, stats: Stats, dtype: torch.dtype) -> Self:
        if bool(stats.nonfinite.any()) and not self.ignore_nonfinite:
            column = int(stats.nonfinite.argmax())
            raise HeadstartError(
                f"{int(stats.nonfinite.sum())} values are NaN or infinite, most of them in column {column}",
                f"Repair the data, or leave them out with {type(self).__name__}(ignore_nonfinite=True)",
            )
        if not bool(stats.count.all()):
            raise HeadstartError(
                f"Column {int(stats.count.argmin())} has no finite value", "Drop the column; nothing is known of it"
            )
        buffers = self._solve(stats)
        self.stats = stats
        for name, value in buffers.items():
            getattr(self, name).data = value.to(self.mean.device, dtype)  # .data: a bias may be a Parameter
        return self

    def _applied(self, function: Any, x: Any) -> Any:
        with torch.no_grad():
            if isinstance(x, Tensor):
                return function(x)
            from headstart.prepare.sources import from_array

            return function(from_array(x)).numpy()

    def _numbers(self, x: Tensor) -> Tensor:
        """`x` in the wider of its dtype and the buffers'; uint8 are 255ths, here as in `hs.measure`."""
        if not self.fitted:
            raise HeadstartError(f"This {type(self).__name__} is not fitted", "Call fit(data) first")
        if x.dtype == torch.uint8:
            return x.to(self.mean.dtype) / 255
        return x.to(torch.promote_types(x.dtype, self.mean.dtype))

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *args: Any, **kwargs: Any) -> None:
        """Take the sizes of the saved buffers, for an unfitted transform has none of its own."""
        for name, own in [*self.named_buffers(recurse=False), *self.named_parameters(recurse=False)]:
            saved = state_dict.get(prefix + name)
            if saved is not None and saved.shape != own.shape:
                own.data = own.new_empty(saved.shape, dtype=saved.dtype)
        self.stats = None
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def __sklearn_is_fitted__(self) -> bool:
        return self.fitted

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import Tags, TargetTags, TransformerTags  # only scikit-learn itself asks for tags

        return Tags(None, TargetTags(required=False), TransformerTags())


def like(x: Tensor, y: Tensor) -> Tensor:
    """`y` in the dtype of the input `x` that it was made from; integers cannot hold it."""
    return y.to(x.dtype) if x.is_floating_point() else y


def _dtype_of(data: Any) -> torch.dtype:
    """float64 for float64 data, whose differences float32 could lose; else float32, as a model's parameters."""
    return torch.float64 if str(getattr(data, "dtype", "")).endswith("float64") else torch.float32
