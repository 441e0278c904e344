"""Thinned series and maps show what the whole would."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from example_run import example, failing
from hypothesis import given
from hypothesis import strategies as st

from headstart.findings import Evidence, Finding
from headstart.record import Layer, Loss, Optimizer, Parameter, Record, Series, Writer, pack, read_record
from headstart.report import curves, maps
from headstart.report.plots import POINTS, thin, value_axis
from headstart.report.proof import _on_scale, proof

NAN, INF = float("nan"), float("inf")


def series(values: list[float]) -> Series:
    return Series(tuple(range(len(values))), tuple(values))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=3000), st.integers(8, 200))
def test_a_thinned_series_keeps_its_ends_and_extremes(values: list[float], most: int) -> None:
    whole, thinned = series(values), thin(series(values), most)
    assert len(thinned) <= most
    assert (thinned.first, thinned.last) == (whole.first, whole.last)
    assert min(thinned.values) == min(values)
    assert max(thinned.values) == max(values)
    assert list(thinned.steps) == sorted(set(thinned.steps))


def test_one_spike_in_a_million_steps_is_drawn() -> None:
    values = [1.0] * 1_000_000
    values[654_321] = 9.0
    thinned = thin(series(values))
    assert len(thinned) <= POINTS
    assert (654_321, 9.0) in zip(thinned.steps, thinned.values, strict=True)


def test_figures_that_are_not_finite_leave_a_gap_and_no_bare_nan(tmp_path: Path) -> None:
    record = losses(tmp_path, [2.0, 1.0, NAN, INF, NAN])
    figure = curves.loss(record, failing())
    assert figure is not None
    assert list(figure.views[0].traces[0]["y"]) == [2.0, 1.0, None, None, None]
    assert "not finite from step 2" in str(figure.layout["annotations"])


def test_an_axis_is_logarithmic_where_positive_figures_span_decades() -> None:
    assert value_axis("loss", [1e-4, 1.0]).get("type") == "log"
    assert value_axis("loss", [0.5, 2.0]).get("type") is None
    assert value_axis("loss", [0.0, 1e5]).get("type") is None


def test_an_evaluation_is_one_point_however_many_batches_it_has(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "r.db")
    writer.thing(Loss("ce", "cross_entropy", trained=True))
    for step in range(4):
        writer.step(step, 0.1 * step, 1.0)
        writer.loss(step, "ce", "train", 1.0, 0.5)
    for step, values in {1: (0.5, 0.7), 3: (0.2, 0.3, 0.4)}.items():
        for value in values:
            writer.loss(step, "ce", "eval", value, value)
    writer.close("exit 0", 1.0)
    record = read_record(tmp_path / "r.db")
    for figure in (curves.loss(record, failing()), curves.accuracy(record)):
        assert figure is not None
        (trace,) = [trace for trace in figure.views[0].traces if trace["name"] == "evaluation"]
        assert list(trace["x"]) == [1, 3]
        assert list(trace["y"]) == pytest.approx([0.6, 0.3])


def test_a_map_has_at_most_200_columns_and_each_is_the_mean_of_its_stretch(tmp_path: Path) -> None:
    stds = [10.0 ** (-(step % 3)) for step in range(600)]
    (trace,) = activation_map(tmp_path, stds)
    assert len(trace["x"]) == len(trace["z"][0]) == 200
    assert trace["x"][:3] == [0, 3, 6]
    assert trace["z"][0] == [-1.0] * 200  # the mean of 0, -1 and -2 decades


def test_a_map_tells_zero_and_not_finite_from_not_seen(tmp_path: Path) -> None:
    (trace,) = activation_map(tmp_path, [1.0, 0.0, INF, None])
    assert trace["z"][0] == [0.0, maps.ZERO, maps.NOT_FINITE]
    assert trace["zmin"] <= 0.0 <= trace["zmax"]


def test_the_update_ratio_is_of_root_mean_squares(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "r.db")
    writer.thing(Parameter("w", (2,)))
    writer.stream(0, "w", "weight")
    writer.stream(1, "w", "update")
    writer.step(0, 0.1, 1.0, sketch=pack([(3.0, 4.0, 9.0, 0.0, 0.0, 0.0), (0.03, 0.04, 0.1, 0.0, 0.0, 0.0)]))
    writer.close("exit 0", 0.1)
    figure = maps.updates(read_record(tmp_path / "r.db"))
    assert figure is not None
    assert figure.views[0].traces[0]["z"] == [[pytest.approx(math.log10(0.05 / 5.0), abs=1e-3)]]


def test_the_proof_draws_the_limit_on_the_figures_own_axis(tmp_path: Path) -> None:
    figure = proof(example(tmp_path / "r.db"), failing().findings[0], "proof-0")
    assert figure is not None
    assert [trace["name"] for trace in figure.views[0].traces] == ["relu1", "relu2"]
    assert figure.layout["shapes"][0]["y0"] == 0.5
    assert "limit 50 %" in str(figure.layout["annotations"])


def test_a_limit_of_a_ratio_is_not_drawn_on_the_axis_of_its_parts(tmp_path: Path) -> None:
    ratio = Evidence("gradient_ratio", 1e-9, 1e-4, (399,), "activation.std")
    figure = proof(example(tmp_path / "r.db"), Finding("gradients-vanish", "error", "", "fc1", evidence=(ratio,)), "p")
    assert figure is not None
    assert figure.layout["shapes"] == []


def test_a_proof_s_axis_is_named_as_its_evidence_and_its_line_as_its_layer(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "r.db")
    writer.thing(Layer("0", "Linear", 0, ("0.weight",)))
    writer.thing(Parameter("0.weight", (2, 2), "0"))
    for step in range(3):
        writer.step(step, 0.1, 1.0)
        writer.rare(step, "0.weight", "loss.sunk", 4.0 + step)
    writer.close("exit 0", 0.1)
    square = Evidence("mean_square", 6.0, 4.0, (0, 2), "loss.sunk")
    figure = proof(read_record(tmp_path / "r.db"), Finding("loss-sign", "error", "", "0", evidence=(square,)), "p")
    assert figure is not None
    assert [trace["name"] for trace in figure.views[0].traces] == ["layer 0"]
    assert figure.layout["yaxis"]["title"]["text"] == "mean square"
    assert figure.layout["yaxis"]["rangemode"] == "tozero"
    assert figure.alt.startswith("mean square over steps")


@pytest.mark.parametrize(
    ("thing", "figure", "shown"),
    [
        (Loss("mse_loss at /home/somebody/projects/vision/train_it.py:7", "mse_loss"), "loss.commonest", None),
        (Optimizer("SGD", "SGD"), "loop.cleared", "SGD"),
        (Parameter("w", (2,)), "weight.zero", "w"),
    ],
)
def test_of_the_whole_run_a_proof_draws_whatever_has_the_figure(
    tmp_path: Path, thing: Loss | Optimizer | Parameter, figure: str, shown: str | None
) -> None:
    writer = Writer(tmp_path / "r.db")
    writer.thing(thing)
    for step in range(3):
        writer.step(step, 0.1, 1.0)
        writer.rare(step, thing.name, figure, 1.0)
    writer.close("exit 0", 0.1)
    found = Finding("some-rule", "error", "", evidence=(Evidence("share", 1.0, 0.7, (0, 2), figure),))
    drawn = proof(read_record(tmp_path / "r.db"), found, "p")
    assert drawn is not None
    assert [trace["name"] for trace in drawn.views[0].traces] == [shown or "mse_loss at train_it.py:7"]
    assert "limit 70 %" in str(drawn.layout["annotations"])
    assert drawn.layout["yaxis"]["tickformat"] == ".0%"
    longest = max(drawn.layout["yaxis"]["title"]["text"].split("<br>"), key=len)
    assert len(longest) <= 28


def test_a_finding_without_a_series_has_no_plot(tmp_path: Path) -> None:
    assert proof(example(tmp_path / "r.db"), failing().findings[1], "p") is None


def losses(folder: Path, values: list[float]) -> Record:
    writer = Writer(folder / "r.db")
    for step, value in enumerate(values):
        writer.step(step, 0.1 * step, value)
    writer.close("exit 0", 1.0)
    return read_record(folder / "r.db")


def activation_map(folder: Path, stds: list[float | None]) -> list[dict]:
    """The traces of the first view of a one-layer record with these stds; None: not seen at that step."""
    writer = Writer(folder / "r.db")
    writer.thing(Layer("fc", "Linear"))
    writer.stream(0, "fc", "activation")
    for step, std in enumerate(stds):
        row = (NAN,) * 6 if std is None else (0.0, std, 1.0, 0.0, 0.0, 0.0 if math.isfinite(std) else 1.0)
        writer.step(step, 0.1 * step, 1.0, sketch=pack([row]))
    writer.close("exit 0", 1.0)
    figure = maps.activations(read_record(folder / "r.db"))
    assert figure is not None
    return list(figure.views[0].traces)


@pytest.mark.parametrize(
    ("steps", "drawn"),
    [((), True), ((0,), False), ((2,), True), ((0, 3), True)],
    ids=["at any step", "at another", "at its own", "within"],
)
def test_a_ratio_that_lies_among_other_steps_values_by_chance_is_not_of_the_axis(
    steps: tuple[int, ...], drawn
) -> None:
    rise = Evidence("loss_rise", 1.74, 1.2, steps, "loss")
    assert _on_scale(rise, [("loss", series([1.3, 2.3, 1.74, 1.6]))]) is drawn
