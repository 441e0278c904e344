"""The lab's frame: verdicts, spread, results on disk, the page, and the command."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.commands.lab import _language, _print
from headstart.diagnosis.text import Language, Text
from headstart.errors import HeadstartError
from headstart.lab import curves
from headstart.lab.claim import QUICK, Claim, Curve, Decided, Part, Point, Result, Run, Spread, Traced, decide
from headstart.lab.page import plot, render
from headstart.lab.results import load, run, save
from headstart.report.plots import COLORS

TEXT = Text(
    en={"sentence": "Larger <x> is larger.", "x": "place", "grows": "It grows."},
    zh={"sentence": "<x> 越大，值越大。", "x": "位置", "grows": "它在增长。"},
)


def claim(experiment=lambda point: {"y": float(point.x) + point.seed}, *, name="init-toy", above=0.5) -> Claim:
    part = Part("grows", lambda at: at("y", "a", 2) - at("y", "a", 1), above=above)
    return Claim(name, "init", TEXT, ("a", "b"), (1, 2), ("y",), (part,), experiment, "Page.")


def result(*parts: Decided) -> Result:
    return Result("init-toy", QUICK, 1.0, (Run("a", 1, 0, {"y": 1.0}),), parts)


def test_a_verdict_is_wrapped_at_the_terminal_s_width(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("headstart.report.wrap.columns", lambda: 40)
    long = Text(en={**TEXT.en, "sentence": "It is larger, " * 6, "grows": "It grows, " * 8}, zh=TEXT.zh)
    _print(replace(claim(), text=long), result(part(2, 2, 2)), "en")
    lines = capsys.readouterr().out.splitlines()
    assert "  ✓ holds: It is larger, It is larger," in lines
    assert "    It is larger, It is larger, It is" in lines
    assert max(map(len, lines)) <= 40


def part(*values: float, sense: str = ">", limit: float = 1.0) -> Decided:
    return Decided("grows", sense, limit, values)


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        ([part(1.01, 2, 3)], "holds"),
        ([part(1.0, 2, 3)], "holds in part"),  # at the limit is not beyond it
        ([part(1.0, 0.5, -3)], "does not hold"),
        ([part(2, 2, 2), part(0, 0, 0)], "holds in part"),
        ([part(2, 2, 2), part(0, 0, 0, sense="<")], "holds"),
        ([part(1, 1, 1, sense="<"), part(0, 0, 1)], "does not hold"),
    ],
)
def test_a_verdict_follows_from_each_part_in_each_seed(parts: list[Decided], verdict: str) -> None:
    assert result(*parts).verdict == verdict


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=8))
def test_a_spread_holds_its_values(values: list[float]) -> None:
    spread = Spread.of(tuple(values))
    assert spread.low <= spread.mean + 1e-6
    assert spread.mean <= spread.high + 1e-6
    assert spread.std <= (spread.high - spread.low) + 1e-6


def test_each_seed_is_judged_by_its_own_runs() -> None:
    slopes = {0: 1.0, 1: 0.2, 2: 1.0}
    toy = claim(lambda point: {"y": slopes[point.seed] * float(point.x)})
    runs = tuple(toy.measure(point) for seed in slopes for point in toy.points(seed, QUICK))
    decided = decide(toy, QUICK, 1.0, runs)
    assert decided.parts[0].values == pytest.approx((1.0, 0.2, 1.0))
    assert decided.parts[0].held == 2
    assert decided.verdict == "holds in part"
    assert decided.spread("y", "a", 2).mean == pytest.approx(4.4 / 3)


def traced() -> tuple[Claim, Result]:
    """Two series at two places, a curve each; one of them rises above the axis and ends."""
    broken = {0: 2.0, 5: 1e6, 10: float("inf")}
    toy = claim(
        lambda point: Traced({"y": float(point.x)}, Curve.of(broken if point.series == "a" else {0: 2, 10: 1}))
    )
    panels = {"y": "loss", "1": "one <seen>\ndone", "2": "two\ndone"}
    toy = replace(toy, curves=Text(en=panels, zh={**panels, "1": "一\n做了"}))
    runs = tuple(toy.measure(point) for seed in range(3) for point in toy.points(seed, QUICK))
    return toy, decide(toy, QUICK, 1.0, runs)


def test_a_curve_is_kept_with_its_run_and_what_is_not_finite_is_none(tmp_path: Path) -> None:
    _, measured = traced()
    assert measured.runs[0].curve == Curve((0, 5, 10), (2.0, 1e6, None))
    save([measured], tmp_path / "lab.json")
    assert load(tmp_path / "lab.json") == (measured,)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_curves_have_a_panel_a_place_and_a_line_a_series_and_seed(language: Language) -> None:
    toy, measured = traced()
    root = ElementTree.fromstring(curves.svg(toy, measured, language))
    inside = [element for element in root.iter() if element.tag.endswith("path")]
    lines = [path for path in inside if path.get("stroke-width") == "1.8" and path.get("fill") == "none"]
    assert len(lines) == 2 * 2 * 3
    assert sum(path.get("stroke-width") == "1.6" for path in inside) == 2 * 3  # not a number
    assert sum(path.get("fill") == COLORS[0] for path in inside) == 2 * 3  # above the axis
    texts = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert {"loss", "two", "a", "b", "10", "一" if language == "zh" else "one <seen>"} <= set(texts)
    assert max(y for path in lines for y in coordinates(path)) <= curves.HIGH


def coordinates(path: ElementTree.Element) -> list[float]:
    return [float(y) for y in re.findall(r"[ML][\d.]+ (-?[\d.]+)", path.get("d", ""))]


def test_the_page_has_the_curves_of_a_claim_that_has_them() -> None:
    toy, measured = traced()
    assert curves.svg(toy, measured, "en") in render([toy], [measured], "en")
    bare = replace(measured, runs=tuple(replace(run, curve=None) for run in measured.runs))  # of an older version
    assert "<svg xmlns" not in render([toy], [bare], "en").partition("<script")[0]


@pytest.mark.parametrize("figures", [{"y": float("nan")}, {"y": float("inf")}, {}, {"y": 1.0, "z": 1.0}])
def test_an_experiment_must_give_its_figures_and_finite_ones(figures: Mapping[str, float]) -> None:
    with pytest.raises(ValueError, match="init-toy"):
        claim(lambda point: figures).measure(Point("a", 1, 0, QUICK))


def test_results_come_back_from_json_as_they_were(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "lab.json"
    (found,) = run([claim()], range(3), QUICK, file)
    assert load(file) == (found,)
    document = json.loads(file.read_text())["results"][0]
    assert document["verdict"] == found.verdict == "holds"
    assert document["seeds"] == [0, 1, 2]
    assert document["parts"][0]["spread"] == {"mean": 1.0, "std": 0.0, "low": 1.0, "high": 1.0}


def test_a_claim_that_is_run_again_replaces_its_result_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "lab.json"
    list(run([claim(), claim(name="init-other")], range(3), QUICK, file))
    list(run([claim(above=5)], range(3), QUICK, file))
    assert {found.name: found.verdict for found in load(file)} == {"init-toy": "does not hold", "init-other": "holds"}


def test_ctrl_c_keeps_the_claims_that_are_finished(tmp_path: Path) -> None:
    def interrupted(point: Point) -> dict[str, float]:
        if point.seed == 1:
            raise KeyboardInterrupt
        return {"y": 1.0}

    file = tmp_path / "lab.json"
    with pytest.raises(KeyboardInterrupt):
        list(run([claim(), claim(interrupted, name="init-stopped")], range(3), QUICK, file))
    assert [found.name for found in load(file)] == ["init-toy"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 99, "results": []}', '{"schema": 1, "results": [{}]}'])
def test_a_file_of_something_else_is_an_error_and_stays(text: str, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    with pytest.raises(HeadstartError, match="holds no results"):
        list(run([claim()], range(3), QUICK, file))
    assert file.read_text() == text


def test_a_figure_that_is_not_finite_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        save([result(part(float("nan")))], tmp_path / "lab.json")


@pytest.mark.parametrize(("language", "words"), [("en", "holds in part"), ("zh", "部分成立")])
def test_the_page_shows_sentence_verdict_and_plot_in_its_language(language, words, tmp_path: Path) -> None:
    toy = claim(lambda point: {"y": float(point.x) * (1 - point.seed)})
    (found,) = run([toy], range(3), QUICK, tmp_path / "lab.json")
    page = render([toy], [found], language)
    assert found.verdict == "holds in part"
    assert words in page
    assert "&lt;x&gt;" in page
    assert 'id="plot-init-toy"' in page
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in page


def test_a_plot_has_the_mean_of_the_seeds_and_bars_to_the_lowest_and_highest(tmp_path: Path) -> None:
    toy = claim(lambda point: {"y": float(point.x) + (0, 1, 5)[point.seed]})
    (found,) = run([toy], range(3), QUICK, tmp_path / "lab.json")
    line, _ = plot(toy, found, "en").json()["views"][0]["data"]
    assert line["x"] == [1, 2]
    assert line["y"] == [3.0, 4.0]
    assert line["error_y"]["array"] == [3.0, 3.0]
    assert line["error_y"]["arrayminus"] == [2.0, 2.0]


def test_a_plot_has_a_view_a_figure_each_with_an_axis_of_its_own(tmp_path: Path) -> None:
    toy = replace(claim(lambda point: {"y": 1.0, "z": 10.0 ** float(point.x) ** 3}), figures=("y", "z"))
    (found,) = run([toy], range(3), QUICK, tmp_path / "lab.json")
    figure = plot(toy, found, "en").json()
    assert [view["label"] for view in figure["views"]] == ["y", "z"]
    assert [view["layout"]["yaxis"].get("type") for view in figure["views"]] == [None, "log"]
    assert "yaxis" not in figure["layout"]
    page = render([toy], [found], "en")
    assert page.count('data-plot="plot-init-toy"') == 2


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_language_is_the_locales(environment, language, monkeypatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert _language(None) == language
    assert _language("zh") == "zh"
    with pytest.raises(HeadstartError, match="no texts in 'fr'"):
        _language("fr")


def headstart(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "headstart", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8", **environment},
    )


def test_the_list_names_each_claim_and_loads_no_torch() -> None:
    code = (
        "import sys; sys.argv[1:] = ['lab', '--list'];\nfrom headstart.cli import app\n"
        "app(standalone_mode=False); print('torch' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "init-zero" in done.stdout
    assert done.stdout.endswith("False False\n")
    assert "全部初始化为零" in headstart("lab", "init-zero", "--list", LC_ALL="zh_CN.UTF-8").stdout


def test_help_is_quick_with_the_lab_among_the_commands() -> None:
    """In the processor's time: the wall's is that of everything else which runs."""
    seconds = []
    for _ in range(3):
        start = os.times()
        done = headstart("--help")
        end = os.times()
        seconds.append(end.children_user + end.children_system - start.children_user - start.children_system)
    assert "lab" in done.stdout
    assert min(seconds) < 0.3


def test_an_unknown_claim_ends_with_status_2_and_the_nearest() -> None:
    done = headstart("lab", "init-zer")
    assert done.returncode == 2
    assert "Did you mean init-zero?" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_claim_runs_from_the_command_to_the_page(tmp_path: Path) -> None:
    file = tmp_path / "lab.json"
    done = headstart("lab", "init-signal-by-depth", "--quick", "--report", "--lang", "zh", "--json", str(file))
    assert done.returncode == 0, done.stderr
    assert load(file)[0].seeds == (0, 1, 2)
    assert f"saved     {file}" in done.stdout
    assert "教科书里的话" in file.with_suffix(".html").read_text()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_stops_the_command_with_what_is_finished_saved(tmp_path: Path) -> None:
    file = tmp_path / "lab.json"
    arguments = ("lab", "init-signal-by-depth", "norm-batch-size", "--quick", "--json", str(file))
    process = subprocess.Popen([sys.executable, "-m", "headstart", *arguments], stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=60)
    # CPython ends by the signal itself where Ctrl-C fell into an exec(), of a dataclass for instance; shells say 130 too.
    assert process.returncode in (130, -signal.SIGINT)
    assert "stopped   after 1 of 2 claims" in printed
    assert [found.name for found in load(file)] == ["init-signal-by-depth"]
