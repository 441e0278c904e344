"""What it costs to leave the advice of the rules on request: accuracy with a design of each kind, and with the other.

    python benchmarks/on_request.py         # 120 short trainings on one core: some three minutes

A net of three hidden layers of 64 units with batch norm learns 4,000 digits of MNIST in three epochs, by plain SGD at
rate 0.1, and 1 for ReLU (decay: by AdamW and SGD at their usual decays, and at ten times those), from the same start and
in the same order. Told is the accuracy on 2,000 other digits: that of the advised design less that of the other, as mean
and standard deviation over four seeds; and of the two places about ReLU how many units give zero for all 4,000 digits in
the end.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from headstart.lab.claim import Size
from headstart.lab.training import digits, mlp, signals, train

SIZE = Size(train=4_000, test=2_000, epochs=3)
SEEDS = range(4)
RATE, HIGH = RATES = (0.1, 1.0)
ACTIVATIONS = ("relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid")
DECAYED: dict[str, tuple[Any, float, tuple[float, ...]]] = {  # optimizer, rate, decays
    "AdamW": (torch.optim.AdamW, 1e-3, (0.01, 0.1)),
    "SGD": (torch.optim.SGD, RATE, (5e-4, 5e-3)),
}


def main() -> None:
    torch.set_num_threads(1)
    for what, advised, other in comparisons():
        gains = [100 * (advised(seed) - other(seed)) for seed in SEEDS]
        print(f"{what:46} {statistics.mean(gains):+.2f} ± {statistics.stdev(gains):.2f} points", flush=True)
    for rate in RATES:
        places = [("before it", net), ("after it", lambda seed: exchanged(net(seed)))]
        shares = (
            f"{name} {statistics.mean(dead(made(seed), seed, rate) for seed in SEEDS):.1%}" for name, made in places
        )
        print(f"{f'units of ReLU that are dead, rate {rate:g}: norm':46} {', '.join(shares)}", flush=True)


def comparisons() -> Iterator[tuple[str, Callable[[int], float], Callable[[int], float]]]:
    """What is compared; accuracy by seed of what the rule advises, and of the other."""
    yield (
        "no bias before batch norm",
        lambda seed: plain(unbiased(net(seed)), seed),
        lambda seed: plain(net(seed), seed),
    )
    for name in ACTIVATIONS:
        yield (
            f"batch norm before {name}, not after it",
            lambda seed, name=name: plain(net(seed, name), seed),  # type: ignore[misc]
            lambda seed, name=name: plain(exchanged(net(seed, name)), seed),  # type: ignore[misc]
        )
    yield (
        "batch norm before relu, not after it, rate 1",
        lambda seed: plain(net(seed), seed, HIGH),
        lambda seed: plain(exchanged(net(seed)), seed, HIGH),
    )
    for name, (_, _, decays) in DECAYED.items():
        for decay in decays:
            yield (
                f"{name}, decay {decay:g} on weights only",
                lambda seed, name=name, decay=decay: decayed(name, seed, decay, 0.0),  # type: ignore[misc]
                lambda seed, name=name, decay=decay: decayed(name, seed, decay, decay),  # type: ignore[misc]
            )


def net(seed: int, activation: str = "relu") -> nn.Sequential:
    torch.manual_seed(seed)
    return mlp(3, activation=activation, norm=nn.BatchNorm1d)


def unbiased(model: nn.Sequential) -> nn.Sequential:
    for layer, after in pairwise(model):
        if isinstance(after, nn.BatchNorm1d):
            layer.bias = None
    return model


def exchanged(model: nn.Sequential) -> nn.Sequential:
    """Each norm behind the activation that it stands before."""
    layers = list(model)
    for place in [place for place, layer in enumerate(layers) if isinstance(layer, nn.BatchNorm1d)]:
        layers[place], layers[place + 1] = layers[place + 1], layers[place]
    return nn.Sequential(*layers)


def plain(model: nn.Module, seed: int, rate: float = RATE) -> float:
    return train(model, digits(SIZE), SIZE, lr=rate, seed=seed).test_accuracy


def dead(model: nn.Sequential, seed: int, rate: float) -> float:
    """The share of units of ReLU that give zero for all digits after a training."""
    plain(model, seed, rate)
    outputs = signals(model.eval(), digits(SIZE).x, nn.ReLU)
    return statistics.mean(float((output <= 0).all(0).float().mean()) for output in outputs)


def decayed(name: str, seed: int, weights: float, others: float) -> float:
    """With one decay for weight matrices, another for biases and the gains of norms."""
    make, rate, _ = DECAYED[name]

    def grouped(parameters: Any, lr: float, **_: Any) -> torch.optim.Optimizer:
        given = [p for each in parameters for p in (each["params"] if isinstance(each, dict) else [each])]
        groups = [
            {"params": [p for p in given if p.ndim > 1], "weight_decay": weights},
            {"params": [p for p in given if p.ndim < 2], "weight_decay": others},
        ]
        return make(groups, lr=lr)  # type: ignore[no-any-return]

    return train(net(seed), digits(SIZE), SIZE, lr=rate, seed=seed, optimizer=grouped).test_accuracy


if __name__ == "__main__":
    main()
