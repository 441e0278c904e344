"""The best constant's loss against scikit-learn's dummies, and against torch's losses minimised by SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import log_loss, mean_absolute_error, mean_squared_error

from headstart.diagnosis.constant import best_constant
from headstart.record import Loss, Targets

labels = st.lists(st.integers(0, 3), min_size=8, max_size=60).filter(lambda y: len(set(y)) > 1)
values = st.lists(st.floats(-50, 50).map(lambda v: round(v, 3)), min_size=5, max_size=60).filter(
    lambda y: np.ptp(y) > 0.1
)


def of_classes(y, **options) -> Loss:
    mass = np.bincount(y, minlength=4).astype(float)
    return Loss("loss", "cross_entropy", options=options, targets=Targets(len(y), tuple(mass)))


def of_values(kind, y, **options) -> Loss:
    y = np.asarray(y, dtype=float)
    square = float(((y - y.mean()) ** 2).sum())
    targets = Targets(len(y), (), (float(y.sum()),), (square,), tuple((float(v),) for v in y))
    return Loss("loss", kind, options=options, targets=targets)


def constant(loss: Loss) -> float:
    best = best_constant(loss)
    assert best is not None
    return best.loss


@given(labels)
def test_cross_entropy_is_that_of_scikit_learns_prior(y):
    x = np.zeros((len(y), 1))
    prior = DummyClassifier(strategy="prior").fit(x, y)
    assert constant(of_classes(y)) == pytest.approx(log_loss(y, prior.predict_proba(x), labels=prior.classes_))


@given(values)
def test_mse_is_that_of_scikit_learns_mean(y):
    x = np.zeros((len(y), 1))
    dummy = DummyRegressor(strategy="mean").fit(x, y)
    assert constant(of_values("mse_loss", y)) == pytest.approx(mean_squared_error(y, dummy.predict(x)))


@given(values)
def test_l1_is_that_of_scikit_learns_median(y):
    x = np.zeros((len(y), 1))
    dummy = DummyRegressor(strategy="median").fit(x, y)
    assert constant(of_values("l1_loss", y)) == pytest.approx(mean_absolute_error(y, dummy.predict(x)))


@given(values, st.floats(0.1, 5))
@settings(deadline=None)
def test_huber_is_torchs_loss_at_its_least(y, delta):
    target = torch.tensor(y, dtype=torch.float64)

    def loss(c):
        return F.huber_loss(torch.full_like(target, c), target, delta=delta).item()

    least = minimize_scalar(loss, bounds=(min(y), max(y)), method="bounded", options={"xatol": 1e-10}).fun
    assert constant(of_values("huber_loss", y, delta=delta)) == pytest.approx(least, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("weight", [None, (1.0, 2.0, 0.5, 4.0)])
def test_smoothed_and_weighted_cross_entropy_is_torchs_loss_at_its_least(smoothing, weight):
    y = torch.tensor([0] * 9 + [1] * 4 + [2] * 2 + [3] * 5)
    given_weight = None if weight is None else torch.tensor(weight, dtype=torch.float64)

    def loss(logits):
        rows = torch.tensor(logits, dtype=torch.float64).expand(len(y), 4)
        return F.cross_entropy(rows, y, given_weight, label_smoothing=smoothing).item()

    least = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-9}).fun
    options = {"label_smoothing": smoothing} | ({} if weight is None else {"weight": list(weight)})
    assert constant(of_classes(y.tolist(), **options)) == pytest.approx(least, rel=1e-6)


@pytest.mark.parametrize("positive", [1.0, 3.0])
def test_binary_cross_entropy_is_torchs_loss_at_its_least(positive):
    y = torch.tensor([1.0] * 7 + [0.0] * 23, dtype=torch.float64)

    def loss(logit):
        pos_weight = torch.tensor(positive, dtype=torch.float64)
        return F.binary_cross_entropy_with_logits(torch.full_like(y, logit), y, pos_weight=pos_weight).item()

    least = minimize_scalar(loss, bounds=(-10, 10), method="bounded", options={"xatol": 1e-10}).fun
    found = of_values("binary_cross_entropy_with_logits", y.tolist(), pos_weight=(positive,))
    assert constant(found) == pytest.approx(least, rel=1e-6)


def test_one_class_or_an_unknown_loss_has_no_best_constant():
    assert best_constant(of_classes([2] * 10)) is None
    assert best_constant(of_values("loss of my own", [1.0, 2.0])) is None
