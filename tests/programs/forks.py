"""Runs programs in forks of a process that has imported PyTorch, which takes longer than most of the programs do."""

import contextlib
import io
import os
import pickle
import runpy
import sys
import tempfile
import traceback
from collections import deque
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # two programs run at a time, and figures must not hang on the number of cores

import sklearn.datasets  # noqa: F401
import torch._dynamo  # noqa: F401  what the first optimizer imports


def forked(work, jobs, workers=2):
    """`work(job)` of each job, in a process of its own; yields the results in the order of the jobs."""
    running = deque()
    with tempfile.TemporaryDirectory() as folder:
        for number, job in enumerate(jobs):
            if len(running) == workers:
                yield _result(*running.popleft())
            answer = Path(folder, str(number))
            sys.stdout.flush()
            process = os.fork()
            if not process:
                try:
                    answer.write_bytes(pickle.dumps(work(job)))
                except BaseException:
                    traceback.print_exc()
                finally:
                    sys.stderr.flush()
                    os._exit(0)
            running.append((job, process, answer))
        while running:
            yield _result(*running.popleft())


def run_program(path, *arguments):
    """Runs a program as `python path arguments` in its folder would; returns what it printed."""
    path = path.resolve()
    printed = io.StringIO()
    os.chdir(path.parent)
    sys.path.insert(0, str(path.parent))
    sys.argv = [str(path), *arguments]
    with contextlib.redirect_stdout(printed):
        runpy.run_path(str(path), run_name="__main__")
    return printed.getvalue()


def watched(path, record):
    """`run_program` under watch, as `headstart run` does it, in this process: for a fork. (What it printed, how it ended.)

    Where nothing was trained there is no record.
    """
    from headstart.monitor import attach
    from headstart.monitor.observer import Observer

    made = record.with_suffix(".part")
    made.unlink(missing_ok=True)
    observer = Observer(lambda: made, attach.script_facts, attach.BIRTHS)
    attach.attach(observer)
    printed, how = "", "finished"
    try:
        printed = run_program(path)
    except BaseException as error:
        how = f"exception {type(error).__name__}"
    attach.detach(observer, how)
    if made.exists():
        made.rename(record)
    return printed, how


def _result(job, process, answer):
    os.waitpid(process, 0)
    if not answer.exists():
        raise RuntimeError(f"{job} failed")
    return pickle.loads(answer.read_bytes())
