"""Draws docs/plots/preprocessing.svg: the spectrum of MNIST, what whitening makes of it, and how gradient descent takes it.

    python docs/plots/preprocessing.py      # fifteen seconds of CPU; prints the tables of docs/preprocessing.md

Softmax regression on 5,000 digits, from zero weights, by full-batch gradient descent with the step 1/L that is safe for
every input, 2 / λ for the largest eigenvalue λ of the second moments, bias included, since the Hessian of the softmax
cross-entropy is at most λ/2 (Böhning 1992, "Multinomial logistic regression algorithm").
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import headstart as hs

TRAIN, STEPS, AT = 5_000, 200, (10, 50, 200)
WAYS: dict[str, nn.Module] = {
    "raw": nn.Identity(),
    "standardised": hs.Standardize(),
    "per feature": hs.Standardize(per="feature"),
    "ZCA, eps 0.1": hs.Whiten("zca", eps=0.1),
    "ZCA, eps 0.01": hs.Whiten("zca", eps=0.01),
    "ZCA": hs.Whiten("zca"),
}
COLOURS = ("#7f8c8d", "#0072B2", "#CC79A7", "#E69F00", "#009E73", "#D55E00")  # Okabe and Ito's
DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (7, 2)), (0, (3, 1, 1, 1)), "-")
SHOWN = ("raw", "ZCA, eps 0.1", "ZCA, eps 0.01", "ZCA")


def main() -> None:
    data = hs.mnist()
    x, test = (images.float() / 255 for images in (data.train_images[:TRAIN], data.test_images))
    labels = data.train_labels[:TRAIN].long(), data.test_labels.long()
    print(f"{'':16s}{'λ max':>9s}{'λ mean':>9s}  off I   " + "".join(f"loss {n:<8d}" for n in AT) + "test error")
    losses, spectra, pictures = {}, {}, {}
    for way, transform in WAYS.items():
        if isinstance(transform, hs.Whiten | hs.Standardize):
            transform.fit(x)
        ours = [transform(images).flatten(1) for images in (x, test)]
        spectra[way] = torch.linalg.eigvalsh(torch.cov(ours[0].double().T)).flip(0)
        losses[way], error = descent(ours, labels)
        pictures[way] = ours[0][:3].reshape(-1, 28, 28)
        shown = "".join(f"{losses[way][n - 1]:<13.3f}" for n in AT)
        print(
            f"{way:16s}{spectra[way][0]:9.3g}{spectra[way].mean():9.3g}  {off_identity(spectra[way])}  {shown}{error:.2%}"
        )
    draw(spectra, losses, pictures)


def off_identity(spectrum: Tensor) -> str:
    """The largest distance of an eigenvalue from 1, over directions that vary at all."""
    return f"{float((spectrum[spectrum > 1e-6] - 1).abs().max()):.0e}".rjust(5)


def descent(x: list[Tensor], labels: tuple[Tensor, Tensor]) -> tuple[list[float], float]:
    """Losses by step, and the test error after the last."""
    train, test = (F.pad(each, (0, 1), value=1.0) for each in x)  # the bias is a weight of 1
    moments = (train.T @ train / len(train)).double()
    rate = 2 / float(torch.linalg.eigvalsh(moments)[-1])
    weight = torch.zeros(10, train.shape[1], requires_grad=True)
    losses = []
    for _ in range(STEPS):
        loss = F.cross_entropy(train @ weight.T, labels[0])
        (gradient,) = torch.autograd.grad(loss, weight)
        weight.data -= rate * gradient
        losses.append(loss.item())
    return losses, float(((test @ weight.T).argmax(1) != labels[1]).float().mean())


def draw(spectra: dict[str, Tensor], losses: dict[str, list[float]], pictures: dict[str, Tensor]) -> None:
    plt.rcParams.update({"svg.hashsalt": "headstart", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3})
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.4))
    for way, colour, dashes in zip(WAYS, COLOURS, DASHES, strict=True):
        style = {"color": colour, "linestyle": dashes, "linewidth": 1.4}
        left.semilogy(spectra[way].clamp(min=1e-9), **style, label=way)
        middle.loglog(range(1, STEPS + 1), losses[way], **style)
    left.set(title="MNIST", xlabel="direction, by falling variance", ylabel="variance", ylim=(1e-8, 1e3))
    middle.set(title="softmax regression", xlabel="step", ylabel="training loss (nats)")
    rows = [torch.cat([picture / picture.abs().max() for picture in pictures[way]], 1) for way in SHOWN]
    right.imshow(torch.cat(rows), cmap="gray", interpolation="nearest")
    right.set_yticks([14 + 28 * row for row in range(len(SHOWN))], SHOWN)
    right.set(title="three digits", xticks=[])
    right.grid(visible=False)
    for axis in (left, middle, right):
        axis.title.set_fontsize(9)
    figure.legend(*left.get_legend_handles_labels(), loc="upper center", ncols=6, frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.93))
    figure.savefig(Path(__file__).with_suffix(".svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
