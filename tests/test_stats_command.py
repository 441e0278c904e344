"""`headstart stats`, as people type it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

import headstart as hs
from headstart.cli import app


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["stats", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def save_image(path: str, mode: str, colour: object) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (4, 4), colour).save(path)  # type: ignore[arg-type]


def test_mnist_gets_the_well_known_transform() -> None:
    said = run("mnist")
    assert "transforms.Normalize(mean=[0.1307], std=[0.3081])" in said
    assert said.splitlines()[-1] == "next      headstart run train.py"


def test_both_standard_deviations_are_named() -> None:
    said = run("mnist")
    assert re.search(r"std +pooled over all values", said)
    assert re.search(r"image std +mean of each image's own std", said)


def test_the_pasted_code_runs_and_fits() -> None:
    np.save("table.npy", np.arange(12.0).reshape(4, 3))
    code = next(line for line in run("table.npy").splitlines() if line.startswith("hs.Standardize"))
    standardize = eval(code, {"hs": hs})
    torch.testing.assert_close(standardize.mean, torch.tensor([4.5, 5.5, 6.5]))


def test_of_patches_without_a_covariance_it_says_what_whitening_needs() -> None:
    said = run("mnist", "--per", "patch")
    assert "4 places in a patch, " in said
    assert "--covariance measures what hs.PatchWhiten needs" in said


def test_the_pasted_patch_whitening_runs() -> None:
    np.save("images.npy", np.random.default_rng(0).random((5, 3, 6, 6), dtype=np.float32))
    code = next(
        line for line in run("images.npy", "--per", "patch", "--covariance").splitlines() if "PatchWhiten" in line
    )
    assert eval(code, {"hs": hs})(torch.zeros(1, 3, 6, 6)).shape == (1, 24, 5, 5)


@pytest.mark.parametrize("name", ["out/stats.json", "stats.safetensors"])
def test_the_file_is_saved_where_asked(name: str) -> None:
    np.save("table.npy", np.arange(12.0).reshape(4, 3))
    assert f"saved     {name}" in run("table.npy", "--covariance", "--save", name)
    assert hs.Stats.load(name).covariance.shape == (3, 3)


def test_red_green_and_blue_are_called_so() -> None:
    save_image("photos/a.png", "RGB", (255, 0, 51))
    assert re.search(r"blue +0\.2 ", run("photos"))


def test_constant_features_do_not_fill_the_table() -> None:
    table = np.zeros((4, 100))
    table[:, 57] = range(4)
    np.save("table.npy", table)
    said = run("table.npy", "--per", "feature")
    assert re.search(r"^ +57 +1\.5", said, re.MULTILINE)
    assert "99 columns hold one value only" in said


def test_bad_images_are_refused_and_with_skip_bad_named() -> None:
    save_image("photos/a.png", "RGB", (255, 0, 0))
    save_image("photos/b.png", "RGB", (0, 0, 0))
    save_image("photos/grey.png", "L", 7)
    with pytest.raises(hs.HeadstartError, match=r"1 of 3 images cannot be used: grey.png \(1 channels"):
        run("photos")
    said = run("photos", "--skip-bad")
    assert "left out  1 of 3 images" in said
    assert "grey.png" in said
    assert "2 samples" in said


def test_a_format_that_cannot_be_written_is_refused_before_the_pass() -> None:
    with pytest.raises(hs.HeadstartError, match=r"neither \.json nor \.safetensors"):
        run("mnist", "--save", "stats.csv")
    assert not Path(".headstart").exists()
