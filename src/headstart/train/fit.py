"""The one-stop training template: one call that trains, watches, shows, saves and resumes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from torch import nn
from torch.optim import Optimizer

from headstart.errors import HeadstartError
from headstart.train.checkpoint import read_checkpoint
from headstart.train.engine import Devices, can_fuse, engine_of, launch
from headstart.train.evaluate import LossFunction
from headstart.train.generators import seed_everything
from headstart.train.history import History
from headstart.train.interrupt import deferred_interrupt
from headstart.train.loop import Loop, Saving
from headstart.train.optimizers import OptimizerChoice, optimizer_of
from headstart.train.plan import Plan, check_same, shapes_of
from headstart.train.progress import ProgressBar
from headstart.train.schedules import Schedule, schedule_of
from headstart.train.sources import Source, prepared
from headstart.train.summary import farewell, introduction


def fit(
    model: nn.Module,
    train: Source,
    valid: Source | None = None,
    *,
    optimizer: OptimizerChoice = "adamw",
    lr: float = 3e-3,
    weight_decay: float = 1e-4,
    schedule: str | Schedule | None = "cosine",
    epochs: int = 10,
    loss: LossFunction | None = None,
    clip: float | None = None,
    precision: str = "32-true",
    devices: Devices = "auto",
    accelerator: str = "auto",
    seed: int | None = 0,
    watch: bool | Path | str = True,
    checkpoint: Path | str | None = None,
    checkpoint_every: int | None = None,
    resume: Path | str | bool | None = None,
    progress: bool = True,
) -> History:
    """Trains `model` in place and returns the figures of each epoch; leaves it in evaluation mode.

    - `train`, `valid`: `hs.Batches`, a DataLoader, or a list of batches (x, y).
    - `optimizer`: "adamw", "adam", "sgd" (momentum 0.9, Nesterov); a torch optimizer of the model's parameters, which
      keeps its own lr and weight decay; or a function of (parameter groups, lr=...), such as `torch.optim.RMSprop`.
    - `weight_decay`: of matrices and kernels alone. Norm weights and biases (ndim <= 1) are left out: decay would
      pull a norm's weight to 0 and does nothing for a bias.
    - `schedule`: "cosine" down to 0, "onecycle", None for a constant rate, or a function (step, steps) -> factor.
    - `loss`: a function (output, y) that gives the batch's mean; cross-entropy if left out.
    - `clip`: the largest 2-norm of all gradients together.
    - `precision`, `devices`, `accelerator`: Lightning Fabric's. "auto" is one device, or under `torchrun` and
      `fabric run` the processes that these started; batches are then shared between them.
    - `seed`: of torch, Python and NumPy, plus the rank; None leaves them as they are. The model's weights are drawn
      before this call: seed them with `torch.manual_seed`.
    - `watch`: record every layer (`history.record`, for `hs.diagnose`); a path names the record.
    - `checkpoint`: a file that is replaced, atomically, at each epoch's end, every `checkpoint_every` steps, and at
      Ctrl-C. It holds model, optimizer, position and the states of all generators.
    - `resume`: a checkpoint; the fit goes on bitwise as if it had never stopped, with Batches or a DataLoader.
      True: from `checkpoint` if it is there, else from the start.
    - `progress`: print the plan, a bar on a terminal, and a line an epoch.

    Raises HeadstartError for bad arguments, and for a checkpoint that is damaged or of another model or plan.
    Ctrl-C ends the step, saves if there is a checkpoint, says how to go on, and raises KeyboardInterrupt.

    Example:
        >>> history = hs.fit(model, loader, epochs=2, lr=1e-2, progress=False)
        >>> print(history)
        epoch   1   loss ...  accuracy ...   lr ...
        epoch   2   loss ...  accuracy ...   lr ...
    """
    source = _source(checkpoint, resume)
    saved = read_checkpoint(source) if source else None
    plan = Plan(_name(optimizer), lr, weight_decay, _name(schedule), epochs, clip, precision, seed)
    rate = schedule_of(schedule)
    fabric = launch(devices, accelerator, precision)
    if seed is not None:
        seed_everything(seed + fabric.global_rank)
    batches, valid_batches = prepared(train, fabric, "train"), valid and prepared(valid, fabric, "valid")
    plan = replace(plan, steps=len(batches), world_size=fabric.world_size, parameters=shapes_of(model))
    if source and saved:
        check_same(plan, saved["plan"], source)

    module = fabric.setup_module(model.train())
    made = optimizer_of(optimizer, model, lr, weight_decay, fused=can_fuse(fabric))
    engine = engine_of(fabric, module, model, made)
    saving = Saving(Path(checkpoint) if checkpoint else source, checkpoint_every)
    loop = Loop(engine, model, plan, rate, batches, valid_batches, loss or nn.CrossEntropyLoss(), saving)
    if saved:
        loop.load_state_dict(saved)
    return _run(loop, made, watch, shown=progress and fabric.is_global_zero)


def _run(loop: Loop, optimizer: Optimizer, watch: bool | Path | str, *, shown: bool) -> History:
    with ExitStack() as stack:
        bar = stack.enter_context(ProgressBar(loop.plan.total, loop.plan.epochs, shown=shown))
        bar.say(introduction(loop, optimizer))
        interrupt = stack.enter_context(deferred_interrupt())
        record = stack.enter_context(_watched(loop, optimizer, watch))
        try:
            epochs = loop.run(bar, interrupt)
        except KeyboardInterrupt:
            bar.say(farewell(loop))
            raise
    loop.model.eval()
    return History(epochs, record)


@contextmanager
def _watched(loop: Loop, optimizer: Optimizer, choice: bool | Path | str) -> Iterator[Path | None]:
    """Watches on the first rank and gives the record; under `headstart run` everything is watched already."""
    running = os.environ.get("HEADSTART_RECORD")
    if choice is False or not loop.fabric.is_global_zero or running:
        yield Path(running) if running and choice is not False else None
        return
    from headstart.monitor.watch import watch

    with watch(loop.model, optimizer, record=None if choice is True else Path(choice)) as watched:
        yield watched.path


def _source(checkpoint: Path | str | None, resume: Path | str | bool | None) -> Path | None:
    """The checkpoint to go on from."""
    if resume is None or resume is False:
        return None
    if resume is not True:
        return Path(resume)
    if checkpoint is None:
        raise HeadstartError("resume=True names no checkpoint", 'Give checkpoint="fit.pt" as well, or resume="fit.pt"')
    return Path(checkpoint) if Path(checkpoint).is_file() else None


def _name(choice: object) -> str:
    """Of an optimizer or a schedule, as a plan compares and prints it."""
    if isinstance(choice, str):
        return choice
    if isinstance(choice, Optimizer):
        return type(choice).__name__
    return "constant" if choice is None else getattr(choice, "__qualname__", type(choice).__name__)
