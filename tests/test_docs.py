"""The code blocks of the docs and READMEs run, each page from top to bottom as its reader would,
and print what the page says."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))
from sitegen import pages  # noqa: E402

PAGES = {
    page.relative_to(ROOT).as_posix(): page for page in [*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")]
}
GENERATED = {page.path for page in pages.pages("en")}  # of the site alone
PYTHON = re.compile(r"^```python\n(.*?)^```(?:\n\n```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL)  # and its output
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@pytest.mark.parametrize(  # a Chinese page has the code of its English one (tests/test_site.py)
    "name",
    sorted(
        name for name, page in PAGES.items() if "/zh/" not in name and PYTHON.search(page.read_text(encoding="utf-8"))
    ),
)
def test_the_examples_of_a_page_run_and_print_what_it_says(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page, names = PAGES[name], {"__name__": "__page__"}
    text = page.read_text(encoding="utf-8")
    for block in PYTHON.finditer(text):
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], str(page), "exec"), names)  # errors then name the page's own line
        printed = capsys.readouterr().out
        if block[2] is not None:
            assert NUMBER.sub("#", printed).split() == NUMBER.sub("#", block[2]).split()
            assert numbers(printed) == pytest.approx(numbers(block[2]), rel=0.05)  # rounding differs by machine


def numbers(text):
    return [float(number) for number in NUMBER.findall(text)]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_links_within_the_docs_lead_somewhere(name):
    page = PAGES[name]
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists() and link not in GENERATED] == []
