"""Every claim: its texts in both languages, and one run of the smallest setting."""

from __future__ import annotations

import math
import string
from pathlib import Path

import pytest

import headstart.lab as lab
from headstart.errors import HeadstartError
from headstart.lab.claim import Size
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


@pytest.mark.parametrize("name", CLAIMS)
def test_a_part_has_one_limit_and_a_claim_a_page(name: str) -> None:
    claim = CLAIMS[name]
    assert all((part.above is None) != (part.below is None) for part in claim.parts)
    assert len({part.key for part in claim.parts}) == len(claim.parts)
    assert claim.page.strip()


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
    assert all(math.isfinite(value) for part in result.parts for value in part.values)
    assert load(file) == (result,)
