"""Folding over torchvision's architectures, and what recalibration costs beside `update_bn`.

    python benchmarks/norm.py [ARCHITECTURE ...]      # about two minutes; the first table needs torchvision

First table: batch norms that were folded and kept, with pairs found by torch.fx and by a watched pass on a batch, and
the largest difference of the outputs in float64, relative to the largest output; and where the norms stand.
Second table: seconds over the same batches, best of three.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

import headstart as hs

ARCHITECTURES = (
    "resnet18 resnext50_32x4d mobilenet_v2 mobilenet_v3_small shufflenet_v2_x0_5 densenet121 vgg11_bn googlenet "
    "efficientnet_b0 mnasnet0_5 regnet_y_400mf convnext_tiny"
).split()
LARGE = {"inception_v3": 299, "vit_b_32": 224}  # pixels where 64 will not do


def main() -> None:
    fold_table(sys.argv[1:] or ARCHITECTURES)
    recalibrate_table()


def fold_table(names: list[str]) -> None:
    try:
        from torchvision.models import get_model
    except ImportError:
        print("torchvision is not installed: no table of architectures")
        return
    print(f"{'architecture':20s} {'by fx':>12s} {'on a batch':>12s} {'difference':>11s}  norms stand")
    for name in names:
        options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        model = lively(get_model(name, weights=None, **options))
        x = torch.randn(2, 3, *[LARGE.get(name, 64)] * 2, dtype=torch.float64)
        (fx, _), (watched, gap) = folded(model, x, None), folded(model, x, x)
        where = Counter(row.where for row in hs.norm.place(model, x).rows)
        print(f"{name:20s} {fx:>12s} {watched:>12s} {gap:11.0e}  {dict(where)}", flush=True)


def lively(model: nn.Module) -> nn.Module:
    """In float64 and evaluation mode, with norms that do something."""
    torch.manual_seed(0)
    for norm in model.modules():
        if isinstance(norm, nn.modules.batchnorm._BatchNorm):
            norm.running_mean.normal_(0, 0.1)
            norm.running_var.uniform_(0.5, 2)
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias, 0, 0.1)
    return model.double().eval()


@torch.no_grad()
def folded(model: nn.Module, x: Tensor, batch: Tensor | None) -> tuple[str, float]:
    wanted = model(x)
    report = hs.norm.fold(model, batch)
    gap = float((model(x) - wanted).abs().max() / wanted.abs().max())
    report.undo()
    assert torch.equal(model(x), wanted)
    return f"{len(report.changed)} of {len(report.changed) + len(report.kept)}", gap


def recalibrate_table() -> None:
    layers = [layer for width in (32, 64, 64) for layer in block(width)]
    net, batches = nn.Sequential(*layers), torch.randn(512, 3, 32, 32).split(32)
    net(batches[0])  # lazy layers take their shapes
    ways: dict[str, Callable[[], object]] = {
        "update_bn": lambda: update_bn(batches, net),
        "recalibrate, one-pass": lambda: hs.norm.recalibrate(net, batches),
        "recalibrate, layerwise": lambda: hs.norm.recalibrate(net, batches, method="layerwise"),
    }
    print("\n512 images of 3x32x32, three convolutions, batches of 32")
    for name, run in ways.items():
        print(f"{name:24s} {min(seconds(run) for _ in range(3)):6.2f} s")


def block(width: int) -> list[nn.Module]:
    return [nn.LazyConv2d(width, 3, padding=1), nn.LazyBatchNorm2d(), nn.ReLU()]


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
