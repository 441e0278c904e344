"""`headstart demo`, as typed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from headstart.record import read_record


def demo(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "headstart", "demo", *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)


def last_line(text: str) -> str:
    return text.rstrip().splitlines()[-1].strip()


def accuracy(text: str) -> float:
    found = re.search(r"^test .*accuracy ([\d.]+)%", text, re.MULTILINE)
    assert found, text
    return float(found[1])


@pytest.mark.slow
def test_ten_epochs_reach_98_percent_and_the_report_is_written(tmp_path):
    done = demo(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert accuracy(done.stdout) >= 98.0
    assert "healthy" in done.stdout
    (record,) = (tmp_path / ".headstart").glob("demo-*.db")
    assert f".headstart/{record.stem}.html" in done.stdout
    assert "<html" in record.with_suffix(".html").read_text(encoding="utf-8")
    assert len(read_record(record)) == 10 * 430
    assert last_line(done.stdout) == "next         headstart demo --init zero --norm none"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ("--init zero --norm none", "symmetric-weights"),
        ("--init large --norm none", "weights-too-large"),
        ("--init small --norm none", "weights-too-small"),
        ("--raw-inputs --norm none", "inputs-not-standardized"),
        ("--lr 1", "dead-relu"),
    ],
)
def test_a_mistake_on_purpose_is_named(tmp_path, options, rule):
    done = demo(tmp_path, *options.split(), "--epochs", "1", "--report", "page.html")
    assert (done.returncode, done.stderr) == (0, "")
    diagnosis = done.stdout.partition("\nheadstart  headstart demo")[2]
    assert rule in diagnosis
    assert rule in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert last_line(done.stdout) == f"next         headstart explain {rule}"


@pytest.mark.slow
def test_the_diagnosis_is_told_in_the_language_asked_for(tmp_path):
    done = demo(tmp_path, *"--init zero --norm none --epochs 1 --lang zh --report page.html".split())
    assert "symmetric-weights" in done.stdout
    assert "由此引起" in done.stdout
    assert '<html lang="zh-CN">' in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_without_a_watch_it_trains_alike_and_leaves_nothing_behind(tmp_path):
    plain, watched = tmp_path / "plain", tmp_path / "watched"
    plain.mkdir(), watched.mkdir()
    outputs = [demo(plain, "--epochs", "1", "--no-watch").stdout, demo(watched, "--epochs", "1").stdout]
    tests = [next(line for line in output.splitlines() if line.startswith("test ")) for output in outputs]
    assert tests[0] == tests[1]
    assert not list(plain.iterdir())
    assert last_line(outputs[0]).startswith("next ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--init kaimming", "There is no init 'kaimming'; did you mean 'kaiming'"),
        ("--norm bach", "did you mean 'batch'"),
        ("--activation relo", "did you mean 'relu'"),
        ("--lr -1", "lr is -1.0"),
        ("--lang fr", "'fr'"),
    ],
)
def test_a_bad_option_ends_with_status_2_and_one_clear_error(tmp_path, options, message):
    done = demo(tmp_path, *options.split())
    assert done.returncode == 2
    assert done.stderr.startswith("headstart: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
