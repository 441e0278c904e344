"""tests/programs/mutants.py: every operator finds a place, and changes what it says."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "programs"))

from mutants import OPERATORS, Tally, drawn, hurts, mutant
from run_all import Result

from headstart.diagnosis.rules import catalogue

LOOP = """
import torch
from torch import nn
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for x, y in batches:
    optimizer.zero_grad()
    loss = criterion(net(x), y)
    loss.backward()
    optimizer.step()
"""


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_has_a_place_among_the_programs(name: str, tmp_path: Path) -> None:
    ((_, twin, path),) = drawn([name], 1, 0, tmp_path)
    text = path.read_text(encoding="utf-8")
    original = Path(__file__).parent / "programs" / "faulty" / f"{twin}.py"
    assert ast.dump(ast.parse(text)) != ast.dump(ast.parse(original.read_text(encoding="utf-8")))
    assert set(OPERATORS[name].rules) <= {rule.name for rule in catalogue()}


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("rate_times_100", "optimizer = torch.optim.SGD(net.parameters(), lr=0.1 * 100)"),
        ("softmax_twice", "loss = criterion(torch.softmax(net(x), dim=1), y)"),
        ("minus_loss", "(-loss).backward()"),
        ("last_two_parameters", "optimizer = torch.optim.SGD(list(net.parameters())[-2:], lr=0.1)"),
        ("inputs_times_255", "loss = criterion(net(x * 255.0), y)"),
        ("no_activations", "net = nn.Sequential(nn.Linear(4, 8), torch.nn.Identity(), nn.Linear(8, 2))"),
    ],
)
def test_what_it_changes(name: str, line: str) -> None:
    text = mutant(LOOP, OPERATORS[name])
    assert text is not None
    changed = [one.strip() for one in text.splitlines() if one.strip() not in ast.unparse(ast.parse(LOOP))]
    assert line in changed


def test_where_it_has_no_place_there_is_no_mutant() -> None:
    assert mutant(LOOP, OPERATORS["much_dropout"]) is None
    assert mutant("print(1)", OPERATORS["no_zero_grad"]) is None


def test_the_loop_has_no_zero_grad_and_the_step_stands_alone() -> None:
    assert "zero_grad" not in (mutant(LOOP, OPERATORS["no_zero_grad"]) or "")
    cleared = (mutant(LOOP, OPERATORS["cleared_before_step"]) or "").splitlines()
    assert [one.strip() for one in cleared[-2:]] == ["optimizer.zero_grad()", "optimizer.step()"]


def result(*found: tuple[str, str]) -> Result:
    return Result("x", None, "", tuple((rule,) for rule, _ in found), tuple(grave for _, grave in found), None, 0, 0)


def test_what_counts() -> None:
    fault, sound = OPERATORS["no_zero_grad"], OPERATORS["another_seed"]
    right, third = (
        result(("missing-zero-grad", "error")),
        result(*[("dead-relu", "error")] * 2, ("missing-zero-grad", "error")),
    )
    tally = Tally()
    assert [tally.add(fault, "hurts", one) for one in (right, third, result(), None)] == ["1", "3", "-", "-"]
    assert tally.add(fault, "harmless", right) == "1"
    assert (tally.ran, tally.counted, tally.right, tally.found) == (5, 4, 1, 2)
    tally = Tally()
    advised = result(("dead-relu", "advice"))
    assert [tally.add(sound, "harmless", one) for one in (advised, right, None)] == ["quiet", "LOUD", ""]
    assert tally.add(sound, "hurts", right) == ""
    assert (tally.ran, tally.counted, tally.quiet) == (4, 2, 1)


@pytest.mark.parametrize(
    ("printed", "worse"),
    [
        ("final accuracy 0.79", True),
        ("final accuracy 0.81", False),
        ("final loss 1.6", True),
        ("final loss 1.4", False),
        ("final loss nan", True),
        ("done", False),
    ],
)
def test_a_mutant_hurts_where_it_is_clearly_worse_than_the_worst_seed(printed: str, worse: bool) -> None:
    fixed = [0.9, 1.0] if "loss" in printed else [0.9, 0.95]
    assert hurts(f"epoch 1\n{printed}\n", list(fixed)) is worse
