"""The documentation's site: it builds without a warning, in both languages, and holds what the code has."""

from __future__ import annotations

import inspect
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import headstart as hs
from headstart import lab
from headstart.diagnosis.explain import GROUPS
from headstart.diagnosis.page import HEADINGS, SECTIONS
from headstart.diagnosis.rules import catalogue
from headstart.lab.claim import decide
from headstart.lab.page import WORDS as LAB
from headstart.settings import settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
each_language = pytest.mark.parametrize("language", ["en", "zh"])
pytestmark = pytest.mark.xdist_group("site")

sys.path.insert(0, str(DOCS))
from sitegen import blocks, claims, commands, docstrings, pages, plot, reference, rules, words  # noqa: E402


def run(script, *arguments):
    """One of the scripts in docs/, from the repository's root."""
    command = [sys.executable, str(DOCS / script), *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def paths_in(navigation):
    for entry in navigation:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            yield from [value] if isinstance(value, str) else paths_in(value)


def test_asked_for_help_the_build_builds_nothing():
    done = run("build.py", "--help")
    assert done.returncode == 0
    assert "[folder]" in done.stdout
    assert not (ROOT / "--help").exists()


@each_language
def test_the_navigation_leads_to_every_page_once(language):
    assert sorted(paths_in(pages.navigation(language))) == sorted(page.path for page in pages.pages(language))


def test_both_languages_have_the_same_pages():
    english, chinese = (sorted(page.path for page in pages.pages(language)) for language in ("en", "zh"))
    assert english == chinese


@pytest.mark.parametrize("text", [words.COMMANDS, SECTIONS, words.SPEAKS, words.WORDS])
def test_the_site_s_own_words_are_in_both_languages(text):
    assert text.en.keys() == text.zh.keys()


@pytest.mark.parametrize("name", pages.WRITTEN)
def test_a_written_page_says_the_same_in_both_languages(name):
    english, chinese = (Skeleton(path.read_text(encoding="utf-8")) for path in written_as(name))
    assert english.code == chinese.code
    assert english.headings == chinese.headings
    assert english.rows == chinese.rows
    assert english.links == chinese.links
    assert english.named == chinese.named
    assert english.numbers == chinese.numbers


def written_as(name):
    return DOCS / f"{name}.md", DOCS / "zh" / f"{name}.md"


class Skeleton:
    """What does not depend on the language of a page."""

    def __init__(self, text):
        text = pages.MEASURED.sub("", blocks.BLOCK.sub("", text))
        self.code = [re.sub(r"\s*# .*", "", block) for block in FENCED.findall(text)]
        text = FENCED.sub("", text)
        self.headings = re.findall(r"^#+ ", text, re.MULTILINE)
        self.rows = [line.count("|") for line in text.splitlines() if line.startswith("|")]
        links = re.findall(r"\]\(([^)#\s]+)", text)
        self.links = sorted(link.lstrip("./") for link in links)  # the Chinese page lies one folder deeper
        self.named = set(re.findall(r"`([^`\n]+)`", text))
        prose = re.sub(r"`[^`\n]+`", "", text)
        self.numbers = sorted(re.findall(r"\d[\d,.]*(?:e-?\d+)?(?<![,.])", prose))


def test_a_page_whose_translation_misses_a_sentence_is_found():
    english, chinese = (path.read_text(encoding="utf-8") for path in written_as("statistics"))
    shorter = chinese.replace("20 批与 400 批时内存都是 889 MiB。", "")
    assert Skeleton(english).numbers == Skeleton(chinese).numbers != Skeleton(shorter).numbers


def test_a_line_break_between_chinese_characters_is_no_space():
    assert pages.unwrapped("网络\n学习，\n  很快") == "网络学习，很快"
    for text in ("网络\n\n学习\n- 一\n`x`\n二", "```\n失败\n  技能\n```\n"):
        assert pages.unwrapped(text) == text


@each_language
def test_every_rule_has_a_page_with_its_texts_sections_and_limits(language):
    found = {page.path: page.text for page in pages.pages(language)}
    for rule in catalogue():
        text = found[f"rules/{rule.name}.md"]
        assert f"[{rule.name}]({rule.name}.md)" in found["rules/index.md"]
        for sentence in rules.said(rule, language):
            assert sentence in text
        for heading in HEADINGS:
            assert f"## {SECTIONS.say(language, heading)}\n" in text
        for name in rule.limits:
            assert f"\n{name} = " in text


def test_the_limits_as_a_rule_s_page_shows_them_are_read_back_by_the_settings(tmp_path):
    for rule in catalogue():
        if rule.limits:
            toml = re.search(r"```toml\n(.*?)```", rules.page(rule, "en"), re.DOTALL)[1]
            (tmp_path / "pyproject.toml").write_text(toml, encoding="utf-8")
            assert settings(folder=tmp_path).limits == {rule.name: rule.limits}


def test_a_chinese_rule_page_is_chinese():
    for rule in catalogue():
        assert all(re.search(r"[\u4e00-\u9fff]", sentence) for sentence in rules.said(rule, "zh"))


@each_language
def test_every_command_has_its_help_and_a_sentence_here_and_in_the_readme(language):
    text = commands.page(language).text
    readme = (ROOT / ("README.md" if language == "en" else "README.zh.md")).read_text(encoding="utf-8")
    assert commands.names()[:2] == ["demo", "run"]
    for name in commands.names():
        assert f"| [`headstart {name}`](#{name}) | {words.COMMANDS.say(language, name)} |" in text
        assert f"Usage: headstart {name} " in text
        assert f"| `headstart {name}" in readme


def test_no_command_s_help_names_a_rule_that_does_not_exist():
    known = {rule.name for rule in catalogue()}
    for name in commands.names():
        chosen = re.findall(r"--(?:select|ignore) ([a-z][\w,-]+)", commands.help_of(name))
        assert {each for many in chosen for each in many.split(",")} <= known | set(GROUPS)


@pytest.mark.parametrize("path", [*ROOT.glob("README*.md"), *DOCS.rglob("*.md")], ids=str)
def test_every_command_and_option_in_the_docs_exists(path):
    text = blocks.BLOCK.sub("", path.read_text(encoding="utf-8"))
    code = "\n".join([*FENCED.findall(text), *re.findall(r"`([^`\n]+)`", text)])
    for name, rest in re.findall(r"(?:^|\$ |&& |run: )headstart ([a-z]+)\b([^\n#]*)", code, re.MULTILINE):
        assert name in commands.names()
        own = re.split(r" -- | -m |\.py\b", rest)[0]  # what follows is the program's
        for option in re.findall(r"(?<= )--[a-z][\w-]*", own):
            assert f" {option}" in commands.help_of(name), f"headstart {name} {option}"


@each_language
def test_every_public_name_has_its_entry_with_every_parameter(language):
    public = {*hs.__all__, *(f"norm.{name}" for name in hs.norm.__all__)}
    assert public <= {name for names in reference.SUBJECTS.values() for name in names}
    found = {page.path: page.text for page in reference.pages(language)}
    for subject, names in reference.SUBJECTS.items():
        sections = re.split(r"^## ", found[reference.path(subject)], flags=re.MULTILINE)
        for name in names:
            (section,) = [section for section in sections if section.startswith(f"`hs.{name}` ")]
            assert reference.summary(name, language) in found["reference/index.md"]
            value = reference.named(name)
            if callable(value):
                assert all(
                    re.search(rf"\b{parameter}\b", section) for parameter in inspect.signature(value).parameters
                )
                assert inspect.getdoc(value).split()[-1] in section  # to the docstring's end


def test_every_public_name_and_value_is_told_in_chinese():
    names = {name for names in reference.SUBJECTS.values() for name in names}
    values = {place.rpartition(":")[2] for places in reference.VALUES.values() for place in places}
    assert words.NAMES.zh.keys() == names | values
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in words.NAMES.zh.values())


def test_a_dataclass_is_shown_with_its_fields_and_their_comments():
    text = next(page.text for page in reference.pages("en") if page.path == reference.path("training"))
    assert "| `train_images` | `Tensor` | uint8, (60000, 28, 28) |" in text


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        (
            "Does.\n\nArgs:\n    x: (N, C), the\n        values.\n    y: labels.",
            "- `x`: (N, C), the values.\n- `y`: labels.",
        ),
        ("Does.\n\nx, y: the values,\n    both.", "- `x`, `y`: the values, both."),
        ("Does.\n\nx    the values\ny    (N,), the\n     labels", "- `x`: the values\n- `y`: (N,), the labels"),
        ("Does.\n\n    call(x)  # y\n\nNo more.", "```python\ncall(x)  # y\n```\n\nNo more."),
        ("Does.\n\nExample:\n    >>> call(1)\n    2", "```pycon\n>>> call(1)\n2\n```"),
        ("Does.\n\nother: no parameter.", "other: no parameter."),
    ],
)
def test_docstrings_of_every_form_become_markdown(docstring, expected):
    def call(x, y): ...

    call.__doc__ = docstring
    assert docstrings.markdown(call, "en").strip().endswith(expected)


@each_language
def test_every_claim_has_a_page_with_its_verdict_and_what_counts_as_holding(language):
    found = {page.path: page.text for page in claims.pages(language)}
    for claim in lab.catalogue():
        text, result = found[claims.path(claim.name)], claims.results().get(claim.name)
        assert f"> {claim.sentence(language)}\n" in text
        assert f"| [{claim.name}]({claim.name}.md) | {claim.sentence(language)} |" in found["claims/index.md"]
        assert (LAB.say(language, result.verdict) if result else words.WORDS.say(language, "not run")) in text
        for part in claim.parts:
            assert claim.label(language, part.key) in text
        assert f"def {claim.name.replace('-', '_')}(" in text


def test_saved_results_are_those_of_today_s_claims():
    assert claims.results()
    for result in claims.results().values():
        (claim,) = lab.find([result.name])
        assert decide(claim, result.size, result.seconds, result.runs) == result


def test_a_claim_without_results_says_that_it_was_not_run(monkeypatch):
    monkeypatch.setattr(claims, "results", dict)
    (claim,) = lab.find(["init-zero"])
    assert words.WORDS.en["not run"] in claims.page(claim, "en")
    assert words.WORDS.zh["not run"] in claims.page(claim, "zh")
    assert list(claims.plots("en")) == []


@each_language
def test_a_plot_has_each_series_each_place_and_the_figure_s_name(language):
    drawn = dict(claims.plots(language))
    for claim in lab.find(list(claims.results())):
        root = ElementTree.fromstring(drawn[f"plots/lab/{claim.name}.svg"])
        texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
        labels = [claim.label(language, key) for key in (*claim.series, *claim.x, "x", claim.figures[0])]
        assert [label for label in labels if label not in " ".join(filter(None, texts))] == []
        bars = [path for path in root.iter("{http://www.w3.org/2000/svg}path") if path.get("stroke-width") == "1.5"]
        assert len(bars) == len(claim.series) * len(claim.x)


@pytest.mark.parametrize("span", [0.013, 0.9, 1, 7.3, 128, 4e5])
def test_a_plot_s_axis_has_few_round_ticks(span):
    step = plot._step(span)
    assert 3 <= span / step <= 8
    assert round(step / 10 ** math.floor(math.log10(step))) in (1, 2, 5, 10)


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


def test_a_run_s_seconds_and_date_are_kept_when_its_text_changes(monkeypatch):
    printed = "60 steps · 9.9 s · healthy\nrecord  .headstart/train-20990101-000000.db\n"
    monkeypatch.setitem(blocks.MAKERS, "terminal", lambda language: printed)
    old = "60 steps · 1.7 s · failing\n.headstart/train-20261125-191243.db\n"
    text = blocks.renewed(f"<!-- begin: terminal -->\n{old}<!-- end: terminal -->", "en")
    assert "60 steps · 1.7 s · healthy\nrecord  .headstart/train-20261125-191243.db\n" in text
    assert blocks.renewed(text, "en") == text


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path):
    pytest.importorskip("zensical")  # Python 3.11
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
    pytest.importorskip("zensical")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[nowhere](nowhere.md)", encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text(f"INHERIT: {DOCS / 'site.yml'}\nextra_css: []\n", encoding="utf-8")
    command = [sys.executable, "-m", "zensical", "build", "--strict", "-f", str(tmp_path / "mkdocs.yml")]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
