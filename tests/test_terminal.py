"""The terminal report is one screen, tells the root cause first, and keeps the terminal safe."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from example_run import example, failing, healthy

from headstart.findings import Diagnosis, Finding, NotJudged, Remedy, Skill
from headstart.record import Record
from headstart.report import words
from headstart.report.terminal import needs_ascii, render

Golden = Callable[[str, str], None]


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return example(tmp_path_factory.mktemp("run") / "train.db")


def empty(**changes: object) -> Diagnosis:
    return replace(healthy(), not_judged=(), **changes)  # type: ignore[arg-type]


def test_a_failing_run_reads_as_agreed(record: Record, golden: Golden) -> None:
    text = render(failing(), record, width=96, report_path=".headstart/train.html", record_path=".headstart/train.db")
    golden("failing.txt", text)


def test_a_healthy_run_gets_two_lines_the_path_and_the_next_command(record: Record, golden: Golden) -> None:
    text = render(healthy(), record, width=140, report_path=".headstart/train.html")
    assert len(text.strip().splitlines()) == 4
    golden("healthy.txt", text)


@pytest.mark.parametrize("width", [80, 96, 100])
def test_prose_stays_within_the_width(record: Record, width: int) -> None:
    code = ("nn.init", "model", "train.py:8")  # code is never wrapped: it is there to be pasted
    for line in render(failing(), record, width=width).splitlines():
        assert len(line) <= width or any(word in line for word in code), line


def test_the_last_line_is_the_next_command(record: Record) -> None:
    assert render(failing(), record).splitlines()[-1].split() == ["next", "headstart", "explain", "dead-relu"]
    assert render(failing(), record, next_command="do this").splitlines()[-1].endswith("do this")


def test_without_a_terminal_there_is_no_colour(record: Record) -> None:
    assert "\x1b" not in render(failing(), record)


def test_colour_changes_no_word(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    colored = render(failing(), record, color=True)
    assert "\x1b[1;31m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render(failing(), record, color=False)


def test_no_color_is_respected_even_where_colour_is_asked_for(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in render(failing(), record, color=True)


def test_ascii_output_is_ascii_whatever_the_names_are(record: Record) -> None:
    named = replace(failing(), script="训练.py")
    text = render(named, record, ascii=True)
    assert text.isascii()
    assert " x dead-relu" in text


def test_a_legacy_encoding_needs_ascii() -> None:
    assert needs_ascii(io.TextIOWrapper(io.BytesIO(), "cp1252"))
    assert not needs_ascii(io.TextIOWrapper(io.BytesIO(), "utf-8"))


def test_a_message_cannot_drive_the_terminal(record: Record) -> None:
    hostile = Finding("not-finite", "error", "\x1b[2J\x1b]0;owned\x07 net\u202egnp.exe [bold]loud[/bold]")
    text = render(empty(findings=(hostile,)), record)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", text)
    assert "[bold]loud[/bold]" in text


def test_the_users_own_line_is_shown_with_its_text(record: Record) -> None:
    assert re.search(r"train\.py:8 +nn\.init\.constant_\(self\.fc1\.bias, -9\.0\)", render(failing(), record))


def test_the_verdict_stands_on_the_first_line_however_long_the_path(record: Record) -> None:
    far = replace(failing(), script="/home/somebody/projects/vision/experiments/2026/train_the_network.py")
    first = render(far, record, width=80).strip().splitlines()[0]
    assert first.startswith("headstart  train_the_network.py · ")
    assert first.endswith("failing")


def test_a_long_place_stands_above_its_line_and_both_within_the_width(record: Record) -> None:
    folder = "/home/somebody/projects/vision/experiments/2026/"
    far = replace(failing().findings[0], line=f"{folder}train.py:8")
    text = render(empty(findings=(far,)), record, width=80).splitlines()
    place = next(number for number, line in enumerate(text) if folder in line)
    assert text[place].strip() == f"{folder}train.py:8"
    assert text[place + 1].strip().startswith("nn.init.constant_(self.fc1.bias, -9.0)")
    assert len(text[place + 1]) <= 80


def test_a_comment_goes_before_code_that_has_no_room_for_it(record: Record) -> None:
    code = "    optimizer.step()     # " + "so that each step follows the gradients of its own batch alone, " * 2
    finding = replace(failing().findings[0], remedy=Remedy("x", f"loss.backward()\n{code}"))
    told = [line.strip() for line in render(empty(findings=(finding,)), record, width=80).splitlines()]
    start = told.index("instead       loss.backward()")
    assert told[start + 1].startswith("# so that each step")
    assert told[start + 3 :][:1] == ["optimizer.step()"] or told[start + 4 :][:1] == ["optimizer.step()"]
    assert all(len(line) <= 80 for line in told)


def test_chinese_reasons_stand_apart_by_chinese_marks(record: Record) -> None:
    rules = (NotJudged("dead-relu", "没有看到 ReLU"), NotJudged("validation-leaks", "没有看到评估"))
    text = render(replace(failing(), not_judged=rules, language="zh"), record, width=96)
    assert "dead-relu（没有看到 ReLU）；validation-leaks（没有看到评估）" in text
    assert "由此引起      no-better-than-constant、fc1 的 gradients-vanish" in text


def test_layers_with_bare_numbers_are_called_layers(record: Record) -> None:
    other = Finding("dead-relu", "error", "gone", "1")
    found = Finding("symmetric-weights", "error", "alike", "0", layers=("0", "2"), explains=(other,) * 9)
    text = render(empty(findings=(found,)), record, width=96)
    assert "symmetric-weights   layers 0, 2" in text
    assert "dead-relu in layer 1, and 3 more" in " ".join(text.split())


def test_a_line_of_another_file_or_past_the_end_shows_no_text(record: Record) -> None:
    assert words.source_of(record, "models.py:8") == ""
    assert words.source_of(record, "train.py:9999") == ""
    assert words.source_of(record, "train.py:0") == ""


def test_advice_is_a_line_beside_worse_and_whole_without(record: Record) -> None:
    assert "…" in next(line for line in render(failing(), record).splitlines() if "decay-on-norm" in line)
    alone = render(empty(findings=failing().findings[2:]), record)
    assert "all biases towards\n" in alone or "towards zero." in alone


def test_thirty_findings_still_fit_one_screen(record: Record) -> None:
    many = tuple(replace(failing().findings[0], rule=f"rule-{number}") for number in range(30))
    assert len(render(empty(findings=many), record, width=96).splitlines()) < 80


def test_not_judged_is_one_line_however_many(record: Record) -> None:
    rules = tuple(NotJudged(f"some-rule-{n}", f"figure {n % 7} was not seen") for n in range(40))
    text = render(replace(failing(), not_judged=rules), record, width=96)
    (line,) = [line for line in text.splitlines() if "not judged" in line]
    assert len(line) <= 96
    assert re.search(r"\d+ more$", line)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (-0.3, "worse than always answering the mean"),
        (0.004, "no better than always answering the mean"),
        (0.93, "removes 93 % of the loss of always answering the mean"),
        (1.2, "not what it claims"),
        (float("nan"), "not finite"),
    ],
)
def test_the_skill_is_told_in_words(value: float, told: str) -> None:
    assert told in words.skill(Skill(value, 0.1, 1.0, "the mean", "mse_loss at train.py:3"))


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.934, "0.93"), (-0.001, "0.00"), (float("-inf"), "none"), (-12345.6, "-12,346"), (-1234567.8, "-1.2e6")],
)
def test_the_skill_is_shown_with_two_decimals(value: float, shown: str) -> None:
    assert words.skill_value(Skill(value, 0.1, 1.0, "the mean", "mse_loss")) == shown


def test_a_run_without_steps_is_not_called_healthy(record: Record) -> None:
    text = render(empty(steps=0, skill=None), record)
    assert "healthy" not in text
    assert "nothing to judge" in text


@pytest.mark.parametrize(
    ("how", "told"),
    [("signal 9", "ended by signal 9"), ("exit 1", "ended with status 1"), (None, "killed, or still running")],
)
def test_an_end_that_is_not_plain_is_told(record: Record, how: str | None, told: str) -> None:
    assert told in render(empty(ended=how), record)


def test_shares_are_hundred_percent_only_where_exact() -> None:
    assert [words.share(v) for v in (1.0, 0.9996, 0.97, 0.003, 0.00001, 0.0)] == [
        "100 %",
        "99.960 %",
        "97 %",
        "0.3 %",
        "0.001 %",
        "0 %",
    ]


def test_numbers_keep_three_digits() -> None:
    given = (61706.0, 0.9721, 1.23e-9, 123456.7, 1234567.8, 5e9, float("inf"), -0.00012, 1e-4, 999.7)
    told = ["61,706", "0.972", "1.2e-9", "123,457", "1.2e6", "5e9", "infinite", "-1.2e-4", "1e-4", "1,000"]
    assert [words.number(v) for v in given] == told


def test_a_share_above_the_whole_has_no_decimals() -> None:
    assert [words.share(v) for v in (1.41421, 2.88798, 141.421)] == ["141 %", "289 %", "14,142 %"]


def test_a_share_of_next_to_nothing_is_not_told_as_zero() -> None:
    assert [words.share(v) for v in (8.8e-12, -2e-6, 1e-5)] == ["8.8e-10 %", "-2e-4 %", "0.001 %"]


def test_paths_are_printed_as_given(record: Record) -> None:
    text = render(failing(), record, record_path=Path("a b/x.db"), other_records=["r1.db", "r2.db"])
    assert "record       a b/x.db".replace(" ", "") in text.replace(" ", "")
    assert "r1.db, r2.db" in text
