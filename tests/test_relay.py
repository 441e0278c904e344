"""Signals reach the script once, whoever they were sent to, and streams are its own."""

from __future__ import annotations

import os
import pty
import shlex
import signal
import sys
import time
from pathlib import Path

import pytest
from processes import PYTHON, QUIET, Ended, end, start


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGQUIT])
@pytest.mark.parametrize("handled", [False, True], ids=["by default", "handled"])
def test_a_signal_sent_to_headstart_alone_reaches_the_script_once(number, handled, tmp_path):
    handler = f"signal.signal({number:d}, lambda number, frame: print('got', number, flush=True))" if handled else ""
    wait = "try:\n  print('ready', flush=True)\n  signal.sigtimedwait([], 0.8)\nfinally: print('over', flush=True)"
    (tmp_path / "waits.py").write_text(f"import signal\n{handler}\n{wait}\n")
    plain, watched = (_signalled([*python, "waits.py"], number, tmp_path) for python in (PYTHON, QUIET))
    assert watched == plain
    assert plain.stdout == (b"got %d\nover\n" % number if handled else plain.stdout)


def _signalled(command: list[str], number: int, folder: Path) -> Ended:
    process = start(command, folder)
    assert process.stdout.readline() == b"ready\n"
    time.sleep(0.3)  # past its print, so that a traceback names the same line
    process.send_signal(number)
    return end(process)


def test_a_signal_that_was_ignored_stays_ignored(tmp_path):
    (tmp_path / "asks.py").write_text("import signal; print([signal.getsignal(1), signal.getsignal(2)])")
    nohup = "trap '' HUP INT; exec "
    plain, watched = (
        end(start(["sh", "-c", nohup + shlex.join([*python, "asks.py"])], tmp_path)) for python in (PYTHON, QUIET)
    )
    assert watched == plain
    assert plain.stdout.count(b"SIG_IGN") == 2


def test_inherited_files_reach_the_script(tmp_path):
    (tmp_path / "writes.py").write_text("import os; os.write(3, b'by number')")
    command = shlex.join([*QUIET, "writes.py"])
    assert end(start(["sh", "-c", f"exec 3>seen; {command}"], tmp_path)).status == 0
    assert (tmp_path / "seen").read_bytes() == b"by number"


def test_output_arrives_while_the_script_runs(tmp_path):
    (tmp_path / "waits.py").write_text("print('now', flush=True); input()")
    process = start([*QUIET, "waits.py"], tmp_path)
    assert process.stdout.readline() == b"now\n"
    assert end(process, b"\n").status == 0


def test_ctrl_c_on_a_terminal_is_delivered_once(tmp_path):
    (tmp_path / "waits.py").write_text(
        "import time\ntry:\n  print('ready', flush=True); time.sleep(60)\n"
        "except KeyboardInterrupt:\n  time.sleep(0.7); print('caught', flush=True)\n"
    )
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execv(sys.executable, [*QUIET, "waits.py"])
    read = b""
    while b"ready" not in read:
        read += os.read(terminal, 1000)
    os.write(terminal, b"\x03")
    while b"caught" not in read:
        read += os.read(terminal, 1000)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(terminal)


def test_no_process_is_left_behind(tmp_path):
    (tmp_path / "quick.py").write_text("")
    process = start([*QUIET, "quick.py"], tmp_path)
    assert end(process).status == 0
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)  # its session's process group is empty


def test_the_witness_ends_when_headstart_is_killed(tmp_path):
    (tmp_path / "waits.py").write_text("print('ready', flush=True); input()")
    process = start([*QUIET, "waits.py"], tmp_path)
    assert process.stdout.readline() == b"ready\n"
    process.kill()
    process.communicate(b"\n", timeout=20)  # returns once everyone who holds the pipes has ended
