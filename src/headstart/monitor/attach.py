"""Hooks in, hooks out: one set of splices in torch, shared by all observers of the process."""

from __future__ import annotations

import atexit
import contextlib
import importlib
import os
import pkgutil
import sys
import time
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch.nn import Module

import headstart.monitor
from headstart import __version__
from headstart.monitor import patches
from headstart.monitor.names import BirthPlaces
from headstart.monitor.observer import Observer

BIRTHS = BirthPlaces()

_observers: tuple[Observer, ...] = ()
_undos: list[patches.Undo] = []


def attach(observer: Observer) -> None:
    """Lets `observer` see what happens in this process from now on."""
    global _observers
    if not _observers:
        _install()
    _observers = (*_observers, observer)


def detach(observer: Observer, how: str | None) -> None:
    """Ends the observer's record; after the last observer torch is as it was."""
    global _observers
    _observers = tuple(other for other in _observers if other is not observer)
    if not _observers:
        _uninstall()
    observer.finish(how)


@contextlib.contextmanager
def unwatched() -> Iterator[None]:
    """Inside, the observers that are there look away: headstart trains copies, which are no part of the run."""
    looking = [observer for observer in _observers if not observer.off]
    for observer in looking:
        observer.off = True
    try:
        yield
    finally:
        for observer in looking:
            observer.off = False


def attach_script() -> None:
    """Watches the whole process: called by the boot hook after the script's own `import torch`."""
    wanted = Path(os.environ["HEADSTART_RECORD"])
    observer = Observer(lambda: _claim(wanted), script_facts, BIRTHS)
    if stop := os.environ.get("HEADSTART_STOP_AFTER"):
        observer.stop_after = int(stop)
    attach(observer)
    atexit.register(detach, observer, None)
    os.register_at_fork(after_in_child=lambda: setattr(observer, "off", True))


def script_facts() -> Mapping[str, Any]:
    """What the record's `meta` says of the run."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    text = ""
    if main is not None:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            text = Path(main).read_text(encoding="utf-8")[:1_000_000]
    return {
        "headstart": __version__,
        "argv": sys.argv,
        "script": main or sys.argv[0],
        "script_text": text,
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "device": _device(),
        "seed": torch.initial_seed(),
        "rank": int(os.environ.get("RANK", 0)),
        "world_size": int(os.environ.get("WORLD_SIZE", 1)),
        "pid": os.getpid(),
        "started": time.time(),
        "cwd": str(Path.cwd()),
    }


def _device() -> str:
    """Of the accelerator that the run has started to use; asking never starts one."""
    return "cuda" if torch.cuda.is_initialized() else "cpu"  # type: ignore[no-untyped-call]


def _claim(wanted: Path) -> Path:
    """`wanted`, or beside it for further processes of the run: each has a record of its own."""
    rank = os.environ.get("RANK", "0")
    path = wanted if rank == "0" else wanted.with_suffix(f".rank{rank}.db")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.open("xb").close()
    except FileExistsError:
        path = wanted.with_suffix(f".{os.getpid()}.db")
    return path


def _install() -> None:
    _keep_from_dynamo()
    installs: list[Callable[[], patches.Undo]] = [
        lambda: patches.after_module_call(_called),
        lambda: patches.after_module_init(BIRTHS.made),
        lambda: patches.around_backward(_backward_begins, _backward_ends),
        lambda: patches.around_grad(_grad_begins, _grad_ends),
        lambda: patches.after_func_grad(_func_graded),
        lambda: patches.after_losses(_lost, _refused),
        lambda: patches.after_dropouts(_dropped),
        lambda: patches.after_optimizer_init(_optimizer_made),
        lambda: patches.after_scheduler_init(_scheduler_made),
        lambda: patches.after_plateau_is_told(_plateau_told),
        lambda: patches.after_loader_begins(_loader_begins),
        lambda: patches.after_clipping(_clipped),
        lambda: patches.before_clipping_values(_values_clipped),
        lambda: patches.after_normals(_sampled, _scored),
        lambda: patches.around_optimizer_step(_step_begins, _step_ends),
    ]
    for install in installs:
        try:
            _undos.append(install())
        except (LookupError, OSError, StopIteration) as error:  # a torch whose source is other, or not there
            print(f"headstart: {error!r}: this torch cannot be watched fully", file=sys.stderr)


def _uninstall() -> None:
    while _undos:
        _undos.pop()()


def _called(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> Any:
    for observer in _observers:
        observer.called(module, args, kwargs, output)
    return output


def _func_graded(arguments: Any, output: Any, result: Any) -> Any:
    for observer in _observers:
        observer.func_graded(arguments, output, result[0])
    return result


def _lost(kind: str, arguments: Mapping[str, Any], loss: Any) -> Any:
    for observer in _observers:
        observer.lost(kind, arguments, loss)
    return loss


def _dropped(kind: str, p: float, training: bool, output: Any) -> Any:
    if p:
        for observer in _observers:
            observer.dropped(sys._getframe(2), kind, p, training)
    return output


def _refused(kind: str, arguments: Mapping[str, Any]) -> None:
    for observer in _observers:
        observer.refused(kind, arguments)


def _backward_begins(roots: Any) -> None:
    for observer in _observers:
        observer.backward_begins(roots)


def _backward_ends() -> None:
    for observer in _observers:
        observer.backward_ends()


def _grad_begins(outputs: Any, inputs: Any, create_graph: bool) -> None:
    for observer in _observers:
        observer.grad_begins(outputs, inputs, create_graph)


def _grad_ends(inputs: Any, gradients: Any) -> None:
    for observer in _observers:
        observer.grad_ends(inputs, gradients)


def _clipped(parameters: Any, max_norm: Any, norm: Any) -> Any:
    for observer in _observers:
        observer.clipped(parameters, max_norm, norm)
    return norm


def _values_clipped(gradients: Any, clip_value: Any, grouped: Any) -> Any:
    for observer in _observers:
        observer.values_clipped(gradients, clip_value)
    return grouped


def _sampled(distribution: Any, sample: Any) -> Any:
    for observer in _observers:
        observer.sampled(distribution, sample)
    return sample


def _scored(distribution: Any, value: Any, log_prob: Any) -> Any:
    for observer in _observers:
        observer.scored(distribution, value)
    return log_prob


def _optimizer_made(optimizer: Any, _: None) -> None:
    for observer in _observers:
        observer.optimizer_made(optimizer)


def _scheduler_made(scheduler: Any, _: None) -> None:
    for observer in _observers:
        observer.scheduler_made(scheduler)


def _plateau_told(scheduler: Any, value: float) -> float:
    for observer in _observers:
        observer.plateau_told(scheduler, value)
    return value


def _loader_begins(loader: Any, iterator: Any) -> Any:
    for observer in _observers:
        observer.loader_begins(loader, iterator, torch.is_grad_enabled())
    return iterator


def _step_begins(optimizer: Any, args: Any, kwargs: Any) -> None:
    for observer in _observers:
        observer.step_begins(optimizer, args, kwargs)


def _step_ends(optimizer: Any, args: Any, kwargs: Any) -> None:
    for observer in _observers:
        observer.step_ends(optimizer, args, kwargs)
    for observer in _observers:
        if observer.stop_after is not None and observer.step >= observer.stop_after:
            raise SystemExit(0)


def _keep_from_dynamo() -> None:
    """Dynamo would try to compile our callbacks, for they run within calls of compiled modules."""
    eval_frame: Any = torch._C._dynamo.eval_frame
    if hasattr(eval_frame, "set_code_exec_strategy"):
        skip = eval_frame._FrameAction.SKIP
        strategy = eval_frame._FrameExecStrategy(skip, skip)

        def keep(code: types.CodeType) -> None:
            eval_frame.set_code_exec_strategy(code, strategy)
    else:
        keep = eval_frame.skip_code
    for module in pkgutil.iter_modules(headstart.monitor.__path__):
        if not module.ispkg:
            for function in _functions(importlib.import_module(f"headstart.monitor.{module.name}")):
                keep(function.__code__)


def _functions(module: types.ModuleType) -> list[types.FunctionType]:
    holders = [module, *(value for value in vars(module).values() if isinstance(value, type))]
    found = [value for holder in holders for value in vars(holder).values()]
    found += [getattr(value, "__wrapped__", None) for value in found]
    return [value for value in found if isinstance(value, types.FunctionType)]
