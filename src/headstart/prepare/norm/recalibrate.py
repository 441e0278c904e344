"""Running statistics of batch norm, measured over the whole data set instead of averaged along the training.

"Precise batch norm" (Wu & Johnson 2021, arXiv 2105.07576) with the population's variance.
`torch.optim.swa_utils.update_bn` averages the variances of batches: that misses how far batch means lie apart, and
counts a small last batch as much as a full one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from headstart.errors import HeadstartError
from headstart.prepare.norm.flow import evaluating, feed
from headstart.prepare.norm.layers import batch_norms
from headstart.prepare.norm.moments import Moments
from headstart.prepare.norm.report import Change, Kept, Report

Method = Literal["one-pass", "layerwise"]
Norms = dict[str, _BatchNorm]  # by dotted path
Feed = Callable[[Any], object]  # runs the model on one batch


@torch.no_grad()
def recalibrate(
    model: nn.Module,
    loader: Iterable[Any],
    *,
    method: Method = "one-pass",
    batches: int | None = None,
    forward: Feed | None = None,
    across_ranks: bool = False,
) -> Report:
    """Set the running mean and variance of every batch norm of `model` to those of its inputs over `loader`.

    The model runs as in evaluation (dropout off, which `update_bn` leaves on), apart from the batch norms:

    - `"one-pass"`: they normalise with the statistics of their batch, as in training, and all are measured at once.
      What reaches a deeper norm then still depends on the batch size.
    - `"layerwise"`: the norms are measured one after another, each behind norms that have got their final statistics,
      so that each is exact for the net as it evaluates: on the set as a whole `model.eval()` gives what
      `model.train()` gives on the set as a single batch. It costs a pass a layer (half a pass on average, for a pass
      ends at the layer that is measured), needs a loader that can be gone through repeatedly, and takes batches of 1.

    A layer that is used several times in one forward pass gets the moments of all its inputs together. Its later uses
    are measured while it normalises with the statistics of its batch.

    `batches` ends each pass early; `forward(batch)` runs the model where it does not take the batch's first element
    (or, for a mapping, its items by keyword); `across_ranks` merges the moments over `torch.distributed`. Moments are
    float64 and are not rounded before they are written into the buffers.

    Raises HeadstartError for an empty loader, inputs that are not finite, and a batch that gives a norm one value
    per channel in one pass. The model is as before then.

    Example:
        >>> print(hs.norm.recalibrate(cnn, loader))
        recalibrated batch norm, one-pass · 1 changed, 0 kept
          layer  before         after
          1      mean 0, var 1  mean ..., var ...
    """
    if method not in ("one-pass", "layerwise"):
        raise HeadstartError(f"method is {method!r}", 'Choose "one-pass" or "layerwise"')
    norms = {name: norm for name, norm in batch_norms(model).items() if norm.running_mean is not None}
    before = {name: _statistics(norm) for name, norm in norms.items()}
    measure = _one_pass if method == "one-pass" else _layerwise
    source = _Passes(loader, batches, forward or (lambda batch: feed(model, batch)))
    try:
        with evaluating(model), _batch_statistics(norms.values()):
            measured = measure(norms, source, across_ranks) if norms else set()
    except BaseException:
        _write(norms, before)
        raise
    return _report(model, norms, before, measured, method)


class _Passes:
    """Goes through the loader, once or repeatedly, and runs the model on each batch."""

    def __init__(self, loader: Iterable[Any], batches: int | None, run: Feed) -> None:
        self.loader, self.batches, self.run = loader, batches, run

    def run_all(self) -> None:
        seen = 0
        for batch in islice(self.loader, self.batches):
            self.run_one(batch, seen)
            seen += 1
        if not seen:
            raise HeadstartError("the loader gave no batch", "Pass batches, or a loader that is not used up")

    def run_one(self, batch: Any, number: int) -> None:
        try:
            self.run(batch)
        except _Reached:
            return
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            raise HeadstartError(
                f"batch {number} gives a batch norm one value per channel, which has no variance",
                'Use method="layerwise", which needs no statistics of a batch, or larger batches',
            ) from None


class _Reached(BaseException):
    """Ends a forward pass at the layer that is measured; not an Exception, which a model might catch."""


def _one_pass(norms: Norms, source: _Passes, across_ranks: bool) -> set[str]:
    moments: dict[str, Moments] = {}
    with _gathering(norms, moments):
        source.run_all()
    _write(norms, {name: _final(name, found, across_ranks) for name, found in moments.items()})
    return set(moments)


def _layerwise(norms: Norms, source: _Passes, across_ranks: bool) -> set[str]:
    if iter(source.loader) is source.loader:
        raise HeadstartError(
            f"the loader is a {type(source.loader).__name__}, which can be gone through only once",
            'Pass a list or a DataLoader, or use method="one-pass"',
        )
    uses = _uses(norms, source)
    for name in dict.fromkeys(uses):  # in the order of first use
        moments: dict[str, Moments] = {}
        with _gathering({name: norms[name]}, moments, stop=uses.count(name) == 1):
            source.run_all()
        _write(norms, {name: _final(name, moments[name], across_ranks)})
        norms[name].training, norms[name].track_running_stats = False, True  # from here on as in evaluation
    return set(uses)


def _uses(norms: Norms, source: _Passes) -> list[str]:
    """The norms in the order in which the first batch reaches them, reused ones several times."""
    uses: list[str] = []
    hooks = [norm.register_forward_pre_hook(lambda *_, name=name: uses.append(name)) for name, norm in norms.items()]
    flags = [(norm, norm.training) for norm in norms.values()]
    try:
        for norm in norms.values():  # running statistics will do for finding the way, and take a batch of 1
            norm.training, norm.track_running_stats = False, True
        for batch in islice(source.loader, 1):
            source.run_one(batch, 0)
    finally:
        for hook in hooks:
            hook.remove()
        for norm, training in flags:
            norm.training, norm.track_running_stats = training, False
    return uses


@contextmanager
def _gathering(norms: Norms, moments: dict[str, Moments], *, stop: bool = False) -> Iterator[None]:
    """Fold each norm's inputs into `moments`; with `stop`, end the forward pass there."""

    def gather(name: str, x: Tensor) -> None:
        if x.numel():
            found = Moments.of(x)
            moments[name] = moments[name].merge(found) if name in moments else found
        if stop:
            raise _Reached

    def hook_of(name: str) -> Callable[..., None]:
        return lambda _, args, kwargs: gather(name, args[0] if args else kwargs["input"])

    hooks = [norm.register_forward_pre_hook(hook_of(name), with_kwargs=True) for name, norm in norms.items()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def _batch_statistics(norms: Iterable[_BatchNorm]) -> Iterator[None]:
    """Norms that normalise by their batch and leave their running statistics alone."""
    flags = [(norm, norm.training) for norm in norms]
    try:
        for norm, _ in flags:
            norm.training, norm.track_running_stats = True, False
        yield
    finally:
        for norm, training in flags:
            norm.training, norm.track_running_stats = training, True


def _final(name: str, moments: Moments, across_ranks: bool) -> tuple[Tensor, Tensor]:
    if across_ranks:
        moments = moments.over_ranks()
    if not (moments.mean.isfinite().all() and moments.var.isfinite().all()):
        raise HeadstartError(
            f"the inputs of {name} are not all finite", "Find the NaN or infinity in the data or the weights before it"
        )
    return moments.mean, moments.var


def _statistics(norm: _BatchNorm) -> tuple[Tensor, Tensor]:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return norm.running_mean.clone(), norm.running_var.clone()


def _write(norms: Norms, statistics: dict[str, tuple[Tensor, Tensor]]) -> None:
    for name, (mean, var) in statistics.items():
        norm = norms[name]
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(var)


def _report(
    model: nn.Module, norms: Norms, before: dict[str, tuple[Tensor, Tensor]], measured: set[str], method: Method
) -> Report:
    changes = tuple(_change(name, before[name], _statistics(norms[name])) for name in norms if name in measured)
    missed = tuple(Kept(name, "", "no batch reached it") for name in norms if name not in measured)
    untracked = tuple(
        Kept(name, "", "it keeps no running statistics") for name in batch_norms(model) if name not in norms
    )

    def back() -> nn.Module:
        with torch.no_grad():
            _write(norms, before)
        return model

    return Report(f"recalibrated batch norm, {method}", model, changes, missed + untracked, back=back)


def _change(name: str, old: tuple[Tensor, Tensor], new: tuple[Tensor, Tensor]) -> Change:
    (old_mean, old_var), (mean, var) = ((m.double(), v.double()) for m, v in (old, new))
    tiny = torch.finfo(torch.float64).tiny
    shift = float(((old_mean - mean).abs() / var.clamp_min(tiny).sqrt()).max())
    ratio = var.clamp_min(tiny) / old_var.clamp_min(tiny)
    return Change(
        name,
        f"mean {float(old_mean.mean()):.3g}, var {float(old_var.mean()):.3g}",
        f"mean {float(mean.mean()):.3g}, var {float(var.mean()):.3g}",
        f"means were off by up to {shift:.2g} σ, variances ×{float(ratio.min()):.2g} to ×{float(ratio.max()):.2g}",
    )
