"""What watching costs: the time of a watched step over an unwatched one, and memory after many steps.

    python benchmarks/watch.py            # ResNet-18 and two MLPs, 10,000 steps of a small net for memory
    python benchmarks/watch.py --quick
    python benchmarks/watch.py --cpu      # CPU time of one thread instead of the clock's: for a busy machine
    python benchmarks/watch.py --device cuda

Rounds of plain, watched and naive (a whole-tensor hook on every module) steps follow each other, so that a change of
the machine's speed meets all three; the ratio is taken within a round, and the median over rounds is printed. The
first 128 steps of a run are all sketched, later ones ever fewer, so both phases are measured. A whole run of 2,000 steps,
its record opened and closed, is run by turns with a plain one; of a net whose steps are long it is reckoned by the share
of sketched steps (~).
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

import headstart as hs
from headstart.monitor.observer import sketched


class Block(nn.Module):
    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        same = stride == 1 and width_in == width
        self.shortcut = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv2d(width_in, width, 1, stride, bias=False), nn.BatchNorm2d(width))
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


def resnet18() -> nn.Module:
    """The layers of torchvision's resnet18 (He et al. 2016, table 1)."""
    stem = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    widths = [(64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2)]
    blocks = [Block(*width) for width in [*widths, (512, 512, 1)]]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


def mlp(width: int = 256, depth: int = 10) -> nn.Module:
    layers: list[nn.Module] = []
    for _ in range(depth - 1):
        layers += [nn.Linear(width, width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, 10))


CASES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], int, int]] = {  # model, input, classes, steps a round
    "ResNet-18, 64x64, batch 32": (resnet18, (32, 3, 64, 64), 1000, 8),
    "10-layer MLP, width 256, batch 128": (mlp, (128, 256), 10, 100),
    "6-layer MLP, width 64, batch 64": (lambda: mlp(64, 6), (64, 64), 10, 100),
}


LATER = 20_001  # a step of the thinned phase
LONG = 0.05  # seconds of a step of which 2,000 take too long here


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rounds")
    parser.add_argument("--cpu", action="store_true", help="CPU time of one thread")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, ...")
    given = parser.parse_args()
    quick = given.quick
    if given.cpu:
        torch.set_num_threads(1)
    clock = time.process_time if given.cpu else time.perf_counter
    cuda = given.device.startswith("cuda")
    machine = torch.cuda.get_device_name(given.device) if cuda else f"{torch.get_num_threads()} threads"
    table = Table(title=f"torch {torch.__version__}, {machine}")
    for column in ("model", "plain step", "watched, dense", "later", "of 2,000 steps", "naive hooks"):
        table.add_column(column)
    share = sum(sketched(step) for step in range(2_000)) / 2_000
    for name, case in CASES.items():
        plain, dense, later, naive = compare(*case, rounds=4 if quick else 15, clock=clock, device=given.device)
        if plain < LONG:
            run = f"{whole(*case[:3], pairs=3 if quick else 7, clock=clock, device=given.device):.2f}x"
        else:
            run = f"~{share * dense + (1 - share) * later:.2f}x"
        table.add_row(name, f"{plain * 1000:.2f} ms", f"{dense:.2f}x", f"{later:.2f}x", run, f"{naive:.2f}x")
    console = Console(width=100)
    console.print(table)
    steps = 1_000 if quick else 10_000
    at, grown = memory(steps)
    console.print(f"memory after {steps:,} watched steps: {grown:+.1f} MB over that after {at:,} steps")


def compare(
    make: Callable[[], nn.Module],
    shape: tuple[int, ...],
    classes: int,
    steps: int,
    rounds: int,
    clock: Callable[[], float],
    device: str,
) -> tuple[float, float, float, float]:
    """Seconds of a plain step; ratios of a watched one in the dense and in the thinned phase, and of naive hooks."""
    torch.manual_seed(0)
    x, y = torch.randn(shape, device=device), torch.randint(0, classes, (shape[0],), device=device)
    loops = {kind: Loop(make().to(device), x, y) for kind in ("plain", "dense", "later", "naive")}
    times: dict[str, list[float]] = {kind: [] for kind in loops}
    hook_everything(loops["naive"].model)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds + 1):
            for kind, loop in loops.items():
                watched = hs.watch(loop.model, record=Path(folder, f"{kind}{number}.db"))
                with watched if kind in ("dense", "later") else nullcontext():
                    if kind in ("dense", "later"):
                        loop.run(2)  # names, graph
                    if kind == "later":
                        watched._observer.step = LATER
                        watched._observer._samples._stretch = (
                            0  # as sketches do, fingerprints count with the dense steps
                        )
                    wait_for(device)
                    start = clock()
                    loop.run(steps)
                    wait_for(device)
                    if number:  # the first round warms up
                        times[kind].append((clock() - start) / steps)
    ratios = [
        statistics.median(a / b for a, b in zip(times[kind], times["plain"], strict=True))
        for kind in ("dense", "later", "naive")
    ]
    return statistics.median(times["plain"]), *ratios  # type: ignore[return-value]


def whole(
    make: Callable[[], nn.Module],
    shape: tuple[int, ...],
    classes: int,
    pairs: int,
    clock: Callable[[], float],
    device: str,
) -> float:
    """Time of a watched run of 2,000 steps over that of a plain one."""
    torch.manual_seed(0)
    x, y = torch.randn(shape, device=device), torch.randint(0, classes, (shape[0],), device=device)
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(pairs):
            times = []
            for watches in (False, True):
                loop = Loop(make().to(device), x, y)
                start = clock()
                with hs.watch(loop.model, record=Path(folder, f"{number}.db")) if watches else nullcontext():
                    loop.run(2_000)
                    wait_for(device)
                times.append(clock() - start)
            ratios.append(times[1] / times[0])
    return statistics.median(ratios)


def wait_for(device: str) -> None:
    if device != "cpu":
        torch.get_device_module(device).synchronize()


class Loop:
    def __init__(self, model: nn.Module, x: Tensor, y: Tensor) -> None:
        self.model, self.x, self.y = model, x, y
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.optimizer.zero_grad()
            F.cross_entropy(self.model(self.x), self.y).backward()
            self.optimizer.step()


def hook_everything(model: nn.Module) -> None:
    """What a watcher does who asks for mean, std, maximum and zeros of all that flows, at once, as Python numbers."""

    def look(tensor: Any) -> None:
        if isinstance(tensor, Tensor):
            t = tensor.detach()
            _ = t.mean().item(), t.std().item(), t.abs().max().item(), (t == 0).float().mean().item()

    for module in model.modules():
        if not list(module.children()):
            module.register_forward_hook(lambda module, args, output: look(output))
            module.register_forward_hook(
                lambda module, args, output: output.requires_grad and output.register_hook(look) and None
            )


def memory(steps: int) -> tuple[int, float]:
    """MB of resident memory that the last nine tenths of `steps` added."""
    x, y = torch.randn(32, 20), torch.randint(0, 3, (32,))
    loop = Loop(nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 3)), x, y)
    with tempfile.TemporaryDirectory() as folder, hs.watch(loop.model, record=Path(folder, "memory.db")):
        loop.run(steps // 10)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        loop.run(steps - steps // 10)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return steps // 10, grown / (1024 if sys.platform == "linux" else 1024**2)


if __name__ == "__main__":
    main()
