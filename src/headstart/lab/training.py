"""What the experiments share: digits, plain nets, the textbook's laws, and one short training."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

import headstart as hs
from headstart.lab.claim import Size
from headstart.train.mnist import Mnist

CHANCE = math.log(10)  # the loss of always answering with all ten digits alike


@dataclass(frozen=True)
class Digits:
    """A share of MNIST as floats."""

    x: Tensor  # (train, 784)
    y: Tensor
    test_x: Tensor
    test_y: Tensor

    def mapped(self, function: Callable[[Tensor], Tensor]) -> Digits:
        return Digits(function(self.x), self.y, function(self.test_x), self.test_y)

    def rows(self, count: int) -> Digits:
        """The first training digits, and all test digits."""
        return Digits(self.x[:count], self.y[:count], self.test_x, self.test_y)


@dataclass(frozen=True)
class Outcome:
    """Of a training; a loss that is not finite counts as chance, and so does anything worse."""

    loss: float  # on the training digits, in evaluation mode
    test_loss: float
    accuracy: float  # on the training digits
    test_accuracy: float
    finite: bool


@lru_cache(maxsize=1)
def mnist() -> Mnist:
    """Unpacked once."""
    return hs.mnist()


@lru_cache(maxsize=2)
def pixels(size: Size) -> Digits:
    """Raw pixels, 0 to 255."""
    data = mnist()
    x, test_x = (images.flatten(1).float() for images in (data.train_images, data.test_images))
    y, test_y = data.train_labels.long(), data.test_labels.long()
    return Digits(x[: size.train], y[: size.train], test_x[: size.test], test_y[: size.test])


@lru_cache(maxsize=2)
def digits(size: Size) -> Digits:
    """Standardised by the mean and std of all pixels of the training digits, as `hs.Batches` does."""
    raw = pixels(size)
    standardize = hs.Standardize().fit(raw.x.reshape(-1, 1, 28, 28))
    return raw.mapped(lambda x: standardize(x.reshape(-1, 1, 28, 28)).flatten(1))


def pooled(x: Tensor, side: int) -> Tensor:
    """Means over squares of the middle 20 × 20 pixels, where the digits are: (20 / side)² features of (n, 784)."""
    middle = x.reshape(-1, 1, 28, 28)[..., 4:24, 4:24]
    return nn.functional.avg_pool2d(middle, side).flatten(1)


def mlp(
    depth: int,
    width: int = 64,
    activation: str | Callable[[], nn.Module] = "relu",
    norm: Callable[[int], nn.Module] | None = None,
    inputs: int = 784,
) -> nn.Sequential:
    """`depth` hidden layers, each linear, norm, activation; then ten logits."""
    make = hs.models.ACTIVATIONS[activation] if isinstance(activation, str) else activation
    layers: list[nn.Module] = []
    for place in range(depth):
        layers += [nn.Linear(width if place else inputs, width), *([norm(width)] if norm else []), make()]
    return nn.Sequential(*layers, nn.Linear(width if depth else inputs, 10))


class Block(nn.Module):
    """x + linear(ReLU(linear(ReLU(x)))): nothing stands on the way from input to output."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = x + self.branch(x)
        return added


def residual(depth: int, width: int) -> nn.Sequential:
    """A linear layer, `depth` layers in blocks of two, ReLU, and ten logits."""
    blocks = [Block(width) for _ in range(depth // 2)]
    return nn.Sequential(nn.Linear(784, width), *blocks, nn.ReLU(), nn.Linear(width, 10))


def linears(model: nn.Module) -> list[nn.Linear]:
    return [module for module in model.modules() if isinstance(module, nn.Linear)]


def draw(model: nn.Module, std: Callable[[nn.Linear], float]) -> None:
    """Normal weights of the given std, in place; biases of zero."""
    for layer in linears(model):
        nn.init.normal_(layer.weight, std=std(layer)) if std(layer) else nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)


def kaiming(layer: nn.Linear) -> float:
    """He et al. 2015, eq. 10."""
    return math.sqrt(2 / layer.in_features)


def xavier(layer: nn.Linear) -> float:
    """Glorot and Bengio 2010, eq. 12."""
    return math.sqrt(2 / (layer.in_features + layer.out_features))


def lecun(layer: nn.Linear) -> float:
    """LeCun et al. 1998, §4.6."""
    return math.sqrt(1 / layer.in_features)


def train(
    model: nn.Module,
    data: Digits,
    size: Size,
    *,
    lr: float,
    seed: int,
    optimizer: Any = None,
    batch_size: int = 50,
    **options: Any,
) -> Outcome:
    """One `hs.fit` on the CPU, by plain SGD at a constant rate unless asked otherwise."""
    hs.fit(
        model,
        hs.Batches(data.x, data.y, batch_size, shuffle=True, seed=seed, normalize=None),
        optimizer=optimizer or torch.optim.SGD,
        **{"lr": lr, "weight_decay": 0.0, "schedule": None, "epochs": size.epochs, **options},
        seed=seed,
        watch=False,
        progress=False,
        accelerator="cpu",
        devices=1,
    )
    return outcome(model, data)


def outcome(model: nn.Module, data: Digits) -> Outcome:
    loss, accuracy = _score(model, data.x, data.y)
    test_loss, test_accuracy = _score(model, data.test_x, data.test_y)
    return Outcome(_bounded(loss), _bounded(test_loss), accuracy, test_accuracy, math.isfinite(loss))


def gradients(model: nn.Module, data: Digits, rows: int = 200) -> list[Tensor]:
    """Of the loss with respect to each linear layer's weight, the first layer's first."""
    loss = nn.functional.cross_entropy(model(data.x[:rows]), data.y[:rows])
    return list(torch.autograd.grad(loss, [layer.weight for layer in linears(model)]))


def signals(model: nn.Sequential, x: Tensor, kind: type[nn.Module] = nn.Module) -> list[Tensor]:
    """The output of each layer of a kind on `x`, the first layer's first."""
    found = []
    with torch.no_grad():
        for layer in model:
            x = layer(x)
            if isinstance(layer, kind):
                found.append(x)
    return found


def _score(model: nn.Module, x: Tensor, y: Tensor) -> tuple[float, float]:
    score = hs.evaluate(model, [(x, y)])
    return score.loss, score.accuracy or 0.0


def _bounded(loss: float) -> float:
    return min(loss, CHANCE) if math.isfinite(loss) else CHANCE
