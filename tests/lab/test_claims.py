"""Every claim: its texts in both languages, and one run of the smallest setting."""

from __future__ import annotations

import math
import re
import string
from pathlib import Path

import pytest

import headstart.lab as lab
from headstart.errors import HeadstartError
from headstart.lab.claim import Claim, Size
from headstart.lab.results import load, run

CLAIMS = {claim.name: claim for claim in lab.catalogue()}
SMALLEST = Size(train=200, test=100, epochs=1)


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_says_the_same_in_both_languages(name: str) -> None:
    claim = CLAIMS[name]
    assert claim.text.en.keys() == claim.text.zh.keys()
    assert {"sentence", "x", *claim.figures, *(part.key for part in claim.parts)} <= claim.text.en.keys()
    for key, text in claim.text.zh.items():
        plain = text.translate(str.maketrans("", "", string.punctuation + string.digits + " "))
        if key in ("sentence", "x", *(part.key for part in claim.parts)):
            assert any("一" <= letter <= "鿿" for letter in plain), key
    shown = {*claim.series, *claim.figures, *claim.x, "sentence", "x"}
    named = [key for key in claim.text.en if key not in shown]
    assert set(named) == {part.key for part in claim.parts}, "a text that nothing shows"


@pytest.mark.parametrize("claim", [claim for claim in CLAIMS.values() if claim.curves], ids=lambda claim: claim.name)
def test_curves_are_named_in_both_languages_by_what_is_seen_and_what_was_done(claim: Claim) -> None:
    assert claim.curves is not None
    assert claim.curves.en.keys() == claim.curves.zh.keys() == {"y", *claim.x}
    for text in (claim.curves.en, claim.curves.zh):
        assert all(len(text[str(x)].split("\n")) == 2 for x in claim.x)


@pytest.mark.parametrize("name", CLAIMS)
def test_a_part_has_one_limit_and_a_claim_a_page(name: str) -> None:
    claim = CLAIMS[name]
    assert all((part.above is None) != (part.below is None) for part in claim.parts)
    assert len({part.key for part in claim.parts}) == len(claim.parts)
    english, chinese = claim.page.en["page"], claim.page.zh["page"]
    assert english
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert set(re.findall(r"`[^`]+`", english)) <= set(re.findall(r"`[^`]+`", chinese))


def test_claims_are_found_by_file_name_and_by_group() -> None:
    folder = Path(lab.__file__).parent
    files = {path.stem.replace("_", "-") for path in folder.glob("*_*.py") if not path.stem.startswith("__")}
    assert files == set(CLAIMS)
    assert lab.find(["init"]) == tuple(claim for claim in CLAIMS.values() if claim.group == "init")
    assert [claim.name for claim in lab.find(["next-residual", "init-zero"])] == ["init-zero", "next-residual"]
    assert lab.find([]) == lab.catalogue()


def test_an_unknown_claim_is_an_error_with_the_nearest() -> None:
    with pytest.raises(HeadstartError, match="Did you mean init-zero"):
        lab.find(["init-zeros"])


@pytest.mark.slow
@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_runs_and_gives_a_verdict_on_finite_figures(name: str, tmp_path: Path) -> None:
    claim, file = CLAIMS[name], tmp_path / "lab.json"
    (result,) = run([claim], [0], SMALLEST, file)
    assert result.verdict in ("holds", "holds in part", "does not hold")
    assert len(result.runs) == len(claim.series) * len(claim.x)
    for found in result.runs:
        assert set(found.figures) == set(claim.figures)
        assert all(math.isfinite(value) for value in found.figures.values())
        assert (found.curve is None) == (claim.curves is None)
    assert all(math.isfinite(value) for part in result.parts for value in part.values)
    assert load(file) == (result,)


def test_each_row_of_the_faq_is_a_rule_and_a_program_that_differs_from_its_cure() -> None:
    from headstart.diagnosis.rules import catalogue
    from headstart.lab.faq_diagnosed import ROWS

    assert set(ROWS) <= {rule.name for rule in catalogue()}
    assert all(faulty != cured for faulty, cured in ROWS.values())


@pytest.mark.slow
def test_a_program_of_the_faq_trains_as_its_facts_say() -> None:
    from headstart.lab import watched
    from headstart.lab.faq_diagnosed import Program

    size = Size(train=1000, test=200, epochs=2)
    sound = watched.run(Program(), 0, size)
    assert sound.rules == ()
    assert sound.losses.steps == (0, *range(3, 41, 3), 40)
    assert None not in sound.losses.values
    assert sound.losses.values[-1] < 1 < sound.losses.values[0]  # type: ignore[operator]
    assert watched.run(Program(lr=1e9), 0, size).losses.values[-1] is None
    assert watched.run(Program(batch=25), 0, size).losses.steps[-1] == 80
