"""The record survives what happens to files and processes, and is read without torch."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from headstart.errors import HeadstartError
from headstart.record import (
    FIGURES,
    Layer,
    Loss,
    Parameter,
    Record,
    Targets,
    Writer,
    end_record,
    newest,
    pack,
    prune,
    read_record,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


def write(path: Path, steps: int = 3) -> Writer:
    writer = Writer(path)
    writer.meta({"argv": ["train.py"]})
    writer.thing(Layer("fc", "Linear", 0, ("fc.weight",), (2, 3), 3, 2, follows=("stem",)))
    writer.thing(Parameter("fc.weight", (2, 3), "fc"))
    writer.thing(
        Loss("mse_loss at train.py:9", "mse_loss", targets=Targets(2.0, total=(1.0,), sample=((1.0,), (2.0,))))
    )
    writer.stream(0, "fc", "activation")
    for step in range(steps):
        figures = [float(step)] * len(FIGURES)
        writer.step(step, step * 0.1, 1.0 / (step + 1), 0.1, "SGD", pack([figures]) if step % 2 == 0 else None)
        writer.rare(step, "fc", "activation.dead", 0.5)
    return writer


def test_what_was_written_is_read(path: Path) -> None:
    write(path).close("exit 0", 0.3)
    record = read_record(path)
    assert (len(record), record.ended, record.seconds) == (3, "exit 0", 0.3)
    assert record.layers[0] == Layer("fc", "Linear", 0, ("fc.weight",), (2, 3), 3, 2, follows=("stem",))
    assert record.losses[0].targets.sample == ((1.0,), (2.0,))
    assert record.loss.values == (1.0, 0.5, pytest.approx(1 / 3))
    assert record.series("fc", "activation.std").steps == (0, 2)
    assert record.series("fc", "activation.dead").last == 0.5
    assert not record.series("fc", "gradient.std")
    assert not record.has("weight.std")


def test_a_closed_record_is_one_file(path: Path) -> None:
    write(path).close("exit 0")
    assert [p.name for p in path.parent.iterdir()] == ["run.db"]


def test_a_stream_that_came_later_is_missing_from_earlier_sketches(path: Path) -> None:
    writer = write(path, 1)
    writer.stream(1, "head", "activation")
    writer.step(1, 0.1, 1.0, sketch=pack([[float("nan")] * len(FIGURES), [1.0] * len(FIGURES)]))
    writer.close("exit 0")
    record = read_record(path)
    assert record.series("head", "activation.mean").steps == (1,)
    assert record.series("fc", "activation.mean").steps == (0,)


def test_it_is_read_while_it_is_written(path: Path) -> None:
    writer = write(path)
    writer.flush()
    record = read_record(path)
    assert (len(record), record.ended) == (3, None)
    writer.close("exit 0")


def test_a_kill_costs_what_was_not_flushed_and_the_file_opens_when_copied_alone(tmp_path: Path) -> None:
    path = tmp_path / "killed.db"
    program = f"""
        import os, signal, sys
        from pathlib import Path
        from headstart.record import Writer
        writer = Writer(Path({str(path)!r}))
        for step in range(500):
            writer.step(step, 0.0, 1.0)
            if step % 100 == 49:
                writer.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
    assert done.returncode == -signal.SIGKILL
    copy = tmp_path / "elsewhere" / "copy.db"
    copy.parent.mkdir()
    shutil.copy(path, copy)
    assert read_record(copy).meta["schema"] == 1
    record = read_record(path)
    assert (len(record), record.ended) == (450, None)


def test_the_parent_says_how_a_run_ended(path: Path) -> None:
    write(path).close()
    assert read_record(path).ended is None
    end_record(path, "signal 9")
    assert read_record(path).ended == "signal 9"


def test_a_forked_child_writes_nothing(path: Path) -> None:
    writer = write(path)
    if (child := os.fork()) == 0:
        writer.step(99, 0.0, 1.0)
        writer.close("exit 0")
        os._exit(0)
    os.waitpid(child, 0)
    writer.close("exit 0")
    assert len(read_record(path)) == 3


@pytest.mark.parametrize("content", [b"", b"hello", b"SQLite format 3\x00" + b"x" * 200])
def test_a_file_that_is_no_record_gives_one_clear_error(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(HeadstartError, match=r"run\.db is not a headstart record"):
        read_record(path)


def test_a_record_of_a_later_version_asks_for_an_upgrade(path: Path) -> None:
    writer = write(path)
    writer.meta({"schema": 99})
    writer.close()
    with pytest.raises(HeadstartError, match="schema 99; this version of headstart reads up to 1"):
        read_record(path)


def test_a_record_that_is_not_there_says_so(path: Path) -> None:
    with pytest.raises(HeadstartError, match="There is no record at"):
        read_record(path)
    with pytest.raises(HeadstartError, match="There is no record in"):
        newest(path.parent)


def test_the_newest_records_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        for suffix in ("db", "html"):
            path = tmp_path / f"run{number}.{suffix}"
            path.touch()
            os.utime(path, (number, number))
    prune(tmp_path, keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run3.db", "run3.html", "run4.db", "run4.html"]
    assert newest(tmp_path).name == "run4.db"


def test_an_empty_record_has_no_figures() -> None:
    record = Record({}, [], [], [], [], {}, [])
    assert (len(record), record.seconds, bool(record.loss), record.has("activation.std")) == (0, 0.0, False, False)
