"""labels-one-class: all labels of the only trained loss are the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import SGD, chain, head, run, said, told, unjudged
from torch import nn
from torch.nn import functional as F
from training import trained

from headstart.diagnosis.rules.labels_one_class import BINARY, LABELS
from headstart.record import Loss, Optimizer, Parameter, Record, Targets

RULE = "labels-one-class"


def labelled(
    *mass: float, others: tuple[Loss, ...] = (), optimizers: tuple[Optimizer, ...] = (SGD,), units: int = 0
) -> Record:
    loss = Loss("ce", "cross_entropy", "train.py:3", targets=Targets(sum(mass), mass), trained=True)
    losses = [(one, 1.0) for one in (loss, *others)]
    layers = chain(head(units=units or len(mass)))
    return run(layers, {("ce", "loss.unvaried"): 1.0}, losses=losses, optimizers=optimizers)


def test_one_of_several_classes_is_all_there_is() -> None:
    finding = told(labelled(0.0, 640.0, 0.0), RULE)
    assert (finding.severity, finding.line) == ("error", "train.py:3")
    assert "class 1, of 3 classes" in finding.message


@pytest.mark.parametrize("mass", [(639.0, 1.0), (640.0,), (LABELS - 1.0, 0.0), (0.0, 0.0)])
def test_a_second_class_a_single_output_or_few_labels_are_no_fault(mass: tuple[float, ...]) -> None:
    assert said(labelled(*mass), RULE) == []
    assert told(labelled(float(LABELS), 0.0), RULE)


def test_candidates_that_no_layer_has_outputs_for_may_have_the_right_one_first() -> None:
    assert said(labelled(640.0, 0.0, 0.0, units=32), RULE) == []  # queries against keys of 32 numbers
    assert said(labelled(640.0, 0.0, 0.0, units=1), RULE) == []  # one score for each candidate


@pytest.mark.parametrize(("words", "fires"), [(3, True), (4, False)])
def test_an_embedding_that_is_the_output_as_well_has_one_for_each_word(words: int, fires: bool) -> None:
    record = labelled(640.0, 0.0, 0.0)
    record.layers = tuple(replace(one, kind="Embedding", shape=(words, 16), units=16) for one in record.layers)
    assert bool(said(record, RULE)) is fires


@pytest.mark.parametrize("class_labels", [[0, 0], [0, 1]])
def test_what_is_read_of_a_tied_embedding(class_labels: list[int], tmp_path: Path) -> None:
    torch.manual_seed(0)
    embedding, norm = nn.Embedding(12, 8), nn.LayerNorm(8)

    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.norm = embedding, norm

        def forward(self, words: torch.Tensor) -> torch.Tensor:
            return self.norm(self.embedding(words)) @ self.embedding.weight.t()

    labels = torch.tensor(class_labels).repeat(32)
    record = trained(tmp_path, Tied(), torch.randint(0, 12, (64,)), labels, F.cross_entropy, steps=12)
    assert bool(said(record, RULE)) is (class_labels == [0, 0])


def test_roles_of_an_adversary_are_no_fault() -> None:
    other = Loss("other", "cross_entropy", "train.py:9", targets=Targets(640, (0.0, 640.0)), trained=True)
    assert said(labelled(640.0, 0.0, others=(other,)), RULE) == []
    assert said(labelled(640.0, 0.0, optimizers=(SGD, Optimizer("SGD-2", "SGD", {}, 2))), RULE) == []


def answered(
    total: tuple[float, ...],
    rows: float = BINARY,
    made_by: str = "addmm",
    bias: bool = True,
    activation: str | None = None,
) -> Record:
    last = replace(head(units=len(total)), activation=activation)
    last = last if bias else replace(last, parameters=("head.weight",))
    loss = Loss(
        "bce", "binary_cross_entropy_with_logits", targets=Targets(rows, (), total), trained=True, made_by=made_by
    )
    return run(chain(last), {("bce", "loss.unvaried"): 1.0}, losses=[(loss, 1.0)])


def test_binary_labels_that_are_all_no_or_all_yes_are_answered_by_a_bias() -> None:
    assert "are 0." in told(answered((0.0,)), RULE).message
    assert "are 1." in told(answered((float(BINARY),) * 3), RULE).message
    for total in ((1.0,), (BINARY - 1.0,), (0.0, 1.0), (0.0, float(BINARY))):
        assert said(answered(total), RULE) == []
    assert said(answered((0.0,), rows=BINARY - 1), RULE) == []


def test_a_difference_of_two_scores_should_always_be_above_zero() -> None:
    assert said(answered((float(BINARY),), made_by="sub"), RULE) == []
    assert said(answered((float(BINARY),), made_by="sigmoid"), RULE) == []  # it may be one of a difference
    assert said(answered((float(BINARY),), bias=False), RULE) == []


def test_the_sigmoid_of_a_layer_is_answered_by_its_bias() -> None:
    assert "are 0." in told(answered((0.0,), made_by="sigmoid", activation="sigmoid"), RULE).message
    assert said(answered((0.0,), made_by="sigmoid", activation="sigmoid", bias=False), RULE) == []
    assert said(answered((0.0,), made_by="mul", activation="sigmoid"), RULE) == []


@pytest.mark.parametrize("of", ["a difference", "one score"])
def test_what_is_read_of_a_sigmoid(of: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))

    def loss(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return F.binary_cross_entropy(torch.sigmoid(z[:100] - z[100:] if of == "a difference" else z[:100]), y)

    record = trained(tmp_path, net, torch.randn(200, 8), torch.ones(100, 1), loss, steps=12)
    assert bool(said(record, RULE)) is (of == "one score")


@pytest.mark.parametrize("of", ["a difference", "one score", "both"])
def test_what_is_read_of_a_run(of: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))
    x, y = torch.randn(200, 8), torch.ones(100, 1)
    if of == "both":
        y[:5] = 0
    loss = lambda z, y: F.binary_cross_entropy_with_logits(z[:100] - z[100:] if of == "a difference" else z[:100], y)  # noqa: E731
    assert bool(said(trained(tmp_path, net, x, y, loss, steps=12), RULE)) is (of == "one score")


def test_without_class_labels_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))


@pytest.mark.parametrize("made_by", ["addmm", "add", "sub"])
@pytest.mark.parametrize("kind", ["addmm", "mm"])
@pytest.mark.parametrize("bias", [True, False])
def test_a_bias_without_a_name_of_its_own(bias: bool, kind: str, made_by: str) -> None:
    """Of a model that is one layer only its optimizer names the parameters; by hand, their names are the user's own."""
    names = ("lbfgs.0.0", "lbfgs.0.1") if bias else ("lbfgs.0.0",)
    last = replace(head(fan_in=8, units=1), kind=kind, parameters=names)
    loss = Loss("bce", "binary_cross_entropy_with_logits", targets=Targets(BINARY, (), (0.0,)), trained=True)
    record = run(chain(last), {("bce", "loss.unvaried"): 1.0}, losses=[(replace(loss, made_by=made_by), 1.0)])
    shapes = zip(names, ((1, 8), (1,)), strict=False)
    record.parameters = tuple(Parameter(name, shape) for name, shape in shapes)
    by_hand = kind == "mm" and made_by == "add"  # x @ w + b
    assert bool(said(record, RULE)) is (bias and (made_by == "addmm" or by_hand))
