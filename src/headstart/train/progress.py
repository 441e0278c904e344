"""What a fit shows while it runs: a bar on a terminal, a line an epoch anywhere; drawn now and then by one rank."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from headstart.train.history import Epoch, Score

INTERVAL = 0.5  # seconds between two looks: each waits for the device and draws, some 3 ms


class ProgressBar:
    """Loss and accuracy of the epoch so far, the learning rate, the time left of all epochs."""

    def __init__(self, steps: int, epochs: int, done: int = 0, *, shown: bool = True) -> None:
        console = Console(highlight=False, soft_wrap=True)
        self.shown = shown
        self._live = shown and console.is_terminal and not console.is_jupyter
        self._epochs = epochs
        self._looked = time.perf_counter()
        # Rich's own thread would draw ten times a second and take the interpreter from the steps.
        self._progress = Progress(*_COLUMNS, console=console, auto_refresh=False, disable=not self._live)
        self._task = self._progress.add_task("", total=steps, completed=done, epoch="", figures="")

    def __enter__(self) -> ProgressBar:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._progress.stop()

    @property
    def due(self) -> bool:
        """Whether it is time to look at figures; costs 0.1 µs."""
        return self._live and time.perf_counter() - self._looked > INTERVAL

    def look(self, epoch: int, done: int, score: Score, lr: float) -> None:
        self._progress.update(
            self._task, completed=done, epoch=f"epoch {epoch}/{self._epochs}", figures=f"{score}  lr {lr:.1e}"
        )
        self._progress.refresh()
        self._looked = time.perf_counter()

    def say(self, line: str | Epoch) -> None:
        """A line that stays, above the bar."""
        if self.shown:
            self._progress.console.print(str(line), markup=False)


_COLUMNS = (
    TextColumn("{task.fields[epoch]}", markup=False),
    BarColumn(bar_width=24),
    TaskProgressColumn(),
    TextColumn("{task.fields[figures]}", markup=False),
    TimeRemainingColumn(),
    TextColumn("left"),
)
