"""`headstart run` is Python itself: each program ends with the same status, stdout and stderr as without it."""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

import pytest
from processes import HEADSTART, PYTHON, QUIET, assert_same, end, start

from headstart.record import read_record

PROGRAMS = Path(__file__).parent / "programs" / "parity"
ALONE = sorted(path.stem for path in PROGRAMS.glob("*.py") if not path.stem.startswith("torch_"))
WITH_TORCH = sorted(path.stem for path in PROGRAMS.glob("torch_*.py") if path.stem != "torch_trains_on_two_ranks")
WORDS = ["a", "--lr", "1", "--quiet", "--", "-m", "*", ""]  # arguments that headstart must not take for its own


@pytest.mark.parametrize("name", ALONE)
def test_a_program_without_torch_runs_as_in_python(name, tmp_path):
    assert_same([str(PROGRAMS / f"{name}.py"), *WORDS], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_TORCH)
def test_a_program_with_torch_runs_as_in_python(name, tmp_path):
    ended = assert_same([str(PROGRAMS / f"{name}.py")], tmp_path)
    assert b"headstart" not in ended.stderr
    assert not list((tmp_path / ".headstart").glob("*.log"))  # it was watched, without a fault


@pytest.mark.slow
def test_two_ranks_under_torchrun_run_as_in_python_and_leave_a_record_each(tmp_path):
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    program = [*torchrun, str(PROGRAMS / "torch_trains_on_two_ranks.py")]
    plain, watched = (_without_torchs_own_abort([*python, *program], tmp_path) for python in (PYTHON, QUIET))
    assert watched.status == plain.status == 0, (plain.stderr, watched.stderr)
    assert _said_by_the_program(watched.stdout) == _said_by_the_program(plain.stdout)
    assert _said_by_the_program(watched.stderr) == _said_by_the_program(plain.stderr)
    ranks = [read_record(path).meta["rank"] for path in (tmp_path / ".headstart").glob("*.db")]
    assert set(ranks) == {0, 1}
    assert len(ranks) % 2 == 0


def _without_torchs_own_abort(command, folder):
    """Gloo's threads now and then outlive the interpreter, which then aborts, under plain Python as well."""
    for _ in range(5):
        ended = end(start(command, folder))
        if b"terminate called without an active exception" not in ended.stderr:
            break
    return ended


def _said_by_the_program(stream: bytes) -> list[bytes]:
    """Without what torch's C++ logs of its connections: it bears the time, and comes in any order or not at all."""
    return [
        line for line in stream.splitlines() if not re.match(rb"\[?[IWE]\d{4} |\[W\d|\[Gloo\]|\[rank\d\]:\[W", line)
    ]


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
        end(start([*python, "-", "x"], tmp_path), b"import sys; print(sys.argv)") for python in (PYTHON, QUIET)
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
        end(start([*python, "main.py"], tmp_path, PYTHONPATH=str(tmp_path))) for python in (PYTHON, isolated)
    )
    assert watched == plain
    assert plain.stderr or b"customized" in plain.stdout


def test_a_script_that_never_trains_is_told_so(tmp_path):
    (tmp_path / "builds.py").write_text("import torch\nmodel = torch.nn.Linear(2, 1)\n")
    ended = end(start([*HEADSTART, "builds.py"], tmp_path))
    assert ended.status == 0
    assert b"nothing was trained" in ended.stdout + ended.stderr
