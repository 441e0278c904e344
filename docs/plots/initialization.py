"""Draws docs/plots/initialization.svg: signal, likeness and gradient through 50 layers, by how the weights start.

    python docs/plots/initialization.py      # ten seconds of CPU; prints the tables of docs/initialization.md

A plain network of 50 layers of 256 units is started in several ways, once with ReLU and once with tanh. Measured are,
layer by layer, the std of the pre-activations, the cosine of two inputs that had 0.9 to begin with, and the norm of the
weight's gradient for a cross-entropy on labels drawn at random.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import headstart as hs

DEPTH, WIDTH, SAMPLES, CLASSES = 50, 256, 256, 10
SHOWN = (1, 10, 30, 50)  # layers in the printed table
LIKE = 0.9  # cosine of the two inputs
KNOWN = ("relu", "leaky_relu", "tanh", "sigmoid", "selu", "linear")  # of torch.nn.init.calculate_gain
OTHERS = ("gelu", "silu", "mish", "elu", "softsign", "sin")

Start = Callable[[nn.Module, Tensor], object]


def torch_gain(law: Callable[..., Tensor], gain: float) -> Start:
    def start(net: nn.Module, x: Tensor) -> None:
        for layer in linears(net):
            law(layer.weight, gain=gain)
            nn.init.zeros_(layer.bias)

    return start


def kaiming(net: nn.Module, x: Tensor) -> None:
    for layer in linears(net):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)


STARTS: dict[str, dict[str, Start]] = {
    "relu": {
        "PyTorch's default": lambda net, x: None,
        "Xavier": torch_gain(nn.init.xavier_normal_, 1.0),
        "Kaiming": kaiming,
        "headstart": hs.initialize,
    },
    "tanh": {
        "PyTorch's default": lambda net, x: None,
        "Xavier": torch_gain(nn.init.xavier_normal_, 1.0),
        "Xavier × 5/3": torch_gain(nn.init.xavier_normal_, nn.init.calculate_gain("tanh")),
        "headstart": hs.initialize,
    },
}
LINES = {  # Okabe and Ito's palette; dashes tell them apart in print
    "PyTorch's default": ("#7f8c8d", (0, (1, 1))),
    "Xavier": ("#0072B2", (0, (5, 1.5))),
    "Xavier × 5/3": ("#D55E00", (0, (3, 1, 1, 1))),
    "Kaiming": ("#E69F00", (0, (7, 2))),
    "headstart": ("#009E73", "-"),
}


def main() -> None:
    print_gains()
    found = {(f, name): measured(f, start) for f, ways in STARTS.items() for name, start in ways.items()}
    for figure, title in enumerate(
        ("std of the pre-activation", f"cosine of two inputs, at first {LIKE}", "gradient")
    ):
        print(f"\n{title:38s}" + "".join(f"layer {layer:<6d}" for layer in SHOWN))
        for (f, name), figures in found.items():
            values = "".join(f"{figures[figure][layer - 1]:<12.3g}" for layer in SHOWN)
            print(f"{f:8s}{name:30s}{values}")
    draw(found)


def print_gains() -> None:
    print(f"{'':14s}E[f²]   E[f'²]  hs.gain  backward  torch")
    for name in KNOWN + OTHERS:
        ours, back = hs.gain(name), hs.gain(name, backward=True)
        theirs = f"{nn.init.calculate_gain(name):.4f}" if name in KNOWN else "-"
        print(f"{name:14s}{ours**-2:.4f}  {back**-2:.4f}  {ours:.4f}   {back:.4f}    {theirs}")


def linears(net: nn.Module) -> list[nn.Linear]:
    return [module for module in net.modules() if isinstance(module, nn.Linear)]


def measured(f: str, start: Start) -> tuple[list[float], list[float], list[float]]:
    torch.manual_seed(0)
    activation = {"relu": nn.ReLU, "tanh": nn.Tanh}[f]
    layers = [module for _ in range(DEPTH) for module in (nn.Linear(WIDTH, WIDTH), activation())]
    net = nn.Sequential(*layers, nn.Linear(WIDTH, CLASSES))
    x, other = torch.randn(2, SAMPLES, WIDTH)
    start(net, x)
    stds, likeness = [], []
    with torch.no_grad():
        here, there = x, LIKE * x + math.sqrt(1 - LIKE**2) * other
        for module in list(net)[:-1]:
            here, there = module(here), module(there)
            if isinstance(module, nn.Linear):
                stds.append(float(here.std()))
                likeness.append(float(F.cosine_similarity(here, there).mean()))
    F.cross_entropy(net(x), torch.randint(CLASSES, (SAMPLES,))).backward()
    return stds, likeness, [float(layer.weight.grad.norm()) for layer in linears(net)[:-1]]


def draw(found: dict[tuple[str, str], tuple[list[float], list[float], list[float]]]) -> None:
    plt.rcParams.update({"svg.hashsalt": "headstart", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3})
    figure, axes = plt.subplots(1, 4, figsize=(11, 3.2), sharex=True)
    panels = [("relu", 0, "std of the pre-activation"), ("tanh", 0, "std of the pre-activation")]
    panels += [("tanh", 1, "cosine of two inputs"), ("tanh", 2, "norm of the weight's gradient (nats)")]
    for axis, (f, figure_of, label) in zip(axes, panels, strict=True):
        for name in STARTS[f]:
            colour, dashes = LINES[name]
            values = found[f, name][figure_of]
            axis.plot(range(1, DEPTH + 1), values, color=colour, linestyle=dashes, linewidth=1.4, label=name)
        axis.set_title({"relu": "ReLU"}.get(f, f), fontsize=9)
        axis.set(xlabel="layer", ylabel=label)
        if figure_of != 1:
            axis.set_yscale("log")
    axes[0].set_ylim(1e-6, 10)
    axes[1].set_ylim(1e-3, 3)
    axes[3].set_ylim(1e-6, 1e3)
    handles = dict(zip(*reversed(axes[0].get_legend_handles_labels()), strict=True))
    handles |= dict(zip(*reversed(axes[1].get_legend_handles_labels()), strict=True))
    figure.legend(handles.values(), handles.keys(), loc="upper center", ncols=5, frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.93))
    figure.savefig(Path(__file__).with_suffix(".svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
