"""trained-in-eval-mode: fires where the whole model trains in evaluation mode, and not where a part of it does."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from records import chain, head, linear, run, said, told
from torch import nn
from training import trained

from headstart.diagnosis import diagnose
from headstart.diagnosis.rules.trained_in_eval_mode import MOVED, STEPS
from headstart.monitor import attach
from headstart.monitor.observer import Observer
from headstart.record import Mode, Record, read_record

RULE = "trained-in-eval-mode"
X, Y = torch.randn(32, 6), torch.arange(32) % 2


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2))


def record(*modes: Mode, moving: int = 4, batches: float | None = None, skill: float | None = None) -> Record:
    layers = chain(linear("fc"), head())
    names = [name for layer in layers for name in layer.parameters]
    figures = {(name, "update.max_abs"): float(place < moving) for place, name in enumerate(names)}
    if batches is not None:
        figures["bn", "norm.batches"] = batches
    seen = run(layers, figures, skill=skill)
    seen.modes = modes
    return seen


def norm(
    eval_steps: int = 60, trained_until: int | None = None, *, trainable: bool = True, tracks: bool = True
) -> Mode:
    return Mode(
        "bn", "BatchNorm1d", 0, None, tracks, 0.1, trainable, eval_steps=eval_steps, trained_until=trained_until
    )


def dropout(eval_steps: int = 60, trained_until: int | None = None) -> Mode:
    return Mode("drop", "Dropout", 1, 0.2, eval_steps=eval_steps, trained_until=trained_until)


@pytest.mark.parametrize(("steps", "fires"), [(STEPS - 1, False), (STEPS, True)])
def test_it_speaks_from_the_limit_on(steps: int, fires: bool) -> None:
    assert bool(said(record(norm(steps, 59 - steps)), RULE)) is fires


@pytest.mark.parametrize(("moving", "fires"), [(1, False), (int(4 * MOVED), True)])
def test_a_head_on_a_finished_net_is_meant_to_be_so(moving: int, fires: bool) -> None:
    assert bool(said(record(norm(30, 29), dropout(30, 29), moving=moving), RULE)) is fires


@pytest.mark.parametrize("skill", [None, 0.5, 0.0])
def test_its_severity_where_the_mode_changed(skill: float | None) -> None:
    finding = told(record(norm(30, 29), skill=skill), RULE)
    assert finding.severity == ("error" if skill == 0.0 else "warning")
    assert finding.step == 30


@pytest.mark.parametrize(("batches", "severity"), [(0.0, "warning"), (5000.0, "advice")])
def test_a_net_that_comes_in_evaluation_mode_may_be_pretrained(batches: float, severity: str) -> None:
    assert told(record(norm(), batches=batches), RULE).severity == severity


def test_dropout_that_was_never_on_is_advice() -> None:
    assert told(record(dropout()), RULE).severity == "advice"


@pytest.mark.parametrize("mode", [norm(trainable=False), norm(tracks=False)])
def test_norms_that_are_frozen_or_keep_no_statistics_are_sound(mode: Mode) -> None:
    assert said(record(mode), RULE) == []


def test_a_whole_run_in_evaluation_mode(tmp_path: Path) -> None:
    finding = told(trained(tmp_path, net().eval(), X, Y, lr=0.1), RULE)
    assert finding.severity == "warning"
    assert finding.layers == ("1",)
    assert finding.remedy is not None
    assert finding.remedy.code.startswith("model.train()")


@pytest.mark.parametrize("once", [True, False], ids=["once", "each epoch"])
def test_each_net_of_a_search_counts_its_own_weights(tmp_path: Path, once: bool) -> None:
    observer = Observer(lambda: tmp_path / "run.db", attach.script_facts, attach.BIRTHS)
    attach.attach(observer)
    try:
        for _ in range(4):
            model = net()
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            for epoch in range(6):
                model.train(not once or epoch == 0)
                for _ in range(2):
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(X), Y).backward()
                    optimizer.step()
                model.eval()
    finally:
        attach.detach(observer, "finished")
    found = said(read_record(tmp_path / "run.db"), RULE)
    assert [finding.step for finding in found] == ([38] if once else [])


def test_training_mode_and_norms_frozen_by_hand_are_sound(tmp_path: Path) -> None:
    model = net()
    model[1].eval()
    assert said(trained(tmp_path, model, X, Y, lr=0.1), RULE) == []


def test_a_net_of_layer_norms_is_not_judged(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.Linear(8, 2)).eval()
    seen = trained(tmp_path, model, X, Y, lr=0.1)
    assert RULE in {one.rule for one in diagnose(seen).not_judged}
