"""Views that mix axes: told by their shapes, against the same nets with transposes and against what looks like one."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from headstart.monitor.graph import read_graph
from headstart.monitor.mixed import cuts_through, mixed, moves_an_axis

B, T, H, D = 3, 12, 4, 5
SIZES = st.lists(st.integers(1, 6), min_size=1, max_size=6)


def found(out: Tensor) -> bool:
    return mixed(read_graph(out.sum())) is not None


def attention(how: str) -> Tensor:
    x = nn.Linear(7, H * D)(torch.randn(B, T, 7))
    heads = {
        "viewed": lambda: x.view(B, H, T, D),
        "viewed twice": lambda: x.view(B, T, H, D).view(B, H, T, D),
        "transposed": lambda: x.view(B, T, H, D).transpose(1, 2),
    }[how]()
    return nn.Linear(D, 2)(heads)


@pytest.mark.parametrize(("how", "mixes"), [("viewed", True), ("viewed twice", True), ("transposed", False)])
def test_heads_are_moved_by_a_transpose(how: str, mixes: bool) -> None:
    assert found(attention(how)) is mixes


@pytest.mark.parametrize("mixes", [True, False])
def test_the_columns_of_a_picture_become_steps_by_a_permute(mixes: bool) -> None:
    x = nn.Conv2d(1, 8, 3, padding=1)(torch.randn(B, 1, 10, 6))  # batch, channels, time, frequency
    steps = x.view(B, 10, 48) if mixes else x.permute(0, 2, 1, 3).reshape(B, 10, 48)
    assert found(nn.Linear(48, 2)(steps)) is mixes


@pytest.mark.parametrize("mixes", [True, False])
def test_time_and_batch_change_places_by_a_transpose(mixes: bool) -> None:
    out, _ = nn.GRU(3, 4)(torch.randn(14, 6, 3))
    assert found(nn.Linear(4, 2)(out.view(6, 14, 4) if mixes else out.transpose(0, 1))) is mixes


@pytest.mark.parametrize("of", [nn.LSTM, nn.GRU, nn.RNN])
def test_the_last_states_of_two_directions_are_moved_before_they_are_joined(of: type[nn.RNNBase]) -> None:
    states = of(3, 4, bidirectional=True)(torch.randn(14, 8, 3))[1]  # (directions, batch, features)
    state = states[0] if isinstance(states, tuple) else states
    read = nn.Linear(8, 2)
    assert found(read(state.view(8, 8)))
    for sound in (state.transpose(0, 1).reshape(8, 8), torch.cat([state[0], state[1]], 1)):
        assert not found(read(sound))


def test_what_is_stacked_along_a_new_axis_is_not_the_batch() -> None:
    steps = [nn.Linear(3, 4)(torch.randn(8, 3)) for _ in range(2)]
    read = nn.Linear(8, 2)
    assert found(read(torch.stack(steps).view(8, 8)))
    assert not found(read(torch.stack(steps, 1).view(8, 8)))
    assert not found(nn.Linear(4, 2)(torch.stack(steps).view(16, 4)))


def test_the_heads_of_torch_itself_are_sound_whatever_the_sizes() -> None:
    for steps, batch, heads, width in [
        (4, 16, 4, 64),
        (8, 3, 8, 32),
        (6, 4, 2, 8),
        (5, 2, 2, 4),
        (2, 8, 8, 64),
        (7, 5, 3, 15),
    ]:
        for first in (True, False):
            layer = nn.MultiheadAttention(width, heads, batch_first=first)
            x = nn.Linear(3, width)(torch.randn(batch, steps, 3) if first else torch.randn(steps, batch, 3))
            for weights in (True, False):
                assert not found(nn.Linear(width, 2)(layer(x, x, x, need_weights=weights)[0]))


def test_what_is_taken_back_is_sound() -> None:
    """A group norm by hand, of as many groups as the picture has rows."""
    x = nn.Conv2d(1, 32, 3, padding=1)(torch.randn(B, 1, 8, 8))
    groups = x.view(B, 8, -1)
    normed = ((groups - groups.mean(-1, keepdim=True)) / groups.std(-1, keepdim=True)).view(B, 32, 8, 8)
    assert not found(nn.Conv2d(32, 2, 3)(normed))


def test_usual_views_are_sound() -> None:
    x = nn.Conv2d(1, 8, 3, padding=1)(torch.randn(B, 1, 6, 6))
    shuffled = x.view(B, 2, 4, 6, 6).transpose(1, 2).reshape(B, 8, 6, 6)
    windows = x.permute(0, 2, 3, 1).reshape(B, 3, 2, 3, 2, 8).transpose(2, 3).reshape(-1, 4, 8)
    finer = x.view(B, 2, 2, 2, 6, 6).permute(0, 1, 4, 2, 5, 3).reshape(B, 2, 12, 12)
    for sound in (x.flatten(1), x.view(B, 8, -1), x.flatten(0, 1), shuffled, windows, finer):
        assert not found(nn.Linear(sound.shape[-1], 2)(sound))


@settings(deadline=None)
@given(SIZES, st.data())
def test_splits_and_merges_cut_through_nothing(sizes: list[int], data: st.DataObject) -> None:
    """Of any axes, merging neighbours gives what the same axes give, merged otherwise."""

    def merged() -> tuple[int, ...]:
        out: list[int] = []
        for size in sizes:
            if out and data.draw(st.booleans()):
                out[-1] *= size
            else:
                out.append(size)
        return tuple(out)

    finer = tuple(sizes)
    assert not cuts_through(finer, merged())
    assert not cuts_through(merged(), finer)


@settings(deadline=None)
@given(st.integers(2, 30), st.integers(2, 30))
def test_exchanged_sizes_cut_through_unless_one_divides_the_other(a: int, b: int) -> None:
    assert cuts_through((a, b), (b, a)) is bool(a % b and b % a)
    assert moves_an_axis((2, a, b, 7), (2, b, a, 7)) is (a != b)
    assert not moves_an_axis((a, b, 7), (b, a, 7))
    assert not moves_an_axis((7, a, b), (7, b, a))
