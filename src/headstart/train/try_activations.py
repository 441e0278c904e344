"""The textbook's order of activations as a try-out: the first that trains healthily, and why each before it does not."""

from __future__ import annotations

import inspect
import math
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from headstart.diagnosis.text import LANGUAGES, Language
from headstart.errors import HeadstartError
from headstart.record import Record, read_record
from headstart.train.choices import one_of
from headstart.train.copies import apart, check_source, copied, endless, plain, seed_generators
from headstart.train.evaluate import LossFunction
from headstart.train.models import ACTIVATIONS
from headstart.train.optimizers import OptimizerChoice, optimizer_of
from headstart.train.swap import Places, places_of, swap
from headstart.train.tryout import Attempt, TryOut, judge

MakeModel = Callable[..., nn.Module]
FEWEST = 30  # steps: from 20 on the rules say whether a run learns, and each third of it needs some


def try_activations(
    model: nn.Module | MakeModel,
    batches: Iterable[Any],
    loss: LossFunction | None = None,
    *,
    order: Sequence[str] = ("relu", "leaky_relu", "silu"),
    optimizer: OptimizerChoice = "adamw",
    lr: float = 3e-3,
    weight_decay: float = 1e-4,
    clip: float | None = None,
    steps: int = 200,
    seed: int = 0,
    language: Language = "en",
) -> TryOut:
    """Trains copies of `model` shortly, one for each activation in `order`, and stops at the first that is healthy.

    Healthy is what headstart's own rules say of the record of the copy's training: neither dead-relu nor
    saturated-activation is found, at any severity, and it learns (`diagnosis.skill`; for a loss that is not known, that it
    falls from third to third of the run). The model, the data's position and all random numbers stay as they are, and a
    watch of the run sees nothing of it. Costs `steps` training steps an activation.

    Hidden activations are swapped: those in front of a layer. Outputs, gates and softmaxes are left alone. Only modules
    can be swapped; calls in `forward`, such as `F.relu(x)`, cannot, and `.fixed` and the printed table name them. If no
    module can be, that is an error. The copies start from the model's weights, whichever activation these were drawn for.

    Args:
        model: a module; a function that makes one, called anew for each activation under the same seed; or such a
            function with an argument `activation`, which gets the name and swaps by itself (`hs.models.SimpleNet` does).
        batches: `hs.Batches`, a DataLoader, or a list of batches (x, y); they go around as often as needed.
        loss: a function (output, y) that gives the batch's mean; cross-entropy if left out.
        order: names of `hs.models.ACTIVATIONS`. The default is the textbook's: ReLU; LeakyReLU, whose units cannot die
            (Maas et al. 2013); Swish (Ramachandran et al. 2017, arXiv 1710.05941), which torch calls SiLU.
        optimizer, lr, weight_decay, clip: as in `hs.fit`, at a constant rate. An existing optimizer is none of the copies',
            so give a name, or a function of (parameter groups, lr=...).
        steps: of each training; 30 or more.
        seed: of the copies' random numbers.
        language: of the texts, "en" or "zh".

    Returns:
        A `TryOut`: print it for the table; `.choice` is the first healthy activation's name, or None.

    Raises:
        HeadstartError: an argument is out of its range, the model has no activation that can be swapped or cannot be
            copied, or the data can be read only once.

    Example:
        >>> print(hs.try_activations(model, loader))
        activation     skill  loss  ...  why
        relu        ✓  0.99...           It learns, and no rule finds a dead or saturated layer.
        leaky_relu  ·                    not tried
        silu        ·                    not tried
        <BLANKLINE>
        swapped      1: 2
        choice       relu
    """
    names = [one_of("activation", name, ACTIVATIONS) for name in order]
    _check(names, steps, optimizer, language)
    check_source(batches)
    training = _Training(loss or nn.CrossEntropyLoss(), optimizer, lr, weight_decay, clip, steps, seed)
    given = plain(model) if isinstance(model, nn.Module) else None
    attempts: list[Attempt] = []
    with apart(given, batches):
        maker = _Maker(given if given is not None else model, seed)
        places = maker.places(training.loss, batches)
        for name in names:
            record = training.run(maker.make(name, places), batches)
            attempts.append(judge(name, record, language))
            if attempts[-1].healthy:
                break
    return TryOut(
        tuple(attempts), tuple(names[len(attempts) :]), places.modules, places.fixed, maker.by_name, language
    )


@dataclass(frozen=True)
class _Training:
    """One short training, the same for every activation."""

    loss: LossFunction
    optimizer: OptimizerChoice
    lr: float
    weight_decay: float
    clip: float | None
    steps: int
    seed: int

    def run(self, model: nn.Module, batches: Iterable[Any]) -> Record:
        from headstart.monitor.watch import watch

        (loss,) = copied(self.loss)
        optimizer = optimizer_of(self.optimizer, model, self.lr, self.weight_decay)
        pairs = endless(batches, model, self.seed)
        seed_generators(self.seed, model)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "run.db"
            with watch(model, optimizer, record=path):
                for _, (x, y) in zip(range(self.steps), pairs, strict=False):
                    optimizer.zero_grad()
                    value = loss(model(x), y)
                    value.backward()
                    if self.clip is not None:
                        nn.utils.clip_grad_norm_(model.parameters(), self.clip)
                    optimizer.step()
                    if not math.isfinite(value.item()):
                        break
            return read_record(path)


class _Maker:
    """Makes the same model anew: a copy, or what the user's function gives under the seed."""

    def __init__(self, source: nn.Module | MakeModel, seed: int) -> None:
        self._source, self._seed = source, seed
        self.by_name = not isinstance(source, nn.Module) and _takes_activation(source)

    def places(self, loss: LossFunction, batches: Iterable[Any]) -> Places:
        """Where activations can be swapped; nothing of it if the user's function does it."""
        if self.by_name:
            return Places((), ())
        model = self._fresh()
        x, y = next(endless(batches, model, self._seed))

        def run(model: nn.Module) -> Tensor:
            value: Tensor = loss(model(x), y)
            return value

        places = places_of(model, run)
        if not places.modules:
            fixed = f": {', '.join(places.fixed)} can only be changed in its code" if places.fixed else ""
            raise HeadstartError(
                f"{type(model).__name__} has no hidden activation that can be swapped{fixed}",
                "Make the activation a module, such as self.act = nn.ReLU(), or give a function make(activation) that "
                "builds the model with one of that name",
            )
        return places

    def make(self, activation: str, places: Places) -> nn.Module:
        if self.by_name:
            return self._fresh(activation=activation)
        model = self._fresh()
        swap(model, places.modules, ACTIVATIONS[activation])
        return model

    def _fresh(self, **options: str) -> nn.Module:
        if isinstance(self._source, nn.Module):
            (model,) = copied(self._source)
        else:
            seed_generators(self._seed, None)
            model = self._source(**options)
        if not isinstance(model, nn.Module):
            raise HeadstartError(
                f"The function given as the model returns {type(model).__name__}", "Return a torch.nn.Module"
            )
        return model if model.training else model.train()


def _takes_activation(make: MakeModel) -> bool:
    if not callable(make):
        raise HeadstartError(
            f"hs.try_activations was given {type(make).__name__}",
            "Give a torch.nn.Module, or a function that makes one",
        )
    try:
        return "activation" in inspect.signature(make).parameters
    except (TypeError, ValueError):  # some built-ins have none
        return False


def _check(names: Sequence[str], steps: int, optimizer: OptimizerChoice, language: str) -> None:
    if not names:
        raise HeadstartError("order is empty", 'Name at least one activation, such as "relu"')
    if steps < FEWEST:
        raise HeadstartError(f"steps is {steps!r}", f"Give {FEWEST} or more: fewer do not show whether it learns")
    if isinstance(optimizer, Optimizer):
        raise HeadstartError(
            f"The given {type(optimizer).__name__} is the model's, and none of the copies'",
            "Give its name, or a function of (parameter groups, lr=...), such as torch.optim.SGD",
        )
    if language not in LANGUAGES:
        raise HeadstartError(f"There are no texts in {language!r}", f"Choose one of {', '.join(LANGUAGES)}")
