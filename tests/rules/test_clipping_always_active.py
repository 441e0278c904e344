"""clipping-always-active: a clip that cuts nearly every step of SGD, and what the monitor sees of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from records import SGD, Figure, chain, figures_of, head, linear, run, said, told, unjudged
from torch import nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

import headstart as hs
from headstart.diagnosis import diagnose
from headstart.diagnosis.rules.clipping_always_active import ALWAYS, CUT, ENOUGH, WAY
from headstart.record import Optimizer, Record

RULE = "clipping-always-active"
NET = chain(linear("fc1"), head())


def clipped(
    times: Figure = 2 * CUT, way: float = 0.5 * WAY, skill: float | None = 0.0, steps: int = 60, kind: str = "SGD"
) -> Record:
    """Gradients whose norm is `times` the largest that passes, and weights of size 1 whose updates add up to `way`."""
    figures: dict[tuple[str, str], Figure] = {("", "loop.norm"): times, ("", "loop.largest"): 1.0}
    for layer in NET:
        figures |= {(f"{layer.name}.weight", "weight.std"): 1.0, (f"{layer.name}.weight", "update.std"): way / steps}
    return run(NET, figures, skill=skill, steps=steps, optimizers=[Optimizer(kind, kind, {"lr": 0.1}, 2)])


def test_norms_above_ten_times_what_passes_are_cut_to_less_than_a_tenth() -> None:
    finding = told(clipped(1.01 * CUT), RULE)
    assert figures_of(finding)["times_too_large"] == pytest.approx(1.01 * CUT)
    assert said(clipped(CUT), RULE) == []


@pytest.mark.parametrize(
    ("times", "unscale"), [(65536.0, True), (65536.0 * 1.005, True), (256.0, True), (128.0, False), (300.0, False)]
)
def test_gradients_of_a_scaled_loss_are_to_be_unscaled_first(times: float, unscale: bool) -> None:
    record = run(
        NET,
        {("", "loop.norm"): 2 * CUT, ("", "loop.largest"): 1.0},
        skill=0.0,
        loss=math.log(2) * times,
    )
    finding = told(record, RULE)
    assert finding.remedy is not None
    assert ("unscale_" in finding.remedy.code) is unscale
    assert ("GradScaler" in finding.cause) is unscale


def test_one_step_in_twenty_may_be_left_as_it_is() -> None:
    def all_but(left: int) -> Callable[[int], float]:
        return lambda step: 1.0 if step % 20 < left else 2 * CUT

    assert figures_of(told(clipped(all_but(1)), RULE))["cut_share"] == pytest.approx(ALWAYS)
    assert said(clipped(all_but(2)), RULE) == []


def test_large_gradients_at_the_start_are_what_clipping_is_for() -> None:
    assert said(clipped(lambda step: 2 * CUT if step < 970 else 1.0, steps=1000), RULE) == []
    assert told(clipped(lambda step: 2 * CUT if step >= 30 else 1.0, steps=1000), RULE)


def test_a_few_calls_tell_nothing() -> None:
    assert said(clipped(steps=ENOUGH - 1), RULE) == []
    assert told(clipped(steps=ENOUGH), RULE)


def test_it_is_an_error_where_the_run_fails_and_no_weight_got_away_from_its_start() -> None:
    finding = told(clipped(way=0.99 * WAY), RULE)
    assert finding.severity == "error"
    assert figures_of(finding)["way"] == pytest.approx(0.99 * WAY, rel=1e-5)
    assert told(clipped(way=1.01 * WAY), RULE).severity == "advice"


@pytest.mark.parametrize("skill", [0.9, None])
def test_where_the_run_learns_or_may_it_is_advice(skill: float | None) -> None:
    assert told(clipped(skill=skill), RULE).severity == "advice"


@pytest.mark.parametrize("kind", ["Adam", "AdamW", "RMSprop", "Lion", "Muon"])
def test_steps_that_are_not_as_long_as_the_gradient_are_not_shortened(kind: str) -> None:
    assert said(clipped(kind=kind), RULE) == []


def test_the_remedy_lets_the_usual_norms_through() -> None:
    remedy = told(clipped(lambda step: 100.0 + step), RULE).remedy
    assert remedy is not None
    assert "clip_grad_norm_(model.parameters(), 1.5e+02)" in remedy.code  # the 90th percentile of 100 to 159


def test_weights_that_are_too_large_explain_large_gradients() -> None:
    record = clipped()
    figures: dict[tuple[str, str], Figure] = {("", "loop.norm"): 50.0, ("", "loop.largest"): 1.0}
    figures |= {("fc1.weight", "weight.std"): 9.0, ("fc1.weight", "update.std"): 1e-5}
    (root,) = diagnose(run(NET, figures, skill=0.0, optimizers=record.optimizers)).findings
    assert root.rule == "weights-too-large"
    assert RULE in {one.rule for one in root.explains}


def test_without_clipping_it_is_not_judged() -> None:
    assert RULE in unjudged(run(NET, optimizers=[SGD]))


def watched(path: Path, most: float, clip: Callable[..., object] = clip_grad_norm_, steps: int = 3) -> Record:
    net = nn.Linear(4, 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with hs.watch(net, record=path / "run.db") as watch:
        for _ in range(steps):
            optimizer.zero_grad()
            net(torch.ones(8, 4)).sum().backward()
            clip(net.parameters(), most)
            optimizer.step()
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


def test_the_norm_is_that_before_the_cut(tmp_path: Path) -> None:
    record = watched(tmp_path, 0.5)
    assert record.series("", "loop.norm").values == pytest.approx([math.sqrt(8 * 64 + 2 * 64)] * 3)  # each entry is 8
    assert record.series("", "loop.largest").values == (0.5,) * 3


def test_by_value_the_norm_that_passes_is_that_after_the_cut(tmp_path: Path) -> None:
    record = watched(tmp_path, 0.5, clip_grad_value_)
    before, after = (record.series("", f"loop.{figure}").values for figure in ("norm", "largest"))
    assert before == pytest.approx([math.sqrt(8 * 64 + 2 * 64)] * 3)
    assert after == pytest.approx([math.sqrt(10 * 0.25)] * 3)
    assert record.series("", "loop.value").values == (0.5,) * 3


def test_by_value_all_that_is_left_may_be_signs() -> None:
    record = clipped()
    figures: dict[tuple[str, str], Figure] = {
        ("", "loop.norm"): 50.0,
        ("", "loop.largest"): 1.0,
        ("", "loop.value"): 0.01,
    }
    finding = told(run(NET, figures, skill=0.9, optimizers=record.optimizers, steps=60), RULE)
    assert finding.severity == "advice"
    assert "0.01" in finding.cause


@pytest.mark.parametrize("clip", [clip_grad_norm_, clip_grad_value_])
def test_clipping_of_another_nets_gradients_is_not_this(clip: Callable[..., object], tmp_path: Path) -> None:
    def of_another(parameters: object, most: float) -> None:
        other = nn.Parameter(torch.ones(2))
        other.grad = torch.ones(2)
        clip([other], most)

    assert not watched(tmp_path, 0.5, of_another).has("loop.norm")


@pytest.mark.parametrize("clip", [clip_grad_norm_, clip_grad_value_])
def test_a_clip_in_compiled_code_is_compiled_as_it_was(clip: Callable[..., object], tmp_path: Path) -> None:
    compiled = torch.compile(clip, backend="eager", fullgraph=True)
    assert not watched(tmp_path, 0.5, lambda parameters, most: compiled(list(parameters), most)).has("loop.norm")
