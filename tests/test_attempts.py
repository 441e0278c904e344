"""Which nets a run left for others that the same lines made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import Figure, head, linear, run, said, told
from torch import nn

import headstart as hs
from headstart.diagnosis.attempts import left_behind
from headstart.monitor import attach
from headstart.monitor.observer import Observer
from headstart.record import Layer, Record, read_record


def made(name: str, line: str | None, kind: str = "Linear") -> Layer:
    return replace(linear(name), line=line, kind=kind)


def seen(*layers: tuple[Layer, range], **facts: object) -> Record:
    figures: dict[tuple[str, str], Figure] = {
        (layer.name, "activation.std"): dict.fromkeys(steps, 1.0) for layer, steps in layers
    }
    return run([layer for layer, _ in layers], figures, **facts)  # type: ignore[arg-type]


def test_what_a_line_made_before_is_left_behind_once_its_next_is_trained() -> None:
    first, second, third = (made(f"net{i}.0", "train.py:3") for i in range(3))
    record = seen((first, range(20)), (second, range(20, 40)), (third, range(40, 60)))
    assert left_behind(record) == {"net0.0", "net1.0"}


@pytest.mark.parametrize("line", ["train.py:9", None])
def test_what_another_line_or_one_that_is_not_known_made_is_none_of_its_kind(line: str | None) -> None:
    assert not left_behind(seen((made("a", "train.py:3"), range(20)), (made("b", line), range(20, 60))))
    assert not left_behind(seen((made("a", line), range(20)), (made("b", "train.py:3"), range(20, 60))))
    assert not left_behind(
        seen((made("a", "train.py:3"), range(20)), (made("b", "train.py:3", "Bilinear"), range(20, 60)))
    )


def test_layers_of_one_net_and_nets_by_turns_are_all_in_use() -> None:
    assert not left_behind(
        seen((made("a", "train.py:3"), range(0, 60, 2)), (made("b", "train.py:3"), range(1, 60, 2)))
    )


def dead(*nets: str, skill: float) -> Record:
    figures: dict[tuple[str, str], Figure] = {}
    for number in range(3):
        steps = range(20 * number, 20 * number + 20)
        figures[f"net{number}", "activation.std"] = dict.fromkeys(steps, 1.0)
        figures[f"net{number}", "activation.dead"] = dict.fromkeys(steps[::5], float(f"net{number}" in nets))
    return run([*(made(f"net{i}", "train.py:3") for i in range(3)), head()], figures, skill=skill)


def test_dead_units_of_attempts_that_are_over_are_advice_in_a_run_that_learns() -> None:
    assert told(dead("net0", "net1", skill=0.5), "dead-relu").severity == "advice"
    assert told(dead("net0", "net1", skill=0.0), "dead-relu").severity == "error"
    assert told(dead("net0", "net2", skill=0.5), "dead-relu").severity == "error"


def search(path: Path, *rates: float) -> Record:
    """Nets on y = x, by gradient descent on wx: it grows without end from a rate of 2 / E[x²] = 2 on."""
    x = torch.ones(16, 1)
    observer = Observer(lambda: path / "w.db", attach.script_facts, attach.BIRTHS)
    attach.attach(observer)
    try:
        for rate in rates:
            net = nn.Linear(1, 1, bias=False)
            optimizer = torch.optim.SGD(net.parameters(), lr=rate)
            for _ in range(40):
                optimizer.zero_grad()
                nn.functional.mse_loss(net(x), x * 3).backward()
                optimizer.step()
    finally:
        attach.detach(observer, "finished")
    return read_record(path / "w.db")


def test_a_rate_that_was_tried_and_is_too_high_breaks_its_net_and_not_the_run(tmp_path: Path) -> None:
    record = search(tmp_path, 1e3, 0.1, 0.3)
    assert any(record.series(p.name, "weight.not_finite").last for p in record.parameters)
    assert said(record, "not-finite") == []
    assert hs.diagnose(record).verdict in ("healthy", "advice")


def test_the_last_attempt_counts(tmp_path: Path) -> None:
    record = search(tmp_path, 0.1, 0.3, 1e3)
    assert hs.diagnose(record).verdict == "failing"
