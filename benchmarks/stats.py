"""Statistics of data in memory: `hs.measure` beside the usual loop, StandardScaler and IncrementalPCA.

    python benchmarks/stats.py             # 5 rounds, about two minutes
    python benchmarks/stats.py --quick

A round runs each contestant once, in turn, so that a busy machine slows all alike; the table shows medians over
rounds, and the median of the ratios within a round. The loop is the one that tutorials show: a DataLoader over single
images made into tensors, sums and sums of squares by batch. Where torchvision is not installed, its ToTensor is
replaced by the same three operations, and the table says so. Data: random bytes of CIFAR-10's shape, and MNIST.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.decomposition import IncrementalPCA
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

import headstart as hs

BATCH = 1000  # rows that scikit-learn's partial_fit gets at a time; its own default would be 5 times the features

try:
    from torchvision.transforms import ToTensor

    to_tensor, LOOP = ToTensor(), "torchvision loop"
except ImportError:
    LOOP = "the same loop without torchvision"

    def to_tensor(image: np.ndarray) -> Tensor:
        return torch.from_numpy(image.transpose(2, 0, 1)).contiguous().float().div(255)


@dataclass(frozen=True)
class Contest:
    """The first contestant is ours; each is called without arguments and gives the std or the covariance's trace."""

    name: str
    goal: float
    contestants: dict[str, Callable[[], float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2 rounds on a fifth of the data")
    parser.add_argument("--peak", type=int, help=argparse.SUPPRESS)  # for a child process: see peak_memory
    arguments = parser.parse_args()
    if arguments.peak:
        hs.measure(stream(arguments.peak), per="feature", covariance=True)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        return
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads\n")
    for contest in contests(5 if arguments.quick else 1):
        run(contest, rounds=2 if arguments.quick else 5)
    few, many = peak_memory(20), peak_memory(400)
    print(f"peak memory of a process that streams 20 and 400 batches of 1000 x 784: {few} and {many} MiB")


def contests(part: int) -> Iterator[Contest]:
    images = np.random.default_rng(0).integers(0, 256, (20_000 // part, 32, 32, 3), dtype=np.uint8)
    planes = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    pixels = images.reshape(-1, 3).astype(np.float32) / 255
    yield Contest(
        f"mean and std of 3 channels, {len(images):,} images of 32 x 32",
        5,
        {
            "hs.measure, bytes": lambda: float(hs.measure(planes).std.sum()),
            "hs.measure, channels last": lambda: float(hs.measure(images, axis=-1).std.sum()),
            LOOP: lambda: loop(images),
            "StandardScaler.partial_fit": lambda: scaler(pixels, BATCH * 100),
        },
    )
    digits = hs.mnist().train_images.flatten(1)[:: 2 * part].contiguous()
    floats = digits.float() / 255
    rows = floats.numpy()
    yield Contest(
        f"mean and std of 784 features, {len(digits):,} digits",
        5,
        {
            "hs.measure, bytes": lambda: float(hs.measure(digits).std.sum()),
            "hs.measure, float32": lambda: float(hs.measure(floats).std.sum()),
            "StandardScaler.partial_fit": lambda: scaler(rows, BATCH),
        },
    )
    few = rows[:10_000]
    yield Contest(
        f"covariance of 784 features, {len(few):,} digits",
        3,
        {
            "hs.measure, bytes": lambda: float(hs.measure(digits[:10_000], covariance=True).covariance.trace()),
            "hs.measure, float32": lambda: float(hs.measure(few, covariance=True).covariance.trace()),
            "hs.Whiten, float32": lambda: float(hs.Whiten().fit(few).stats.covariance.trace()),
            "IncrementalPCA, 50 components": lambda: pca(few, 50),
            "IncrementalPCA, all": lambda: pca(few, None),
        },
    )


def loop(images: np.ndarray) -> float:
    count, total, squares = 0, torch.zeros(3), torch.zeros(3)
    for batch in DataLoader(Images(images), batch_size=100):
        count += batch.numel() // 3
        total += batch.sum((0, 2, 3))
        squares += batch.square().sum((0, 2, 3))
    return float((squares / count - (total / count).square()).sqrt().sum())


class Images(Dataset[Tensor]):
    def __init__(self, images: np.ndarray) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        return to_tensor(self.images[index])


def scaler(rows: np.ndarray, batch: int) -> float:
    fitted = StandardScaler()
    for start in range(0, len(rows), batch):
        fitted.partial_fit(rows[start : start + batch])
    return float(np.sqrt(fitted.var_).sum())


def pca(rows: np.ndarray, components: int | None) -> float:
    fitted = IncrementalPCA(components)
    for start in range(0, len(rows), BATCH):
        fitted.partial_fit(rows[start : start + BATCH])
    return float(fitted.var_.sum() * len(rows) / (len(rows) - 1))


def run(contest: Contest, rounds: int) -> None:
    times: dict[str, list[float]] = {name: [] for name in contest.contestants}
    results = {}
    for _ in range(rounds + 1):  # the first round warms up
        for name, contestant in contest.contestants.items():
            start = time.perf_counter()
            results[name] = contestant()
            times[name].append(time.perf_counter() - start)
    times = {name: values[1:] for name, values in times.items()}
    ours = next(iter(times.values()))
    print(f"{contest.name} (goal: {contest.goal:g} times)\n{'':34}{'seconds':>9}{'ratio':>8}   result")
    for name, values in times.items():
        ratio = statistics.median(theirs / mine for theirs, mine in zip(values, ours, strict=True))
        print(f"{name:34}{statistics.median(values):9.4f}{ratio:8.1f}   {results[name]:.6f}")
    print()


def stream(batches: int) -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(0)
    for _ in range(batches):
        yield torch.rand(1000, 784, generator=generator)


def peak_memory(batches: int) -> int:
    """MiB, of a fresh process."""
    command = [sys.executable, __file__, "--peak", str(batches)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    main()
