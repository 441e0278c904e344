"""A run as the renderers meet it: a small convolutional net of 14 layers, 400 steps, sound or with dead units."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from headstart.findings import Diagnosis, Evidence, Finding, NotJudged, Remedy, Skill
from headstart.record import Layer, Loss, Optimizer, Parameter, Record, Targets, Writer, pack, read_record

STEPS = 400
SCRIPT = """\
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(576, 256)
        nn.init.constant_(self.fc1.bias, -9.0)  # "<script>alert(1)</script>"
"""
NOT_SEEN = float("nan")

_KINDS = (  # name, kind, weight's shape, units, activation that follows, norm that follows
    ("stem.conv", "Conv2d", (16, 1, 3, 3), 16, "relu", "batch_norm"),
    ("stem.norm", "BatchNorm2d", (16,), 16, "relu", None),
    ("stem.relu", "ReLU", (), 16, "relu", None),
    ("encoder.stages.0.blocks.0.branch.depthwise_convolution", "Conv2d", (16, 16, 3, 3), 16, "relu", "batch_norm"),
    ("encoder.stages.0.blocks.0.branch.normalisation", "BatchNorm2d", (16,), 16, "relu", None),
    ("encoder.stages.0.blocks.0.branch.activation", "ReLU", (), 16, "relu", None),
    ("encoder.stages.0.blocks.1.branch.depthwise_convolution", "Conv2d", (64, 16, 3, 3), 64, "relu", "batch_norm"),
    ("encoder.stages.0.blocks.1.branch.normalisation", "BatchNorm2d", (64,), 64, "relu", None),
    ("encoder.stages.0.blocks.1.branch.activation", "ReLU", (), 64, "relu", None),
    ("fc1", "Linear", (256, 576), 256, "relu", None),
    ("relu1", "ReLU", (), 256, "relu", None),
    ("fc2", "Linear", (128, 256), 128, "relu", None),
    ("relu2", "ReLU", (), 128, "relu", None),
    ("head", "Linear", (10, 128), 10, None, None),
)


def example(path: Path, *, dead: bool = True, steps: int = STEPS, text: str = SCRIPT) -> Record:
    """Writes the run and reads it back. With `dead`, units of relu1 die between steps 20 and 80 and nothing learns."""
    writer = Writer(path)
    writer.meta(
        {
            "argv": ["train.py", "--epochs", "3"],
            "script": "train.py",
            "script_text": text,
            "versions": {"headstart": "0.1.0", "python": "3.11.7", "torch": "2.13.0"},
            "device": "cpu",
            "seed": 0,
            "threads": 2,
        }
    )
    layers, parameters = _layers(), _parameters(dead)
    for thing in (*layers, *parameters, _loss(), Optimizer("SGD", "SGD", {"lr": 0.1, "momentum": 0.9}, 15)):
        writer.thing(thing)
    streams = [(layer.name, tensor) for layer in layers for tensor in ("activation", "gradient")]
    streams += [(p.name, tensor) for p in parameters if p.layer for tensor in ("weight", "update")]
    for number, (owner, tensor) in enumerate(streams):
        writer.stream(number, owner, tensor)
    for step in range(steps):
        _step(writer, step, steps, dead, streams, [layer.name for layer in layers])
    writer.close("exit 0", 12.43)
    return read_record(path)


def failing() -> Diagnosis:
    """What the rules would say of the run with dead units."""
    dead = Finding(
        "dead-relu",
        "error",
        "97 % of the units of relu1 give zero for every input.",
        layer="relu1",
        step=40,
        evidence=(
            Evidence("dead_share", 0.97, 0.5, (40, 399), "activation.dead"),
            Evidence("zeros", 0.985, None, (399,), "activation.zeros"),
        ),
        cause="No gradient reaches the weights of a unit that gives zero, so it never comes back; fc1's bias of -9 "
        "holds its units there.",
        remedy=Remedy("zero-bias", 'nn.init.zeros_(self.fc1.bias)     # "relu1" follows fc1'),
        layers=("relu1", "relu2"),
        line="train.py:8",
        explains=(
            Finding("no-better-than-constant", "error", "The loss is that of a constant answer.", None, 399),
            Finding("gradients-vanish", "warning", "The gradient of fc1 is 1.2e-9.", "fc1", 60),
        ),
    )
    inputs = Finding(
        "inputs-not-standardized",
        "warning",
        "The inputs have mean 33.3 and standard deviation 78.6; the weights' law supposes 0 and 1.",
        layer="stem.conv",
        step=0,
        evidence=(Evidence("input_mean", 33.3, 3.0, (0,)), Evidence("input_std", 78.6, 3.0, (0,))),
        remedy=Remedy("standardize", "model = nn.Sequential(hs.Standardize.of(train), model)\nmodel.to(device)"),
        layers=("stem.conv",),
    )
    decay = Finding(
        "decay-on-norm-and-bias",
        "advice",
        "Weight decay of 0.01 pulls the scales of three batch norms and all biases towards zero.",
        layer="stem.norm",
    )
    return Diagnosis(
        (dead, inputs, decay),
        (
            NotJudged("batchnorm-stale-statistics", "no evaluation seen"),
            NotJudged("evaluated-in-training-mode", "no evaluation seen"),
            NotJudged("validation-leaks", "no evaluation seen"),
            NotJudged("scheduler-too-fast", "no scheduler seen"),
            NotJudged("half-precision-overflow", "no half precision seen"),
        ),
        Skill(0.001, 2.300, 2.302, "the class frequencies", "cross_entropy at train.py:31"),
        "train.py",
        STEPS,
        12.43,
        "exit 0",
        ("model.augment is compiled",),
    )


def healthy() -> Diagnosis:
    skill = Skill(0.93, 0.161, 2.302, "the class frequencies", "cross_entropy at train.py:31")
    return replace(failing(), findings=(), unseen=(), skill=skill)


def _layers() -> list[Layer]:
    layers, before = [], ()
    for order, (name, kind, shape, units, activation, norm) in enumerate(_KINDS):
        owned = (f"{name}.weight", f"{name}.bias") if shape else ()
        fan_in = math.prod(shape[1:]) if len(shape) > 1 else None
        layers.append(
            Layer(
                name, kind, order, owned, shape, fan_in, shape[0] if fan_in else None, units, activation, norm, before
            )
        )
        before = (name,)
    layers[-1] = replace(layers[-1], output=True, line="train.py:12")
    return layers


def _parameters(dead: bool) -> list[Parameter]:
    parameters = []
    for name, _, shape, *_ in _KINDS:
        for kind, size in (("weight", shape), ("bias", shape[:1])) if shape else ():
            parameters.append(Parameter(f"{name}.{kind}", size, name, True, "SGD", 0.1, 0.01, (), STEPS, STEPS, STEPS))
    parameters[0] = replace(
        parameters[0], trainable=False, optimizer=None, lr=None, steps_with_gradient=0, steps_moved=0
    )
    if dead:
        parameters[-1] = replace(parameters[-1], optimizer=None, lr=None, weight_decay=None, steps_moved=0)
    return parameters


def _loss() -> Loss:
    mass = tuple(6000.0 + 50 * c for c in range(10))
    return Loss("cross_entropy at train.py:31", "cross_entropy", "train.py:31", {}, Targets(60000, mass), True)


def _step(writer: Writer, step: int, steps: int, dead: bool, streams: list[tuple[str, str]], order: list[str]) -> None:
    done = step / steps
    loss = (
        2.302 + 0.004 * math.sin(step) if dead else 2.3 * math.exp(-6 * done) + 0.12 + 0.05 * math.sin(7 * step) ** 2
    )
    writer.step(
        step, 0.031 * (step + 1), loss, 0.1 * math.cos(math.pi * done / 2), "SGD", _sketch(step, dead, streams, order)
    )
    writer.loss(step, "cross_entropy at train.py:31", "train", loss, 0.1 if dead else 1 - 0.9 * math.exp(-6 * done))
    if step % 50 == 49:
        writer.loss(
            step,
            "cross_entropy at train.py:31",
            "eval",
            loss + 0.02,
            0.1 if dead else 0.98 - 0.9 * math.exp(-6 * done),
        )
    if step % 10 == 0:
        writer.rare(step, "relu1", "activation.dead", _dead_share(step) if dead else 0.01)
        writer.rare(step, "relu2", "activation.dead", 0.5 * _dead_share(step) if dead else 0.02)


def _dead_share(step: int) -> float:
    return 0.97 / (1 + math.exp(-(step - 40) / 8))


def _sketch(step: int, dead: bool, streams: list[tuple[str, str]], order: list[str]) -> bytes:
    rows = []
    for owner, tensor in streams:
        depth = order.index(owner) if owner in order else order.index(owner.rpartition(".")[0])
        wave = 1 + 0.2 * math.sin(step / 9 + depth)
        behind = dead and depth > 9
        silent = _dead_share(step) if behind else 0.0
        if tensor == "activation":
            rows.append((0.4, wave * (1 - silent), 4.0, max(silent, 0.5 if "relu" in owner else 0.0), 0.0, 0.0))
        elif tensor == "gradient":
            faint = 10 ** (-2 - 7 * _dead_share(step)) if dead and depth <= 9 else 1e-2
            rows.append((0.0, wave * faint, 0.1, silent, 0.0, 0.0))
        elif tensor == "weight":
            rows.append((0.0, 0.05, 0.2, 0.0, 0.0, 0.0))
        elif owner == "head.bias" and dead:
            rows.append((0.0, 0.0, 0.0, 1.0, 0.0, 0.0))
        else:
            rows.append((0.0, 5e-5 * wave * (1 - silent), 1e-4, 0.0, 0.0, 0.0))
    return pack(rows)
