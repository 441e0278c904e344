"""Signals between whoever started headstart and the program that it runs.

The program stays in headstart's own process group, so a Ctrl-C reaches both. A signal that was sent to headstart
alone is passed on, once; one that was sent to the group has arrived already.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType
from typing import NoReturn

PASSED_ON = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
]
GRACE = 0.2  # seconds for a signal to the group to reach every member, on a loaded machine as well
SAME = 1.0  # seconds in which the group's signal may come once more to us alone: GNU timeout sends both


class Relay:
    """While it is open, signals do not end this process; `wait_for` passes them on to a child.

    Must be opened in the main thread, or it does nothing. What was ignored stays ignored, here and in the child
    (`nohup`); what is caught here has its default in the child.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._before: dict[int, object] = {}
        self._early: list[int] = []
        self._witness = Witness()

    def __enter__(self) -> Relay:
        if threading.current_thread() is threading.main_thread():
            self._witness.start()
            for number in PASSED_ON:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._received)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._witness.stop()

    def wait_for(self, child: subprocess.Popen[bytes]) -> int:
        """The child's status as subprocess gives it: -9 if signal 9 ended it."""
        self._child = child
        while self._early:
            self._received(self._early.pop(0), None)
        return child.wait()

    def _received(self, number: int, _: FrameType | None) -> None:
        if self._child is None:
            self._early.append(number)
        elif not self._witness.saw(number):
            self._child.send_signal(number)


class Witness:
    """A process of the same group that dies of what the group is sent, and so tells a Ctrl-C from a `kill` of one.

    Nothing else does: the sender of either may be anybody. On systems without fork every signal is the group's.
    """

    def __init__(self) -> None:
        self._pid = 0
        self._lifeline: int | None = None  # closed with this process, however it ends; the witness then ends, too
        self._seen: dict[int, float] = {}

    def start(self) -> None:
        if not hasattr(os, "fork"):
            return
        reader, self._lifeline = os.pipe()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)  # or the fork runs this process's handlers
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._lifeline)
            _be_mortal()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.read(reader, 1)
            os._exit(0)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(reader)

    def stop(self) -> None:
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None
            os.waitpid(self._pid, 0)

    def saw(self, number: int) -> bool:
        """Whether signal `number`, which this process just got, went to the whole group."""
        if self._lifeline is None:
            return True
        end = time.monotonic() + GRACE
        while time.monotonic() < end:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self._seen[os.WTERMSIG(status)] = time.monotonic()
                os.close(self._lifeline)
                self.start()
                break
            time.sleep(0.005)
        return time.monotonic() - self._seen.get(number, float("-inf")) < SAME


def _be_mortal() -> None:
    """Every signal that is passed on ends this process, without a core file."""
    _leave_no_core()
    for number in PASSED_ON:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def end_like(status: int) -> NoReturn:
    """Ends this process as a child ended: with the same exit status, or of the same signal.

    A shell and a job scheduler tell the two apart, and a script's SIGKILL must look like one.
    """
    if status < 0:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        _leave_no_core()  # the child has left the one that matters
        with contextlib.suppress(OSError, ValueError):  # SIGKILL has no handler to reset
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    raise SystemExit(status if status >= 0 else 128 - status)


def _leave_no_core() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
