"""labels-one-class: all labels of the only trained loss are the same."""

from __future__ import annotations

import pytest
from records import SGD, chain, head, run, said, told, unjudged

from headstart.diagnosis.rules.labels_one_class import LABELS
from headstart.record import Loss, Optimizer, Record, Targets

RULE = "labels-one-class"


def labelled(
    *mass: float, others: tuple[Loss, ...] = (), optimizers: tuple[Optimizer, ...] = (SGD,), units: int = 0
) -> Record:
    loss = Loss("ce", "cross_entropy", "train.py:3", targets=Targets(sum(mass), mass), trained=True)
    losses = [(one, 1.0) for one in (loss, *others)]
    layers = chain(head(units=units or len(mass)))
    return run(layers, {("ce", "loss.commonest"): 1.0}, losses=losses, optimizers=optimizers)


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


def test_roles_of_an_adversary_are_no_fault() -> None:
    other = Loss("other", "cross_entropy", "train.py:9", targets=Targets(640, (0.0, 640.0)), trained=True)
    assert said(labelled(640.0, 0.0, others=(other,)), RULE) == []
    assert said(labelled(640.0, 0.0, optimizers=(SGD, Optimizer("SGD-2", "SGD", {}, 2))), RULE) == []


def test_without_class_labels_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))
