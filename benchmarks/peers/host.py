"""Runs programs with one tool wired in, in the tool's own environment; called by compare.py.

    python host.py ADAPTER OUT.json PROGRAM=REFERENCE ...

The programs run unchanged. `nn.Module.__call__`, `Tensor.backward` and the optimizer's step are where the lines would
stand that a user writes by the tool's documentation. Each run is a fork of a process that has imported PyTorch and the
tool, so that its seconds are those of the work; a tool that takes a script starts a Python of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import os
import re
import resource
import runpy
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from adapters import NotApplicable, Run, Script, Wired

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).resolve().parent
SECONDS = 120  # of CPU that one run may take
DIGESTS = ("final ", "weights ", "output ", "random ")  # how every program ends


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("adapter")
    parser.add_argument("out", type=Path)
    parser.add_argument("programs", nargs="+", help="each with the same program, known to be good, after an =")
    given = parser.parse_args()
    adapter = importlib.import_module(f"adapters.{given.adapter}")
    for module in ("torch", "torch._dynamo", "sklearn.datasets"):  # what programs import, and their first optimizer
        importlib.import_module(module)
    with given.out.open("a", encoding="utf-8") as out:
        for pair in given.programs:
            program, reference = map(Path, pair.split("="))
            told = forked(adapter, program, reference)
            out.write(json.dumps({"program": program.stem, **told}) + "\n")
            out.flush()


def forked(adapter: Any, program: Path, reference: Path) -> dict[str, Any]:
    """What one run says, and its seconds of CPU, those of its own processes included."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer.json")
        child = os.fork()
        if not child:
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            os.chdir(folder)
            with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
                os.dup2(nowhere.fileno(), 1)
                os.dup2(nowhere.fileno(), 2)
            answer.write_text(json.dumps(run(adapter, program, reference)), encoding="utf-8")
            os._exit(0)
        _, status, used = os.wait4(child, 0)
        failed = {"found": [], "digests": [], "failure": f"stopped after {SECONDS} s of CPU"}
        told = json.loads(answer.read_text(encoding="utf-8")) if answer.exists() and not status else failed
    return {**told, "seconds": round(used.ru_utime + used.ru_stime, 3)}


def run(adapter: Any, program: Path, reference: Path) -> dict[str, Any]:
    told: dict[str, Any] = {"found": [], "digests": [], "failure": None}
    try:
        if hasattr(adapter, "examine"):
            told.update(by_script(adapter, program, reference))
        else:
            told.update(in_the_loop(adapter.Wiring(), program))
    except NotApplicable as reason:
        told["failure"] = f"not applicable: {reason}"
    except BaseException as failure:
        told["failure"] = f"{type(failure).__name__}: {failure}"[:200]
    return told


def by_script(adapter: Any, program: Path, reference: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        script = Script(program, reference, Path(folder), wiring_of(program).get("model", "model"))
        adapter.examine(script)
    return {"found": script.noted, "digests": digests(script.output)}


def in_the_loop(wired: Wired, program: Path) -> dict[str, Any]:
    hooks = Hooks(wired, program)
    printed = io.StringIO()
    sys.path.insert(0, str(program.parent))
    sys.argv = [str(program)]
    with contextlib.redirect_stdout(printed), hooks.set():
        runpy.run_path(str(program), run_name="__main__")
    if hooks.run is None:
        raise NotApplicable("the program never calls its model by this name")
    with contextlib.redirect_stdout(io.StringIO()):
        wired.finish(hooks.run)
    return {"found": hooks.run.noted, "digests": digests(printed.getvalue())}


class Hooks:
    """Calls a tool where its lines would stand in the program."""

    def __init__(self, wired: Wired, program: Path) -> None:
        self.wired, self.program = wired, str(program)
        self.wiring = wiring_of(program)
        self.run: Run | None = None
        self.loss = float("nan")
        self.busy = False  # the tool itself calls the model, or runs backward

    @contextlib.contextmanager
    def set(self) -> Iterator[None]:
        import torch
        from torch.optim.optimizer import register_optimizer_step_post_hook

        call, backward = torch.nn.Module.__call__, torch.Tensor.backward
        hooks = self

        def called(module: Any, *args: Any, **kwargs: Any) -> Any:
            if hooks.run is None and not hooks.busy:
                hooks.maybe_start(module, sys._getframe(1))
            return call(module, *args, **kwargs)

        def ran_backward(tensor: Any, *args: Any, **kwargs: Any) -> None:
            backward(tensor, *args, **kwargs)
            if hooks.run is not None and not hooks.busy:
                hooks.frame = sys._getframe(1)
                hooks.loss = float(tensor.detach())
                with hooks.at_work():
                    hooks.wired.backward(hooks.run, hooks.loss)

        def stepped(optimizer: Any, args: Any, kwargs: Any) -> None:
            if hooks.run is not None and not hooks.busy and optimizer is hooks.run.optimizer:
                with hooks.at_work():
                    hooks.wired.stepped(hooks.run, hooks.loss)
                hooks.run.step += 1

        torch.nn.Module.__call__ = called
        torch.Tensor.backward = ran_backward
        handle = register_optimizer_step_post_hook(stepped)
        try:
            yield
        finally:
            torch.nn.Module.__call__, torch.Tensor.backward = call, backward
            handle.remove()

    def maybe_start(self, module: Any, frame: FrameType | None) -> None:
        import torch

        if frame is None or frame.f_code.co_filename != self.program or not torch.is_grad_enabled():
            return
        self.frame = frame
        if self.value("model", "model") is not module:
            return
        with self.at_work():
            self.run = Run(
                module,
                self.value("optimizer", "optimizer"),
                self.value("loss"),
                self.wiring.get("classes"),
                lambda: (self.value("inputs"), self.value("targets")),
            )
            self.wired.start(self.run)

    def value(self, key: str, default: str | None = None) -> Any:
        """An expression of programs.toml, where the program last called its model or backward()."""
        names = {**self.frame.f_globals, **self.frame.f_locals}
        try:
            return eval(self.wiring.get(key, default), names)
        except NameError:
            return None

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        self.busy = True
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                yield
            finally:
                self.busy = False


def wiring_of(program: Path) -> dict[str, Any]:
    listed = tomllib.loads((HERE / "programs.toml").read_text(encoding="utf-8"))
    stem = program.stem.removesuffix("_fixed")
    wiring: dict[str, Any] = {**listed["faulty"], **listed["healthy"]}[stem]
    fixed = wiring.pop("fixed", {})
    return {**wiring, **fixed} if program.stem.endswith("_fixed") else wiring


def digests(printed: str) -> list[str]:
    return [re.sub(r"\s+", " ", line) for line in printed.splitlines() if line.startswith(DIGESTS)][-4:]


if __name__ == "__main__":
    main()
