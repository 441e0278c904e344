"""GitHub annotations, SARIF, baselines and the Chinese terminal, on one diagnosis."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from records import chain, head, linear, run
from typer.testing import CliRunner

from headstart.cli import app
from headstart.diagnosis import diagnose
from headstart.diagnosis.rules import find
from headstart.errors import HeadstartError
from headstart.findings import Diagnosis, Finding
from headstart.record import Record
from headstart.report import baseline, github, html, sarif, terminal
from headstart.report import json as document
from headstart.report.phrases import PHRASES
from headstart.wording import fields_of


def failing() -> Record:
    return run(chain(linear("fc1", line="train.py:7"), head()), {("fc1", "activation.dead"): 0.97}, skill=0.0)


def one(**facts: object) -> Diagnosis:
    given = {"rule": "dead-relu", "severity": "error", "message": "97 % are dead", **facts}
    return Diagnosis((Finding(**given),), (), None, "src/train.py", 9, 1.0, "exit 0")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("severity", "level", "note"), [("error",) * 2 + ("error",), ("warning",) * 3, ("advice", "notice", "note")]
)
def test_severities_have_their_levels(severity: str, level: str, note: str) -> None:
    found = one(severity=severity, line="train.py:7", layer="fc1")
    assert github.render(found) == f"::{level} file=src/train.py,line=7,title=headstart dead-relu::97 %25 are dead\n"
    (result,) = json.loads(sarif.render(found))["runs"][0]["results"]
    assert result["level"] == note
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 7}
    assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "fc1"


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("train.py:7", "file=src/train.py,line=7"),
        ("nets.py:3", "file=src/nets.py,line=3"),
        (None, "file=src/train.py,"),
    ],
)
def test_a_line_stands_in_its_own_file(line: str | None, place: str) -> None:
    assert place in github.render(one(line=line))


def test_an_annotation_is_one_line_whatever_the_text() -> None:
    text = github.render(one(message="a%b\nc\r::d", rule="x,y:z"))
    assert text.count("\n") == 1
    assert "title=headstart x%2Cy%3Az::a%25b%0Ac%0D::d" in text


def test_sarif_names_each_rule_once_and_every_parser_reads_it() -> None:
    diagnosis = diagnose(failing())
    log = json.loads(sarif.render(diagnosis))
    assert log["version"] == "2.1.0"
    driver, results = log["runs"][0]["tool"]["driver"], log["runs"][0]["results"]
    assert len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"])
    assert [driver["rules"][result["ruleIndex"]]["id"] for result in results] == [f.rule for f in diagnosis.findings]
    assert driver["rules"][0]["help"]["text"] == find(diagnosis.findings[0].rule).markdown()


def test_a_baseline_leaves_out_what_it_holds_and_nothing_else(tmp_path: Path) -> None:
    diagnosis = diagnose(failing())
    path = tmp_path / "known.json"
    path.write_text(document.render(diagnosis), encoding="utf-8")
    known = baseline.leave_out(diagnosis, baseline.read(path))
    assert known.findings == ()
    assert known.known == len(diagnosis.findings) > 0
    assert known.verdict == "healthy"
    moved = replace(diagnosis, findings=tuple(replace(f, layer="fc2") for f in diagnosis.findings))
    assert baseline.leave_out(moved, baseline.read(path)).findings == moved.findings


@pytest.mark.parametrize("text", [None, "{", "[]", '{"findings": [{"rule": 3}]}'])
def test_a_baseline_that_is_none_is_named(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "known.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(HeadstartError, match="baseline"):
        baseline.read(path)


def test_the_phrases_have_the_same_keys_and_fields_in_both_languages() -> None:
    assert PHRASES.en.keys() == PHRASES.zh.keys()
    for key in PHRASES.en:
        assert fields_of(PHRASES.en[key]) == fields_of(PHRASES.zh[key]), key


def test_the_chinese_report_is_chinese_but_for_names_and_code() -> None:
    record = failing()
    text = terminal.render(diagnose(record, language="zh"), record, width=90, color=False, report_path="r.html")
    assert "失败" in text
    assert "下一步" in text
    words = re.sub(r"改为.*|下一步.*|[a-z0-9_.:-]*[-_.][a-z0-9_.:-]*", "", text)
    left = set(re.findall(r"[A-Za-z]{3,}", words)) - {"headstart", "ReLU", "head", "html", "LeakyReLU", "Kaiming"}
    assert left <= {"dead", "share"}, left


def test_the_language_of_one_report_is_not_that_of_the_next() -> None:
    record = failing()
    terminal.render(diagnose(record, language="zh"), record)
    assert "failing" in terminal.render(diagnose(record), record)
    assert "失败" not in html.render(diagnose(record), record)


def test_json_and_sarif_cannot_both_be_stdout() -> None:
    from headstart.judging import write

    with pytest.raises(HeadstartError, match="stdout"):
        write(diagnose(failing()), "-", "-")


@pytest.mark.parametrize("options", [["--select", "losss"], ["--baseline", "none.json"], ["--lang", "fr"]])
def test_a_wrong_option_is_named_before_the_program_runs(options: list[str], tmp_path: Path) -> None:
    script = tmp_path / "writes.py"
    script.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    done = CliRunner().invoke(app, ["run", *options, str(script)])
    assert isinstance(done.exception, HeadstartError)
    assert not (tmp_path / "ran").exists()
