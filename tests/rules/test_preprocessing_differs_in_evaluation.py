"""preprocessing-differs-in-evaluation: each proof on both sides of its limits, and all that may differ by nature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from records import chain, figures_of, head, run, said, told, unjudged
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import headstart as hs
from headstart.diagnosis.rules.preprocessing_differs_in_evaluation import (
    AGREE,
    ALIKE,
    BYTE,
    BYTES,
    CENTRED,
    FACTOR,
    FAR,
    PLACES,
    PROFILE,
    SAME,
    SAMPLES,
    SHAPE,
    SPREAD,
    TWICE,
    UNIT,
    UNLIKE,
    USUAL,
)
from headstart.record import Record, Values

RULE = "preprocessing-differs-in-evaluation"
NORMAL = (-1.28, -0.84, -0.52, -0.25, 0.0, 0.25, 0.52, 0.84, 1.28)  # deciles
Prepare = Callable[[Tensor], Tensor]


def same(x: Tensor) -> Tensor:
    return x


def trained(path: Path, x: Tensor, test: Tensor, prepare: Prepare = same, in_evaluation: Prepare = same) -> Record:
    """Two epochs of `x`, each followed by a look at `test`."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(x[0].numel(), 2))
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
    with hs.watch(net, record=path / "run.db") as watch:
        for _ in range(2):
            for rows in torch.randperm(len(x)).split(50):
                optimizer.zero_grad()
                F.cross_entropy(net(prepare(x[rows])), rows % 2).backward()
                optimizer.step()
            with torch.no_grad():
                for part in test.split(64):
                    net(in_evaluation(part))
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


def pictures(count: int, bright: float = 1.0) -> Tensor:
    """Bytes from 0 to 255, each place with a mean of its own."""
    mean = torch.linspace(40, 180, 64).view(1, 8, 8)
    return ((mean + 40 * torch.randn(count, 1, 8, 8)) * bright).clamp(0, 255).floor()


def table(count: int) -> Tensor:
    """Years, ages, counts and tenths of degrees."""
    years = 1980 + 15 * torch.randn(count, 2)
    counts = torch.poisson(torch.full((count, 2), 8.0))
    return torch.cat([years.round(), counts, (200 + 50 * torch.randn(count, 2)).round() / 10], 1)


def normalize(x: Tensor) -> Tensor:
    return (x / 255 - 0.45) / 0.25


@pytest.mark.parametrize(
    ("prepare", "in_evaluation", "factor"),
    [
        (normalize, lambda x: x / 255, 0.25),
        (lambda x: x / 255, normalize, 4.0),
        (lambda x: x / 255, same, 255.0),
        (same, lambda x: x / 255, 1 / 255),
        (lambda x: x.flip(-1) / 255, lambda x: x * 2 / 255 - 1, 2.0),
    ],
)
def test_pictures(prepare: Prepare, in_evaluation: Prepare, factor: float, tmp_path: Path) -> None:
    finding = told(trained(tmp_path, pictures(500), pictures(200), prepare, in_evaluation), RULE)
    assert finding.severity == "warning"
    assert figures_of(finding)["scale_in_evaluation"] == pytest.approx(factor, rel=0.01)
    assert figures_of(finding)["places_scaled"] > 50
    assert finding.remedy is not None
    assert ("x / 255" in finding.remedy.code) is (factor in (255.0, 1 / 255))


@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_a_table_with_a_scaler_for_one_part(shift: float, tmp_path: Path) -> None:
    x, test = table(500), table(200) + shift
    mean, std = x.mean(0), x.std(0)
    assert told(trained(tmp_path, x, test, lambda x: (x - mean) / std), RULE)
    (tmp_path / "run.db").unlink()
    assert told(trained(tmp_path, x, test, same, lambda x: (x - mean) / std), RULE)
    (tmp_path / "run.db").unlink()
    assert said(trained(tmp_path, x, test, lambda x: (x - mean) / std, lambda x: (x - mean) / std), RULE) == []


def test_a_scaler_that_is_fitted_again_cannot_be_told_from_another_kind_of_data(tmp_path: Path) -> None:
    x, test = table(500), 3 * table(200)
    record = trained(tmp_path, (x - x.mean(0)) / x.std(0), (test - test.mean(0)) / test.std(0))
    assert said(record, RULE) == []


def test_columns_without_steps(tmp_path: Path) -> None:
    sizes, means = torch.tensor([40.0, 3e4, 0.1, 5.0, 700.0]), torch.tensor([1.0, 9e4, 0.2, 0.0, 20.0])
    x, test = (torch.randn(count, 5) * sizes + means for count in (600, 400))
    assert told(trained(tmp_path, x, test, lambda x: (x - means) / sizes), RULE)
    (tmp_path / "run.db").unlink()
    assert said(trained(tmp_path, x, test), RULE) == []


@pytest.mark.parametrize("in_evaluation", [lambda x: 5 * x, lambda x: x + 9, lambda x: x * torch.logspace(0, 1, 64)])
def test_data_of_another_kind_without_steps(in_evaluation: Prepare, tmp_path: Path) -> None:
    x, test = torch.randn(600, 64), torch.randn(400, 64)
    assert said(trained(tmp_path, x, test, in_evaluation=in_evaluation), RULE) == []


def noisy(x: Tensor) -> Tensor:
    return normalize(x) + 0.1 * torch.randn_like(x)


def mixed(x: Tensor) -> Tensor:
    return normalize(x).lerp(normalize(x).flip(0), float(torch.rand(())))


def covered(x: Tensor) -> Tensor:
    x = x.clone()
    x[:, :, 2:5, 2:5] = 0
    return normalize(x.flip(-1).roll(1, -2))


def jittered(x: Tensor) -> Tensor:
    return normalize((x * (0.6 + 0.8 * torch.rand(len(x), 1, 1, 1))).clamp(0, 255).floor())


def dropped(x: Tensor) -> Tensor:
    return F.dropout(normalize(x), 0.3)


@pytest.mark.parametrize("augment", [noisy, mixed, covered, jittered, dropped])
@pytest.mark.parametrize("bright", [1.0, 0.3])
def test_augmentation_and_other_light(augment: Prepare, bright: float, tmp_path: Path) -> None:
    record = trained(tmp_path, pictures(400), pictures(150, bright), augment, normalize)
    assert said(record, RULE) == []


def test_samples_of_both_kinds_in_the_evaluation(tmp_path: Path) -> None:
    test = pictures(200)
    both = torch.cat([normalize(test), test / 255])[torch.randperm(400)]
    assert said(trained(tmp_path, normalize(pictures(400)), both), RULE) == []


@pytest.mark.parametrize(("spoil", "fires"), [(lambda x: x * 255, True), (lambda x: x * 20, False), (same, False)])
def test_a_data_set_beside_one_that_is_prepared_as_in_training(tmp_path: Path, spoil: Prepare, fires: bool) -> None:
    """Validation after every epoch, and a test set at the end: what the first says does not cover the second."""
    x, valid, test = (pictures(count) for count in (300, 600, 100))
    net = nn.Sequential(nn.Flatten(), nn.Linear(x[0].numel(), 2))
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
    loaders = [DataLoader(TensorDataset(part), batch_size=50) for part in (valid, spoil(test))]
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for epoch in range(20):  # by then not every validation is looked at
            for rows in torch.randperm(len(x)).split(50):
                optimizer.zero_grad()
                F.cross_entropy(net(normalize(x[rows])), rows % 2).backward()
                optimizer.step()
            for loader in loaders if epoch == 19 else loaders[:1]:
                with torch.no_grad():
                    for (part,) in loader:
                        net(normalize(part))
    seen = watch.read()
    assert "fault" not in seen.meta, seen.meta["fault"]
    evaluations = {values.name: values.rows for values in seen.values if not values.training}
    assert evaluations == {"sequential in evaluation": 400, "sequential in evaluation 2": 100}
    assert bool(said(seen, RULE)) is fires


@pytest.mark.parametrize(
    ("factor", "beside", "fires"),
    [(UNLIKE, True, True), (UNLIKE - 1, True, False), (2.0, False, True), (0.2, True, False)],
)
def test_steps_beside_a_data_set_that_is_alike(factor: float, beside: bool, fires: bool) -> None:
    a, b = stepped(factor, factor, 64)
    of_both = record(a, b)
    alike = replace(a, name="net in evaluation 2", training=False)
    of_both.values = (*of_both.values, *[alike] * beside)
    assert bool(said(of_both, RULE)) is fires


def test_the_training_set_may_be_evaluated_beside_it(tmp_path: Path) -> None:
    x, test = normalize(pictures(256)), pictures(192) / 255
    assert told(trained(tmp_path, x, torch.cat([x, test])), RULE)


def test_a_grid_that_is_drawn(tmp_path: Path) -> None:
    """It goes further than the data, in steps of its own."""
    axis, wide = torch.linspace(-1, 1, 21), torch.linspace(-3, 3, 21)
    x, test = torch.cartesian_prod(axis, axis), torch.cartesian_prod(wide, wide)
    assert said(trained(tmp_path, x, test), RULE) == []


def test_counts_that_grow(tmp_path: Path) -> None:
    sales = torch.poisson(torch.linspace(20, 400, 1200)).unfold(0, 8, 1)
    assert said(trained(tmp_path, sales[:800] / 50, sales[900:] / 50), RULE) == []


def test_without_an_evaluation_it_is_not_judged(tmp_path: Path) -> None:
    assert RULE in unjudged(run(chain(head()), {("net", "samples.batch"): 1.0}))
    assert RULE in unjudged(trained(tmp_path, pictures(100), pictures(10)))


# The limits, on records


def values(places: int = 64, rows: int = 500, **facts: Any) -> Values:
    """N(0, 1) at each place, in no steps."""
    plain = {
        "means": (0.0,) * places,
        "stds": (1.0,) * places,
        "lows": (-3.0,) * places,
        "highs": (3.0,) * places,
        "grid": (0.0,) * places,
        "deciles": (NORMAL,) * places,
    }
    return Values("net", "net", True, (places,), rows, **{**plain, **facts})


def record(values: Values, evaluated: Values) -> Record:
    made = run(chain(head()), {("net", "samples.batch"): 1.0})
    made.values = (values, replace(evaluated, name="net in evaluation", training=False))
    return made


def speaks(a: Values, b: Values) -> bool:
    """Both ways round, which must say the same."""
    found = [bool(said(record(*pair), RULE)) for pair in ((a, b), (b, a))]
    assert found[0] == found[1]
    return found[0]


def stepped(factor: float, spread: float, count: int, others: Sequence[float] = ()) -> tuple[Values, Values]:
    """`count` places whose step and spread differ by these factors, and others whose step alone differs."""
    places = count + len(others)
    first = values(places, grid=(0.1,) * places)
    grid = (0.1 * factor,) * count + tuple(0.1 * other for other in others)
    return first, values(places, grid=grid, stds=(spread,) * count + (1.0,) * len(others))


def test_steps_on_both_sides_of_each_limit() -> None:
    assert speaks(*stepped(1.01 * FACTOR, 1.01 * FACTOR, PLACES))
    assert not speaks(*stepped(1.01 * FACTOR, 1.01 * FACTOR, PLACES - 1))
    assert not speaks(*stepped(0.99 * FACTOR, 0.99 * FACTOR, 60))
    assert speaks(*stepped(5.0, 5.0 * 0.99 * SPREAD, PLACES))
    assert not speaks(*stepped(5.0, 5.0 * 1.01 * SPREAD, 60))
    few = round(9 / AGREE) - 9
    assert speaks(*stepped(5.0, 5.0, 9, [3.0] * few))
    assert not speaks(*stepped(5.0, 5.0, 9, [3.0] * (few + 1)))
    assert speaks(*stepped(5.0, 5.0, 9, [0.999 * SAME] * 40))
    assert not speaks(*stepped(5.0, 5.0, 9, [1.001 * SAME] * 40))


@pytest.mark.parametrize("factor", [0.01, 0.5, 0.8, 1.3, 2.0, 255.0])
def test_what_is_standardised_by_its_own_figures_can_never_speak(factor: float) -> None:
    """Whatever the steps: the spreads are 1 in both."""
    assert not speaks(*stepped(factor, 1.0, 64))


def bytes_of(high: float, spread: float, count: int, others: int = 0, low: float = 0.0) -> tuple[Values, Values]:
    places = count + others
    small = values(places, lows=(0.0,) * places, highs=(1.0,) * places, stds=(0.2,) * places)
    stds = (0.2 * spread,) * count + (0.2,) * others
    return small, values(places, lows=(low,) * places, highs=(high,) * places, stds=stds)


def test_bytes_on_both_sides_of_each_limit() -> None:
    assert speaks(*bytes_of(BYTE, BYTE, BYTES))
    assert not speaks(*bytes_of(BYTE, BYTE, BYTES - 1))
    assert not speaks(*bytes_of(BYTE + 1, BYTE, 64))
    assert not speaks(*bytes_of(BYTE, BYTE, 64, low=-0.1))
    assert speaks(*bytes_of(BYTE, BYTE / TWICE * 1.01, 64))
    assert not speaks(*bytes_of(BYTE, BYTE / TWICE * 0.99, 64))
    few = round(30 / AGREE) - 30
    assert speaks(*bytes_of(BYTE, BYTE, 30, few))
    assert not speaks(*bytes_of(BYTE, BYTE, 30, few + 1))


def columns(
    sizes: Sequence[float], own: Sequence[float] = (1.0,), bent: float = 0.0, **facts: Any
) -> tuple[Values, Values]:
    """Normal columns of these sizes in evaluation, and of `own` in training; there the second decile is off by `bent`."""
    width = NORMAL[-1] - NORMAL[0]
    deciles = [tuple(size * value for value in NORMAL) for size in sizes]
    deciles = [(c[0], c[1] + bent * width * size, *c[2:]) for c, size in zip(deciles, sizes, strict=True)]
    first = values(len(sizes), deciles=tuple(tuple(own[i % len(own)] * v for v in NORMAL) for i in range(len(sizes))))
    return replace(first, **facts), values(len(sizes), deciles=tuple(deciles))


def test_columns_on_both_sides_of_each_limit() -> None:
    sizes = (10.0, 20.0, 40.0, 10.0 * UNLIKE)
    assert speaks(*columns(sizes))
    assert not speaks(*columns(sizes[-PLACES + 1 :]))
    assert not speaks(*columns((10.0, 20.0, 40.0, 9.99 * UNLIKE)))
    assert speaks(*columns(sizes, rows=SAMPLES))
    assert not speaks(*columns(sizes, rows=SAMPLES - 1))
    assert speaks(*columns(sizes, (1.0, 0.999 * ALIKE)))
    assert not speaks(*columns(sizes, (1.0, 1.001 * ALIKE)))
    assert speaks(*columns(sizes, bent=0.99 * SHAPE))
    assert not speaks(*columns(sizes, bent=1.01 * SHAPE))
    assert not speaks(*columns((1.0, 1.0, 1.0, UNLIKE)))  # one column alone may have grown


@pytest.mark.parametrize(
    ("means", "sizes", "fires"),
    [
        ((27.0, 14.0, -9.0, 33.0, 0.0), (10.0, 2.0, 9.0, 3.0, 8.0), True),  # four of five lie far off
        ((27.0, 14.0, 0.0, 33.0, 0.0), (10.0, 2.0, 9.0, 3.0, 8.0), False),
        ((27.0, 14.0, -9.0, 33.0, 0.0), (9.9, 2.0, 9.0, 3.0, 8.0), False),  # of one size but for ALIKE
        ((9.0, 9.0, 9.0, 9.0, 9.0), (1.0, 1.0, 1.0, 1.0, 1.0), False),  # as data of another kind may be
    ],
)
def test_columns_that_a_scaler_was_fitted_to(means: Sequence[float], sizes: Sequence[float], fires: bool) -> None:
    deciles = tuple(tuple(m + s * v for v in NORMAL) for m, s in zip(means, sizes, strict=True))
    raw = values(5, means=tuple(means), stds=tuple(sizes), deciles=deciles)
    assert speaks(values(5), raw) is fires
    assert not speaks(values(5, means=(0.0, 0.0, 0.0, 0.0, 1.01 * CENTRED)), raw)
    assert not speaks(values(5, stds=(1.0, 1.0, 1.0, 1.0, 1.01 * UNIT)), raw)


def test_a_scaler_on_the_training_data_alone(tmp_path: Path) -> None:
    means, sizes = 5 + 35 * torch.rand(10), 2 + 10 * torch.rand(10)
    sizes[:2] = torch.tensor([2.0, 12.0])
    x, test = (torch.randn(count, 10) * sizes + means for count in (600, 400))
    assert told(trained(tmp_path, x, test, lambda x: (x - means) / sizes), RULE).severity == "warning"


def after(mean: float, std: float, count: int, others: int = 0, **facts: Any) -> tuple[Values, Values]:
    """Evaluation between 0 and 1, training after a Normalize of it at `count` places, and like it at others."""
    seen = tuple(0.5 + 0.2 * value for value in NORMAL)
    prepared = tuple((value - mean) / std for value in seen)
    places = count + others
    first = values(places, deciles=(prepared,) * count + (seen,) * others, **facts)
    return first, values(places, deciles=(seen,) * places)


@pytest.mark.parametrize(("mean", "std"), [*USUAL, (0.485, 0.229), (0.456, 0.224), (0.406, 0.225)])
def test_the_usual_constants(mean: float, std: float) -> None:
    assert speaks(*after(mean, std, 64))


def test_usual_constants_on_both_sides_of_each_limit() -> None:
    assert speaks(*after(0.5, 0.5, BYTES))
    assert not speaks(*after(0.5, 0.5, BYTES - 1))
    assert not speaks(*after(0.5, 0.5, 64, rows=SAMPLES - 1))
    few = round(30 / AGREE) - 30
    assert speaks(*after(0.5, 0.5, 30, few))
    assert not speaks(*after(0.5, 0.5, 30, few + 1))
    assert not speaks(*after(0.5, 0.12, 64))  # other factors, other shifts
    assert not speaks(*after(0.0, 0.226, 64))
    assert not speaks(*after(0.449, 1.0, 64))


@pytest.mark.parametrize("in_evaluation", [lambda x: (x / 255 - 0.45) / 0.226, lambda x: x / 255])
def test_the_same_normalize_once_more(in_evaluation: Prepare, tmp_path: Path) -> None:
    def once_more(x: Tensor) -> Tensor:
        return (in_evaluation(x + torch.rand_like(x)) - 0.45) / 0.226

    assert told(trained(tmp_path, pictures(500), pictures(250), once_more, in_evaluation), RULE).severity == "warning"


def own(
    mean: float = 40.0,
    std: float = 4.0,
    count: int = 64,
    others: int = 0,
    profile: float = 0.5,
    centre: float = 0.0,
    unit: float = 1.0,
    **facts: Any,
) -> tuple[Values, Values]:
    """Places `profile` above and below the mean in turn: standardised, and as they were; `others` the other way round."""
    within = (1 - profile**2) ** 0.5

    def part(mean: float, std: float, turned: int) -> Values:
        signs = [(-1) ** place * (-1 if place >= count and turned else 1) for place in range(count + others)]
        means = tuple(mean + std * profile * sign for sign in signs)
        deciles = tuple(tuple(level + std * within * value for value in NORMAL) for level in means)
        return values(count + others, means=means, stds=(std * within,) * len(signs), deciles=deciles, **facts)

    return part(centre, unit, 0), part(mean, std, 1)


def test_own_constants_on_both_sides_of_each_limit() -> None:
    assert speaks(*own())
    assert speaks(*own(rows=SAMPLES))
    assert not speaks(*own(rows=SAMPLES - 1))
    assert speaks(*own(count=BYTES))
    assert not speaks(*own(count=BYTES - 2))
    assert speaks(*own(mean=1.01 * FAR))
    assert not speaks(*own(mean=0.99 * FAR))
    assert speaks(*own(std=1.01 * FACTOR))
    assert not speaks(*own(std=0.99 * FACTOR))
    assert speaks(*own(std=0.1 / FACTOR))
    assert speaks(*own(profile=1.01 * PROFILE))
    assert not speaks(*own(profile=0.99 * PROFILE))  # all places alike: whatever is scaled is like that
    few = round(30 / AGREE) - 30
    assert speaks(*own(count=30, others=few))
    assert not speaks(*own(count=30, others=few + 2))
    assert speaks(*own(centre=0.99 * CENTRED))
    assert not speaks(*own(centre=1.01 * CENTRED))
    assert speaks(*own(unit=0.99 * UNIT, mean=60.0))
    assert not speaks(*own(unit=1.01 * UNIT, mean=60.0))


@pytest.mark.parametrize("beside", [True, False])
def test_own_constants_beside_a_data_set_that_is_alike(beside: bool) -> None:
    a, b = own()
    of_both = record(a, b)
    of_both.values = (*of_both.values, *[replace(a, name="net in evaluation 2", training=False)] * beside)
    assert bool(said(of_both, RULE)) is not beside


@pytest.mark.parametrize("in_evaluation", [same, lambda x: (x - 17) / 2.5])
def test_spectra_that_one_part_alone_has_standardised(in_evaluation: Prepare, tmp_path: Path) -> None:
    """Of floats, on no grid, by mean and spread of the training set."""
    bands = 17 + 1.2 * torch.linspace(0, 12, 64).sin()
    x, test = (bands + 2.2 * torch.randn(count, 64) - torch.rand(count, 1) for count in (600, 400))
    record = trained(tmp_path, x, test, lambda x: (x - 17) / 2.5, in_evaluation)
    assert bool(said(record, RULE)) is (in_evaluation is same)
