"""`headstart demo`: the training template on the embedded MNIST, under watch, and what headstart says of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headstart.judging import Lang

if TYPE_CHECKING:
    from headstart.diagnosis.text import Language
    from headstart.train.batches import Batches
    from headstart.train.history import History
    from headstart.train.models import SimpleNet

HELD_OUT = 5_000  # of the 60,000 training digits, to validate on; the test set is looked at once, at the end


def demo(
    init: Annotated[
        str, typer.Option(metavar="LAW", help="Weights: kaiming, xavier, default, zero, large or small.")
    ] = "kaiming",
    norm: Annotated[str, typer.Option(metavar="NORM", help="batch, layer or none.")] = "batch",
    activation: Annotated[
        str, typer.Option(metavar="NAME", help="relu, leaky_relu, elu, selu, gelu, silu, tanh, sigmoid.")
    ] = "relu",
    lr: Annotated[float, typer.Option(metavar="RATE", help="AdamW's learning rate at the start.")] = 3e-3,
    raw_inputs: Annotated[bool, typer.Option("--raw-inputs", help="Pixels from 0 to 255, not standardised.")] = False,
    epochs: Annotated[int, typer.Option(metavar="N", min=1, help="Passes over the training digits.")] = 10,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the weights and of the order of the digits.")] = 0,
    batch_size: Annotated[int, typer.Option(metavar="N", min=2, help="Digits in a step.")] = 128,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The HTML report; by default in .headstart/.")
    ] = None,
    no_watch: Annotated[bool, typer.Option("--no-watch", help="Train only: no record, no diagnosis.")] = False,
    lang: Lang = None,
) -> None:
    """Train a small network on MNIST under watch, and see what headstart says of it.

    \b
    Examples:
      headstart demo

    \b
    Made to fail:
      headstart demo --init zero --norm none
      headstart demo --init large --norm none --lr 0.1
      headstart demo --raw-inputs --norm none
    """
    import torch

    from headstart.settings import settings
    from headstart.train.evaluate import evaluate
    from headstart.train.fit import fit
    from headstart.train.models import SimpleNet

    language = settings(language=lang).language  # a wrong one ends here, and not after the training
    torch.manual_seed(seed)
    model = SimpleNet(activation=activation, norm=norm, init=init)
    print(_introduction(model, init, raw_inputs))
    train, valid, test = _digits(batch_size, seed, raw_inputs)
    record = None if no_watch else _record()
    history = fit(model, train, valid, lr=lr, epochs=epochs, seed=seed, devices=1, watch=record or False)
    print(f"test      {evaluate(model, test.to(next(model.parameters()).device))}   (10,000 digits never seen before)")
    if record is None:
        print("next      headstart demo")
    else:
        _diagnose(history, report, language)


def _introduction(model: SimpleNet, init: str, raw_inputs: bool) -> str:
    layers = f"{model.hidden.in_features}-{model.hidden.out_features}-{model.output.out_features}"
    between = f"{type(model.norm).__name__} and {type(model.activation).__name__}".replace("Identity", "no norm")
    inputs = "raw pixels, 0 to 255" if raw_inputs else "standardised pixels"
    return f"headstart demo: handwritten digits (MNIST)\n{layers} with {between}, {init} weights, {inputs}"


def _digits(batch_size: int, seed: int, raw_inputs: bool) -> tuple[Batches, Batches, Batches]:
    """To train on, to validate on, and to test with, in the training digits' standardisation."""
    from headstart.train.batches import Batches
    from headstart.train.mnist import mnist

    digits = mnist()
    images, labels = digits.train_images, digits.train_labels
    train = Batches(
        images[:-HELD_OUT],
        labels[:-HELD_OUT],
        batch_size,
        shuffle=True,
        seed=seed,
        normalize=None if raw_inputs else "all",
    )
    valid = Batches(images[-HELD_OUT:], labels[-HELD_OUT:], 1000, normalize=train.normalize)
    return train, valid, Batches(digits.test_images, digits.test_labels, 1000, normalize=train.normalize)


def _record() -> Path:
    from datetime import datetime

    return Path(".headstart") / f"demo-{datetime.now():%Y%m%d-%H%M%S}.db"


def _diagnose(history: History, report: Path | None, language: Language) -> None:
    """Prints the diagnosis, writes the HTML report."""
    import sys
    from dataclasses import replace

    from headstart.diagnosis import diagnose
    from headstart.record import read_record
    from headstart.report import html, terminal
    from headstart.report.write import write_whole

    path = history.path
    assert path is not None
    record = read_record(path)
    diagnosis = replace(diagnose(record, language=language), script="headstart demo")
    page = report or path.with_suffix(".html")
    write_whole(page, html.render(diagnosis, record))
    text = terminal.render(
        diagnosis,
        record,
        ascii=terminal.needs_ascii(sys.stdout),
        report_path=page,
        record_path=path,
        next_command="headstart demo --init zero --norm none" if diagnosis.verdict == "healthy" else None,
    )
    print(text, end="")
