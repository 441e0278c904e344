"""Lines of a width: nothing is lost, nothing is longer, and neither language is torn where it must not be."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from headstart.report.wrap import NOT_FIRST, NOT_LAST, wrapped

CHARACTERS = st.text(st.sampled_from("ab 1%，。（）梯度为零.~"), max_size=80)


def lines(text: str, width: int, further: int | None = None) -> list[str]:
    return [line.plain for line in wrapped(Text(text), width, further)]


@given(CHARACTERS, st.integers(8, 40))
def test_nothing_is_lost_and_no_line_is_longer(text: str, width: int) -> None:
    told = lines(text, width)
    assert "".join(told).replace(" ", "") == text.replace(" ", "")
    assert all(cell_len(line) <= width for line in told)


@given(CHARACTERS.filter(lambda text: not re.search(r"[，。（）%]{3}|\w{4}", text)))
def test_no_line_begins_with_a_comma_or_ends_with_an_open_bracket(text: str) -> None:
    first, *more = lines(text, 16)
    assert not [line for line in more if line[:1] in tuple(NOT_FIRST)]
    assert not [line for line in (first, *more[:-1]) if more and line[-1:] in tuple(NOT_LAST)]


def test_chinese_fills_its_lines_and_keeps_a_number_with_what_it_counts() -> None:
    text = "损失减去了 fc21 输出的平方：其均值从 0.00573 升到了 256 对，而不是 16 对。"
    assert lines(text, 22) == ["损失减去了 fc21 输出的", "平方：其均值从 0.00573", "升到了 256 对，而不是", "16 对。"]


def test_english_breaks_at_spaces_and_keeps_a_number_with_its_unit() -> None:
    assert lines("it removes 92 % of the loss in 6.0 s", 14) == ["it removes", "92 % of the", "loss in 6.0 s"]


def test_further_lines_may_be_wider_and_hold_no_double_space() -> None:
    assert lines("a.one, a.two, a.three", 7, 20) == ["a.one,", "a.two, a.three"]


def test_a_long_path_is_torn_behind_a_slash() -> None:
    assert lines("/data/programs/faulty/train.py", 12) == ["/data/", "programs/", "faulty/", "train.py"]


@pytest.mark.parametrize("text", ["", "one"])
def test_what_fits_stays_one_line(text: str) -> None:
    assert lines(text, 20) == [text]


def test_styles_go_with_their_words() -> None:
    text = Text("plain and ").append("dim words", "dim")
    told = wrapped(text, 10)
    assert [(line.plain, [span.style for span in line.spans]) for line in told] == [
        ("plain and", []),
        ("dim words", ["dim"]),
    ]
