"""Losses that are written out: each form gives the labels that went in, and what is of no known form gives nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from training import trained

from headstart.diagnosis import diagnose
from headstart.monitor.origin import Made, origin_of
from headstart.monitor.written_out import WrittenOut, outer, pairs, written_out

N = 12
X = torch.randn(N, 5, generator=torch.Generator().manual_seed(0))
Y = torch.randn(N, generator=torch.Generator().manual_seed(1))
LABELS = torch.randint(0, 3, (N,), generator=torch.Generator().manual_seed(2))
BITS = (Y > 0).float().unsqueeze(1)
LEAF = torch.ones(4, requires_grad=True)

Form = Callable[[Tensor], Tensor]


def net(outputs: int = 1) -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, outputs))


def read(loss: Tensor) -> WrittenOut | None:
    with torch.no_grad():
        return written_out(loss)


def by_counts(z: Tensor) -> Tensor:
    counts = z.exp()
    return -(counts / counts.sum(1, keepdim=True))[torch.arange(N), LABELS].log().mean()


def by_entropies(z: Tensor) -> Tensor:
    p = torch.sigmoid(z)
    return -(BITS * torch.log(p) + (1 - BITS) * torch.log(1 - p)).mean()


SQUARES: dict[str, Form] = {
    "power": lambda z: ((z.squeeze() - Y) ** 2).mean(),
    "pow and sum": lambda z: (Y - z[:, 0]).pow(2).sum() / N,
    "square": lambda z: torch.mean(torch.square(z - Y.view(-1, 1))),
    "product": lambda z: (lambda e: (e * e).mean())(z.flatten() - Y),
    "half": lambda z: 0.5 * ((z.squeeze(1) - Y) ** 2).mean(),
    "half of each": lambda z: (0.5 * (z.squeeze(1) - Y) ** 2).mean(),
    "root": lambda z: ((z.reshape(-1) - Y) ** 2).mean().sqrt(),
    "norm": lambda z: torch.norm(z.flatten() - Y),
    "with a penalty": lambda z: ((z.flatten() - Y) ** 2).mean() + 0.01 * (LEAF**2).sum() + LEAF.norm() / 3,
    "with penalties in a sum": lambda z: (sum(w.abs().sum() for w in (LEAF, LEAF)) + ((z[:, 0] - Y) ** 2).mean()) / 2,
}


@pytest.mark.parametrize("form", SQUARES)
def test_squares_of_differences_are_mse_loss(form: str) -> None:
    z = net()(X)
    found = read(SQUARES[form](z))
    assert found is not None
    assert (found.kind, found.negative) == ("mse_loss", False)
    torch.testing.assert_close(found.target.flatten(), Y)
    torch.testing.assert_close(found.given.flatten(), z.detach().flatten())
    torch.testing.assert_close(found.value, F.mse_loss(z.detach().flatten(), Y))


@pytest.mark.parametrize(
    "stretch", [lambda z: 50 * torch.sigmoid(z), lambda z: torch.tanh(z) * torch.tensor(3.0), lambda z: z / 4]
)
def test_answers_may_be_stretched_to_their_range(stretch: Form) -> None:
    z = stretch(net()(X))
    found = read(((z[:, 0] - Y) ** 2).mean())
    assert found is not None
    torch.testing.assert_close(found.given, z.detach()[:, 0])
    torch.testing.assert_close(found.target, Y)


def polynomial() -> tuple[Tensor, Tensor]:
    a, b, c, d = (torch.tensor(number, requires_grad=True) for number in (0.3, -1.0, 0.2, 2.0))
    x = X[:, 0]
    return a + b * x + c * x**2 + d * x**3, Y


def factors() -> tuple[Tensor, Tensor]:
    torch.manual_seed(4)
    users, items, mean = nn.Embedding(N, 3), nn.Embedding(5, 3), nn.Embedding(N, 1)
    rows = torch.arange(N)
    return (users(rows) * items(rows % 5)).sum(1) + mean(rows).squeeze(1), Y


def wide_and_deep() -> tuple[Tensor, Tensor]:
    torch.manual_seed(5)
    return (nn.Linear(5, 1)(X) + net()(X)).squeeze(1), Y


def one_by_one() -> tuple[Tensor, Tensor]:
    w, b = torch.randn(5, requires_grad=True), torch.zeros((), requires_grad=True)
    return X[0].dot(w) + b, Y[0]


def one_in_a_row() -> tuple[Tensor, Tensor]:
    w, b = torch.randn(5, requires_grad=True), torch.zeros(1, requires_grad=True)
    return torch.dot(w, X[0]) + b, Y[:1]


@pytest.mark.parametrize("model", [polynomial, factors, wide_and_deep, one_by_one, one_in_a_row])
def test_the_model_may_be_arithmetic_of_the_users_own(model: Callable[[], tuple[Tensor, Tensor]]) -> None:
    z, y = model()
    found = read(((z - y) ** 2).sum() if z.numel() > 1 else (z - y) ** 2)
    assert found is not None
    assert found.kind == "mse_loss"
    torch.testing.assert_close(found.given, z.detach())
    torch.testing.assert_close(found.target, y)


def test_a_single_label_of_zero_is_found_and_one_that_rounding_leaves_nothing_of_is_not() -> None:
    for size, known in ((3.0, True), (1e9, False)):
        w = torch.full((), size, requires_grad=True)
        for label in (0.0, 0.5):
            assert (read((w * X[0, 0] - torch.tensor(label)) ** 2) is not None) == known


def test_absolute_differences_are_l1_loss_of_raw_tensors_too() -> None:
    w, b = torch.randn(5, requires_grad=True), torch.zeros(1, requires_grad=True)
    found = read((X @ w + b - Y).abs().mean())
    assert found is not None
    assert found.kind == "l1_loss"
    torch.testing.assert_close(found.target, Y)


@pytest.mark.parametrize(
    "form",
    [
        lambda z: -F.log_softmax(z, 1)[torch.arange(N), LABELS].mean(),
        lambda z: -z.log_softmax(-1)[range(N), LABELS].sum() / N,
        lambda z: -z.log_softmax(1).gather(1, LABELS[:, None]).mean(),
        lambda z: -z.softmax(1)[range(N), LABELS].log().mean(),
        lambda z: (-z.softmax(1).gather(1, LABELS[:, None]).log()).mean(),
        by_counts,
        lambda z: -(z - z.exp().sum(-1).log().unsqueeze(-1))[range(N), LABELS].mean(),
        lambda z: -(z - z.logsumexp(1, keepdim=True))[range(N), LABELS].mean() + 0.1 * (LEAF**2).sum(),
        lambda z: -(F.one_hot(LABELS, 3) * torch.log(z.softmax(1))).sum(1).mean(),
        lambda z: -torch.sum(z.log_softmax(1) * F.one_hot(LABELS, 3)) / N,
    ],
)
def test_picked_logarithms_are_nll_loss(form: Form) -> None:
    z = net(3)(X)
    found = read(form(z))
    assert found is not None
    assert (found.kind, found.negative) == ("nll_loss", False)
    assert torch.equal(found.target, LABELS)
    torch.testing.assert_close(found.value, F.cross_entropy(z.detach(), LABELS))


def test_a_missing_minus_is_seen() -> None:
    found = read(net(3)(X).log_softmax(1)[range(N), LABELS].mean())
    assert found is not None
    assert found.negative


def test_entropies_are_binary_cross_entropy() -> None:
    z = net()(X)
    found = read(by_entropies(z))
    assert found is not None
    assert (found.kind, found.negative) == ("binary_cross_entropy", False)
    assert torch.equal(found.target, BITS)
    torch.testing.assert_close(found.value, F.binary_cross_entropy_with_logits(z.detach(), BITS))


GUARDED: dict[str, Form] = {
    "one clip": lambda p: by_bits(*(lambda q: (q, 1 - q))(p.clamp(1e-7, 1 - 1e-7))),
    "a clip for each": lambda p: by_bits(p.clamp(min=1e-10), (1 - p).clamp(min=1e-10)),
    "a small constant": lambda p: by_bits(p + 1e-10, 1 - p + 1e-10),
    "both": lambda p: by_bits((p + 1e-10).clamp(max=1.0), (1 - p + 1e-10).clamp(max=1.0)),
}


def by_bits(p: Tensor, rest: Tensor) -> Tensor:
    return -(BITS * torch.log(p) + (1 - BITS) * torch.log(rest)).mean()


@pytest.mark.parametrize("form", GUARDED)
def test_a_logarithm_may_be_kept_off_zero(form: str) -> None:
    z = net()(X)
    found = read(GUARDED[form](torch.sigmoid(z)))
    assert found is not None
    assert (found.kind, found.negative) == ("binary_cross_entropy", False)
    assert torch.equal(found.target, BITS)
    torch.testing.assert_close(found.value, F.binary_cross_entropy_with_logits(z.detach(), BITS))


KEPT_OFF_ZERO: list[Form] = [
    lambda p: -torch.log(p[range(N), LABELS] + 1e-6).mean(),
    lambda p: -torch.log((p + 1e-9)[range(N), LABELS]).mean(),
    lambda p: -torch.log(p + 1e-9)[range(N), LABELS].mean(),
    lambda p: -p.gather(1, LABELS[:, None]).clamp(min=1e-8).log().mean(),
    lambda p: -(F.one_hot(LABELS, 3) * (p + 1e-9).log()).sum(1).mean(),
    lambda p: -(F.one_hot(LABELS, 3) * p.clamp(1e-9, 1.0).log()).sum(1).mean(),
]


@pytest.mark.parametrize("form", KEPT_OFF_ZERO)
def test_picked_probabilities_may_be_kept_off_zero(form: Form) -> None:
    z = net(3)(X)
    loss = form(z.softmax(1))
    found = read(loss)
    assert found is not None
    assert (found.kind, found.negative) == ("nll_loss", False)
    assert torch.equal(found.target, LABELS)
    torch.testing.assert_close(found.value, loss.detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("axis", [1, -1])
def test_labels_of_places_are_picked_along_the_classes(axis: int) -> None:
    labels = LABELS[:, None, None].expand(N, 4, 5).contiguous()
    z = (net(3)(X)[:, :, None, None] + torch.linspace(0, 1, 20).view(4, 5)).softmax(axis)
    loss = -z.gather(1, labels[:, None]).clamp_min(1e-7).log().mean()
    found = read(loss)
    assert found is not None
    assert found.kind == "nll_loss"
    assert torch.equal(found.target, labels)
    torch.testing.assert_close(found.value, loss.detach(), rtol=1e-4, atol=1e-5)
    assert origin_of(Made(found.maker, tuple(found.given.shape)), 1).softmax_axis == (1 if axis == 1 else 3)


def test_the_loss_of_what_is_kept_off_zero_stays_finite() -> None:
    z = (1000 * F.one_hot((LABELS + 1) % 3, 3)).float().requires_grad_() * torch.ones(1, requires_grad=True)
    found = read(-torch.log(z.softmax(1)[range(N), LABELS] + 1e-6).mean())
    assert found is not None
    torch.testing.assert_close(found.value, torch.tensor(-math.log(1e-6)))


ERROR: Form = lambda z: (z.squeeze() - Y) ** 2  # noqa: E731
BESIDE: dict[str, Form] = {
    "a penalty on outputs": lambda z: ERROR(z).mean() + (LEAF[0] * z).abs().mean(),
    "a penalty taken away": lambda z: 0.5 * ERROR(z).sum() - z.exp().mean(),
    "by sample": lambda z: (ERROR(z) + 3 * z.exp().sum(1)).mean(),
    "over axes": lambda z: ERROR(z).view(N // 2, 2).mean(1).mean() + z.exp().view(N // 2, 2).sum(1).mean(),
    "a number": lambda z: ERROR(z).mean() + z.exp().mean() + 1,
}


@pytest.mark.parametrize("form", BESIDE)
def test_of_several_terms_the_one_of_known_form_is_told(form: str) -> None:
    z = net()(X)
    found = read(BESIDE[form](z))
    assert found is not None
    assert (found.kind, found.negative) == ("mse_loss", False)
    torch.testing.assert_close(found.target, Y)
    torch.testing.assert_close(found.value, ERROR(z).mean().detach())


def test_a_term_that_is_taken_away_is_negative() -> None:
    found = read(net()(X).exp().mean() - ERROR(net()(X)).mean())
    assert found is not None
    assert found.negative


UNKNOWN: dict[str, Form] = {
    "two of known form": lambda z: ((z.squeeze() - Y) ** 2).mean() + (z.squeeze() - Y).abs().mean(),
    "one added to each element": lambda z: ((z.squeeze() - Y) ** 2 + 1).mean(),
    "a weighed term": lambda z: LEAF[0] * ((z.squeeze() - Y) ** 2).mean() + LEAF[1],
    "labels in part": lambda z: -(torch.eye(3)[LABELS] * 0.9 * torch.cat([z, z, z], 1).log_softmax(1)).sum(1).mean(),
    "weighted": lambda z: (Y.abs() * (z.squeeze() - Y) ** 2).mean(),
    "half of the samples": lambda z: ((z.squeeze() - Y) ** 2)[: N // 2].mean(),
    "no difference": lambda z: (z**2).mean(),
    "cubes": lambda z: ((z.squeeze() - Y) ** 3).mean(),
    "both have a graph": lambda z: ((z - z.roll(1, 0)) ** 2).mean(),
    "a constant": lambda z: ((z - torch.ones(N, 1)) ** 2).mean(),
    "a number": lambda z: ((z - 1) ** 2).mean(),
    "an unknown operator": lambda z: ((z.squeeze().cumsum(0) - Y) ** 2).mean(),
    "a power by tensor": lambda z: ((z.squeeze() - Y) ** torch.full((N,), 2.0)).mean(),
    "a policy's gradient": lambda z: -(z.log_softmax(1).gather(1, LABELS[:, None] * 0) * Y[:, None]).mean(),
    "rounded away": lambda z: ((z.squeeze() * 1e9 - Y) ** 2).mean(),
    "huge outputs": lambda z: (((X * 1e9) @ torch.ones(5, requires_grad=True) - Y) ** 2).mean(),
    "no mean": lambda z: z.log_softmax(1),
    "other rows": lambda z: -torch.cat([z, z, z], 1).log_softmax(1)[torch.arange(N).flip(0), LABELS].mean(),
}


@pytest.mark.parametrize("form", UNKNOWN)
def test_what_is_of_no_known_form_is_left_alone(form: str) -> None:
    assert read(UNKNOWN[form](net()(X))) is None


def test_what_is_no_probability_costs_no_watch() -> None:
    z = net()(X) + 1.5
    assert (z > 1).any()
    found = read(-(BITS * torch.log(z) + (1 - BITS) * torch.log(1 - z)).mean())
    assert found is not None
    assert torch.isnan(found.value)


def test_labels_that_count_from_the_end_are_left_alone() -> None:
    assert read(-net(3)(X).log_softmax(1)[torch.arange(N), LABELS - 3].mean()) is None


def test_nothing_is_read_where_hooks_of_the_users_would_run() -> None:
    ran = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: ran.append(x) or x):
        loss = ((net()(X).squeeze() - Y) ** 2).mean()
    assert read(loss) is None
    assert ran == []


def test_what_was_overwritten_is_left_alone() -> None:
    gap = net()(X).squeeze() - Y
    loss = (gap**2).mean()
    with torch.no_grad():
        gap += 1
    assert read(loss) is None


def test_nothing_changes_in_the_graph() -> None:
    results = []
    for look in (False, True):
        model = net()
        loss = ((model(X).squeeze() - Y) ** 2).mean()
        if look:
            assert read(loss) is not None
        loss.backward()
        results.append([parameter.grad for parameter in model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_a_run_has_skill_by_it(tmp_path: Path) -> None:
    record = trained(tmp_path, net(), X, Y, lambda z, y: ((z.squeeze(1) - y) ** 2).mean(), steps=60, lr=0.1)
    (loss,) = record.losses
    assert loss.by_hand
    assert loss.name.startswith("mse_loss by hand at ")
    skill = diagnose(record).skill
    assert skill is not None
    assert skill.constant == pytest.approx(float(Y.var(correction=0)), rel=1e-3)
    assert skill.loss == pytest.approx(fmean(record.loss.since(40).values), rel=1e-5)


def squared(activation: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda z, y: ((activation(z).squeeze(1) - y) ** 2).mean()


@pytest.mark.parametrize(
    ("activation", "rules"),
    [
        (lambda z: z.softmax(1), {"softmax-of-one", "output-range-too-small"}),
        (torch.tanh, {"output-range-too-small"}),
        (lambda z: z, set()),
    ],
)
def test_what_made_the_answers_is_read_as_of_a_loss_function(
    tmp_path: Path, activation: Callable[[Tensor], Tensor], rules: set[str]
) -> None:
    found = diagnose(trained(tmp_path, net(), X, 3 * Y, squared(activation))).findings
    seen = {one.rule for root in found for one in (root, *root.explains)}
    assert seen & {"softmax-of-one", "output-range-too-small"} == rules


def clipped(z: Tensor) -> Tensor:
    old = z.detach()
    near = old + (z - old).clamp(-0.2, 0.2)
    return torch.max((z - Y) ** 2, (near - Y) ** 2).mean()


TABLES: dict[str, Form] = {
    "one term": lambda z: (Y - z).pow(2).mean(),
    "one of two": lambda z: 0.1 * z.log_softmax(0).mean() + 0.5 * ((z - Y) ** 2).mean(),
    "subtracted": lambda z: z.tanh().mean() - 0.2 * (Y - z).abs().sum() / N,
    "the other way round": lambda z: z.mean() + ((z.squeeze(1) - Y[:, None]) ** 2).mean(),
    "the worse of two": lambda z: clipped(z) + z.mean(),
    "an entropy beside it": lambda z: (Y - z).abs().mean() - torch.distributions.Normal(z, 1.0).entropy().mean(),
}


@pytest.mark.parametrize("form", TABLES)
def test_outputs_against_the_targets_of_all_samples_are_seen(form: str) -> None:
    assert pairs(TABLES[form](net()(X))) == N


def test_a_layer_as_wide_as_the_batch_is_no_table() -> None:
    model = nn.Sequential(nn.Linear(5, N), nn.LayerNorm(N), nn.Linear(N, N), nn.Tanh(), nn.Linear(N, 1))
    assert pairs((model(X) - Y).pow(2).mean()) == N


SOUND: dict[str, Form] = {
    "a column": lambda z: z.mean() + ((z - Y[:, None]) ** 2).mean(),
    "rows": lambda z: z.mean() + ((z.squeeze(1) - Y) ** 2).mean(),
    "made a column": lambda z: z.mean() + ((z.squeeze(1)[:, None] - Y) ** 2).mean(),
    "made a column by view": lambda z: z.mean() + ((z.flatten().view(-1, 1) - Y) ** 2).mean(),
    "an energy distance": lambda z: 2 * (z - Y).abs().mean() - (z - z.t()).abs().mean(),
    "a kernel": lambda z: -2 * (-((z - Y) ** 2)).exp().mean() + (-((z - z.t()) ** 2)).exp().mean(),
    "a table of its own": lambda z: ((z - torch.outer(Y, Y)) ** 2).mean(),
    "the nearest": lambda z: z.mean() + ((z - Y) ** 2).min(1).values.mean(),
    "weighted pairs": lambda z: z.mean() + (torch.eye(N) * (z - Y) ** 2).mean(),
    "pairs of outputs": lambda z: (z - z.squeeze(1)).abs().mean(),
    "one value for all": lambda z: z.mean() + ((z - torch.full((N,), 2.0)) ** 2).mean(),
    "one sample": lambda z: z.mean() + ((z[:1] - Y[:1]) ** 2).mean(),
}


@pytest.mark.parametrize("form", SOUND)
def test_pairs_that_are_meant_are_not(form: str) -> None:
    assert pairs(SOUND[form](net()(X))) is None


W = torch.rand(N)

OUTER: dict[str, Form] = {
    "a policy's gradient": lambda z: -(z * W).mean(),
    "its ratio, clipped": lambda z: (
        -torch.min(z.squeeze(1).exp() * W[:, None], z.squeeze(1).exp().clamp(0.8, 1.2) * W[:, None]).mean()
    ),
    "weighted samples": lambda z: (W * (z - Y[:, None]).pow(2)).mean(),
    "one of two": lambda z: 0.5 * (z.squeeze(1) - Y).pow(2).mean() - 0.1 * (z.squeeze(1) * W[:, None]).sum() / N,
    "an entropy added to each": lambda z: (-(z * W) + 0.01 * z.exp()).mean(),
}
MEANT: dict[str, Form] = {
    "rows": lambda z: (z.squeeze(1) * W).mean(),
    "columns": lambda z: (z * W[:, None]).mean(),
    "made a column": lambda z: (z.squeeze(1)[:, None] * W).mean(),
    "neighbours": lambda z: (z * torch.rand(N, N)).mean(),
    "the best of all": lambda z: (z * W).max(1).values.mean(),
    "mixed before the loss": lambda z: ((z * W).sum(1) - Y).pow(2).mean(),
    "one weight for all": lambda z: (z * torch.tensor(2.0)).mean(),
    "one sample": lambda z: (z[:1] * W[:1]).mean(),
}


@pytest.mark.parametrize("form", OUTER)
def test_values_times_the_weights_of_all_samples_are_seen(form: str) -> None:
    assert outer(OUTER[form](net()(X))) == N


@pytest.mark.parametrize("form", MEANT)
def test_products_that_are_meant_are_not(form: str) -> None:
    assert outer(MEANT[form](net()(X))) is None


def test_no_hook_runs_for_pairs() -> None:
    ran = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: ran.append(x) or x):
        loss = ((net()(X) - Y) ** 2).mean()
    assert pairs(loss) is None
    assert ran == []


def density(z: Tensor, spread: Tensor | float = 1.0) -> Tensor:
    return torch.distributions.Normal(z, spread).log_prob(Y[:, None])


DENSITIES: dict[str, tuple[Form, bool | None]] = {
    "minimised": (lambda z: density(z).mean(), True),
    "minimised, with a spread": (lambda z: density(z, (z * 0.1).exp()).sum(), True),
    "of independent columns": (
        lambda z: torch.distributions.Independent(torch.distributions.Normal(z, 2.0), 1).log_prob(Y[:, None]).mean(),
        True,
    ),
    "maximised": (lambda z: -density(z).mean(), False),
    "with returns": (lambda z: -(density(z) * Y[:, None]).mean(), None),
    "with one return": (lambda z: (density(z) * 3.0).mean(), None),
    "of an own sample": (lambda z: torch.distributions.Normal(z, 1.0).log_prob(z.cos()).mean(), None),
    "beside a bonus": (lambda z: (density(z) - z.sin()).mean(), None),
    "of an exponential": (
        lambda z: torch.distributions.Exponential(z.exp()).log_prob(Y.abs()[:, None]).mean(),
        None,
    ),
}


@pytest.mark.parametrize("form", DENSITIES)
def test_the_log_density_of_a_normal_distribution_is_known_with_its_sign(form: str) -> None:
    loss, negative = DENSITIES[form]
    found = read(loss(net()(X)))
    assert (None if found is None else found.negative) == negative
    if found is not None:
        assert (found.kind, found.density) == ("mse_loss", True)
        torch.testing.assert_close(found.target, Y[:, None])


def test_a_density_that_is_maximised_has_no_skill(tmp_path: Path) -> None:
    record = trained(tmp_path, net(), X, Y, lambda z, y: -density(z).mean(), steps=30)
    assert record.losses == ()
    assert diagnose(record).skill is None


def test_a_loss_of_a_leaf_alone_is_left_alone() -> None:
    leaf = torch.ones(N, requires_grad=True)
    for loss in (
        leaf.mean(),
        -leaf.sum(),
        leaf.view(3, 4).mean(),
        (leaf - 1).mean(),
        leaf[0] * 1.0,
        (2 / leaf).mean(),
    ):
        assert read(loss) is None
        assert pairs(loss) is None
