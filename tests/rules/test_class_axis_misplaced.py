"""class-axis-misplaced: a view in the place of a transpose (tests/test_origin.py has the forms)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import chain, head, run, said, told, unjudged
from torch import nn
from training import trained

from headstart.record import Loss

RULE = "class-axis-misplaced"
X, Y = torch.randn(8, 5, 6), torch.arange(40).view(8, 5) % 3


@pytest.mark.parametrize("kind", ["cross_entropy", "nll_loss"])
def test_a_view_in_the_place_of_a_transpose_is_an_error_and_the_remedy_is_right(kind: str, tmp_path: Path) -> None:
    function = getattr(F, kind)
    seen = trained(tmp_path, nn.Linear(6, 3), X, Y, lambda z, y: function(z.log_softmax(-1).view(8, 3, 5), y))
    finding = told(seen, RULE)
    assert finding.severity == "error"
    assert "(8, 3, 5)" in finding.message
    assert finding.remedy is not None
    scores = torch.randn(8, 5, 3).log_softmax(-1)
    loss = eval(finding.remedy.code, {"torch": torch, "scores": scores, "target": Y})
    assert torch.allclose(loss, F.nll_loss(scores.reshape(-1, 3), Y.reshape(-1)))


def test_the_remedy_of_flattened_pictures_is_right(tmp_path: Path) -> None:
    picture, mask = torch.randn(4, 2, 3, 3), torch.arange(36).view(4, 3, 3) % 3
    net = nn.Conv2d(2, 3, 1)
    finding = told(
        trained(tmp_path, net, picture, mask, lambda z, y: F.cross_entropy(z.view(-1, 3), y.view(-1))), RULE
    )
    assert finding.remedy is not None
    scores = torch.randn(4, 3, 3, 3)
    loss = eval(finding.remedy.code, {"torch": torch, "scores": scores, "target": mask})
    assert torch.allclose(loss, F.cross_entropy(scores, mask))


@pytest.mark.parametrize("flat", [True, False])
def test_the_remedy_of_several_boxes_is_right(flat: bool, tmp_path: Path) -> None:
    picture, boxes = torch.randn(4, 2, 8, 8), torch.arange(512).view(4, 128) % 4

    def loss(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        z = z.reshape(4, -1, 4)
        return F.cross_entropy(z.reshape(-1, 4), y.reshape(-1)) if flat else F.cross_entropy(z.transpose(1, 2), y)

    finding = told(trained(tmp_path, nn.Conv2d(2, 8, 1), picture, boxes, loss), RULE)
    assert finding.remedy is not None
    scores = torch.randn(4, 2, 4, 8, 8)  # box, class
    turned = eval(finding.remedy.code, {"scores": scores.flatten(1, 2)})
    assert torch.equal(turned, scores.permute(0, 3, 4, 1, 2).reshape(4, -1, 4))


def test_a_transpose_is_sound(tmp_path: Path) -> None:
    seen = trained(tmp_path, nn.Linear(6, 3), X, Y, lambda z, y: F.cross_entropy(z.transpose(1, 2), y))
    assert said(seen, RULE) == []


def test_other_losses_have_no_classes() -> None:
    loss = Loss("ce", "cross_entropy", "t.py:1", trained=True, shape=(8, 3, 5), class_axis_lost=True)
    assert told(run(chain(head()), losses=[(loss, 1.0)]), RULE).evidence[0].value == 3
    for other in (replace(loss, kind="mse_loss"), replace(loss, trained=False)):
        assert said(run(chain(head()), losses=[(other, 1.0)]), RULE) == []


def test_without_a_loss_function_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))


@pytest.mark.parametrize(
    ("skill", "proven", "severity"),
    [(0.0, False, "error"), (0.9, True, "warning"), (0.9, False, "advice")],
)
def test_another_view_that_mixes_axes_is_told_by_what_is_known_of_it(
    skill: float, proven: bool, severity: str
) -> None:
    record = run(chain(head()), skill=skill)
    record.meta["mixed_by_view"] = {"before": [4, 6, 8], "after": [4, 2, 6, 4], "proven": proven, "layers": ["head"]}
    finding = told(record, RULE)
    assert (finding.severity, finding.layers) == (severity, ("head",))
    assert "(4, 6, 8)" in finding.message


def test_heads_that_are_viewed_are_named(tmp_path: Path) -> None:
    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lift, self.out = nn.Linear(3, 8), nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.out(self.lift(x).view(len(x), 2, 6, 4)).sum((1, 2))  # type: ignore[no-any-return]

    seen = trained(tmp_path, Heads(), torch.randn(10, 6, 3), torch.arange(10) % 2)
    assert told(seen, RULE).layers == ("lift",)
