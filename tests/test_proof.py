"""The plot of a finding: what is drawn, and its limit."""

from __future__ import annotations

import pytest
from records import SGD, Figure, chain, head, linear, run, told

from headstart.report.proof import proof


def test_a_promise_is_drawn_over_the_loss_with_its_limit() -> None:
    names = ("fc1.weight", "head.weight")
    figures: dict[tuple[str, str], Figure] = {(name, "weight.std"): 1.0 for name in names}
    figures |= {(name, "update.std"): 1e-3 for name in names}
    figures["", "update.descent"] = lambda step: 60.0 if step == 9 else 1.0
    record = run(chain(linear("fc1"), head()), figures, skill=0.0, loss=2.0, optimizers=(SGD,))
    drawn = proof(record, told(record, "learning-rate-too-high"), "proof")
    assert drawn is not None
    (trace,) = drawn.views[0].traces
    assert max(trace["y"]) == pytest.approx(30.0)
    assert any("10" in label["text"] for label in drawn.layout["annotations"])
