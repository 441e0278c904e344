"""Initialisation in place: what it reaches, what it leaves alone, and that deep networks then train."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import headstart as hs
from headstart.errors import HeadstartError


def draws(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def mlp(depth, activation, width=64, n_out=10):
    layers = [layer for _ in range(depth) for layer in (nn.Linear(width, width), activation())]
    return nn.Sequential(*layers, nn.Linear(width, n_out))


def weights(model):
    return {name: p.detach().clone() for name, p in model.named_parameters()}


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.GELU, nn.SiLU, nn.SELU, nn.Softsign, nn.Mish])
def test_thirty_layers_keep_their_signal(activation):
    model = mlp(30, activation, width=256)
    hs.initialize(model, draws(64, 256))
    x = draws(64, 256, seed=1)  # not the batch that it was initialised on
    for layer in model[:-1]:
        x = layer(x)
        if isinstance(layer, nn.Linear):
            assert 0.3 < x.std().item() < 3


def test_pytorchs_default_lets_the_same_signal_fade():
    x = draws(64, 256)
    assert mlp(30, nn.ReLU, width=256)[:-1](x).std(0).max().item() < 1e-6  # over the batch: what is left is the biases


def trained_loss(model, steps, lr):
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.SGD(model.parameters(), lr, momentum=0.9)
    for _ in range(steps):
        x = torch.randn(64, 64, generator=generator)
        loss = F.cross_entropy(model(x), (x[:, 0] > 0).long())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return loss.item()


@pytest.mark.slow
@pytest.mark.parametrize(("depth", "activation", "lr"), [(30, nn.ReLU, 0.01), (50, nn.Tanh, 0.01)])
def test_deep_plain_nets_train_with_the_plan_and_not_with_pytorchs_default(depth, activation, lr):
    torch.manual_seed(0)
    model = mlp(depth, activation, n_out=2)
    twin = copy.deepcopy(model)
    hs.initialize(model, draws(64, 64))
    assert trained_loss(twin, 300, lr) > 0.65  # log 2 = 0.69: it has learnt nothing
    assert trained_loss(model, 300, lr) < 0.4


@pytest.mark.slow
def test_a_thirty_layer_convolutional_net_trains_with_the_plan_and_not_with_pytorchs_default():
    def net():
        torch.manual_seed(0)
        layers = [layer for _ in range(29) for layer in (nn.Conv2d(8, 8, 3, padding=1), nn.ReLU())]
        return nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), *layers, nn.Flatten(), nn.Linear(8 * 64, 2))

    losses = []
    for model, ours in ((net(), False), (net(), True)):
        if ours:
            hs.initialize(model, draws(64, 1, 8, 8))
        generator = torch.Generator().manual_seed(0)
        optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
        for _ in range(200):
            x = torch.randn(32, 1, 8, 8, generator=generator)
            y = torch.randint(0, 2, (32,), generator=generator)
            x = x + (2.0 * y[:, None, None, None] - 1)
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        losses.append(loss.item())
    assert losses[0] > 0.6
    assert losses[1] < 0.2


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    model = mlp(3, nn.ReLU)
    first, again, other = (
        weights(m) for seed in (0, 0, 1) if hs.initialize(m := copy.deepcopy(model), draws(16, 64), seed=seed)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["0.weight"], other["0.weight"])


def test_a_layer_draws_its_own_numbers_whatever_stands_beside_it():
    short, long = mlp(2, nn.ReLU), mlp(5, nn.ReLU)
    hs.initialize(short, draws(16, 64))
    hs.initialize(long, draws(16, 64))
    assert torch.equal(short[2].weight, long[2].weight)


def test_the_weights_are_the_same_in_every_dtype_up_to_rounding():
    model = mlp(2, nn.ReLU)
    single, double = copy.deepcopy(model), copy.deepcopy(model).double()
    hs.initialize(single, draws(16, 64))
    hs.initialize(double, draws(16, 64).double())
    torch.testing.assert_close(double[2].weight.float(), single[2].weight)
    half = copy.deepcopy(model).bfloat16()
    hs.initialize(half, draws(16, 64).bfloat16())
    torch.testing.assert_close(half[2].weight.float(), single[2].weight, rtol=1e-2, atol=1e-4)


def test_parameters_stay_where_they_are_in_memory():
    model = mlp(2, nn.ReLU)
    pointers = {name: (id(p), p.data_ptr()) for name, p in model.named_parameters()}
    hs.initialize(model, draws(16, 64))
    assert pointers == {name: (id(p), p.data_ptr()) for name, p in model.named_parameters()}


def test_the_callers_random_numbers_and_running_statistics_stay():
    model = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 2)).eval()
    state = torch.get_rng_state()
    hs.initialize(model, draws(16, 8))
    assert torch.equal(state, torch.get_rng_state())
    assert int(model[1].num_batches_tracked) == 0
    assert not model[1].training


def test_a_meta_model_is_materialised():
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(16, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 4))
    hs.initialize(model, draws(8, 16))
    assert model[1].running_var.tolist() == [1.0] * 32
    assert model(draws(8, 16)).isfinite().all()


def test_a_meta_model_whose_buffers_nobody_can_make_is_refused():
    class Table(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("index", torch.arange(4))

    with torch.device("meta"):
        model = nn.Sequential(Table(), nn.Linear(4, 4))
    with pytest.raises(HeadstartError, match=r"0.index is on the meta device, and Table has no reset_parameters"):
        hs.initialize(model, draws(2, 4))


def test_a_failure_leaves_the_model_as_it_was():
    model = mlp(2, nn.ReLU)
    before = weights(model)
    with pytest.raises(HeadstartError, match="labels from 0 to 99"):
        hs.initialize(model, draws(16, 64), targets=torch.tensor([0, 99]))
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())


# The output's bias


def test_the_network_starts_at_the_entropy_of_the_classes():
    labels = torch.tensor([0] * 90 + [1] * 9 + [2])
    model = mlp(2, nn.ReLU, n_out=3)
    hs.initialize(model, draws(100, 64), targets=labels)
    frequencies = torch.tensor([91, 10, 2]) / 103  # each class counted once more
    torch.testing.assert_close(model[-1].bias.softmax(0), frequencies)
    entropy = -(torch.tensor([0.9, 0.09, 0.01]) * frequencies.log()).sum().item()
    assert F.cross_entropy(model(draws(100, 64)), labels).item() < entropy + 0.25


def test_a_binary_output_starts_at_the_log_odds():
    model = mlp(1, nn.ReLU, n_out=1)
    labels = torch.ones(98, dtype=torch.long)
    hs.initialize(model, draws(98, 64), targets=labels)
    assert model[-1].bias.item() == pytest.approx(math.log(99 / 1))


def test_a_multi_label_output_starts_at_each_labels_log_odds():
    labels = torch.zeros(98, 2)
    labels[:49, 0] = 1
    model = mlp(1, nn.ReLU, n_out=2)
    hs.initialize(model, (draws(98, 64), labels), F.binary_cross_entropy_with_logits)
    assert model[-1].bias.tolist() == pytest.approx([0.0, math.log(1 / 99)], abs=1e-6)


def test_a_regression_output_starts_at_the_mean():
    targets = draws(50, 2) + torch.tensor([10.0, -3.0])
    model = mlp(1, nn.ReLU, n_out=2)
    hs.initialize(model, draws(50, 64), targets=targets)
    torch.testing.assert_close(model[-1].bias.detach(), targets.mean(0))


def test_ignored_labels_do_not_count():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 2, 1))
    labels = torch.tensor([[[0, 1], [1, -100]]])
    hs.initialize(model, draws(1, 3, 2, 2), targets=labels)
    torch.testing.assert_close(model[-1].bias.softmax(0), torch.tensor([2 / 5, 3 / 5]))


# Layers of their own kind


def test_an_lstm_remembers_at_first():
    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.head = nn.LSTM(8, 16, batch_first=True), nn.Linear(16, 2)

        def forward(self, x):
            return self.head(self.lstm(x)[0][:, -1])

    model = Reader()
    hs.initialize(model, draws(4, 5, 8))
    total = (model.lstm.bias_ih_l0 + model.lstm.bias_hh_l0).detach().chunk(4)
    assert [part.unique().tolist() for part in total] == [[0.0], [1.0], [0.0], [0.0]]
    for gate in model.lstm.weight_hh_l0.detach().chunk(4):
        torch.testing.assert_close(gate @ gate.T, torch.eye(16), atol=1e-5, rtol=0)
    assert model.lstm.weight_ih_l0.std().item() == pytest.approx(math.sqrt(2 / (8 + 16)), rel=0.15)


def test_a_padding_row_of_an_embedding_stays_zero():
    model = nn.Sequential(nn.Embedding(50, 16, padding_idx=3), nn.Flatten(), nn.Linear(64, 2))
    hs.initialize(model, torch.arange(8).reshape(2, 4))
    assert not model[0].weight[3].any()
    assert model[0].weight[4:].std().item() == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("how", ["parametrization", "older"])
def test_weight_norm_gets_the_weight_that_the_law_draws(how):
    norm = nn.utils.parametrizations.weight_norm if how == "parametrization" else nn.utils.weight_norm
    if how == "older":
        with pytest.warns(FutureWarning):
            layer = norm(nn.Linear(64, 64))
    else:
        layer = norm(nn.Linear(64, 64))
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), layer, nn.ReLU(), nn.Linear(64, 2))
    hs.initialize(model, draws(16, 64))
    model(draws(16, 64))  # the older one computes the weight in a hook
    assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / 64), rel=0.05)


def test_fused_query_key_and_value_are_counted_as_three():
    layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True, norm_first=True)
    plan = hs.initialize(nn.Sequential(layer, nn.Linear(32, 2)), draws(4, 6, 32))
    fans = plan["0.self_attn.in_proj_weight"].choice.fans
    assert (fans.n_in, fans.n_out) == (32, 32)


def test_mimetic_makes_query_times_key_resemble_the_identity():
    layer = nn.TransformerEncoderLayer(64, 1, 64, batch_first=True, norm_first=True)
    plan = hs.initialize(nn.Sequential(layer, nn.Linear(64, 2)), draws(4, 6, 64), law="mimetic")
    query, key, value = layer.self_attn.in_proj_weight.detach().chunk(3)
    assert (query.T @ key).diagonal().mean().item() == pytest.approx(0.7, abs=0.1)
    assert (value.T @ layer.self_attn.out_proj.weight.detach().T).diagonal().mean().item() == pytest.approx(
        -0.4, abs=0.1
    )
    assert plan["0.self_attn.in_proj_weight"].choice.law == "mimetic"


def test_lsuv_gives_every_hidden_layer_unit_variance_in_one_pass():
    model = mlp(10, nn.Softplus, width=128)
    plan = hs.initialize(model, draws(256, 128), law="lsuv")
    assert [row.after for row in plan.rows if row.kind == "weight"][:-1] == pytest.approx([1.0] * 10, abs=1e-3)


def test_the_batch_overrules_the_law_where_the_inputs_are_not_standardised():
    model = mlp(1, nn.ReLU)
    plan = hs.initialize(model, 50 * draws(64, 64))
    assert plan["0.weight"].factor == pytest.approx(1 / 50, rel=0.1)
    assert plan["0.weight"].after == pytest.approx(1, rel=1e-3)


def test_a_law_may_be_given_for_all_weights_or_by_name():
    model = mlp(2, nn.ReLU)
    assert hs.initialize(model, draws(16, 64), law="orthogonal")["0.weight"].choice.law == "orthogonal"
    plan = hs.initialize(model, draws(16, 64), law={"0.*": "xavier_uniform", "2.*": "keep"})
    assert [plan[f"{i}.weight"].choice.law for i in (0, 2, 4)] == ["xavier_uniform", "keep", "kaiming_normal"]
