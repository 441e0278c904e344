"""What the autograd graph says of a net must be what its author wrote, in any style."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from headstart.monitor.graph import SMALL, TAG, GraphLayer, find_tags, is_cut, read_graph, saved_result, tag

Y = torch.tensor([0, 1])


def layers(root: Tensor) -> list[GraphLayer]:
    return read_graph(root).layers()


def told(root: Tensor) -> list[tuple[str, str | None, str | None]]:
    return [(layer.operation.op, layer.norm, layer.activation) for layer in layers(root)]


def test_sequential_with_norm_dropout_and_relu() -> None:
    net = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(), nn.Linear(5, 3))
    loss = F.cross_entropy(net(torch.randn(2, 4)), Y)
    assert told(loss) == [
        ("addmm", "batch_norm", "relu"),
        ("native_batch_norm", None, "relu"),
        ("addmm", None, None),
    ]
    first, norm, last = layers(loss)
    assert {id(p) for p in first.parameters} == {id(p) for p in net[0].parameters()}
    assert (first.direct, norm.direct) == (False, True)
    assert norm.follows == (first.operation.index,)
    assert [layer.output for layer in (first, norm, last)] == [False, False, True]


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (F.relu, "relu"),
        (lambda x: x.clamp(min=0), "relu"),
        (torch.tanh, "tanh"),
        (torch.sigmoid, "sigmoid"),
        (F.gelu, "gelu"),
        (F.silu, "silu"),
        (F.elu, "elu"),
        (F.leaky_relu, "leaky_relu"),
        (F.hardtanh, "hardtanh"),
        (F.softplus, "softplus"),
        (F.mish, "mish"),
        (torch.sin, "sin"),
    ],
)
def test_functional_activations_have_torchs_names(function, name: str) -> None:
    first, second = nn.Linear(4, 5), nn.Linear(5, 3)
    assert told(second(function(first(torch.randn(2, 4)))).sum())[0] == ("addmm", None, name)


def test_raw_tensors_own_their_bias_and_count_units_in_their_second_dimension() -> None:
    w, b = torch.randn(4, 5, requires_grad=True), torch.zeros(5, requires_grad=True)
    v = torch.randn(5, 3, requires_grad=True)
    first, second = layers(((torch.tanh(torch.randn(2, 4) @ w + b) @ v - 1) ** 2).mean())
    assert [id(p) for p in first.parameters] == [id(w), id(b)]
    assert (first.activation, first.operation.units_dim) == ("tanh", 1)
    assert (second.output, second.follows) == (True, (first.operation.index,))


def test_a_weight_on_the_left_is_a_weight() -> None:
    w = torch.randn(3, 4, requires_grad=True)
    (layer,) = layers((w @ torch.randn(4, 2)).sum())
    assert layer.parameters[0] is w


def test_data_that_requires_grad_is_no_parameter() -> None:
    x, net = torch.randn(2, 4, requires_grad=True), nn.Linear(4, 1)
    (layer,) = layers(net(x).sum())
    assert {id(p) for p in layer.parameters} == {id(net.weight), id(net.bias)}


def test_a_cnn_is_read_through_pooling_and_flatten() -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 2))
    first, last = layers(F.cross_entropy(net(torch.randn(2, 1, 8, 8)), Y))
    assert (first.operation.op, first.activation, first.operation.units_dim) == ("convolution", "relu", 0)
    assert last.follows == (first.operation.index,)


def test_a_transposed_convolution_counts_units_in_its_second_dimension() -> None:
    (layer,) = layers(nn.ConvTranspose2d(3, 5, 2)(torch.randn(1, 3, 4, 4)).sum())
    assert layer.operation.units_dim == 1


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.branch, self.shortcut = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)
        self.head = nn.Linear(4, 2)


class IdentityShortcut(Residual):
    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        return self.head(F.relu(x + self.branch(x)).mean((2, 3)))


class ProjectedShortcut(Residual):
    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        return self.head(F.relu(self.shortcut(x) + self.branch(x)).mean((2, 3)))


def test_a_branch_that_is_added_to_its_own_input_is_residual() -> None:
    flags = [layer.residual for layer in layers(IdentityShortcut()(torch.randn(2, 3, 4, 4)).sum())]
    assert flags == [False, True, False]


def test_branches_that_are_added_to_each_other_are_residual() -> None:
    flags = [layer.residual for layer in layers(ProjectedShortcut()(torch.randn(2, 3, 4, 4)).sum())]
    assert flags == [False, True, True, False]


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_modules_own_their_weights(kind) -> None:
    net, head = kind(4, 5), nn.Linear(5, 2)
    output, _ = net(torch.randn(3, 2, 4))
    found = layers(F.cross_entropy(head(output[-1]), Y))
    seen = {id(p) for layer in found for p in layer.parameters}
    assert {id(p) for p in net.parameters()} <= seen
    assert found[-1].output


def test_multi_head_attention_feeds_its_output_projection() -> None:
    net = nn.MultiheadAttention(8, 2, batch_first=True)
    x = torch.randn(2, 3, 8)
    first, last = layers(net(x, x, x, need_weights=False)[0].sum())
    assert first.parameters[0] is net.in_proj_weight
    assert last.parameters[-1] is net.out_proj.weight or net.out_proj.weight in set(last.parameters)
    assert last.follows == (first.operation.index,)


def test_scaled_dot_product_attention_is_seen() -> None:
    q = nn.Linear(8, 8)(torch.randn(2, 2, 3, 8))
    roles = [operation.role for operation in read_graph(F.scaled_dot_product_attention(q, q, q).sum()).operations]
    assert "attention" in roles


def test_a_tied_weight_is_one_parameter_of_two_layers() -> None:
    table = nn.Embedding(7, 4)
    loss = F.cross_entropy(F.linear(F.gelu(nn.Linear(4, 4)(table(Y))), table.weight), Y)
    first, _, last = layers(loss)
    assert first.parameters[0] is last.parameters[0] is table.weight


def test_two_losses_that_are_summed_are_both_seen() -> None:
    net, x = nn.Linear(4, 2), torch.randn(2, 4)
    graph = read_graph(F.cross_entropy(net(x), Y) + 0.1 * F.mse_loss(net(x), torch.zeros(2, 2)))
    assert [loss.op for loss in graph.losses()] == ["nll_loss", "mse_loss"]


def test_frozen_parts_are_not_in_the_graph() -> None:
    trunk, head = nn.Linear(4, 5).requires_grad_(False), nn.Linear(5, 2)
    (layer,) = layers(head(torch.relu(trunk(torch.randn(2, 4)))).sum())
    assert layer.follows == ()


def test_reading_the_graph_of_a_checkpointed_net_does_not_run_it_again() -> None:
    norm, calls = nn.BatchNorm1d(4), []
    net = nn.Sequential(nn.Linear(4, 4), norm, nn.ReLU())
    net.register_forward_hook(lambda *_: calls.append(1))
    loss = checkpoint(net, torch.randn(8, 4), use_reentrant=False).sum()
    before = norm.running_mean.clone()
    assert told(loss)[0] == ("addmm", "batch_norm", "relu")
    assert (len(calls), torch.equal(before, norm.running_mean)) == (1, True)


def test_a_reentrant_checkpoint_stays_opaque() -> None:
    net = nn.Linear(4, 4)
    loss = checkpoint(net, torch.randn(2, 4, requires_grad=True), use_reentrant=True).sum()
    assert read_graph(loss).operations[0].role == "opaque"
    assert not any(p is net.weight for layer in layers(loss) for p in layer.parameters)


def test_a_compiled_module_is_opaque_but_owns_its_parameters() -> None:
    net = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    (layer,) = layers(torch.compile(net, backend="aot_eager")(torch.randn(2, 4)).sum())
    assert layer.operation.role == "opaque"
    assert {id(p) for p in layer.parameters} == {id(p) for p in net.parameters()}


def test_autocast_casts_are_seen_through() -> None:
    net = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    with torch.autocast("cpu", torch.bfloat16):
        loss = F.cross_entropy(net(torch.randn(2, 4)), Y)
    assert told(loss) == [("addmm", None, "relu"), ("addmm", None, None)]
    assert layers(loss)[0].operation.units_dim == 0


def test_a_custom_function_stays_unknown() -> None:
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        def backward(ctx, g):
            return 2 * g

    roles = [
        operation.role for operation in read_graph(Twice.apply(nn.Linear(4, 2)(torch.ones(1, 4))).sum()).operations
    ]
    assert "other" in roles


def test_tags_are_found_from_the_loss_and_survive_the_tensor() -> None:
    net = nn.Linear(4, 2)
    logits = net(torch.randn(2, 4))
    tag(logits, "here")
    loss = F.cross_entropy(logits, Y)
    del logits
    tag(loss, 1.5)
    assert find_tags(loss, TAG, float) == [1.5]
    assert find_tags(loss, TAG, str) == ["here"]
    assert "here" in read_graph(loss).tags()


def test_a_saved_result_is_read_only_without_hooks_of_the_users() -> None:
    calls = []
    x = torch.randn(2, 4, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: calls.append(1) or t):
        hooked = torch.tanh(x * 2)
    plain = torch.tanh(x * 2)
    tanh = lambda root: next(op for op in read_graph(root.sum()).operations if op.op == "tanh")  # noqa: E731
    assert saved_result(tanh(hooked)) is None
    assert torch.equal(saved_result(tanh(plain)), plain)
    assert calls == []


def test_a_deep_recurrent_graph_needs_no_recursion() -> None:
    cell, state = nn.RNNCell(2, 2), torch.zeros(1, 2)
    for _ in range(3000):
        state = cell(torch.zeros(1, 2), state)
    assert len(read_graph(state.sum()).operations) > 3000


def test_what_ends_in_no_parameter_is_cut() -> None:
    leaf, weight = torch.ones(3, requires_grad=True), nn.Parameter(torch.ones(3))
    assert is_cut(torch.ones(()))
    assert is_cut(leaf)
    assert is_cut((2 * leaf).mean())
    assert not is_cut((weight * leaf).mean())


def test_a_large_graph_is_not_looked_through() -> None:
    x = torch.ones(3, requires_grad=True)
    for _ in range(SMALL):
        x = x + 1
    assert not is_cut(x.sum())


def penalty_of_squares(net: nn.Module) -> Tensor:
    return 0.5 * sum(p.pow(2).sum() for p in net.parameters())


def penalty_of_norms(net: nn.Module) -> Tensor:
    return torch.cat([p.flatten() for p in net.parameters()]).norm(1)


def penalty_of_products(net: nn.Module) -> Tensor:
    return 1e-3 * torch.stack([(p * p).mean() for p in net.parameters()]).sum()


@pytest.mark.parametrize("penalty", [penalty_of_squares, penalty_of_norms, penalty_of_products])
def test_a_penalty_is_no_layer(penalty) -> None:
    net = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    loss = F.cross_entropy(net(torch.randn(2, 4)), Y)
    plain, graph = read_graph(loss), read_graph(loss + penalty(net))
    assert not plain.penalised()
    assert {id(p) for p in graph.penalised()} == {id(p) for p in net.parameters()}
    assert told(loss + penalty(net)) == told(loss)
    assert [layer.output for layer in graph.layers()] == [False, True]


def test_a_penalty_on_raw_tensors_is_known_by_what_else_they_do() -> None:
    w, v = torch.randn(4, 5, requires_grad=True), torch.randn(5, 3, requires_grad=True)
    graph = read_graph(F.cross_entropy(torch.tanh(torch.randn(2, 4) @ w) @ v, Y) + 0.1 * w.abs().sum())
    assert [id(p) for p in graph.penalised()] == [id(w)]
    assert [layer.output for layer in graph.layers()] == [False, True]


def test_weights_that_are_made_from_weights_are_no_penalty() -> None:
    """A temperature, a normalised weight, one made from two factors, and a start that is learnt."""
    a, b, scale = (torch.randn(4, 4, requires_grad=True) for _ in range(3))
    start = nn.Parameter(torch.randn(2, 4))
    out = torch.tanh(start) @ (a @ b) @ (scale / scale.norm()).t() * scale.mean().exp()
    for loss in (F.cross_entropy(out, Y), F.cross_entropy(out, Y) + F.mse_loss(out, torch.zeros(2, 4))):
        assert not read_graph(loss).penalised()


def test_what_data_go_into_is_no_penalty() -> None:
    w, v = torch.randn(4, 5, requires_grad=True), torch.randn(5, requires_grad=True)
    x = torch.randn(3, 4)
    loss = F.mse_loss(torch.relu(x @ w) @ v, torch.zeros(3))
    assert not read_graph(loss + ((w.abs() * torch.rand(4, 5)) ** 2).sum()).penalised()
    assert not read_graph(loss + (x @ w.abs()).sum()).penalised()
