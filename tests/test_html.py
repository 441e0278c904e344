"""The HTML report holds all it needs, keeps hostile text as text, and says why what is absent is absent."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from example_run import example, failing, healthy

from headstart.findings import Diagnosis, Evidence, Finding, NotJudged, Remedy
from headstart.record import Layer, Loss, Parameter, Record, Writer, read_record
from headstart.report import words
from headstart.report.html import render
from headstart.report.page import _plotly

HOSTILE = '</script></style><script>alert(1)</script><img src="http://example.org/x.png" onerror=alert(2)>'
VOID = {"meta", "input", "br", "wbr", "img"}


class Outline(HTMLParser):
    """Tags, ids and text outside scripts; raises if the tags do not nest."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attributes if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return example(tmp_path_factory.mktemp("run") / "train.db")


@pytest.fixture(scope="module")
def page(record: Record) -> str:
    return render(failing(), record)


def without_plotly(page: str) -> str:
    return page.replace(_plotly(), "")


def test_tags_nest_and_ids_are_unique(page: str) -> None:
    ids = Outline(without_plotly(page)).ids
    assert len(ids) == len(set(ids))


def test_nothing_in_the_page_points_outside(page: str) -> None:
    own = without_plotly(page)
    assert not re.search(r"(?:src|href|action)\s*=\s*[\"'](?!#)", own)
    assert not re.search(r"url\(|@import|https?://", own)
    assert "default-src 'none'" in own


def test_the_policy_allows_the_two_scripts_of_the_page_and_no_other(page: str) -> None:
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = re.search(r"script-src ([^;]*);", page)
    assert allowed is not None
    assert allowed[1].split() == [f"'sha256-{digest}'" for digest in digests]
    assert len(digests) == 2


def test_every_link_has_its_target(page: str) -> None:
    targets = set(Outline(without_plotly(page)).ids)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= targets


def test_every_plot_has_its_place_and_its_words(page: str) -> None:
    figures = json.loads(re.findall(r'id="figures">(.*?)</script>', page, re.DOTALL)[0])
    assert set(figures) == {
        "proof-0",
        "loss-curve",
        "accuracy-curve",
        "rate-curve",
        "activations-map",
        "gradients-map",
        "updates-map",
    }
    for name in figures:
        assert re.search(rf'id="{name}"[^>]*aria-label="[^"]+"', page)


def test_the_finding_is_told_with_its_proof_line_and_remedy(page: str) -> None:
    text = " ".join(Outline(without_plotly(page)).words)
    for told in (
        "dead-relu",
        "97 %",
        "50 %",
        "train.py:8",
        "self.fc1.bias, -9.0",
        "nn.init.zeros_",
        "gradients-vanish",
    ):
        assert told in text


def test_evidence_has_no_empty_columns(record: Record) -> None:
    def heads(*evidence: Evidence) -> list[str]:
        finding = Finding("some-rule", "error", "Something.", evidence=evidence)
        page = without_plotly(render(replace(healthy(), findings=(finding,)), record))
        return re.findall(r'<th scope="col">(\w+)</th>', page[page.index('class="evidence"') :].split("</thead>")[0])

    assert heads(Evidence("places", 8)) == ["evidence", "value"]
    assert heads(Evidence("places", 8), Evidence("loss", 2, 1, (3,))) == ["evidence", "value", "limit", "when"]


def test_a_number_keeps_its_sign_of_percent_and_code_its_spaces(record: Record) -> None:
    finding = Finding(
        "some-rule", "error", "It is 97 % of all.", cause="5 % is usual.", remedy=Remedy("x", "a = 97 % b")
    )
    page = render(replace(healthy(), findings=(finding,)), record)
    assert "It is 97\u00a0% of all." in page
    assert "5\u00a0% is usual." in page
    assert "a = 97 % b" in page


def test_a_long_path_is_named_by_its_file_in_the_head(record: Record) -> None:
    path = "/home/somebody/projects/vision/experiments/2026/train_it.py"
    skill = replace(healthy().skill, source=f"cross_entropy at {path}:31")
    head = render(replace(healthy(), script=path, skill=skill), record).split("</header>")[0]
    assert '<span class="script">train_it.py</span>' in head
    assert "(cross_entropy at train_it.py:31)" in head


def test_a_comment_for_which_a_card_has_no_room_stands_above_its_code(record: Record) -> None:
    code = "optimizer.step()     # " + "once for each batch, and not once for each epoch; " * 3
    finding = Finding("some-rule", "error", "Something.", remedy=Remedy("x", code))
    page = without_plotly(render(replace(healthy(), findings=(finding,)), record))
    shown = re.search(r'class="code instead".*?<pre><code>(.*?)</code>', page, re.DOTALL)
    assert shown is not None
    *comment, last = shown[1].splitlines()
    assert comment
    assert all(line.startswith("# ") for line in comment)
    assert last == "optimizer.step()"


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "r.db")
    writer.meta({"script": HOSTILE, "script_text": HOSTILE, "argv": [HOSTILE], "device": HOSTILE, HOSTILE: HOSTILE})
    writer.thing(Layer(HOSTILE, HOSTILE, 0, (HOSTILE,), follows=(HOSTILE,), norm=HOSTILE, line=HOSTILE))
    writer.thing(Parameter(HOSTILE, (1,), HOSTILE, optimizer=HOSTILE, shared_with=(HOSTILE,)))
    writer.thing(Loss(HOSTILE, HOSTILE))
    writer.step(0, 0.1, 1.0, 0.1)
    writer.loss(0, HOSTILE, "train", 1.0, 0.5)
    writer.close("exit 0", 0.1)
    finding = Finding(
        HOSTILE, "error", HOSTILE, HOSTILE, 0, (), HOSTILE, Remedy(HOSTILE, HOSTILE), line=HOSTILE + ":1"
    )
    given = Diagnosis(
        (replace(finding, explains=(finding,)),),
        (NotJudged(HOSTILE, HOSTILE),),
        replace(healthy().skill, baseline=HOSTILE, source=HOSTILE),
        HOSTILE,
        1,
        0.1,
        HOSTILE,
        (HOSTILE,),
    )
    outline = Outline(without_plotly(render(given, read_record(tmp_path / "r.db"))))
    assert outline.tags.count("script") == 3
    assert "img" not in outline.tags


def test_an_empty_record_says_why_each_part_is_absent(tmp_path: Path) -> None:
    Writer(tmp_path / "r.db").close()
    nothing = Diagnosis((), (), None, "train.py", 0, 0.0, "exit 1")
    page = render(nothing, read_record(tmp_path / "r.db"))
    assert 'class="plot"' not in page
    assert page.count('class="absent"') == 8
    assert "Nothing to judge".lower() in page


def test_the_page_is_small_beside_plotly(record: Record, page: str) -> None:
    assert len(without_plotly(page)) < 250_000


def test_a_healthy_page_says_what_its_silence_means(record: Record) -> None:
    assert "What could not be judged is listed" in render(healthy(), record)


def test_faults_in_the_ledger_are_marked(page: str) -> None:
    (row,) = re.findall(r"<tr class=marked>.*?</tr>", page)
    assert "head.<wbr>bias" in row
    assert "not in the optimizer" in row


def test_a_loop_that_updates_by_hand_is_no_fault_of_its_tensors(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "r.db")
    writer.thing(Parameter("w", (2, 2), steps_with_gradient=5, steps_moved=5, steps_seen=5))
    writer.close("exit 0", 1.0)
    assert "marked>" not in without_plotly(render(healthy(), read_record(tmp_path / "r.db")))


def test_parameters_are_counted_by_their_shapes(record: Record) -> None:
    layers = 16 * 9 + 16 * 16 * 9 + 64 * 16 * 9 + 576 * 256 + 256 * 128 + 128 * 10
    biases_and_norms = 16 * 2 + 64 + 256 + 128 + 10 + 2 * (16 + 16 + 64)
    assert words.parameter_count(record) == layers + biases_and_norms


def test_no_report_loads_torch_numpy_or_plotly() -> None:
    code = (
        "import sys, headstart.report.html, headstart.report.terminal, headstart.report.json, headstart.report.write;"
        "from headstart.report.page import _plotly; _plotly();"
        "print([m for m in ('torch', 'numpy', 'plotly', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
