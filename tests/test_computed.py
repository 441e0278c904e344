"""What a graph's operators gave, computed again, against what they did give."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from headstart.monitor import computed
from headstart.monitor.computed import output_of

X = torch.randn(12, 5, generator=torch.Generator().manual_seed(0))
W = torch.randn(5, 3, generator=torch.Generator().manual_seed(1)).requires_grad_()
B = torch.randn(3, generator=torch.Generator().manual_seed(2)).requires_grad_()
ROWS = torch.arange(12) % 5
Form = Callable[[], Tensor]

KNOWN: dict[str, Form] = {
    "a line": lambda: X @ W + B,
    "a linear layer": lambda: F.linear(X, W.t(), B),
    "of steps in time": lambda: F.linear(X.view(3, 4, 5), W.t(), B),
    "a product of vectors": lambda: X[0].dot(W[:, 0]),
    "a vector's product": lambda: X @ W[:, 0] - B[0],
    "an outer product": lambda: X[0][:, None] * B,
    "by einsum": lambda: torch.einsum("ni,io->no", X, W),
    "a cubic": lambda: B[0] + B[1] * X[:, 0] + B[2] * X[:, 0] ** 2 + W[0, 0] * X[:, 0] ** 3,
    "powers of weights": lambda: W**2 - 3 * W / 2,
    "a wave": lambda: B[0] * torch.sin(B[1] * X[:, 0] + B[2]),
    "factors": lambda: (W[ROWS] * F.embedding(ROWS, W)).sum(1) + W[ROWS, 0],
    "what a filter gives": lambda: -(X @ W).mean(0, keepdim=True) + (X @ W).sum() + (X @ W).mean(),
    "two branches": lambda: torch.relu(X @ W) + torch.tanh(X @ W + B) * torch.sigmoid(X @ W),
    "turned": lambda: (X @ W).T.unsqueeze(0).squeeze(0).transpose(0, 1).permute(1, 0),
    "logarithms of shares": lambda: X @ W - (X @ W).exp().sum(-1).log().unsqueeze(-1),
    "by logsumexp": lambda: X @ W - torch.logsumexp(X @ W, 1, keepdim=True),
    "shares": lambda: torch.exp(X @ W) / torch.exp(X @ W).sum(1, keepdim=True),
    "small activations": lambda: F.silu(X @ W) + F.softplus(X @ W, 2.0) + F.leaky_relu(X @ W, 0.2) + (X @ W).cos(),
    "cut": lambda: (X @ W).clamp(-0.5, 0.7) + (X @ W).clamp(min=0.1).log1p() + (X @ W).abs(),
    "many of one": lambda: (X @ W[:, 0])[:, None].expand(12, 3) * B,
    "matrices": lambda: torch.bmm(X.view(3, 4, 5), W.expand(3, 5, 3)),
    "of the actions taken": lambda: (
        (X @ W).gather(1, (ROWS % 3)[:, None]).squeeze(-1) + (X @ W).gather(-1, ROWS[:, None] % 3).T
    ),
    "half the rate": lambda: torch.add(W, W.abs(), alpha=0.5) - torch.sub(W, W.exp(), alpha=2),
}


@pytest.mark.parametrize("form", KNOWN)
def test_what_was_given_is_found_again(form: str) -> None:
    given = KNOWN[form]()
    found = output_of(given.grad_fn)
    assert found is not None
    assert not found.requires_grad
    torch.testing.assert_close(found, given.detach())


UNKNOWN: dict[str, Form] = {
    "a number added": lambda: X @ W + 1,
    "one minus it": lambda: 1 - torch.sigmoid(X @ W),
    "a mask added": lambda: X @ W + torch.ones(12, 3),
    "under a known one": lambda: B + (W[0] + 1).view(3),
    "a filter": lambda: F.conv1d(X[None], torch.ones(3, 12, 2), W[:3, 0] * 0).view(-1) + W.sum(),
    "an unknown operator": lambda: (X @ W).cumsum(0),
    "a random one": lambda: F.dropout(X @ W, 0.5) + F.rrelu(X @ W, training=True),
    "strided": lambda: (X @ W)[::2],
}


@pytest.mark.parametrize("form", UNKNOWN)
def test_what_is_not_kept_is_not_guessed(form: str) -> None:
    assert output_of(UNKNOWN[form]().grad_fn) is None


def test_a_net_of_many_layers_is_known_by_its_last_ones() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(*[layer for _ in range(60) for layer in (nn.Linear(5, 5), nn.Tanh())], nn.Linear(5, 1))
    given = net(X)
    torch.testing.assert_close(output_of(given.grad_fn), given.detach())


def test_what_takes_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = X[:, 0] * B[0]
    for _ in range(computed.NODES):
        chain = chain + B[1]
    assert output_of(chain.grad_fn) is None
    monkeypatch.setattr(computed, "LARGEST", 12)
    assert output_of((X @ W).grad_fn) is None


def test_all_of_a_long_residual_chain_together_is_to_be_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    wide, steps = torch.randn(5, 5).requires_grad_(), 8
    state = X @ wide
    for _ in range(steps):
        state = state + X @ wide
    torch.testing.assert_close(output_of(state.grad_fn), state.detach())
    monkeypatch.setattr(computed, "LARGEST", steps * X.numel() * 5)  # one product less than there are
    assert output_of(state.grad_fn) is None


def test_a_vectors_product_costs_as_many_multiplications_as_the_matrix_has_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(computed, "LARGEST", X.numel() + 2 * len(X))
    w = torch.randn(5).requires_grad_()
    assert output_of((X @ w).grad_fn) is not None


def test_a_node_that_is_met_by_many_ways_is_computed_once() -> None:
    twice = X[:, 0] * B[0]
    for _ in range(40):  # 2**40 ways
        twice = twice + twice
    torch.testing.assert_close(output_of(twice.grad_fn), twice.detach())


def test_no_hook_of_the_users_runs() -> None:
    ran = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: ran.append(x) or x):
        given = X @ W * B
    assert output_of(given.grad_fn) is None
    assert ran == []


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["+", "-", "*", "/", "sin", "exp", "neg", "pow"]), min_size=1, max_size=12), st.data())
def test_any_arithmetic_of_weights_and_scaled_data(steps: list[str], data: st.DataObject) -> None:
    x = X[:, 0].double()
    weights = [torch.tensor(data.draw(st.floats(0.5, 2.0)), dtype=torch.float64).requires_grad_() for _ in steps]
    y = x * torch.ones((), dtype=torch.float64).requires_grad_()
    for step, weight in zip(steps, weights, strict=True):
        y = {
            "+": lambda y, w: y + w,
            "-": lambda y, w: w * x - y,
            "*": lambda y, w: y * w,
            "/": lambda y, w: y / w,
            "sin": lambda y, w: torch.sin(y),
            "exp": lambda y, w: torch.exp(-y * y),
            "neg": lambda y, w: -y,
            "pow": lambda y, w: y**2,
        }[step](y, weight)
    torch.testing.assert_close(output_of(y.grad_fn), y.detach())
