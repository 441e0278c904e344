"""`headstart run` is Python itself: each program ends with the same status, stdout and stderr as without it."""

from __future__ import annotations

import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from headstart.record import read_record

PROGRAMS = Path(__file__).parent / "programs" / "parity"
ALONE = sorted(path.stem for path in PROGRAMS.glob("*.py") if not path.stem.startswith("torch_"))
WITH_TORCH = sorted(path.stem for path in PROGRAMS.glob("torch_*.py") if path.stem != "torch_trains_on_two_ranks")
HEADSTART = [sys.executable, "-m", "headstart", "run"]
WORDS = ["a", "--lr", "1", "--quiet", "--", "-m", "*", ""]  # arguments that headstart must not take for its own
INHERENT = [  # what differs from one run of plain Python to the next
    (rb"0x[0-9a-f]{6,}", b"0x_"),
    (rb"\bpid[ :=]*\d+", b"pid _"),
]


@dataclass(frozen=True)
class Ended:
    status: int
    stdout: bytes
    stderr: bytes


def start(command: list[str], folder: Path, **environment: str) -> subprocess.Popen[bytes]:
    """In a session of its own, so that a signal to its process group stays there."""
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes], stdin: bytes = b"Ada\none\ntwo\n") -> Ended:
    stdout, stderr = process.communicate(stdin, timeout=120)
    for pattern, same in INHERENT:
        stdout, stderr = re.sub(pattern, same, stdout), re.sub(pattern, same, stderr)
    return Ended(process.returncode, stdout, stderr)


def assert_same(program: list[str], folder: Path, **environment: str) -> Ended:
    """Runs `program` under Python and under headstart, side by side."""
    plain = start([sys.executable, *program], folder, **environment)
    watched = start([*HEADSTART, "--quiet", *program], folder, **environment)
    expected = end(plain)
    assert end(watched) == expected
    return expected


@pytest.mark.parametrize("name", ALONE)
def test_a_program_without_torch_runs_as_in_python(name, tmp_path):
    assert_same([str(PROGRAMS / f"{name}.py"), *WORDS], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_TORCH)
def test_a_program_with_torch_runs_as_in_python(name, tmp_path):
    ended = assert_same([str(PROGRAMS / f"{name}.py")], tmp_path)
    assert b"headstart" not in ended.stderr


@pytest.mark.slow
def test_two_ranks_under_torchrun_run_as_in_python_and_leave_a_record_each(tmp_path):
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    assert_same([*torchrun, str(PROGRAMS / "torch_trains_on_two_ranks.py")], tmp_path)
    ranks = [read_record(path).meta["rank"] for path in (tmp_path / ".headstart").glob("*.db")]
    assert sorted(ranks) == [0, 1]


def test_a_module_runs_as_in_python(tmp_path):
    ended = assert_same(["-m", "package", *WORDS], tmp_path, PYTHONPATH=str(PROGRAMS))
    assert ended.status == 1
    assert b"LookupError: raised in the package" in ended.stderr


def test_a_syntax_error_is_shown_as_in_python(tmp_path):
    (tmp_path / "broken.py").write_text("print('never')\nfor x in\n")
    assert assert_same(["broken.py"], tmp_path).status == 1


def test_what_is_no_script_is_refused_as_by_python(tmp_path):
    (tmp_path / "folder").mkdir()
    assert assert_same(["missing.py"], tmp_path).status == 2
    assert assert_same(["folder"], tmp_path).status == 1
    assert assert_same(["-m", "no_such_module"], tmp_path).status == 1


def test_a_folder_and_a_zip_and_stdin_run_as_in_python(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text("import sys; print(__file__, sys.path[0], sys.argv)")
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:
        archive.write(tmp_path / "app" / "__main__.py", "__main__.py")
    for program in ("app", "app.zip"):
        assert b"__main__.py" in assert_same([program, "x"], tmp_path).stdout
    with_script_from_stdin = [
        end(start([*python, "-", "x"], tmp_path), b"import sys; print(sys.argv)")
        for python in ([sys.executable], [*HEADSTART, "--quiet"])
    ]
    assert with_script_from_stdin[0] == with_script_from_stdin[1]
    assert with_script_from_stdin[0].stdout == b"['-', 'x']\n"


@pytest.mark.parametrize(
    "body", ["print('customized')", "raise ValueError('in sitecustomize')", "import no_such_name"]
)
def test_the_users_own_sitecustomize_runs_as_in_python(body, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(body)
    (tmp_path / "main.py").write_text("import sys; print(sys.modules.get('sitecustomize'))")
    isolated = [sys.executable, "-I", *HEADSTART[1:], "--quiet"]  # or headstart's own Python runs it, too
    plain, watched = (
        end(start([*python, "main.py"], tmp_path, PYTHONPATH=str(tmp_path))) for python in ([sys.executable], isolated)
    )
    assert watched == plain
    assert plain.stderr or b"customized" in plain.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGQUIT])
@pytest.mark.parametrize("handled", [False, True], ids=["by default", "handled"])
def test_a_signal_sent_to_headstart_alone_reaches_the_script_once(number, handled, tmp_path):
    handler = f"signal.signal({number:d}, lambda number, frame: print('got', number, flush=True))" if handled else ""
    wait = "try: signal.sigtimedwait([], 0.8)\nfinally: print('over', flush=True)"
    (tmp_path / "waits.py").write_text(f"import signal\n{handler}\nprint('ready', flush=True)\n{wait}\n")
    processes = [start([*python, "waits.py"], tmp_path) for python in ([sys.executable], [*HEADSTART, "--quiet"])]
    for process in processes:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
    plain, watched = (end(process) for process in processes)
    assert watched == plain
    assert plain.stdout == (b"got %d\nover\n" % number if handled else plain.stdout)


def test_a_signal_that_was_ignored_stays_ignored(tmp_path):
    (tmp_path / "asks.py").write_text("import signal; print([signal.getsignal(1), signal.getsignal(2)])")
    nohup = "trap '' HUP INT; exec "
    plain, watched = (
        end(start(["sh", "-c", nohup + shlex.join([*python, "asks.py"])], tmp_path))
        for python in ([sys.executable], [*HEADSTART, "--quiet"])
    )
    assert watched == plain
    assert plain.stdout.count(b"SIG_IGN") == 2


def test_inherited_files_reach_the_script(tmp_path):
    (tmp_path / "writes.py").write_text("import os; os.write(3, b'by number')")
    command = shlex.join([*HEADSTART, "--quiet", "writes.py"])
    assert end(start(["sh", "-c", f"exec 3>seen; {command}"], tmp_path)).status == 0
    assert (tmp_path / "seen").read_bytes() == b"by number"


def test_output_arrives_while_the_script_runs(tmp_path):
    (tmp_path / "waits.py").write_text("print('now', flush=True); input()")
    process = start([*HEADSTART, "--quiet", "waits.py"], tmp_path)
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
        os.execv(sys.executable, [*HEADSTART, "--quiet", "waits.py"])
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
    process = start([*HEADSTART, "--quiet", "quick.py"], tmp_path)
    assert end(process).status == 0
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)  # its session's process group is empty


def test_the_witness_ends_when_headstart_is_killed(tmp_path):
    (tmp_path / "waits.py").write_text("print('ready', flush=True); input()")
    process = start([*HEADSTART, "--quiet", "waits.py"], tmp_path)
    assert process.stdout.readline() == b"ready\n"
    process.kill()
    process.communicate(b"\n", timeout=20)  # returns once everyone who holds the pipes has ended
