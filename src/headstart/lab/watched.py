"""A program of the claim faq-diagnosed, trained under watch and judged by its record alone."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import cross_entropy

import headstart as hs
from headstart.lab.claim import Curve, Size
from headstart.lab.faq_diagnosed import Program
from headstart.lab.training import Digits, digits, draw, kaiming, linears, mlp, pixels, xavier

LOOKS = 12  # evaluations in a run, besides the one before it


@dataclass(frozen=True)
class Outcome:
    accuracy: float  # of the last evaluation
    losses: Curve  # on the test digits
    rules: tuple[str, ...]  # of the findings, the first one first


@cache
def run(program: Program, seed: int, size: Size) -> Outcome:
    """Many faults have the same remedy: their program is run once for each seed."""
    torch.manual_seed(seed)
    data, model = _data(program, size, seed), _model(program)
    optimizer = torch.optim.SGD(model.parameters(), program.lr, program.momentum, weight_decay=program.decay)
    batches = hs.Batches(data.x, data.y, program.batch, shuffle=True, seed=seed, normalize=None)
    steps, step = program.epochs * size.epochs * len(batches), 0
    looks = {0: _evaluate(program, model, data)}
    model.train()
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "run.db")
        with hs.watch(model, optimizer, record=record):
            for _ in range(program.epochs * size.epochs):
                for x, y in batches:
                    if program.clears:
                        optimizer.zero_grad()
                    cross_entropy(model(x), y).backward()  # type: ignore[no-untyped-call]
                    optimizer.step()
                    step += 1
                    if step % max(1, steps // LOOKS) == 0 or step == steps:
                        looks[step] = _evaluate(program, model, data)
        findings = hs.diagnose(record).findings
    losses = Curve.of({at: loss for at, (loss, _) in looks.items()})
    return Outcome(looks[steps][1], losses, tuple(finding.rule for finding in findings))


def _evaluate(program: Program, model: nn.Module, data: Digits) -> tuple[float, float]:
    """Loss and accuracy on the test digits."""
    if program.evals:
        model.eval()
    with torch.no_grad():
        output = model(data.test_x)
        loss = cross_entropy(output, data.test_y).item()
    if program.trains:
        model.train()
    return loss, (output.argmax(1) == data.test_y).float().mean().item()


def _data(program: Program, size: Size, seed: int) -> Digits:
    data = (pixels if program.raw else digits)(size).rows(round(program.share * size.train))
    generator = torch.Generator().manual_seed(seed)
    wrong = torch.rand(len(data.y), generator=generator) < program.wrong
    lots = torch.randint(0, 10, data.y.shape, generator=generator)
    return Digits(data.x, data.y.where(~wrong, lots), data.test_x, data.test_y)


def _model(program: Program) -> nn.Sequential:
    norms = {
        "batch": lambda width: nn.BatchNorm1d(width, momentum=program.norm_momentum),
        "group": lambda width: nn.GroupNorm(4, width),
    }
    model = mlp(program.depth, program.width, program.activation, norms.get(program.norm))
    law = xavier if program.activation == "sigmoid" else kaiming
    draw(model, lambda layer: program.scale * law(layer))
    for layer in linears(model)[:-1]:
        nn.init.constant_(layer.bias, program.bias)
    if program.dropout:
        model.insert(len(model) - 1, nn.Dropout(program.dropout))
    if program.softmax:
        model.append(nn.Softmax(1))
    return model
