"""Skill: how much better than the best constant prediction a run came to be, and whether it learns at all.

skill = 1 - loss / best constant's loss, over the last third of the run, or of a loss that ended before, over its own.
0 is what a net reaches that ignores its inputs, 1 is perfect, and more than 1 is impossible: then the loss is not what
it claims.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median, pvariance, variance

from headstart.diagnosis.attempts import weights_left_behind
from headstart.diagnosis.constant import best_constant
from headstart.findings import Skill
from headstart.record import Loss, Record, Series

NO_SKILL = 0.05  # the best constant has 0, but for the noise of batches; measured in limits.json
FORMULA = 64  # numbers of a model without layers, at most: a net has more in one matrix
ENOUGH_STEPS = 20  # fewer say nothing of whether a run learns: warm-up and the first noise fill them
ALIKE = 0.01  # of the targets' std: outputs that spread by less explain at most 2 % of the targets' variance
LOOKS = 5  # batches of a third, at least
DRIFT = 5.0  # standard errors of the mean of a third's batches, which may come in an order and be alike
DEVIATIONS = 3.0  # standard deviations of a count of rare labels
UNVARIED = 0.5  # share of backwards with a single label from which a loss is a role (a GAN's), not a task
OF_SAMPLES = -1.0  # the skill of samples that know nothing of their inputs
BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
REGRESSIONS = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
RISE, TIMES = 2.0, 5  # each loss of that many steps over the one before it: in a run that has run away
STUCK = 1e-5  # of a loss: rounding of a mean over many samples
FAR = 1000.0  # times all losses before, at the end of steps that each raise it, by however little
SAME = 1e-3  # rounding between a loss's value and what backward was called on


@dataclass(frozen=True)
class Course:
    """The skill in each third of the run."""

    first: float
    middle: float
    last: float

    @property
    def rising(self) -> bool:
        """Whether it would pass NO_SKILL if the run went on for as long again at its last pace.

        Below the constant a rise may be a recovery from a blow, which comes ever more slowly to the constant and no
        further. There each third's gain is taken to be the same share of the one before; the limit of their sum is
        Aitken's. From below -1, where the loss is twice the constant's, a rise says nothing else.
        """
        if self.last > 0:
            return self.last + 3 * (self.last - max(self.middle, 0)) >= NO_SKILL
        gain, before = self.last - self.middle, self.middle - self.first
        if gain <= 0:
            return False
        share = 3 / 4 if gain >= before else max(0.0, gain / before)  # 3/4 + its powers are 3: the last pace
        return self.last > -1 and self.last + gain * min(3, share / (1 - share)) >= NO_SKILL

    @property
    def falling(self) -> bool:
        """Whether more than half of what had been learnt is lost again."""
        best = max(self.first, self.middle)
        return best >= NO_SKILL and self.last < best / 2


def skill_of(record: Record) -> Skill | None:
    """The skill of the run's main loss; None if no trained loss is known well enough to say.

    Of several losses the main one is that which most steps follow; among equals, such as two that are summed, the one
    that is learnt best, for a run that learns one of its tasks does learn. A line that calls its loss twice (a codebook's
    and its commitment) has no more steps for it.
    """
    steps = {loss.name: len(set(record.loss_of(loss.name).steps)) for loss in record.losses}
    judged = [(steps[loss.name], skill) for loss in record.losses if (skill := _skill(record, loss))]
    if not judged:
        return None
    most = max(count for count, _ in judged)
    return max((skill for count, skill in judged if count == most), key=_rank)


def course_of(record: Record, skill: Skill | None) -> Course | None:
    """The skill of the same loss by thirds; None with fewer than ENOUGH_STEPS steps."""
    if skill is None or len(record) < ENOUGH_STEPS:
        return None
    series = record.loss_of(skill.source)
    edges = (0, len(record) // 3, 2 * len(record) // 3, len(record))
    thirds = [series.since(start).until(end - 1).values for start, end in pairwise(edges)]
    if not all(thirds):
        return None
    return Course(*(1 - fmean(third) / skill.constant for third in thirds))


def learns(record: Record, skill: Skill | None) -> bool | None:
    """Whether the run learns. None: not known, for the loss is not, or the run is short or still gaining."""
    if (
        is_broken(record)
        or runs_away(record) is not None
        or (skill is not None and math.isnan(skill.value))
        or (skill is None and (is_deaf(record) or is_stuck(record)))
    ):
        return False
    course = course_of(record, skill)
    if skill is None or course is None:
        return None
    if skill.value >= NO_SKILL:
        return not course.falling or (None if _is_noisy(record, skill.source) else False)
    numbers = sum(math.prod(parameter.shape) for parameter in record.parameters)
    formula = not record.layers and 0 < numbers <= FORMULA
    if formula and skill.value > -NO_SKILL:  # a few numbers may have no more to give
        return None
    return None if course.rising and not _stays_alike(record, skill) else False


def loss_falls(record: Record) -> bool:
    """Whether the loss, known or not, is lower in each third of the run than in the one before, beyond chance.

    It says less than skill: a loss falls too while a net only finds the constant. Beyond chance: by more than twice the
    standard error of the difference of two means.
    """
    thirds = _thirds(record)
    return bool(thirds) and all(_is_lower(late, early) for early, late in pairwise(thirds))


def loss_fell(record: Record) -> bool:
    """Whether it is lower in the last third of the run than in the first, beyond chance: it may have come to its end."""
    thirds = _thirds(record)
    return bool(thirds) and _is_lower(thirds[-1], thirds[0])


def _thirds(record: Record) -> list[tuple[float, ...]]:
    """The losses of each third of the run; none where they are too few, or not finite."""
    if len(record) < ENOUGH_STEPS or is_broken(record):
        return []
    edges = (0, len(record) // 3, 2 * len(record) // 3, len(record))
    thirds = [tuple(record.loss.since(start).until(end - 1).values) for start, end in pairwise(edges)]
    return thirds if all(len(third) > 1 and all(map(math.isfinite, third)) for third in thirds) else []


def _is_lower(late: Sequence[float], early: Sequence[float]) -> bool:
    chance = math.sqrt(variance(early) / len(early) + variance(late) / len(late))
    return fmean(early) - fmean(late) > 2 * chance


def is_broken(record: Record) -> bool:
    """Whether the loss is not finite in the end, or a weight but for those of nets that were left behind."""
    if bool(record.loss) and not math.isfinite(record.loss.last):
        return True
    weights = {parameter.name: record.series(parameter.name, "weight.not_finite") for parameter in record.parameters}
    broken = {name for name, series in weights.items() if series and series.last > 0}
    return bool(broken) and not broken <= weights_left_behind(record)


def is_deaf(record: Record) -> bool:
    """Whether in the last third of the run no weight matrix gets any gradient, and a bias of the outputs does.

    The gradient of the last weights is that of the bias times what comes in: that is zero for all samples, so that the
    output is its bias, whatever the loss. What had been learnt before is lost, for nothing moves these weights any more.
    """
    start = 2 * len(record) // 3
    outputs = {name for layer in record.layers if layer.output for name in layer.parameters}
    trained = {parameter.name: parameter for parameter in record.parameters if parameter.trainable}
    late = {name: record.series(name, "weight_gradient.max_abs").since(start).values for name in trained}
    matrices = [name for name, parameter in trained.items() if len(parameter.shape) > 1]
    return (
        len(record) >= ENOUGH_STEPS
        and bool(outputs.intersection(matrices))
        and all(late[name] and max(late[name]) == 0 for name in matrices)
        and any(late[name] and min(late[name]) > 0 for name in outputs.intersection(trained).difference(matrices))
    )


def is_stuck(record: Record) -> bool:
    """Whether weights have changed, and the loss moves by no more than rounding in the last third, no less than at first.

    Where none has changed at the end, each step may start from the same weights again, as a search or an adaptation does.
    """
    loss = record.loss
    last = loss.since(2 * len(record) // 3).values
    if len(record) < ENOUGH_STEPS or len(record.optimizers) > 1 or not last or not all(map(math.isfinite, last)):
        return False
    rounding = STUCK * abs(last[-1])
    stands = max(last) - min(last) <= rounding and loss.values[0] <= last[-1] + rounding
    changed = (record.series(parameter.name, "weight.changed") for parameter in record.parameters)
    return stands and any(series and series.last for series in changed)


def runs_away(record: Record, rise: float = RISE, times: int = TIMES, far: float = FAR) -> int | None:
    """The step from which each loss is `rise` times the one before, to where it overflows or the run ends; None if none is.

    The last one is as many times above all losses before these steps: nothing that was learnt is left. Or each is above the
    one before, by however little, and the last one `far` times above all: a rate that is little too high multiplies an
    error by little more than 1.
    """
    loss = record.loss
    finite = [(step, value) for step, value in zip(loss.steps, loss.values, strict=True) if math.isfinite(value)]
    ended = [step for step, value in zip(loss.steps, loss.values, strict=True) if not math.isfinite(value)]
    if len(finite) <= times or (ended and min(ended) < finite[-1][0]):
        return None
    for factor, in_all in ((rise, rise**times), (1.0, far)):
        first = len(finite) - 1
        while first and _grows(finite[first - 1][1], finite[first][1], factor):
            first -= 1
        before = max(value for _, value in finite[: first + 1])
        if len(finite) - 1 - first >= times and finite[-1][1] >= in_all * before:
            return finite[first][0]
    return None


def _grows(earlier: float, later: float, factor: float) -> bool:
    return later != earlier and later >= factor * earlier > 0


def breaks(record: Record) -> int:
    """From which step on the loss is not finite to the end; the number of steps if it is finite in the end."""
    began = len(record)
    for step, value in zip(reversed(record.loss.steps), reversed(record.loss.values), strict=True):
        if math.isfinite(value):
            break
        began = step
    return began


def _stays_alike(record: Record, skill: Skill) -> bool:
    """Whether a regression answers nearly the same for every sample of a batch, and would if it went on for as long again.

    Outputs that spread by s of what the targets do leave a squared error of at least (1 - s)^2 of the batch's variance: a
    skill of more than 2 s comes of what differs between batches, as where samples of one kind follow each other, and a
    rise of it says nothing. A net that leaves a saddle does so by a factor for each stretch of time: the last one counts.
    """
    spread = record.series(skill.source, "loss.spread")
    start, end = len(record) // 3, 2 * len(record) // 3
    middle, last = (
        [value for value in part.values if math.isfinite(value)]
        for part in (spread.since(start).until(end - 1), spread.since(end))
    )
    if min(len(middle), len(last)) < LOOKS:
        return False
    before, now = median(middle), median(last)
    growth = max(1.0, now / before) if before else math.inf
    return now < ALIKE and (now == 0 or now * growth**3 < ALIKE)


def _skill(record: Record, loss: Loss) -> Skill | None:
    series = record.loss_of(loss.name)
    if not loss.trained or not series or loss.masked or is_role(record, loss):
        return None
    constant = best_constant(loss)
    if constant is None:
        return None
    tail = series.since(2 * len(record) // 3) or _own_last_third(series)
    if not tail:
        return None
    value = fmean(tail.values)
    skill = 1 - value / constant.loss
    if skill < NO_SKILL and (_targets_drift(record, loss) or _is_weighed(record, loss)):
        return None
    if OF_SAMPLES <= skill < NO_SKILL and _is_of_samples(record, loss):
        return None
    if (noise := _noise_of_rare_labels(record, loss, len(tail))) and -noise < skill < NO_SKILL:
        return None
    return Skill(skill, value, constant.loss, constant.answer, loss.name)


def is_role(record: Record, loss: Loss) -> bool:
    """Whether it asks for one answer at a time, as the two of a GAN do; a single label cannot differ from itself."""
    unvaried = record.series(loss.name, "loss.unvaried")
    if not unvaried or fmean(unvaried.values) <= UNVARIED:
        return False
    return not (_is_of_single_samples(record, loss) or _is_of_rare_labels(record, loss, unvaried))


def _is_of_single_samples(record: Record, loss: Loss) -> bool:
    """Whether each step is of one sample, and of this loss alone, the run's only one."""
    series, rows = record.loss_of(loss.name), loss.targets.count or sum(loss.targets.mass)
    return _is_only(record) and rows <= len(series) and is_all(record, loss)


def _is_of_rare_labels(record: Record, loss: Loss, unvaried: Series) -> bool:
    """Whether the run's only loss has batches of a single label no oftener than draws of such labels by chance do.

    Of n labels, of which a share p is of the commonest class, all are of that class with probability p^n: of 64, of which
    1 % are frauds, every other time. A role has them always, or together with another role.
    """
    share, size = _commonest(loss), math.prod(loss.target_shape)
    seen = fmean(unvaried.values)
    if not (_is_only(record) and share is not None and 0 < share < 1 and size > 1 and seen < 1):
        return False
    chance = share**size
    return seen <= chance + DRIFT * math.sqrt(chance * (1 - chance) / len(unvaried))


def _noise_of_rare_labels(record: Record, loss: Loss, batches: int) -> float:
    """Of the loss of so many batches, as a share: most of it is that of the rare ones, and how many came is chance."""
    unvaried, share = record.series(loss.name, "loss.unvaried"), _commonest(loss)
    if not unvaried or share is None or fmean(unvaried.values) <= UNVARIED:
        return 0.0
    if not _is_of_rare_labels(record, loss, unvaried):
        return 0.0
    return DEVIATIONS / math.sqrt(batches * math.prod(loss.target_shape) * (1 - share))


def _is_noisy(record: Record, source: str) -> bool:
    """Whether a third of the run may differ from another by how many rare labels came."""
    return any(_noise_of_rare_labels(record, loss, 1) > 0 for loss in record.losses if loss.name == source)


def _is_only(record: Record) -> bool:
    return len(record.optimizers) <= 1 and sum(one.trained for one in record.losses) <= 1


def _commonest(loss: Loss) -> float | None:
    """The share of the commonest class; None where labels are no classes, or several to a sample."""
    targets = loss.targets
    if targets.mass:
        return max(targets.mass) / sum(targets.mass) if sum(targets.mass) else None
    if loss.kind not in BINARY or not len(targets.total) == len(targets.square) == 1 or not targets.count:
        return None
    share = targets.total[0] / targets.count
    of_two = math.isclose(targets.square[0], targets.count * share * (1 - share), rel_tol=0.01)
    return max(share, 1 - share) if of_two and 0 <= share <= 1 else None


def is_all(record: Record, loss: Loss, scaled: bool = False) -> bool:
    """Whether backward was called on that loss and nothing else, wherever both are known; `scaled`: or on a multiple."""
    series, whole = record.loss_of(loss.name), dict(zip(record.loss.steps, record.loss.values, strict=True))
    pairs = [(value, whole.get(step, math.nan)) for step, value in zip(series.steps, series.values, strict=True)]
    known = [(a, b) for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    factor = next((b / a for a, b in known if a and b), 1.0) if scaled else 1.0
    return factor > 0 and all(abs(factor * a - b) <= SAME * max(abs(factor * a), abs(b)) for a, b in known)


def _is_weighed(record: Record, loss: Loss) -> bool:
    """Whether the program averages the elements itself, and not alike: by a mask, or as focal losses do.

    Its mean over all elements is then not what is minimised. A net that answers for the elements of weight alone, or whose
    weights draw it away from the frequencies, may stand above the constant's there however much it has learnt.
    """
    return loss.options.get("reduction") == "none" and not is_all(record, loss, scaled=True)


def _is_of_samples(record: Record, loss: Loss) -> bool:
    """Whether most of its steps train a role as well: then its outputs are a generator's, of which a spread is asked.

    A sample that is right in all is as far from its target as two targets of the same inputs are from one another: in the
    square twice as far as their mean, in absolute value at most twice as far as their median.
    """
    steps = set(record.loss_of(loss.name).steps)
    roles = (one for one in record.losses if one.name != loss.name and one.trained and is_role(record, one))
    return loss.kind in REGRESSIONS and any(
        2 * len(steps & set(record.loss_of(role.name).steps)) > len(steps) for role in roles
    )


def _targets_drift(record: Record, loss: Loss) -> bool:
    """Whether the third of the run that a target is of explains more of the targets' variance than NO_SKILL.

    So it is where a net of the run makes them (bootstrapped values, a teacher that learns), or where one task follows
    another. One constant for the whole run is then no measure of its last third: the spread there may be all of it.
    """
    targets, series = loss.targets, record.series(loss.name, "loss.target_mean")
    edges = (0, len(record) // 3, 2 * len(record) // 3, len(record))
    thirds = [series.since(start).until(end - 1).values for start, end in pairwise(edges)]
    if min(map(len, thirds)) < LOOKS or not targets.square or not all(map(math.isfinite, series.values)):
        return False
    means = [fmean(third) for third in thirds]
    chance = DRIFT * math.sqrt(2 * max(variance(third) / len(third) for third in thirds))
    whole = sum(targets.square) / (targets.count * len(targets.square))
    return max(means) - min(means) > chance and pvariance(means) > NO_SKILL * whole


def _own_last_third(series: Series) -> Series:
    """Of a loss that the run left for another before its last third; nothing of one that was hardly seen."""
    if len(set(series.steps)) < ENOUGH_STEPS:
        return Series((), ())
    first, last = series.steps[0], series.steps[-1]
    return series.since(first + 2 * (last + 1 - first) // 3)


def _rank(skill: Skill) -> float:
    return -math.inf if math.isnan(skill.value) else skill.value
