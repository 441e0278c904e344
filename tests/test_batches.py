"""Batches: every sample once, the same order from the same seed, the same share on every rank."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import headstart as hs


def numbered(n: int, batch_size: int, **options) -> hs.Batches:
    """Samples that carry their own number."""
    return hs.Batches(torch.arange(n), torch.arange(n), batch_size, normalize=None, **options)


def rows(batches: hs.Batches) -> list[list[int]]:
    return [y.tolist() for _, y in batches]


def flat(lists):
    return list(itertools.chain.from_iterable(lists))


def test_without_shuffling_batches_come_in_order():
    assert rows(numbered(7, 3)) == [[0, 1, 2], [3, 4, 5], [6]]


def test_drop_last_leaves_the_smaller_batch_out():
    assert rows(numbered(7, 3, drop_last=True)) == [[0, 1, 2], [3, 4, 5]]


def test_shuffling_gives_every_sample_once():
    given_rows = flat(rows(numbered(101, 8, shuffle=True)))
    assert given_rows != list(range(101))
    assert sorted(given_rows) == list(range(101))


def test_x_and_y_stay_together():
    for x, y in numbered(50, 8, shuffle=True):
        assert torch.equal(x, y)


def test_each_epoch_has_its_own_order_and_the_same_seed_the_same_orders():
    one, other = numbered(100, 10, shuffle=True, seed=3), numbered(100, 10, shuffle=True, seed=3)
    orders = [rows(one) for _ in range(3)]
    assert orders == [rows(other) for _ in range(3)]
    assert orders[0] != orders[1] != orders[2] != orders[0]
    assert orders[0] != rows(numbered(100, 10, shuffle=True, seed=4))


def test_an_epoch_does_not_depend_on_what_came_before_it():
    one, other = numbered(100, 10, shuffle=True), numbered(100, 10, shuffle=True)
    third = [rows(one) for _ in range(3)][2]
    other.set_epoch(2)
    assert rows(other) == third


def test_a_look_at_the_first_batch_does_not_use_it_up():
    batches = numbered(20, 4, shuffle=True)
    first = next(iter(batches))[1]
    assert torch.equal(next(iter(batches))[1], first)


def test_the_order_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    rows(numbered(20, 4, shuffle=True))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("taken", [1, 2, 5])
def test_a_saved_position_goes_on_with_the_next_batch(taken):
    whole = numbered(50, 9, shuffle=True)
    expected = [rows(whole), rows(whole)]
    stopped = numbered(50, 9, shuffle=True)
    for _ in zip(range(taken), stopped, strict=False):
        pass
    state = stopped.state_dict()
    resumed = numbered(50, 9, shuffle=True)
    resumed.load_state_dict(state)
    assert rows(resumed) == expected[0][taken:]
    assert rows(resumed) == expected[1]


@settings(deadline=None)
@given(n=st.integers(1, 90), batch_size=st.integers(1, 12), world_size=st.integers(1, 5), shuffle=st.booleans())
def test_ranks_share_all_samples_in_an_equal_number_of_batches(n, batch_size, world_size, shuffle):
    if n < world_size:
        return
    ranks = [
        rows(numbered(n, batch_size, shuffle=shuffle, rank=rank, world_size=world_size)) for rank in range(world_size)
    ]
    assert len({len(batches) for batches in ranks}) == 1
    assert sorted(flat(flat(ranks))) == list(range(n))
    for together in zip(*ranks, strict=True):
        sizes = [len(batch) for batch in together]
        assert max(sizes) - min(sizes) <= 1
        assert max(sizes) <= batch_size + 1


def test_ranks_together_see_the_batches_of_one_process():
    alone = rows(numbered(96, 8, shuffle=True))
    ranks = [rows(numbered(96, 4, shuffle=True, rank=rank, world_size=2)) for rank in range(2)]
    assert [sorted(a + b) for a, b in zip(*ranks, strict=True)] == [sorted(batch) for batch in alone]


def test_the_rank_comes_from_the_environment_of_torchrun(monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert rows(numbered(8, 2)) == [[1, 3], [5, 7]]


def test_too_few_samples_for_the_ranks_are_an_error():
    with pytest.raises(hs.HeadstartError, match="2 samples are too few for 3 ranks"):
        list(numbered(2, 1, rank=0, world_size=3))


def test_bytes_are_standardised_as_numpy_would():
    images = np.random.default_rng(0).integers(0, 256, (200, 3, 5), dtype=np.uint8)
    batches = hs.Batches(torch.from_numpy(images), torch.zeros(200), 50)
    expected = (images.astype(np.float64) - images.mean()) / images.std()
    assert np.allclose(torch.cat([x for x, _ in batches]), expected, atol=1e-6)
    assert next(iter(batches))[0].dtype == torch.float32


def test_channels_are_standardised_each_by_its_own_figures():
    x = np.random.default_rng(0).normal([[1.0, -5.0, 100.0]], [[1.0, 3.0, 0.01]], (500, 3))
    batches = hs.Batches(torch.from_numpy(x), torch.zeros(500), 500, normalize="channel")
    given_x = next(iter(batches))[0].double()
    assert given_x.mean(0).abs().max() < 1e-3
    assert given_x.std(0, correction=0).sub(1).abs().max() < 1e-3


def test_channels_of_images_are_dimension_1():
    images = torch.randint(0, 256, (40, 3, 6, 6), dtype=torch.uint8)
    x = next(iter(hs.Batches(images, torch.zeros(40), 40, normalize="channel")))[0]
    expected = images.double() - images.double().mean((0, 2, 3), keepdim=True)
    expected /= images.double().std((0, 2, 3), correction=0, keepdim=True)
    assert torch.allclose(x.double(), expected, atol=1e-5)


def test_a_constant_channel_becomes_zero():
    x = torch.stack([torch.full((30,), 7.0), torch.arange(30.0)], 1)
    assert next(iter(hs.Batches(x, torch.zeros(30), 30, normalize="channel")))[0][:, 0].eq(0).all()


def test_validation_takes_the_training_sets_figures():
    train = hs.Batches(torch.randint(0, 256, (50, 4), dtype=torch.uint8), torch.zeros(50), 10)
    valid = hs.Batches(torch.zeros(5, 4, dtype=torch.uint8), torch.zeros(5), 5, normalize=train.normalize)
    assert next(iter(valid))[0][0, 0] == -train.normalize.mean / train.normalize.std


def test_given_figures_are_in_the_units_of_x():
    x = torch.tensor([[10, 30]], dtype=torch.uint8)
    assert next(iter(hs.Batches(x, torch.zeros(1), 1, normalize=(20, 10))))[0].tolist() == [[-1.0, 1.0]]


def test_figures_for_pixels_from_0_to_1_are_an_error_for_bytes():
    """The textbook's (0.1307, 0.3081) belongs after ToTensor's division by 255."""
    with pytest.raises(hs.HeadstartError, match="is for values from 0 to 1, but x holds bytes up to 200"):
        hs.Batches(torch.tensor([[0, 200]], dtype=torch.uint8), torch.zeros(1), 1, normalize=(0.1307, 0.3081))


def test_floats_are_left_alone_unless_asked_and_bytes_can_be_left_raw():
    x = torch.tensor([[3.0, 5.0]])
    assert torch.equal(next(iter(hs.Batches(x, torch.zeros(1), 1)))[0], x)
    raw = next(iter(hs.Batches(x.byte(), torch.zeros(1), 1, normalize=None)))[0]
    assert raw.dtype == torch.float32
    assert torch.equal(raw, x)


def test_the_data_itself_is_never_changed():
    x = torch.rand(20, 3)
    before = x.clone()
    for batch, _ in hs.Batches(x, torch.zeros(20), 6, normalize="all"):
        batch.zero_()
    assert torch.equal(x, before)


def test_classes_are_given_as_int64():
    batches = hs.Batches(torch.rand(4, 2), torch.tensor([0, 1, 2, 3], dtype=torch.uint8), 2)
    assert next(iter(batches))[1].dtype == torch.int64


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"normalize": "chanel"}, "did you mean 'channel'"),
        ({"normalize": (torch.zeros(3), torch.ones(3))}, r"mean of shape \(3,\).*for x of shape \(4, 2\)"),
        ({"normalize": (0.0, 0.0)}, "std of 0.0"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(hs.HeadstartError, match=message):
        hs.Batches(torch.rand(4, 2), torch.zeros(4), **{"batch_size": 2, **options})


def test_sizes_must_match():
    with pytest.raises(hs.HeadstartError, match="x holds 4 samples and y 3 targets"):
        hs.Batches(torch.rand(4, 2), torch.zeros(3), 2)
