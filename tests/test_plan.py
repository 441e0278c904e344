"""The plan: it reads the network right, chooses the textbook's laws, and changes nothing."""

import copy
import math
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import headstart as hs
from headstart.errors import HeadstartError


def images(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class Functional(nn.Module):
    """The same network as Sequential(Linear, ReLU, Linear, Tanh, Linear), written by hand."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(20, 30), nn.Linear(30, 30)
        self.w = nn.Parameter(torch.randn(30, 5))  # used as x @ w: the other way round

    def forward(self, x):
        return torch.tanh(self.b(F.relu(self.a(x)))) @ self.w


class PreNorm(nn.Module):
    def __init__(self, depth=4, width=32, scale=False):
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.ModuleDict(
                {"norm": nn.LayerNorm(width), "fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)}
            )
            for _ in range(depth)
        )
        self.scales = (
            nn.ParameterList(nn.Parameter(torch.full((width,), 1e-4)) for _ in range(depth)) if scale else None
        )
        self.stem, self.head = nn.Linear(width, width), nn.Linear(width, 3)

    def forward(self, x):
        x = self.stem(x)
        for index, block in enumerate(self.blocks):
            branch = block["fc2"](F.gelu(block["fc1"](block["norm"](x))))
            x = x + (branch * self.scales[index] if self.scales is not None else branch)
        return self.head(x)


def test_before_relu_kaiming_and_before_tanh_xavier_falls_out_of_the_plan():
    model = nn.Sequential(
        nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 3)
    )
    plan = hs.plan(model, images(16, 64))
    assert plan["2.weight"].choice.law == "kaiming_normal"
    assert plan["2.weight"].choice.gain == pytest.approx(math.sqrt(2))
    assert plan["2.weight"].choice.std == pytest.approx(math.sqrt(2 / 64))
    assert plan["4.weight"].choice.law == "xavier_normal"
    assert plan["4.weight"].choice.gain == pytest.approx(1.19, abs=0.01)  # towards Xavier's 1, not 5/3
    assert plan["0.weight"].choice.law == "lecun_normal"


def test_an_activation_that_nobody_has_tabulated_gets_its_gain_by_quadrature():
    model = nn.Sequential(nn.Linear(64, 64), nn.Mish(), nn.Linear(64, 64), nn.LeakyReLU(0.3), nn.Linear(64, 3))
    plan = hs.plan(model, images(16, 64))
    assert plan["2.weight"].choice.gain == pytest.approx(hs.gain("mish"))
    assert plan["4.weight"].source == "leaky_relu"
    assert plan["4.weight"].choice.std == pytest.approx(math.sqrt(2 / (1 + 0.3**2) / 64), rel=1e-6)


def test_a_hand_written_network_is_read_like_one_of_modules():
    plan = hs.plan(Functional(), images(16, 20))
    assert [plan[name].source for name in ("a.weight", "b.weight", "w")] == ["input", "relu", "tanh"]
    assert plan["b.weight"].choice.law == "kaiming_normal"
    assert plan["b.weight"].activation == "tanh"


def test_a_matrix_that_is_used_the_other_way_round_has_its_own_fans():
    class Raw(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.inner = nn.Linear(40, 7), Matrix(20, 40)

        def forward(self, x):
            return self.layer(self.inner(x).relu())

    class Matrix(nn.Linear):
        def __init__(self, n_in, n_out):
            super().__init__(n_out, n_in, bias=False)

        def forward(self, x):
            return x @ self.weight

    found = hs.plan(Raw(), images(8, 20))["inner.weight"].choice.fans
    assert (found.n_in, found.n_out) == (20, 40)


def test_a_branch_is_divided_by_the_root_of_the_number_of_branches():
    plan = hs.plan(PreNorm(depth=4), images(8, 32))
    fc2 = plan["blocks.1.fc2.weight"].choice
    assert fc2.gain == pytest.approx(hs.gain("gelu") / math.sqrt(4), rel=1e-6)
    assert plan["blocks.1.fc1.weight"].choice.gain == 1
    assert hs.plan(PreNorm(depth=4), images(8, 32), residual="zero")["blocks.1.fc2.weight"].choice.law == "zeros"


def test_layer_scale_already_makes_a_branch_small():
    plan = hs.plan(PreNorm(depth=4, scale=True), images(8, 32))
    assert plan["blocks.1.fc2.weight"].choice.gain == pytest.approx(hs.gain("gelu"), rel=1e-6)
    assert plan["scales.1"].choice.law == "keep"


def test_an_authors_zero_at_the_end_of_a_branch_is_kept_and_a_zero_elsewhere_is_not():
    model = PreNorm(depth=2)
    nn.init.zeros_(model.blocks[0].fc2.weight)
    nn.init.zeros_(model.blocks[1].fc1.weight)
    plan = hs.plan(model, images(8, 32))
    assert plan["blocks.0.fc2.weight"].choice.law == "keep"
    assert plan["blocks.1.fc1.weight"].choice.law == "lecun_normal"


def test_tied_weights_get_one_row():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.mix, self.head = nn.Embedding(11, 8), nn.Linear(8, 8), nn.Linear(8, 11, bias=False)
            self.head.weight = self.embed.weight

        def forward(self, ids):
            return self.head(F.relu(self.mix(self.embed(ids))))

    plan = hs.plan(Tied(), torch.randint(0, 11, (4, 6), generator=torch.Generator().manual_seed(0)))
    assert [row.name for row in plan.rows if row.shape == (11, 8)] == ["embed.weight"]
    assert plan["embed.weight"].choice.fans.n_in == 8  # as the output's matrix


def test_frozen_and_named_parameters_are_kept():
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))
    model[2].requires_grad_(False)
    plan = hs.plan(model, images(4, 8), keep=["4.*"])
    assert plan["2.weight"].choice.why == "frozen"
    assert plan["4.bias"].choice.law == "keep"
    assert hs.plan(model, images(4, 8), frozen=True)["2.weight"].choice.law == "kaiming_normal"


def test_a_trained_layer_is_recognised_and_a_fresh_one_is_not():
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    x = torch.randn(256, 64, generator=generator)
    y = (x[:, 0] > 0).long() + 2 * (x[:, 1] > 0).long()
    assert hs.plan(model, x)["2.weight"].choice.law == "kaiming_normal"
    for _ in range(150):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    assert "trained" in hs.plan(model, x)["2.weight"].choice.why
    assert hs.plan(model, x, trained=True)["2.weight"].choice.law == "kaiming_normal"


def state_of(model):
    tensors = {name: (id(t), t.data_ptr(), t.clone()) for name, t in model.state_dict(keep_vars=True).items()}
    grads = {name: p.grad for name, p in model.named_parameters()}
    return (
        tensors,
        grads,
        [m.training for m in model.modules()],
        torch.get_rng_state(),
        random.getstate(),
        np.random.get_state(),
    )


@pytest.mark.parametrize("training", [True, False])
def test_a_plan_changes_nothing(training):
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(), nn.Flatten(), nn.Linear(288, 5)
    )
    model.train(training)
    model[1].eval()
    model(images(4, 3, 8, 8)).sum().backward()
    before = state_of(model)
    hs.plan(model, images(4, 3, 8, 8, seed=1))
    after = state_of(model)
    for name, (identity, pointer, values) in before[0].items():
        assert (identity, pointer) == after[0][name][:2], name
        assert torch.equal(values, after[0][name][2]), name
    assert all(before[1][name] is after[1][name] for name in before[1])
    assert before[2] == after[2]
    assert torch.equal(before[3], after[3])
    assert before[4] == after[4]
    assert all(np.array_equal(a, b) for a, b in zip(before[5], after[5], strict=True))


def test_a_plan_that_fails_changes_nothing_either():
    class Failing(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.layer, self.calls = nn.BatchNorm1d(4), nn.Linear(4, 4), 0

        def forward(self, x):
            self.calls += 1
            if self.calls == 2:
                raise RuntimeError("the second call fails")
            return self.layer(self.norm(x))

    model = Failing()
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(HeadstartError, match="the second call fails"):
        hs.plan(model, images(8, 4))
    assert all(torch.equal(values, before[name]) for name, values in model.state_dict().items())


def test_the_plan_says_what_initialize_then_does():
    model = nn.Sequential(nn.Linear(20, 40), nn.GELU(), nn.Linear(40, 40), nn.Softplus(), nn.Linear(40, 3))
    assert hs.plan(model, images(32, 20)).rows == hs.initialize(model, images(32, 20)).rows


def test_a_plan_of_many_layers_runs_the_model_at_most_three_times():
    calls = []
    model = nn.Sequential(*(layer for _ in range(50) for layer in (nn.Linear(16, 16), nn.ReLU())), nn.Linear(16, 2))
    model.register_forward_hook(lambda *_: calls.append(1))
    hs.plan(model, images(8, 16))
    assert len(calls) <= 3


def test_the_printed_plan_names_law_std_and_pytorchs_default():
    text = str(hs.plan(nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)), images(16, 64)))
    assert "relu → output" in text
    assert "PyTorch's default (a=√5): U(±1/√fan_in), std 1/√(3·fan_in)" in text
    assert "kaiming_normal" in text


def test_a_model_that_cannot_be_run_is_said_so_with_its_own_words():
    with pytest.raises(HeadstartError, match=r"Linear cannot be run on the batch \(torch.float32 \(4, 7\)\)"):
        hs.plan(nn.Linear(8, 2), images(4, 7))


def test_a_model_without_parameters_and_an_unknown_law_are_refused():
    with pytest.raises(HeadstartError, match="ReLU has no parameters"):
        hs.plan(nn.ReLU(), images(2, 2))
    with pytest.raises(HeadstartError, match="no law called 'he'"):
        hs.plan(nn.Linear(2, 2), images(2, 2), law="he")


def test_a_batch_may_be_a_tuple_a_dict_or_inputs_with_labels():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 2)

        def forward(self, x, shift):
            return self.layer(x + shift)

    assert hs.plan(Two(), (images(8, 4), 1.0))["layer.weight"].after
    assert hs.plan(Two(), {"x": images(8, 4), "shift": 0.0})["layer.weight"].after
    assert hs.plan(nn.Linear(4, 2), [images(8, 4), torch.tensor([0, 1] * 4)])["bias"].choice.law == "prior"
