"""The textbook's network, with the choices that make or break it as parameters."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor, nn

from headstart.train.choices import one_of

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}
NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm1d,
    "layer": nn.LayerNorm,
    "none": lambda width: nn.Identity(),
}
GAINS = {  # by which weights make up for what the activation takes: torch.nn.init.calculate_gain, and three more
    "linear": 1.0,
    "relu": math.sqrt(2),
    "leaky_relu": math.sqrt(2 / (1 + 0.01**2)),
    "elu": 1.0,
    "selu": 1.0,  # LeCun's; Klambauer et al. 2017, §2
    "gelu": math.sqrt(2),  # ReLU's smooth kin
    "silu": math.sqrt(2),
    "tanh": 5 / 3,
    "sigmoid": 1.0,
}
Init = Callable[[Tensor, str], object]
INITS: dict[str, Init] = {  # each fills a weight (out, in), given the activation that follows
    "kaiming": lambda weight, activation: nn.init.normal_(weight, std=kaiming_std(weight, activation)),
    "xavier": lambda weight, activation: nn.init.xavier_normal_(weight),
    "zero": lambda weight, activation: nn.init.zeros_(weight),
    "large": lambda weight, activation: nn.init.normal_(weight, std=1.0),  # a signal grows by √fan_in: 28 times
    "small": lambda weight, activation: nn.init.normal_(weight, std=1e-3),  # and here it shrinks 36 times
    "default": lambda weight, activation: None,  # PyTorch's own: U(-1/√fan_in, 1/√fan_in)
}


class SimpleNet(nn.Module):
    """784-256-BN-ReLU-10 with Kaiming weights and biases of zero.

    Takes images of any shape (batch, ...) with `inputs` values each, gives logits (batch, classes). The hidden layer
    has no bias before batch norm, which would subtract it. Initial weights come from torch's global generator.
    Raises HeadstartError with the nearest match for an unknown name.

    Source of the weights: He et al. 2015, §2.2; Glorot and Bengio 2010, eq. 12 and 16.

    Example:
        >>> net = hs.models.SimpleNet(width=128, activation="gelu")
        >>> net(torch.randn(5, 1, 28, 28)).shape
        torch.Size([5, 10])
    """

    def __init__(
        self,
        width: int = 256,
        activation: str = "relu",
        norm: str = "batch",
        init: str = "kaiming",
        classes: int = 10,
        *,
        inputs: int = 784,
    ) -> None:
        super().__init__()
        make_activation = ACTIVATIONS[one_of("activation", activation, ACTIVATIONS)]
        make_norm = NORMS[one_of("norm", norm, NORMS)]
        fill = INITS[one_of("init", init, INITS)]
        self.hidden = nn.Linear(inputs, width, bias=norm != "batch")
        self.norm = make_norm(width)
        self.activation = make_activation()
        self.output = nn.Linear(width, classes)
        fill(self.hidden.weight, activation)
        fill(self.output.weight, "linear")
        if init != "default":
            _zero_biases(self.hidden, self.output)

    def forward(self, x: Tensor) -> Tensor:
        signal: Tensor = self.activation(self.norm(self.hidden(x.flatten(1))))
        logits: Tensor = self.output(signal)
        return logits


def kaiming_std(weight: Tensor, activation: str) -> float:
    """gain / √fan_in, so that the activation passes the signal on at its size (He et al. 2015, eq. 10 and 14)."""
    return GAINS[activation] / math.sqrt(weight.shape[1])


def _zero_biases(*layers: nn.Linear) -> None:
    for layer in layers:
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
