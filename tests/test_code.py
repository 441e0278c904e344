"""The code of remedies is Python, whatever the layers' names are."""

from __future__ import annotations

import ast

import pytest

from headstart.diagnosis import code
from headstart.record import Layer, Optimizer


@pytest.mark.parametrize(
    ("name", "reached"),
    [
        ("net.0.conv", "model.net[0].conv"),
        ("0", "model[0]"),
        ("linear~2", "linear_2"),
        ("adapter~3.lora_A", "adapter_3.lora_A"),
        ("block~1.0.fc", "block_1[0].fc"),
    ],
)
def test_a_path_is_python(name: str, reached: str) -> None:
    assert code.path(name) == reached
    ast.parse(code.init(Layer(name, "Linear", parameters=(f"{name}.weight",), activation="relu")))


def test_a_loop_over_layers_of_one_kind_has_no_brackets_too_many() -> None:
    layers = [Layer(f"fc{n}", "Linear", parameters=(f"fc{n}.weight",)) for n in range(code.MOST + 1)]
    assert "isinstance(module, torch.nn.Linear):" in code.init_all(layers)
    mixed = [*layers, Layer("conv", "Conv2d", parameters=("conv.weight",))]
    assert "isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):" in code.init_all(mixed)


def test_weights_of_the_users_own_modules_are_drawn_by_the_number_of_their_inputs() -> None:
    own = [Layer(f"{n}", "Dense", n, (f"{n}.w",), (8, 4), 8, 4, activation="relu", factor="w") for n in range(5)]
    assert code.init(own[0]) == "torch.nn.init.normal_(model[0].w, std=0.5)"
    assert code.init_all(own).splitlines()[1:] == [
        "    if isinstance(module, Dense):",
        "        torch.nn.init.normal_(module.w, std=(2 / module.w.shape[0]) ** 0.5)",
    ]
    mixed = [*own, Layer("fc", "Linear", 5, ("fc.weight",), (2, 4), 4, 2)]
    assert code.init_all(mixed).splitlines()[0] == code.init(own[0])
    assert code.init_all(mixed).splitlines()[-1] == code.init(mixed[-1])


def test_code_names_no_tensor_that_headstart_had_to_number() -> None:
    assert [code.is_reached(name) for name in ("fc.weight", "w1", "linear~1.weight", "tensor12", "tensor")] == [
        *(True, True),
        *(False, False, False),
    ]


def test_an_optimizer_keeps_its_rate() -> None:
    assert code.optimizer(Optimizer("SGD", "SGD", {"lr": 0.05})) == "torch.optim.SGD(model.parameters(), lr=0.05)"
    assert code.optimizer(Optimizer("Adam", "Adam", {})) == "torch.optim.Adam(model.parameters())"
    changed = code.optimizer(Optimizer("SGD-2", "SGD", {"lr": 1e-3}), weight_decay="1e-4")
    assert changed == "torch.optim.SGD(model.parameters(), lr=0.001, weight_decay=1e-4)"
