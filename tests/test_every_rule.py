"""What holds for every rule: its page, its facts, and that its Example fires it while its Use instead does not."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from headstart.diagnosis import diagnose
from headstart.diagnosis.needs import is_known
from headstart.diagnosis.page import HEADINGS
from headstart.diagnosis.rules import Rule, catalogue
from headstart.diagnosis.text import LANGUAGES, Language
from headstart.record import read_record

CODE = re.compile(r"```python\n.*?```", re.DOTALL)
INLINE = re.compile(r"`([^`]+)`")
each_language = pytest.mark.parametrize("language", LANGUAGES)
each_rule = pytest.mark.parametrize("rule", catalogue(), ids=lambda rule: rule.name)


def judged(source: str, folder, *options: str) -> dict:
    (folder / "train.py").write_text(source, encoding="utf-8")
    options = ["--quiet", "--record", "run.db", "--json", "found.json", *options]
    command = [sys.executable, "-m", "headstart", "run", *options, "train.py"]
    ran = subprocess.run(
        command, cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads((folder / "found.json").read_text(encoding="utf-8"))


def rules_in(found: dict) -> set[str]:
    """The rules that spoke, those explained by another among them."""
    return {one["rule"] for finding in found["findings"] for one in (finding, *finding["explains"])}


@pytest.mark.slow
@each_rule
def test_its_example_fires_it_and_its_remedy_does_not(rule: Rule, tmp_path):
    (tmp_path / "example").mkdir()
    (tmp_path / "instead").mkdir()
    asks = ("--extend-select", rule.name) if rule.on_request else ()
    assert rule.name in rules_in(judged(rule.page.code("Example"), tmp_path / "example", *asks))
    instead = judged(rule.page.code("Use instead"), tmp_path / "instead", *asks)
    assert instead["verdict"] in ("healthy", "advice")
    assert rule.name not in rules_in(instead)


@pytest.mark.parametrize("rule", [rule for rule in catalogue() if rule.on_request], ids=lambda rule: rule.name)
def test_a_rule_on_request_says_so_on_its_page(rule: Rule):
    for language in LANGUAGES:
        assert f"`--extend-select {rule.name}`" in rule.facts(language)
    assert "on request" in rule.page.section("Limits")
    assert "按需启用" in rule.page_in("zh").section("Limits")
    assert rule.second_look == {}


@each_rule
def test_its_page_has_every_heading_in_order(rule: Rule):
    assert [heading for heading, _ in rule.page.sections] == list(HEADINGS)


@each_rule
def test_its_chinese_page_says_what_the_english_one_says(rule: Rule):
    english, chinese = rule.page, rule.page_in("zh")
    assert [heading for heading, _ in chinese.sections] == list(HEADINGS)
    assert re.search(r"[\u4e00-\u9fff]", chinese.summary)
    for heading, body in english.sections:
        code, names = CODE.findall(body), set(INLINE.findall(CODE.sub("", body)))
        assert CODE.findall(chinese.section(heading)) == code, heading
        assert names <= set(INLINE.findall(CODE.sub("", chinese.section(heading)))), heading
        if heading not in ("Example", "Use instead", "References"):
            assert re.search(r"[\u4e00-\u9fff]", chinese.section(heading)), heading


@each_rule
@each_language
def test_its_page_names_each_limit_with_its_value(rule: Rule, language: Language):
    told = re.findall(r"`([A-Z_]+)` = ([-\d.,e]*\d)", rule.page_in(language).section("Limits"))
    assert {name: float(value.replace(",", "")) for name, value in told} == rule.limits


@each_rule
def test_it_needs_figures_that_a_record_can_hold(rule: Rule):
    assert all(is_known(figure) for figure in rule.needs)


@each_rule
def test_it_speaks_both_languages(rule: Rule):
    assert rule.text.en.keys() == rule.text.zh.keys()


def test_all_survive_a_single_step_to_nan(tmp_path):
    found = judged(
        """
import torch
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=float("nan"))
model(torch.ones(4, 2)).sum().backward()
optimizer.step()
""",
        tmp_path,
    )
    assert diagnose(read_record(tmp_path / "run.db")).verdict == found["verdict"]
    assert {one["rule"] for one in found["not_judged"]} | rules_in(found)
