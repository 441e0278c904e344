"""The documentation's site: it builds without a warning, in both languages, and holds what the code has."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from headstart.diagnosis.page import HEADINGS
from headstart.diagnosis.rules import catalogue
from headstart.settings import settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
each_language = pytest.mark.parametrize("language", ["en", "zh"])
pytestmark = pytest.mark.xdist_group("site")

sys.path.insert(0, str(DOCS))
from sitegen import blocks, pages, rules, words  # noqa: E402


def run(script, *arguments):
    """One of the scripts in docs/, from the repository's root."""
    command = [sys.executable, str(DOCS / script), *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def paths_in(navigation):
    for entry in navigation:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            yield from [value] if isinstance(value, str) else paths_in(value)


@each_language
def test_the_navigation_leads_to_every_page_once(language):
    assert sorted(paths_in(pages.navigation(language))) == sorted(page.path for page in pages.pages(language))


def test_both_languages_have_the_same_pages():
    english, chinese = (sorted(page.path for page in pages.pages(language)) for language in ("en", "zh"))
    assert english == chinese


@pytest.mark.parametrize("text", [words.WORDS, words.SECTIONS, words.SPEAKS])
def test_the_site_s_own_words_are_in_both_languages(text):
    assert text.en.keys() == text.zh.keys()


@each_language
def test_every_rule_has_a_page_with_its_texts_sections_and_limits(language):
    found = {page.path: page.text for page in pages.pages(language)}
    for rule in catalogue():
        text = found[f"rules/{rule.name}.md"]
        assert f"[{rule.name}]({rule.name}.md)" in found["rules/index.md"]
        for sentence in rules.said(rule, language):
            assert sentence in text
        for heading in HEADINGS:
            assert f"## {words.SECTIONS.say(language, heading)}\n" in text
        for name in rule.limits:
            assert f"\n{name} = " in text


def test_the_limits_as_a_rule_s_page_shows_them_are_read_back_by_the_settings(tmp_path):
    for rule in catalogue():
        if rule.limits:
            toml = re.search(r"```toml\n(.*?)```", rules.page(rule, "en"), re.DOTALL)[1]
            (tmp_path / "pyproject.toml").write_text(toml, encoding="utf-8")
            assert settings(folder=tmp_path).limits == {rule.name: rule.limits}


def test_a_chinese_rule_page_says_where_english_begins_and_its_texts_are_chinese():
    for rule in catalogue():
        text = rules.page(rule, "zh")
        assert words.WORDS.zh["long text is english"] in text
        assert all(re.search(r"[\u4e00-\u9fff]", sentence) for sentence in rules.said(rule, "zh"))


@pytest.mark.slow
def test_what_is_generated_in_readme_and_docs_is_up_to_date():
    done = run("generate.py", "--check")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_a_part_that_is_out_of_date_is_renewed():
    stale = "x\n<!-- begin: rules -->\nout of date\n<!-- end: rules -->\ny\n"
    renewed = blocks.renewed(stale, "en")
    assert "out of date" not in renewed
    assert "dead-relu" in renewed
    assert renewed.startswith("x\n<!-- begin: rules -->\n| rule |")
    assert renewed.endswith("<!-- end: rules -->\ny\n")
    assert blocks.renewed(renewed, "en") == renewed


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path):
    done = run("build.py", tmp_path / "site")
    assert done.returncode == 0, done.stdout + done.stderr
    built = {path.relative_to(tmp_path / "site").as_posix(): path for path in (tmp_path / "site").rglob("*.html")}
    for language, folder in (("en", ""), ("zh", "zh/")):
        missing = [page.path for page in pages.pages(language) if f"{folder}{page.path[:-3]}.html" not in built]
        assert missing == []
    for name, path in built.items():
        text = path.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|link|iframe)\b[^>]*?\b(?:src|href)=\"?([^\"\s>]+)", text)
        assert [link for link in loaded if link.startswith(("http", "//"))] == [], name
        images = re.findall(r"<img\b[^>]*?\bsrc=\"?([^\"\s>]+)", text)
        assert [image for image in images if not (path.parent / image).exists()] == [], name


def test_a_warning_stops_the_build(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[nowhere](nowhere.md)", encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text(f"INHERIT: {DOCS / 'site.yml'}\nextra_css: []\n", encoding="utf-8")
    command = [sys.executable, "-m", "zensical", "build", "--strict", "-f", str(tmp_path / "mkdocs.yml")]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
