"""Draws docs/plots/normalization.svg: how far statistics measured on batches of a size are from the set's own.

    python docs/plots/normalization.py      # under a minute of CPU; prints the table of docs/normalization.md

A small CNN with batch norm, and with dropout before its last convolution, is trained on MNIST. Its running variances
are then measured anew over 2,000 images, cut into batches of several sizes, by `torch.optim.swa_utils.update_bn` and
by both methods of `hs.norm.recalibrate`. The truth is torch's own: one pass over all 2,000 images as a single batch,
with batch norm in training mode and dropout off.
"""

from __future__ import annotations

import copy
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

import headstart as hs

SIZES = [2, 4, 8, 16, 32, 128, 500]
IMAGES = 2000  # measured on
WAYS = ("as trained", "update_bn", "one-pass", "layerwise")
LINES = {  # Okabe and Ito's palette, and a mark
    "as trained": ("#7f8c8d", "x:"),
    "update_bn": ("#D55E00", "s--"),
    "one-pass": ("#0072B2", "o-"),
    "layerwise": ("#009E73", "D-"),
}


def main() -> None:
    data = hs.mnist()
    mean, std = 255 * 0.1307, 255 * 0.3081
    x = (data.train_images[:10_000].float().unsqueeze(1) - mean) / std
    test = (data.test_images.float().unsqueeze(1) - mean) / std
    net = trained(x, data.train_labels[:10_000].long())
    truth = whole_set(net, x[:IMAGES])
    exact = logits(truth, test)
    print("size  way         variance of norm 1, 2, 3               logits     test error")
    rows = []
    for size in SIZES:
        for way in WAYS:
            found = measured(net, x[:IMAGES], size, way)
            gaps = [variance_gap(found, truth, layer) for layer in norms(net)]
            answer = logits(found, test)
            gap = float((answer - exact).square().mean().sqrt())
            rows.append((size, way, [*gaps, gap]))
            error = float((answer.argmax(1) != data.test_labels).float().mean())
            print(f"{size:4d}  {way:10s}" + "".join(f"  {g:9.1e}" for g in rows[-1][2]) + f"  {error:.2%}", flush=True)
    draw(rows)


def trained(x: Tensor, y: Tensor) -> nn.Module:
    """Three convolutions, each with batch norm; one epoch of batches of 32."""
    torch.manual_seed(0)
    net = nn.Sequential(*block(1, 8), *block(8, 16), nn.Dropout(0.2), *block(16, 32))
    net.extend([nn.Flatten(), nn.Linear(288, 10)])
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    for images, labels in zip(x.split(32), y.split(32), strict=True):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images), labels).backward()
        optimizer.step()
    return net


def block(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]


def norms(net: nn.Module) -> list[str]:
    return [name for name, module in net.named_modules() if isinstance(module, nn.BatchNorm2d)]


@torch.no_grad()
def whole_set(net: nn.Module, x: Tensor) -> nn.Module:
    net = copy.deepcopy(net).eval()
    for name in norms(net):
        net.get_submodule(name).train().momentum = 1.0
    net(x)
    return net


def measured(net: nn.Module, x: Tensor, size: int, way: str) -> nn.Module:
    net = copy.deepcopy(net)
    if way == "update_bn":
        update_bn(x.split(size), net)
    elif way != "as trained":
        hs.norm.recalibrate(net, x.split(size), method=way)
    return net


def variance_gap(found: nn.Module, truth: nn.Module, layer: str) -> float:
    """Root mean square over channels of the running variance's relative error."""
    a, b = (net.get_submodule(layer).running_var.double() for net in (found, truth))
    return float((a / b - 1).square().mean().sqrt())


@torch.no_grad()
def logits(net: nn.Module, x: Tensor) -> Tensor:
    return net.eval()(x)


def draw(rows: list[tuple[int, str, list[float]]]) -> None:
    plt.rcParams.update({"svg.hashsalt": "headstart", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3})
    figure, axes = plt.subplots(1, 4, figsize=(11, 3.2), sharex=True, sharey=True)
    for i, axis in enumerate(axes):
        for way in WAYS:
            values = [gaps[i] for _, name, gaps in rows if name == way]
            colour, mark = LINES[way]
            axis.loglog(SIZES, values, mark, color=colour, markersize=3.5, label=way)
        axis.set_title(f"variance of batch norm {i + 1}" if i < 3 else "logits", fontsize=9)
        axis.set_xticks(SIZES, [str(size) for size in SIZES], fontsize=7)
        axis.minorticks_off()
        axis.set_xlabel("batch size (images)")
    axes[0].set_ylabel("relative error (root mean square)")
    axes[3].set_ylabel("error (root mean square)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="upper center", ncols=4, frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.93))
    figure.savefig(Path(__file__).with_suffix(".svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
