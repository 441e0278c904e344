"""Draws docs/plots/statistics.svg: what goes wrong in a mean and standard deviation that are summed up by hand.

    python docs/plots/statistics.py      # ten seconds of CPU; prints the tables of docs/statistics.md

Left: the relative error of the std of 100,000 values of std 1 about a growing mean, by E[x²] - E[x]² and by `hs.measure`;
the truth is NumPy's std of the same values, less a constant that float64 subtracts exactly. Middle: the std of each image
of MNIST, their mean, and the pooled std. Right: stds that are averaged over batches, and merged, by batch size.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor

import headstart as hs

MEANS = [10**k for k in range(9)]
SIZES = [1, 4, 16, 64, 256, 1000]
IMAGES = 10_000  # of MNIST, for the batches
FLOOR = 1e-16  # errors of 0 are drawn here
COLOURS = ("#D55E00", "#E69F00", "#0072B2", "#009E73")  # Okabe and Ito's
MARKS = ("o-", "s--", "^-", "D--")


def main() -> None:
    images = hs.mnist().train_images
    offsets, own, batches = offset_errors(), image_stds(images), batch_errors(images[:IMAGES])
    stats = hs.measure(images)
    print(f"\nMNIST: pooled std {float(stats.std):.4f}, mean of the images' stds {float(stats.mean_image_std):.4f}")
    draw(offsets, own, batches, stats)


def by_squares(x: Tensor) -> float:
    """E[x²] - E[x]², in the dtype of x."""
    return float((x.square().mean() - x.mean().square()).clamp(min=0).sqrt())


WAYS: dict[str, tuple[torch.dtype, Callable[[Tensor], float]]] = {
    "E[x²] − E[x]², float32": (torch.float32, by_squares),
    "E[x²] − E[x]², float64": (torch.float64, by_squares),
    "hs.measure, float32": (torch.float32, lambda x: float(hs.measure(x).std)),
    "hs.measure, float64": (torch.float64, lambda x: float(hs.measure(x).std)),
}


def offset_errors() -> dict[str, list[float]]:
    z = torch.randn(100_000, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    errors: dict[str, list[float]] = {}
    for way, (dtype, std) in WAYS.items():
        columns = [((z + mean).to(dtype), mean) for mean in MEANS]
        errors[way] = [abs(std(x) / float(np.std(x.double().numpy() - mean)) - 1) for x, mean in columns]
    print(f"{'error of the std, by the mean':32s}" + "".join(f"{mean:<10.0e}" for mean in MEANS))
    for way, values in errors.items():
        print(f"{way:32s}" + "".join(f"{value:<10.1e}" for value in values))
    return errors


def image_stds(images: Tensor) -> np.ndarray:
    return (images.flatten(1).double() / 255).std(1, correction=0).numpy()


def batch_errors(images: Tensor) -> dict[str, list[float]]:
    """Relative errors of the std over all images, where it is put together from batches."""
    true = float(np.std(images.numpy() / 255))
    floats = images.float() / 255
    errors = {
        "mean of batch stds": [float(torch.stack([b.std() for b in floats.split(n)]).mean()) for n in SIZES],
        "merged": [float(hs.measure(images.split(n)).std) for n in SIZES],
    }
    errors = {way: [abs(value / true - 1) for value in values] for way, values in errors.items()}
    print(f"\n{'error of the std, by batch size':32s}" + "".join(f"{size:<10d}" for size in SIZES))
    for way, values in errors.items():
        print(f"{way:32s}" + "".join(f"{value:<10.1e}" for value in values))
    return errors


def draw(offsets: dict[str, list[float]], own: np.ndarray, batches: dict[str, list[float]], stats: hs.Stats) -> None:
    plt.rcParams.update({"svg.hashsalt": "headstart", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3})
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.2))
    for (way, errors), colour, mark in zip(offsets.items(), COLOURS, MARKS, strict=True):
        left.loglog(MEANS, np.maximum(errors, FLOOR), mark, color=colour, markersize=3.5, label=way)
    left.set(title="values of std 1", xlabel="mean", ylabel="relative error of the std", ylim=(FLOOR / 3, 1e9))
    left.legend(fontsize=6.5, frameon=False, ncols=2, loc="upper left", columnspacing=0.8)
    middle.hist(own, bins=60, color="#aab7b8")
    middle.axvline(float(stats.mean_image_std), color=COLOURS[0], linestyle="--", label="their mean: image std")
    middle.axvline(float(stats.std), color=COLOURS[2], label="pooled: std")
    middle.set(title="MNIST", xlabel="std of an image (white is 1)", ylabel="images", ylim=(0, 4200))
    middle.legend(fontsize=7, frameon=False)
    for (way, errors), colour, mark in zip(batches.items(), COLOURS[::2], MARKS[::2], strict=True):
        right.loglog(SIZES, np.maximum(errors, FLOOR), mark, color=colour, markersize=3.5, label=way)
    right.set(title="MNIST", xlabel="batch size (images)", ylabel="relative error of the std", ylim=(FLOOR / 3, 1))
    right.legend(fontsize=7, frameon=False)
    for axis in (left, middle, right):
        axis.title.set_fontsize(9)
    figure.tight_layout()
    figure.savefig(Path(__file__).with_suffix(".svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
