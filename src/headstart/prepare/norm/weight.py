"""Weight standardisation: each filter with mean 0 and variance 1 (Qiao et al. 2019, arXiv 1903.10520)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils import parametrize

from headstart.prepare.norm.layers import describe, has_hooks, named_layers
from headstart.prepare.norm.report import Change, Kept, Report

EPS = 1e-5  # under the root, as in batch norm; some implementations add it to the std instead
KINDS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


class WeightStandardization(nn.Module):
    """W ↦ (W - mean) / √(var + ε) over all axes but the first, divided by √fan_in if `scaled`.

    `scaled` keeps the variance of the signal (Brock et al. 2021, arXiv 2101.08692, without the gain); without
    it, as in the original, a norm has to follow the layer.

    Example:
        >>> w = hs.norm.WeightStandardization()(torch.randn(8, 3, 3, 3))
        >>> torch.allclose(w.flatten(1).std(1, correction=0), torch.ones(8), atol=1e-3)
        True
    """

    def __init__(self, eps: float = EPS, scaled: bool = False) -> None:
        super().__init__()
        self.eps, self.scaled = eps, scaled

    def forward(self, weight: Tensor) -> Tensor:
        axes = tuple(range(1, weight.ndim))
        centred = weight - weight.mean(axes, keepdim=True)
        standard = centred / (weight.var(axes, correction=0, keepdim=True) + self.eps).sqrt()
        return standard / weight[0].numel() ** 0.5 if self.scaled else standard


def weight_standardize(model: nn.Module, *, scaled: bool = False, eps: float = EPS) -> Report:
    """Put `WeightStandardization` on the weight of every convolution of `model`, in place.

    It is a parametrisation: the trained tensor stays the same `Parameter` (now `parametrizations.weight.original`),
    gradients flow through the standardisation, `Report.undo` removes it and leaves the weight as trained.
    (`torch.nn.utils.parametrize.remove_parametrizations(layer, "weight")` bakes the standardised weight in instead.)
    Filters of a single weight, transposed convolutions, and layers with a parametrisation or hooks are kept.

    Example:
        >>> report = hs.norm.weight_standardize(cnn)
        >>> torch.allclose(cnn[0].weight.flatten(1).mean(1), torch.zeros(8), atol=1e-6)
        True
    """
    changed, kept = [], []
    for name, layer in [(name, layer) for name, layer in named_layers(model) if isinstance(layer, _CONVOLUTIONS)]:
        before = describe(layer)
        if reason := _why_not(layer):
            kept.append(Kept(name, before, reason))
            continue
        parametrize.register_parametrization(layer, "weight", WeightStandardization(eps, scaled))
        changed.append((Change(name, before, "standardised weight"), layer))

    def back() -> nn.Module:
        for _, layer in changed:
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
        return model

    changes = tuple(change for change, _ in changed)
    return Report("standardised weights", model, changes, tuple(kept), back=back)


_CONVOLUTIONS = (*KINDS, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def _why_not(layer: nn.Module) -> str | None:
    if parametrize.is_parametrized(layer):
        return "it is parametrised already"
    if not isinstance(layer, KINDS):
        return "a transposed convolution's filters do not lie along the first axis"
    if has_hooks(layer):
        return "it has hooks, which may compute the weight"
    if layer.weight[0].numel() < 2:
        return "a filter of one weight has no variance"
    return None
