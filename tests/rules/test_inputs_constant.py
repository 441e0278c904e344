"""inputs-constant: nothing that enters ever differs, while the labels do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import COIN, Record, chain, head, linear, run, said, told, unjudged
from torch import nn

import headstart as hs
from headstart.record import Input, Targets

RULE = "inputs-constant"
SAME = Input("fc1", looks=60, samples=32, constant=True, sizes=(0.0, 0.0), largest=(0.0, 0.0), means=(0.0, 0.0))


def fed(*inputs: Input, skill: float = 0.0, steps: int = 60) -> Record:
    record = run(chain(linear("fc1"), head()), skill=skill, steps=steps)
    record.inputs = inputs
    return record


def test_zeros_are_an_error_in_a_run_that_does_not_learn() -> None:
    finding = told(fed(SAME), RULE)
    assert (finding.severity, finding.layer) == ("error", "fc1")
    assert "are zeros" in finding.message
    assert "value for value" in told(fed(replace(SAME, largest=(1.0, 0.0))), RULE).message


def test_a_short_run_is_a_warning_and_one_that_learns_is_sound() -> None:
    assert told(fed(SAME, steps=10), RULE).severity == "warning"
    assert said(fed(SAME, skill=0.5), RULE) == []


def test_another_input_that_differs_tells_the_samples_apart() -> None:
    assert said(fed(SAME, Input("other", looks=1, samples=32, constant=False)), RULE) == []
    assert (
        said(fed(SAME, Input("head", sizes=(1.0, 20.0), largest=(2.0, 50.0), means=(0.0, 0.0))), RULE) == []
    )  # joined
    assert told(fed(SAME, Input("positions", looks=60, samples=1, constant=True)), RULE)


@pytest.mark.parametrize("samples", [0, 1])
def test_one_sample_alone_is_nothing_to_compare(samples: int) -> None:
    assert said(fed(replace(SAME, samples=samples)), RULE) == []


def test_a_first_layer_that_was_not_seen_may_get_anything() -> None:
    record = run((*chain(linear("fc1"), head()), linear("unseen")), skill=0.0)
    record.inputs = (SAME,)
    assert said(record, RULE) == []


def test_labels_that_are_all_alike_are_no_fault_of_the_inputs() -> None:
    one = replace(COIN, targets=Targets(100, (100.0, 0.0)))
    record = run(chain(linear("fc1"), head()), losses=[(one, 0.1)])
    record.inputs = (SAME,)
    assert said(record, RULE) == []


def test_hs_check_warns_of_an_empty_batch_and_not_of_a_sound_one() -> None:
    net, y = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2)), torch.tensor([0, 1] * 8)
    assert RULE in [finding.rule for finding in hs.check(net, (torch.zeros(16, 6), y)).findings]
    assert RULE not in [finding.rule for finding in hs.check(net, (torch.randn(16, 6), y)).findings]


def test_without_a_loss_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))


class Decoder(nn.Module):
    """What it is to say next comes from the source, and from what it has said so far."""

    def __init__(self) -> None:
        super().__init__()
        self.source, self.said, self.out = nn.Linear(6, 8), nn.Linear(6, 8), nn.Linear(8, 6)

    def forward(self, source: torch.Tensor, said: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.out(torch.tanh(self.source(source) + self.said(said)))
        return out


@pytest.mark.parametrize(
    ("given", "fires"), [(0.0, True), (1.0, False)]
)  # ones are a bias of their own, and their weights learn
def test_a_layer_among_others_that_gets_nothing_but_zeros(tmp_path: Path, given: float, fires: bool) -> None:
    torch.manual_seed(0)
    net = Decoder()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for _ in range(30):
            x = torch.randn(16, 6)
            optimizer.zero_grad()
            nn.functional.mse_loss(net(x, torch.full((16, 6), given)), x.flip(1)).backward()
            optimizer.step()
    findings = said(watch.read(), RULE)
    assert [(one.severity, one.layer) for one in findings] == ([("advice", "said")] if fires else [])


def test_a_recurrence_that_starts_from_zeros_is_sound(tmp_path: Path) -> None:
    torch.manual_seed(0)
    step, out = nn.Linear(6, 8), nn.Linear(8, 1)
    back = nn.Linear(8, 8)
    net = nn.ModuleList([step, back, out])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for _ in range(30):
            x, h = torch.randn(3, 16, 6), torch.zeros(16, 8)
            for part in x:
                h = torch.tanh(step(part) + back(h))
            optimizer.zero_grad()
            nn.functional.mse_loss(out(h), x.sum((0, 2))[:, None]).backward()
            optimizer.step()
    assert said(watch.read(), RULE) == []
