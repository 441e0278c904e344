"""What a run leaves and says: its record, its diagnosis, or why there is none."""

from __future__ import annotations

import importlib.util
import json
import signal
import sys
import time
import venv
from pathlib import Path

import pytest
from processes import HEADSTART, assert_same, end, headstart, start
from typer.testing import CliRunner

from headstart.cli import app
from headstart.diagnosis.rules import find
from headstart.record import Writer, read_record
from headstart.runner import new_record

PROGRAMS = Path(__file__).parent / "programs" / "parity"
TRAINS = """
import os, sys, time
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
if "zeros" in sys.argv:
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(40):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(torch.randn(32, 6)), torch.randint(3, (32,))).backward()
    optimizer.step()
    print("step", step, flush=True)
    if "killed" in sys.argv and step == 30:
        time.sleep(1.5)
    elif "killed" in sys.argv and step == 35:
        os.kill(os.getpid(), 9)
"""


def only_record(folder: Path) -> Path:
    (path,) = (folder / ".headstart").glob("*.db")
    return path


@pytest.fixture
def trains(tmp_path: Path) -> Path:
    (tmp_path / "trains.py").write_text(TRAINS)
    return tmp_path


@pytest.mark.slow
def test_a_run_leaves_a_record_and_a_report_and_its_diagnosis_on_stderr(trains):
    ended = headstart(trains, "--fail-on", "error", "--json", "out.json", "trains.py", "zeros")
    record = read_record(only_record(trains))
    assert (len(record), record.ended) == (40, "exit 0")
    assert ended.stdout == b"".join(b"step %d\n" % step for step in range(40))
    assert b"symmetric-weights" in ended.stderr
    assert ended.stderr.splitlines()[-1].split() == [b"next", b"headstart", b"explain", b"symmetric-weights"]
    assert only_record(trains).with_suffix(".html").exists()
    found = json.loads((trains / "out.json").read_text())
    assert found["script"] == "trains.py"
    assert (found["verdict"], found["findings"][0]["rule"]) == ("failing", "symmetric-weights")
    assert ended.status == 3


@pytest.mark.slow
def test_what_a_killed_script_recorded_is_judged(trains):
    ended = headstart(trains, "--json", "-", "--fail-on", "error", "trains.py", "zeros", "killed")
    assert ended.status == -signal.SIGKILL
    found = json.loads(ended.stdout[ended.stdout.index(b"{") :])
    assert found["ended"] == "signal 9"
    assert 30 <= found["steps"] <= 36
    assert found["findings"][0]["rule"] == "symmetric-weights"


@pytest.mark.slow
def test_stop_after_stops_cleanly_after_so_many_steps(trains):
    ended = headstart(trains, "--stop-after", "5", "--record", "five.db", "--report", "five.html", "trains.py")
    assert ended.status == 0
    assert ended.stdout.splitlines()[-1] == b"step 3"  # the fifth step's own line is not reached
    record = read_record(trains / "five.db")
    assert (len(record), record.ended) == (5, "stopped")
    assert (trains / "five.html").exists()
    assert not (trains / ".headstart").exists()


@pytest.mark.slow
def test_workers_that_load_data_leave_no_record(tmp_path):
    headstart(tmp_path, str(PROGRAMS / "torch_loads_with_workers.py"))
    assert len(read_record(only_record(tmp_path))) == 3


@pytest.mark.slow
def test_a_script_of_an_environment_without_headstart_is_watched(trains):
    venv.create(trains / "env", with_pip=False)
    packages = str(Path(torch_home()).parent)
    (trains / "main.py").write_text(f"import sys; sys.path.append({packages!r})\n" + TRAINS)
    headstart(trains, "--", "env/bin/python", "main.py")
    assert len(read_record(only_record(trains))) == 40


def torch_home() -> str:
    (home,) = importlib.util.find_spec("torch").submodule_search_locations
    return home


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (["missing.py"], "there is no missing.py"),
        (["nothing.py"], "torch was never imported"),
        (["-m", "nothing"], "torch was never imported"),
        (["--", sys.executable, "-I", "nothing.py"], "python -I, -E and -S hide it"),
        (["--", "false"], "python -I, -E and -S hide it"),
    ],
    ids=lambda value: " ".join(value)[-20:] if isinstance(value, list) else "",
)
def test_why_there_is_nothing_to_judge_is_said(program, said, tmp_path):
    (tmp_path / "nothing.py").write_text("print('hello')")
    ended = headstart(tmp_path, *program)
    assert said in ended.stderr.decode()
    assert ended.stderr.splitlines()[-1].split()[0] == b"next"
    assert [path.name for path in (tmp_path / ".headstart").iterdir()] == [".gitignore"]


def test_a_fault_of_the_watch_never_reaches_the_script_and_is_noted(tmp_path):
    (tmp_path / "torch.py").write_text("")  # no torch that could be watched
    (tmp_path / "uses.py").write_text("import torch; print(torch.__name__)")
    assert assert_same(["uses.py"], tmp_path).stdout == b"torch\n"
    ended = headstart(tmp_path, "uses.py")
    assert b"not watched: ModuleNotFoundError: No module named 'torch." in ended.stderr
    assert any("Traceback" in path.read_text() for path in (tmp_path / ".headstart").glob("*.log"))


def test_a_module_of_the_users_that_is_called_headstart_is_left_alone(tmp_path):
    (tmp_path / "torch.py").write_text("")
    (tmp_path / "headstart.py").write_text("print('my own headstart')")
    (tmp_path / "uses.py").write_text("import torch; print('torch is there'); import headstart")
    ended = end(start([sys.executable, "-I", *HEADSTART[1:], "uses.py"], tmp_path))
    assert ended.stdout == b"torch is there\nmy own headstart\n"
    assert b"finds another headstart" in ended.stderr


def test_a_record_in_the_way_is_replaced_and_anything_else_is_not(tmp_path):
    (tmp_path / "nothing.py").write_text("")
    Writer(tmp_path / "old.db").close("exit 0")
    (tmp_path / "notes.db").write_text("not a record")
    assert headstart(tmp_path, "--quiet", "--record", "old.db", "nothing.py").status == 0
    assert not (tmp_path / "old.db").exists()
    refused = headstart(tmp_path, "--record", "notes.db", "nothing.py")
    assert (refused.status, (tmp_path / "notes.db").read_text()) == (2, "not a record")


def test_runs_that_start_in_the_same_second_have_records_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "strftime", lambda _: "20261123-074112")
    names = [new_record(["sub/train.py", "--lr", "1"]).name for _ in range(3)]
    assert names == [f"train-20261123-074112{suffix}.db" for suffix in ("", "-2", "-3")]


def test_the_folder_of_records_keeps_itself_out_of_git(tmp_path):
    (tmp_path / "nothing.py").write_text("")
    headstart(tmp_path, "--quiet", "nothing.py")
    assert (tmp_path / ".headstart" / ".gitignore").read_text() == "*\n"


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path):
    (tmp_path / "nothing.py").write_text("print('never started')")
    (tmp_path / ".headstart").write_text("a file")
    ended = headstart(tmp_path, "nothing.py")
    assert (ended.status, ended.stdout) == (2, b"")
    assert b"No record can be written to" in ended.stderr
    assert b"headstart run --record FILE" in ended.stderr


def test_a_command_that_does_not_exist_is_one_clear_error(tmp_path):
    ended = headstart(tmp_path, "--", "no-such-command", "train.py")
    assert ended.status == 2
    assert b"no-such-command cannot be started (No such file or directory)" in ended.stderr


def test_json_is_written_where_nothing_was_trained(tmp_path):
    (tmp_path / "fails.py").write_text("import sys; sys.exit(4)")
    ended = headstart(tmp_path, "--quiet", "--json", "-", "fails.py")
    assert ended.status == 4
    assert json.loads(ended.stdout)["ended"] == "exit 4"


def test_help_shows_examples_and_options_end_where_the_program_begins(tmp_path):
    assert b"headstart run -- torchrun" in headstart(tmp_path, "--help").stdout
    misspelt = headstart(tmp_path, "--quite", "nothing.py")
    assert (misspelt.status, misspelt.stdout) == (2, b"")
    assert b"--quite" in misspelt.stderr


def test_the_parent_imports_neither_torch_nor_numpy(tmp_path):
    code = "import sys, headstart.cli, headstart.runner; print({'torch', 'numpy'} & sys.modules.keys())"
    assert end(start([sys.executable, "-c", code], tmp_path)).stdout == b"set()\n"


@pytest.mark.slow
def test_a_rule_on_request_is_asked_where_it_is_selected_and_its_page_says_how(trains):
    (trains / "train.py").write_text(find("bias-before-batchnorm").page.code("Example"), encoding="utf-8")
    options = ["--lang", "en", "--record", "run.db", "--json", "found.json"]
    assert headstart(trains, *options, "train.py").status == 0
    assert json.loads((trains / "found.json").read_text())["findings"] == []
    for asked in (["--select"], ["--extend-select"]):
        told = headstart(trains, "--record", "run.db", *asked, "bias-before-batchnorm", "train.py").stderr
        assert b"bias-before-batchnorm" in told


def test_the_page_of_a_rule_on_request_and_the_list_say_how_it_is_asked():
    for rule in ([], ["bias-before-batchnorm"], ["bias-before-batchnorm", "--lang", "zh"]):
        page = CliRunner().invoke(app, ["explain", *rule]).stdout
        assert "--extend-select bias-before-batchnorm" in page
        assert "--extend-select dead-relu" not in page
