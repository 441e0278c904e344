"""Skill over whole runs: each loss's own constant, which loss counts, whether a run learns, and what that gates."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import COIN, SGD, Figure, chain, head, linear, run, told
from torch import Tensor, nn
from training import trained

from headstart.diagnosis.rules import catalogue
from headstart.diagnosis.skill import (
    ALIKE,
    DEVIATIONS,
    DRIFT,
    ENOUGH_STEPS,
    FORMULA,
    NO_SKILL,
    UNVARIED,
    course_of,
    is_broken,
    is_deaf,
    is_stuck,
    learns,
    loss_falls,
    loss_fell,
    skill_of,
)
from headstart.findings import Skill
from headstart.record import Loss, Optimizer, Parameter, Record, Targets

VALUES = torch.tensor([0.0, 0.0, 0.0, 10.0])  # mean 2.5, median 0; Huber's slope 3c - 1 is zero at 1/3
CLASSES = torch.tensor([0, 0, 1, 2])
LOG_ODDS = math.log(0.25 / 0.75)  # one of the four values is positive
ENTROPY = -0.25 * math.log(0.25) - 0.75 * math.log(0.75)
HUBER = (3 * 0.5 / 9 + (10 - 1 / 3 - 0.5)) / 4

LOSSES: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], float, str]] = {
    "cross_entropy": (lambda z, v: F.cross_entropy(z[:, :3], CLASSES), 1.5 * math.log(2), "the class frequencies"),
    "nll_loss": (
        lambda z, v: F.nll_loss(z[:, :3].log_softmax(1), CLASSES),
        1.5 * math.log(2),
        "the class frequencies",
    ),
    "binary_cross_entropy": (
        lambda z, v: F.binary_cross_entropy(z[:, 3].sigmoid(), v / 10),
        ENTROPY,
        "the labels' frequencies",
    ),
    "binary_cross_entropy_with_logits": (
        lambda z, v: F.binary_cross_entropy_with_logits(z[:, 3], v / 10),
        ENTROPY,
        "the labels' frequencies",
    ),
    "mse_loss": (lambda z, v: F.mse_loss(z[:, 4], v), 18.75, "the mean"),
    "l1_loss": (lambda z, v: F.l1_loss(z[:, 5], v), 2.5, "the median"),
    "smooth_l1_loss": (lambda z, v: F.smooth_l1_loss(z[:, 6], v), HUBER, "the Huber location"),
    "huber_loss": (lambda z, v: F.huber_loss(z[:, 6], v), HUBER, "the Huber location"),
}


@pytest.fixture(scope="module")
def constants(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """A net that gives each loss the constant that is best on its labels."""
    net = nn.Linear(5, 7)
    nn.init.zeros_(net.weight)
    with torch.no_grad():
        net.bias.copy_(torch.tensor([math.log(2), 0.0, 0.0, LOG_ODDS, 2.5, 0.0, 1 / 3]))
    path = tmp_path_factory.mktemp("constants")
    return trained(path, net, torch.randn(4, 5), VALUES, lambda z, v: sum(one(z, v) for one, _, _ in LOSSES.values()))


@pytest.mark.parametrize("kind", LOSSES)
def test_a_net_that_gives_the_best_constant_has_skill_0(kind: str, constants: Record) -> None:
    _, least, answer = LOSSES[kind]
    alone = copy.copy(constants)
    alone.losses = tuple(loss for loss in constants.losses if loss.kind == kind)
    skill = skill_of(alone)
    assert skill is not None
    assert skill.constant == pytest.approx(least, rel=1e-5)
    assert skill.value == pytest.approx(0, abs=1e-5)
    assert skill.baseline == answer


def skill(record: Record) -> Skill:
    found = skill_of(record)
    assert found is not None
    return found


def mse(name: str, **facts: object) -> Loss:
    """Its best constant's loss is 1."""
    return replace(Loss(name, "mse_loss", targets=Targets(10, (), (0.0,), (10.0,)), trained=True), **facts)  # type: ignore[arg-type]


def test_skill_is_one_minus_the_share_of_the_constants_loss_that_is_left() -> None:
    assert skill(run(losses=[(mse("loss"), 0.25)])).value == 0.75
    assert skill(run(losses=[(mse("loss"), 0.0)])).value == 1
    assert skill(run(losses=[(mse("loss"), 4.0)])).value == -3


def test_skill_is_that_of_the_last_third() -> None:
    falls = run(losses=[(mse("loss"), lambda step: 0.2 if step >= 40 else 9.0)], steps=60)
    assert skill(falls).loss == pytest.approx(0.2)


def test_of_a_loss_that_the_run_has_left_behind_it_is_that_of_its_own_last_third() -> None:
    pretraining = {step: 9.0 if step < 20 else 0.2 for step in range(30)}
    assert skill(run(losses=[(mse("loss"), pretraining)], steps=120)).loss == pytest.approx(0.2)


def test_a_loss_that_was_seen_at_the_beginning_only_says_nothing() -> None:
    assert skill_of(run(losses=[(mse("loss"), dict.fromkeys(range(19), 0.9))], steps=120)) is None
    assert skill_of(run(losses=[(mse("loss"), dict.fromkeys(range(20), 0.9))], steps=120)) is not None
    assert skill_of(run(losses=[(mse("loss"), 0.9)], steps=5)) is not None


def test_of_several_losses_the_one_that_most_steps_follow_counts() -> None:
    always, seldom = (mse("always"), 0.9), (mse("seldom"), dict.fromkeys(range(0, 60, 2), 0.1))
    assert skill(run(losses=[seldom, always])).source == "always"


def test_of_losses_that_are_summed_the_one_that_is_learnt_best_counts() -> None:
    given = [(mse("hard"), 0.9), (mse("easy"), 0.1), (mse("lost"), math.nan)]
    assert skill(run(losses=given)).source == "easy"


def test_a_line_that_calls_its_loss_twice_in_a_step_counts_once() -> None:
    twice = (mse("codebook"), 0.9)
    assert skill(run(losses=[twice, twice, (mse("reconstruction"), 0.1)])).source == "reconstruction"


def test_a_loss_that_no_backward_went_through_does_not_count() -> None:
    assert skill_of(run(losses=[(mse("a figure for the log", trained=False), 0.1)])) is None


def test_a_loss_with_a_single_label_in_most_backwards_is_a_role_and_no_task() -> None:
    task = (mse("task"), 0.3)
    for share, source in ((UNVARIED + 0.1, "task"), (UNVARIED, "cross_entropy at train.py:9")):
        labels: Figure = lambda step, share=share: float(step % 10 < 10 * share)  # noqa: E731
        record = run((), {(COIN.name, "loss.unvaried"): labels}, skill=0.9, losses=[task])
        assert skill(record).source == source


def test_of_single_samples_every_label_is_alone() -> None:
    """That says of no loss that it is a role, if it is all that is trained."""
    one_each = replace(COIN, targets=Targets(60, (30.0, 30.0)))
    labels: dict[tuple[str, str], Figure] = {(COIN.name, "loss.unvaried"): 1.0}
    assert skill(run((), labels, losses=[(one_each, 0.9)], loss=0.9)).value == pytest.approx(1 - 0.9 / math.log(2))
    assert (
        skill_of(run((), labels, losses=[(one_each, 0.9)], loss=0.8)) is None
    )  # a part of what backward is called on
    assert skill_of(run((), labels, losses=[(one_each, 0.9), (mse("task"), 0.9)], loss=0.9)).source == "task"
    assert skill_of(run((), labels, losses=[(COIN, 0.9)], loss=0.9)) is None  # more samples than steps
    two = (SGD, replace(SGD, name="SGD-2"))
    assert skill_of(run((), labels, losses=[(one_each, 0.9)], loss=0.9, optimizers=two)) is None


def rare(
    learnt: float,
    share: float = 0.01,
    alone: float | None = None,
    more: int = 0,
    size: int = 64,
    first: float | None = None,
) -> Record:
    """A loss of labels of which `share` are rare, and the batches that hold none: as many as by chance, or `alone`."""
    alone = (1 - share) ** size if alone is None else alone
    entropy = -share * math.log(share) - (1 - share) * math.log(1 - share)
    name = "binary_cross_entropy_with_logits at train.py:9"
    targets = Targets(1000, (), (1000 * share,), (1000 * share * (1 - share),))
    loss = Loss(name, "binary_cross_entropy_with_logits", targets=targets, trained=True, target_shape=(size,))
    others = [(replace(loss, name=f"role {n}"), 1.0) for n in range(more)]
    unvaried: dict[tuple[str, str], Figure] = {
        (name, "loss.unvaried"): lambda step: float(step % 60 < round(60 * alone))
    }
    values: Figure = lambda step: (1 - (first if first is not None and step < 20 else learnt)) * entropy  # noqa: E731
    return run((), unvaried, losses=[(loss, values), *others])


def test_of_rare_labels_many_batches_hold_none() -> None:
    assert skill(rare(0.5)).value == pytest.approx(0.5)
    assert skill_of(rare(0.5, alone=1.0)) is None
    assert skill_of(rare(0.5, share=0.3, alone=0.6)) is None  # so many are none by chance
    assert skill(rare(0.5, more=1)).source == "role 0"


def test_what_is_not_learnt_of_rare_labels_may_be_the_chance_of_how_many_came() -> None:
    noise = DEVIATIONS / math.sqrt(20 * 64 * 0.01)  # in the last third of 60 steps
    assert skill_of(rare(0.0)) is None
    assert skill_of(rare(-0.99 * noise)) is None
    assert skill(rare(-1.01 * noise)).value == pytest.approx(-1.01 * noise)
    assert skill(rare(1.01 * NO_SKILL)).value == pytest.approx(1.01 * NO_SKILL)
    lost, kept = (rare(0.1, first=first) for first in (0.3, 0.1))
    assert learns(lost, skill_of(lost)) is None
    assert learns(kept, skill_of(kept)) is True


@pytest.mark.parametrize(("value", "told"), [(1.9, False), (0.99, False), (2.1, True), (0.5, True)])
def test_of_a_generators_samples_less_is_asked_than_the_constant(value: float, told: bool) -> None:
    """Two samples of one distribution are, in the square, twice as far from one another as from their mean."""
    labels: dict[tuple[str, str], Figure] = {(COIN.name, "loss.unvaried"): 1.0}
    beside = [(COIN, 0.6), (mse("distance"), value)]
    assert (skill_of(run((), labels, losses=beside)) is not None) == told
    assert skill_of(run(losses=beside)) is not None  # no role: two tasks
    odd, even = dict.fromkeys(range(1, 60, 2), 0.6), dict.fromkeys(range(0, 60, 2), value)
    apart = run((), labels, losses=[(COIN, odd), (mse("distance"), even)])
    assert skill_of(apart) is not None


def test_of_classes_beside_a_role_no_samples_are_drawn() -> None:
    labels: dict[tuple[str, str], Figure] = {("role", "loss.unvaried"): 1.0}
    beside = [(replace(COIN, name="role"), 0.6), (COIN, 0.8)]
    assert skill(run((), labels, losses=beside)).value < 0


@pytest.mark.parametrize("targets", [Targets(), Targets(10, (10.0, 0.0)), Targets(10, (0.0, 0.0, 10.0))])
def test_where_one_answer_is_right_there_is_no_skill(targets: Targets) -> None:
    assert skill_of(run(losses=[(replace(COIN, targets=targets), 0.1)])) is None


def moving(means: tuple[float, float, float], noise: float = 0.0, value: float = 2.0) -> Record:
    """Targets of variance 1 over the run, with a mean for each third."""
    batches: Figure = lambda step: means[step // 20] + (noise if step % 2 else -noise)  # noqa: E731
    return run((), {("loss", "loss.target_mean"): batches}, losses=[(mse("loss"), value)])


def test_targets_that_move_with_the_run_have_no_constant_to_be_worse_than() -> None:
    edge = math.sqrt(1.5 * NO_SKILL)  # means of 0, a and 2a have the variance 2/3 a²
    for far, known in ((1.01 * edge, False), (0.99 * edge, True)):
        for means in ((0.0, far, 2 * far), (2 * far, far, 0.0), (far, 2 * far, 0.0)):
            record = moving(means)
            assert (skill_of(record) is not None) == known
            assert learns(record, skill_of(record)) is (False if known else None)


def test_a_skill_is_one_whatever_the_targets_did() -> None:
    assert skill(moving((0.0, 1.0, 2.0), value=1 - NO_SKILL)).value >= NO_SKILL


@pytest.mark.parametrize(
    ("options", "whole", "judged"),
    [
        ({"reduction": "none"}, 0.5, True),  # a multiple of the mean, as sum() / 2 is
        (
            {"reduction": "none"},
            lambda step: 0.5 + 0.1 * (step % 3),
            False,
        ),  # elements are weighed: a mask, a focal loss
        ({"reduction": "mean"}, lambda step: 0.5 + 0.1 * (step % 3), True),  # another term is added
    ],
)
def test_of_elements_that_the_program_weighs_itself_no_skill_says_nothing(
    options: dict[str, object], whole: Figure, judged: bool
) -> None:
    said = skill_of(run(losses=[(mse("loss", options=options), 1.5)], loss=whole))
    assert (said is not None) is judged
    assert skill_of(run(losses=[(mse("loss", options=options), 0.5)], loss=whole)) is not None


def test_batches_that_differ_as_much_by_chance_are_no_drift() -> None:
    error = math.sqrt(2 / 19)  # of the difference of two means of 20 batches that deviate by 1
    for noise, known in ((1.01 / (DRIFT * error), True), (0.99 / (DRIFT * error), False)):
        assert (skill_of(moving((0.0, 0.5, 1.0), noise=noise)) is not None) == known


@pytest.mark.parametrize("climbs", [True, False])
def test_values_that_climb_are_told_from_labels(climbs: bool, tmp_path: Path) -> None:
    """As the values of a net that takes its targets from its own answers to the states that follow."""
    torch.manual_seed(0)
    x, y, steps = torch.randn(16, 4), torch.randn(16, 1), iter(range(60))
    loss = lambda z, y: F.mse_loss(z, y + climbs * next(steps) / 10)  # noqa: E731
    record = trained(tmp_path, nn.Linear(4, 1), x, y, loss, steps=60, lr=0.0)
    assert (skill_of(record) is None) == climbs
    assert learns(record, skill_of(record)) is (None if climbs else False)


def judged(given: Figure | None, *, steps: int = 60, **facts: object) -> bool | None:
    record = run(skill=given, steps=steps, **facts)  # type: ignore[arg-type]
    return learns(record, skill_of(record))


def thirds(first: float, middle: float, last: float) -> Figure:
    return lambda step: (first, middle, last)[step // 20]


def test_a_course_is_the_mean_of_each_third() -> None:
    record = run(skill=lambda step: step / 59)
    course = course_of(record, skill_of(record))
    assert course is not None
    assert (course.first, course.middle, course.last) == pytest.approx((9.5 / 59, 29.5 / 59, 49.5 / 59))


def test_a_run_learns_from_the_limit_on() -> None:
    assert judged(1.02 * NO_SKILL) is True
    assert judged(0.98 * NO_SKILL) is False
    assert judged(-2.0) is False


def test_a_formula_of_a_few_numbers_may_have_no_more_to_give() -> None:
    number = Parameter("a", (), None, True)
    for skill, known in ((0.0, None), (0.04, None), (0.06, True), (-0.06, False)):
        record = run(skill=skill)
        record.parameters = [number]
        assert learns(record, skill_of(record)) is known


def test_many_numbers_without_layers_are_a_net() -> None:
    """As of `torch.func`, where no layer is seen."""
    for numbers, known in ((FORMULA, None), (FORMULA + 1, False)):
        record = run(skill=0.0)
        record.parameters = [Parameter("w", (numbers,), None, True)]
        assert learns(record, skill_of(record)) is known


def test_a_short_run_or_an_unknown_loss_says_nothing() -> None:
    assert judged(None) is None
    assert judged(0.0, steps=ENOUGH_STEPS - 1) is None
    assert judged(0.9, steps=ENOUGH_STEPS - 1) is None
    assert judged(0.0, steps=ENOUGH_STEPS) is False
    assert judged(0.9, steps=ENOUGH_STEPS) is True


def test_a_run_that_is_still_rising_says_nothing_yet() -> None:
    assert judged(thirds(0.0, 0.0, 0.0126)) is None  # 0.0126 + 3 × 0.0126 = 0.0504
    assert judged(thirds(0.0, 0.0, 0.0124)) is False
    assert judged(thirds(-1.0, -0.2, 0.0126)) is None
    assert judged(thirds(-2.0, -1.5, -0.99)) is None


def drifting(spread: Figure) -> bool | None:
    """A regression whose batches differ, so that its loss falls in the last third whatever its outputs do."""
    record = run(
        figures={("mse", "loss.spread"): spread}, losses=[(mse("mse"), lambda step: 1.0 if step < 40 else 0.98)]
    )
    return learns(record, skill_of(record))


def test_outputs_that_do_not_differ_within_a_batch_make_no_rise() -> None:
    assert drifting(1.0) is None
    assert drifting(1.01 * ALIKE) is None
    assert drifting(0.99 * ALIKE) is False
    assert drifting(0.0) is False
    assert drifting(dict.fromkeys(range(44), 0.0)) is None  # four looks in the last third


def test_a_spread_that_grows_is_a_net_on_its_way_from_a_saddle() -> None:
    assert drifting(lambda step: ALIKE / 30 if step < 40 else ALIKE / 3) is None
    assert drifting(lambda step: ALIKE / 30 if step < 40 else ALIKE / 29) is False
    assert drifting(lambda step: 0.0 if step < 40 else ALIKE / 1e6) is None
    assert drifting(lambda step: ALIKE if step < 20 else ALIKE / 1e6) is False


def test_outputs_alike_within_a_batch_leave_the_squared_error_that_the_bound_says() -> None:
    torch.manual_seed(0)
    targets = torch.randn(1000)
    best = targets.mean() + ALIKE * (targets - targets.mean())  # as good as outputs of that spread can be
    left = F.mse_loss(best, targets) / targets.var(correction=0)
    assert float(left) == pytest.approx((1 - ALIKE) ** 2)
    assert 1 - float(left) < 2 * ALIKE < NO_SKILL


def test_a_rise_to_the_constant_that_slows_down_is_a_recovery_from_a_blow() -> None:
    assert judged(thirds(-4.0, -0.4, -0.04)) is False  # a tenth each time: their limit is 0
    assert judged(thirds(-0.8, -0.4, -0.2)) is False  # halves: 0
    assert judged(thirds(-0.7, -0.4, -0.2)) is None  # two thirds: -0.2 + 0.2 × 2 = 0.2
    assert judged(thirds(-4.0, -0.4, 0.001)) is False


def test_what_falls_is_no_rise_however_fast() -> None:
    assert judged(thirds(0.0, 0.0, -0.2)) is False
    assert judged(thirds(0.02, -0.1, -0.9)) is False  # twice as fast each time


def test_a_rise_from_far_below_the_constant_is_a_recovery_from_a_blow() -> None:
    assert judged(thirds(-50.0, -20.0, -1.01)) is False


def test_a_run_that_loses_more_than_half_of_what_it_had_learnt_does_not_learn() -> None:
    assert judged(thirds(0.1, 0.8, 0.39)) is False
    assert judged(thirds(0.1, 0.8, 0.41)) is True
    assert judged(thirds(0.8, 0.5, 0.39)) is False


def falling(figure: Callable[[int], float]) -> bool:
    return loss_falls(run(chain(linear("fc"), head()), loss=figure))


def test_a_loss_falls_that_is_lower_from_third_to_third_beyond_chance() -> None:
    noise = random.Random(0)
    drawn = [noise.gauss(0, 1) for _ in range(60)]
    assert falling(lambda step: -step / 60)
    assert falling(lambda step: drawn[step] - 6 * step / 60)  # thirds differ by 2, their error is 0.32
    assert not falling(lambda step: drawn[step] - 0.6 * step / 60)  # by 0.2
    assert not falling(lambda step: step / 60)
    assert not falling(lambda step: -min(step, 20) / 60)  # no more in the last third
    assert not falling(lambda step: math.nan if step == 10 else -step / 60)


def gradients(
    body: Figure = 0.0, head_weight: Figure = 0.0, bias: Figure = 0.5, *, steps: int = 60, skill: float | None = None
) -> Record:
    """The largest gradients of two layers in a run whose loss is not known."""
    given = {"body.weight": body, "body.bias": 0.0, "head.weight": head_weight, "head.bias": bias}
    figures = {(name, "weight_gradient.max_abs"): figure for name, figure in given.items()}
    return run(chain(linear("body"), head()), figures, steps=steps, skill=skill)


def test_a_run_whose_outputs_are_their_bias_does_not_learn_whatever_its_loss() -> None:
    assert is_deaf(gradients())
    assert learns(gradients(), None) is False
    once = gradients(body=lambda step: 1.0 if step < 40 else 0.0, head_weight=lambda step: 1.0 if step < 40 else 0.0)
    assert is_deaf(once)


@pytest.mark.parametrize(
    "record",
    [
        gradients(body=1e-30),
        gradients(head_weight=1e-30),  # the body is frozen by its own zeros, the head still listens
        gradients(bias=0.0),  # a loss of 0, or gradients that were cleared, tell nothing
        gradients(bias=lambda step: float(step % 2)),
        gradients(body=lambda step: 1.0 if step == 41 else 0.0),
        gradients(steps=ENOUGH_STEPS - 1),
    ],
)
def test_else_it_is_not_known(record: Record) -> None:
    assert not is_deaf(record)
    assert learns(record, None) is None


def ending(loss: Figure, steps: int = 60, optimizers: tuple[Optimizer, ...] = (SGD,), changed: float = 1.0) -> Record:
    figures: dict[tuple[str, str], Figure] = {
        ("body.weight", "weight.changed"): {0: 0.0, 1: changed, steps - 1: changed}
    }
    return run(chain(linear("body"), head()), figures, steps=steps, loss=loss, optimizers=optimizers)


def test_a_loss_that_stands_still_no_lower_than_it_began_learns_nothing() -> None:
    stands = lambda step: 1.0 + min(step, 30) / 30  # noqa: E731
    assert is_stuck(ending(stands))
    assert learns(ending(stands), None) is False
    assert is_stuck(ending(2.0))


@pytest.mark.parametrize(
    "record",
    [
        ending(lambda step: 2.0 - min(step, 30) / 30),  # it has come to its end
        ending(lambda step: 1.0 + 1e-4 * (step % 2)),
        ending(lambda step: math.nan if step > 30 else 1.0),
        ending(1.0, steps=ENOUGH_STEPS - 1),
        ending(1.0, changed=0.0),
        ending(1.0, optimizers=(SGD, Optimizer("SGD-2", "SGD", {"lr": 0.1}, 2))),
    ],
)
def test_else_it_may_have_learnt(record: Record) -> None:
    assert not is_stuck(record)


def test_where_the_skill_is_known_it_decides() -> None:
    record = gradients(skill=0.5)
    assert learns(record, skill_of(record)) is True


@pytest.mark.parametrize("dead", [True, False])
def test_a_net_of_dead_units_is_known_to_fail_by_any_loss(tmp_path: Path, dead: bool) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    if dead:
        nn.init.constant_(model[0].bias, -100.0)
    x = torch.randn(32, 4)
    record = trained(tmp_path, model, x, x[:, :2], lambda z, y: (z - y).abs().pow(1.5).mean(), steps=30, lr=0.1)
    assert skill_of(record) is None
    assert learns(record, None) is (False if dead else None)


def test_a_loss_that_fell_may_have_come_to_its_end() -> None:
    def fell(figure: Callable[[int], float]) -> bool:
        return loss_fell(run(chain(linear("fc"), head()), loss=figure))

    noise = random.Random(0)
    drawn = [noise.gauss(0, 1) for _ in range(60)]
    assert fell(lambda step: -min(step, 20) / 60)
    assert fell(lambda step: drawn[step] - 2 * (step >= 20))
    assert not fell(lambda step: drawn[step])
    assert not fell(lambda step: -step if 20 <= step < 40 else 0)  # and came back
    assert not fell(lambda step: math.nan if step == 10 else -step / 60)


def test_a_run_that_ends_not_finite_does_not_learn_however_well_it_had() -> None:
    weight = ("fc.weight", "weight.not_finite")
    layers = chain(linear("fc"), head())
    assert judged(0.9, layers=layers, figures={weight: lambda step: float(step == 59)}) is False
    assert judged(0.9, layers=layers, figures={weight: lambda step: float(step == 58)}) is True
    assert judged(0.9, loss=lambda step: math.nan if step == 59 else 1.0) is False
    assert judged(0.9, loss=lambda step: math.nan if step == 58 else 1.0) is True
    assert judged(lambda step: math.nan if step == 50 else 0.9) is False
    assert judged(math.nan, steps=ENOUGH_STEPS - 1) is False
    assert is_broken(run(loss=math.inf))


LAYERS = chain(linear("fc1"), linear("fc2"), head())
SIZES: dict[str, dict[tuple[str, str], Figure]] = {
    "weights-too-large": {("fc1.weight", "weight.std"): 10.0},
    "weights-too-small": {("fc1.weight", "weight.std"): 1e-4},
    "inputs-not-standardized": {("fc1", "input.mean"): 0.0, ("fc1", "input.std"): 70.0},
    "gradients-vanish": {("fc1", "gradient.std"): 1e-9, ("fc2", "gradient.std"): 1.0, ("head", "gradient.std"): 1.0},
    "gradients-explode": {("fc1", "gradient.std"): 1e9, ("fc2", "gradient.std"): 1.0, ("head", "gradient.std"): 1.0},
}
# These say nothing at all but in a run that is known not to learn; their own tests hold that.
OF_FAILURES = {
    "activations-vanish",
    "activations-explode",
    "layer-not-learning",
    "init-activation-mismatch",
    "learning-rate-too-high",
    "learning-rate-too-low",
    "targets-not-standardized",
}
OF_COLUMNS = {"features-unequal-scale"}  # judged by what the record holds of each column; its own tests hold the same
BACKWARD: dict[tuple[str, str], Figure] = {("fc1.weight", "weight_gradient.std"): 1.0}
each_size = pytest.mark.parametrize("rule", SIZES)


def severity(rule: str, given: Figure | None, **facts: object) -> str:
    return told(run(LAYERS, {**BACKWARD, **SIZES[rule]}, skill=given, **facts), rule).severity  # type: ignore[arg-type]


def test_every_rule_that_rests_on_sizes_is_tested_here() -> None:
    assert {rule.name for rule in catalogue() if rule.rests_on == "size"} == set(SIZES) | OF_FAILURES | OF_COLUMNS


@each_size
def test_a_size_is_advice_in_a_run_that_learns_or_may_learn(rule: str) -> None:
    assert severity(rule, 0.9) == "advice"
    assert severity(rule, None) == "advice"
    assert severity(rule, 0.0, steps=ENOUGH_STEPS - 1) == "advice"
    assert severity(rule, lambda step: step / 2000) == "advice"


@each_size
def test_a_size_is_more_than_advice_in_a_run_that_fails(rule: str) -> None:
    assert severity(rule, 0.0) in ("warning", "error")
    assert severity(rule, thirds(0.9, 0.9, 0.1)) in ("warning", "error")
    assert severity(rule, 0.9, loss=math.nan) in ("warning", "error")


def test_a_fact_stays_what_it_is_in_a_run_that_learns() -> None:
    copies = {("fc1.weight", "weight.distinct"): {0: 1.0, 8: 1.0}}
    assert told(run(LAYERS, copies, skill=0.9), "symmetric-weights").severity == "error"
    assert told(run(LAYERS, loss=math.nan, skill=0.9), "not-finite").severity == "error"
