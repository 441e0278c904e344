"""The training loop: its epochs and steps, its position, and the state from which it goes on bitwise."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from headstart.errors import HeadstartError
from headstart.train import generators
from headstart.train.checkpoint import write_checkpoint
from headstart.train.engine import Engine
from headstart.train.evaluate import LossFunction, accumulate
from headstart.train.history import Epoch, Score
from headstart.train.interrupt import Interrupt
from headstart.train.meter import Meter
from headstart.train.plan import Plan
from headstart.train.progress import ProgressBar
from headstart.train.schedules import Schedule
from headstart.train.sources import pairs

AGREE = 20  # steps between two times that ranks ask each other whether to stop


@dataclass(frozen=True)
class Saving:
    """Where a checkpoint is written, at each epoch's end and every so many steps."""

    path: Path | None = None
    every: int | None = None

    def __post_init__(self) -> None:
        if self.every is not None and self.every < 1:
            raise HeadstartError(f"checkpoint_every is {self.every}", "Give a number of steps, or None")

    def due(self, step: int) -> bool:
        return self.every is not None and step % self.every == 0


class Loop:
    """One fit under way. Its position is (epoch, batch), the batch that comes next, both from 0."""

    def __init__(
        self,
        engine: Engine,
        model: nn.Module,
        plan: Plan,
        schedule: Schedule,
        train: Any,
        valid: Any,
        loss: LossFunction,
        saving: Saving,
    ) -> None:
        self.engine, self.fabric, self.model, self.plan, self.schedule = engine, engine.fabric, model, plan, schedule
        self.train, self.valid, self.loss, self.saving = train, valid, loss, saving
        self.epoch, self.batch = 0, 0
        self.saved: tuple[int, int] | None = None  # the position in the checkpoint
        self.epochs: list[Epoch] = []
        self.meter = Meter(self.fabric.device)
        self._own = generators.generators_of(train, valid)
        self._epoch_start = self._generators()  # a data loader draws its order when its epoch starts
        for group in engine.optimizer.param_groups:
            group["initial_lr"] = group["lr"]  # torch's own name for it; load_state_dict brings it back

    @property
    def step(self) -> int:
        """The number of steps taken."""
        return self.epoch * self.plan.steps + self.batch

    def run(self, bar: ProgressBar, interrupt: Interrupt) -> tuple[Epoch, ...]:
        """Trains from the position to the end. Raises KeyboardInterrupt, its state saved, between two steps."""
        while self.epoch < self.plan.epochs:
            began = time.perf_counter()
            for x, y in self._batches():
                self._step(x, y)
                if bar.due:
                    bar.look(self.epoch + 1, self.step, self.meter.read(), self._lr)
                stop = self._stopped(interrupt)
                if stop or self.saving.due(self.step):
                    self.save()
                if stop:
                    raise KeyboardInterrupt
            bar.say(self._end_epoch(began))
            self.save()
            if self._stopped(interrupt):
                raise KeyboardInterrupt
        return tuple(self.epochs)

    def state_dict(self) -> dict[str, Any]:
        """All that decides how the fit goes on. Every rank must call it; all get the same."""
        mine = {"sums": self.meter.sums(), "epoch_start": self._epoch_start, "generators": self._generators()}
        return {
            "plan": self.plan.facts(),
            "model": self.model.state_dict(),
            "optimizer": self.engine.optimizer.state_dict(),
            "precision": self.fabric.strategy.precision.state_dict(),  # the gradient scaler's
            "position": (self.epoch, self.batch),
            "epochs": [astuple(epoch) for epoch in self.epochs],
            "ranks": _gathered(mine),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.engine.optimizer.load_state_dict(state["optimizer"])
        self.fabric.strategy.precision.load_state_dict(state["precision"])
        self.epoch, self.batch = state["position"]
        self.epochs = [Epoch(*epoch) for epoch in state["epochs"]]
        mine = state["ranks"][self.fabric.global_rank]
        self.meter.load(mine["sums"])
        self._epoch_start = mine["epoch_start"]
        generators.restore(mine["generators"], self.fabric.device, self._own)
        self.saved = (self.epoch, self.batch)

    def save(self) -> None:
        """Writes the checkpoint, if there is to be one; the first rank does."""
        if self.saving.path is None:
            return
        state = self.state_dict()
        if self.fabric.is_global_zero:
            write_checkpoint(self.saving.path, state)
        self.fabric.barrier()
        self.saved = (self.epoch, self.batch)

    def _batches(self) -> Iterator[tuple[Any, Tensor]]:
        """The epoch's batches from the position on."""
        if self.batch == 0:
            self._epoch_start = self._generators()
            return pairs(self.train, self.fabric, self.epoch)
        now = self._generators()
        generators.restore(self._epoch_start, self.fabric.device, self._own)
        batches = pairs(self.train, self.fabric, self.epoch, skip=self.batch)
        generators.restore(now, self.fabric.device, self._own)
        return batches

    def _step(self, x: Any, y: Tensor) -> None:
        engine = self.engine
        self._set_lr()
        engine.optimizer.zero_grad()
        output = engine.forward(x)
        loss = self.loss(output, y)
        engine.backward(loss)
        if self.plan.clip is not None:
            engine.clip(self.plan.clip)
        engine.optimizer.step()
        self.meter.add(loss, output, y)
        self.batch += 1

    def _set_lr(self) -> None:
        factor = self.schedule(self.step, self.plan.total)
        for group in self.engine.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor

    @property
    def _lr(self) -> float:
        return float(self.engine.optimizer.param_groups[0]["lr"])

    def _end_epoch(self, began: float) -> Epoch:
        score, valid = self._joint(self.meter), self._validate()
        self.epochs.append(
            Epoch(
                self.epoch + 1,
                score.loss,
                score.accuracy,
                valid.loss if valid else None,
                valid.accuracy if valid else None,
                self._lr,
                time.perf_counter() - began,
            )
        )
        self.epoch, self.batch, self.meter = self.epoch + 1, 0, Meter(self.fabric.device)
        return self.epochs[-1]

    def _validate(self) -> Score | None:
        if self.valid is None:
            return None
        meter = Meter(self.fabric.device)
        accumulate(meter, self.model, self.engine.forward, pairs(self.valid, self.fabric), self.loss)
        return self._joint(meter)

    def _joint(self, meter: Meter) -> Score:
        """Of all ranks together."""
        if self.fabric.world_size > 1:
            sums = torch.stack([rank.cpu() for rank in self.fabric.all_gather(meter.sums())])
            meter.load(sums.sum(0))
        return meter.read()

    def _stopped(self, interrupt: Interrupt) -> bool:
        """Whether to stop here; ranks agree on the step, for saving takes all of them."""
        if self.fabric.world_size == 1:
            return interrupt.asked
        if self.step % AGREE:
            return False
        return bool(self.fabric.all_reduce(torch.tensor(float(interrupt.asked)), reduce_op="sum"))

    def _generators(self) -> dict[str, Any]:
        return generators.capture(self.fabric.device, self._own)


def _gathered(mine: Any) -> list[Any]:
    """One value of each rank, by rank."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return [mine]
    everyone: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(everyone, mine)
    return everyone
