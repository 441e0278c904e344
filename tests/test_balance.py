"""Scales that norms leave free: which they are, what the gradient makes of them, and that nothing else changes."""

import copy
import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

import headstart as hs


def draws(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def labels(count, classes=5):
    return torch.arange(count) % classes


def normed(*widths):
    """3×3 convolutions, each before a batch norm; more and more channels, so that the gradients differ."""
    layers = [
        layer
        for n_in, n_out in itertools.pairwise(widths)
        for layer in (nn.Conv2d(n_in, n_out, 3, padding=1), nn.BatchNorm2d(n_out), nn.ReLU())
    ]
    torch.manual_seed(0)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], 5))


def gradients(model, x, y):
    model.train().zero_grad()
    F.cross_entropy(model(x), y).backward()
    return {name: p.grad.norm().item() for name, p in model.named_parameters() if p.ndim == 4}


def started(model, *args, **options):
    model = copy.deepcopy(model)
    return model, hs.initialize(model, *args, **options)


def test_the_gradients_spread_shrinks_to_its_cube_root_and_the_outputs_stay():
    model, x, y = normed(3, 8, 16, 64, 128), draws(16, 3, 8, 8), labels(16)
    plain, _ = started(model, (x, y), F.cross_entropy, balance=False)
    even, plan = started(model, (x, y), F.cross_entropy)
    before, after = gradients(plain, x, y), gradients(even, x, y)
    spread = max(before.values()) / min(before.values())
    assert 1.5 < spread < 27  # within the limit of 3 either way
    assert max(after.values()) / min(after.values()) == pytest.approx(spread ** (1 / 3), rel=1e-2)
    torch.testing.assert_close(even(x), plain(x), rtol=1e-3, atol=1e-4)
    mean = math.exp(sum(map(math.log, before.values())) / len(before))
    for name, norm in before.items():
        assert plan[name].balance == pytest.approx((norm / mean) ** (2 / 3), rel=1e-2)
        assert after[name] == pytest.approx(norm / plan[name].balance, rel=1e-2)
        ratio = even.get_parameter(name) / plain.get_parameter(name)
        torch.testing.assert_close(ratio, torch.full_like(ratio, plan[name].balance))
    assert "a norm divides by its scale" in str(plan)


def test_without_a_loss_a_random_direction_of_the_outputs_serves():
    model, x = normed(3, 8, 16, 64, 128), draws(16, 3, 8, 8)
    plain, _ = started(model, x, balance=False)
    even, _ = started(model, x)
    before, after = (gradients(each, x, labels(16)) for each in (plain, even))
    assert max(after.values()) / min(after.values()) < 0.7 * max(before.values()) / min(before.values())


def test_no_factor_goes_beyond_its_limit():
    class Faint(nn.Module):
        def __init__(self):
            super().__init__()
            self.branch, self.norm = nn.Linear(8, 8), nn.LayerNorm(8)
            self.last, self.end = nn.Linear(8, 8), nn.LayerNorm(8)
            nn.init.constant_(self.norm.weight, 1e-3)  # its author's, and kept: little gradient reaches the branch

        def forward(self, x):
            return self.end(self.last(x + self.norm(self.branch(x))))

    plan = hs.initialize(Faint(), draws(16, 8))
    assert plan["branch.weight"].balance == pytest.approx(1 / 3)
    assert plan["last.weight"].balance == pytest.approx(3)


def test_it_costs_two_forward_passes_and_leaves_no_gradients():
    model = normed(3, 8, 8)
    runs = []
    model[0].register_forward_hook(lambda *_: runs.append(1))
    hs.initialize(model, draws(8, 3, 8, 8))
    assert len(runs) == 2
    assert all(p.grad is None for p in model.parameters())


def test_a_plan_tells_what_initialize_does():
    model, x = normed(3, 8, 16), draws(8, 3, 8, 8)
    told, done = hs.plan(model, x), hs.initialize(model, x)
    assert [row.balance for row in told.rows] == [row.balance for row in done.rows]
    assert told["0.weight"].balance is not None


@pytest.mark.parametrize("options", [{"balance": False}, {"law": "kaiming_normal"}, {"law": "lsuv"}, {"keep": ["*"]}])
def test_it_can_be_left_out_and_a_law_that_was_asked_for_stands(options):
    plan = hs.plan(normed(3, 8, 16), draws(8, 3, 8, 8), **options)
    assert all(row.balance is None for row in plan.rows)


class Block(nn.Module):
    """One convolution whose output goes into a norm, and `forward` says where else."""

    def __init__(self, how):
        super().__init__()
        self.how = how
        self.first, self.conv = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.norm, self.wide, self.group = nn.BatchNorm2d(8), nn.BatchNorm2d(16), nn.GroupNorm(1, 16)
        self.shift = nn.Parameter(draws(1, 8, 8, 8))
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = self.first(x)
        y = self.conv(x.relu())
        if self.how == "pooled, halved, then a norm":
            y = self.norm(F.max_pool2d(y, 2) / 2)
        elif self.how == "also into a sum":
            y = y + self.norm(y)
        elif self.how == "positions are added":
            y = self.norm(y + self.shift)
        elif self.how == "an activation comes first":
            y = self.norm(y.tanh())
        elif self.how == "beside others, a batch norm":
            y = self.wide(torch.cat([x, y], 1))[:, 8:]
        elif self.how == "beside others, a group norm":
            y = self.group(torch.cat([x, y], 1))[:, 8:]
        elif self.how == "used twice":
            y = self.norm(y).relu() + self.conv(x)
        return self.head(y.relu().mean((2, 3)))


@pytest.mark.parametrize(
    ("how", "free"),
    [
        ("pooled, halved, then a norm", True),
        ("beside others, a batch norm", True),
        ("beside others, a group norm", False),
        ("also into a sum", False),
        ("positions are added", False),
        ("an activation comes first", False),
        ("used twice", False),
    ],
)
def test_a_scale_is_free_where_norms_divide_it_out_and_nowhere_else(how, free):
    plan = hs.plan(Block(how), draws(8, 3, 8, 8))
    assert (plan["conv.weight"].choice.divided is not None) == free
    assert (plan["conv.weight"].balance is not None) == free


def test_a_bias_that_is_kept_can_hold_a_scale_fast():
    model = nn.Sequential(nn.Linear(8, 16), nn.LayerNorm(16), nn.ReLU(), nn.Linear(16, 16), nn.LayerNorm(16))
    nn.init.constant_(model[0].bias, 1.0)
    model[0].bias.data[0] = -3.0  # no constant, so it is drawn anew, unless it is kept
    plan = hs.plan(model, draws(16, 8), keep=["0.bias"])
    assert plan["0.weight"].balance is None
    assert plan["3.weight"].balance is not None


def test_one_factor_a_channel_is_left_alone():
    model = nn.Sequential(nn.Conv2d(3, 3, 1, groups=3), nn.BatchNorm2d(3), nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
    plan = hs.plan(model, draws(8, 3, 8, 8))
    assert plan["0.weight"].balance is None
    assert plan["2.weight"].balance is not None


def test_weights_that_norms_of_weights_make_are_left_alone():
    model = normed(3, 8, 16)
    nn.utils.parametrizations.weight_norm(model[0])
    plan = hs.plan(model, draws(8, 3, 8, 8))
    assert plan["0.weight"].balance is None
    assert plan["3.weight"].balance is not None


@pytest.mark.filterwarnings("ignore")
def test_where_no_gradient_can_be_had_the_scales_stay_as_drawn():
    class Again(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.rest = nn.Conv2d(3, 8, 3), nn.Sequential(nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8))
            self.last, self.norm = nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8)

        def forward(self, x):
            x = checkpoint(self.rest, self.first(x), use_reentrant=True)
            return self.norm(self.last(x))

    model = Again()
    plan = hs.initialize(model, draws(8, 3, 12, 12))
    assert plan["last.weight"].choice.divided
    assert plan["last.weight"].balance is None


def test_a_model_in_eval_mode_starts_as_one_in_training_mode_does():
    model, x = normed(3, 8, 16, 32), 30 * draws(16, 3, 8, 8)
    one, _ = started(model, x)
    other, _ = started(model.eval(), x)
    assert all(torch.equal(p, q) for p, q in zip(one.parameters(), other.parameters(), strict=True))


# A scale that the layers of a branch share


class Branches(nn.Module):
    """Pre-norm residual branches of two layers, or of attention."""

    def __init__(self, depth=12, width=64, activation=nn.ReLU, attention=False):
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.head, self.end = nn.Linear(8, width), nn.Linear(width, 5), nn.LayerNorm(width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(depth))
        wider = 3 if attention else 2
        self.first = nn.ModuleList(nn.Linear(width, wider * width) for _ in range(depth))
        self.second = nn.ModuleList(nn.Linear(width * (1 if attention else 2), width) for _ in range(depth))
        self.activation, self.attention = activation(), attention

    def forward(self, x):
        x = self.stem(x)
        for norm, first, second in zip(self.norms, self.first, self.second, strict=True):
            hidden = first(norm(x))
            if self.attention:
                query, key, value = hidden.chunk(3, -1)
                hidden = (query @ key.transpose(-1, -2) / 8).softmax(-1) @ value
            else:
                hidden = self.activation(hidden)
            x = x + second(hidden)
        return self.head(self.end(x))


def of_branches(model, x, y):
    model.zero_grad()
    logits = model(x)
    F.cross_entropy(logits.mean(1) if logits.ndim > 2 else logits, y).backward()
    return [layer.weight.grad.norm().item() for layer in (*model.first, *model.second)]


def test_layers_of_a_branch_share_its_scale_exactly_where_relu_is_between():
    model, x, y = Branches(), draws(32, 8), labels(32)
    plain, _ = started(model, x, balance=False)
    even, plan = started(model, x)
    torch.testing.assert_close(even(x), plain(x), rtol=1e-4, atol=1e-4)
    before, after = of_branches(plain, x, y), of_branches(even, x, y)
    assert max(after) / min(after) < 0.5 * max(before) / min(before)
    first, second = plan["first.3.weight"], plan["second.3.weight"]
    assert 0.5 <= first.balance < 1
    assert first.balance * second.balance == pytest.approx(1)
    assert first.after == pytest.approx(first.balance, rel=0.1)
    assert "the branch's scale is shared" in str(plan)


def test_gelu_lets_through_as_much_as_before():
    model, x = Branches(activation=nn.GELU), draws(32, 8)
    plain, even = hs.plan(model, x, balance=False), hs.plan(model, x)
    assert even["first.3.weight"].balance < 1
    assert even["second.3.weight"].after == pytest.approx(plain["second.3.weight"].after, rel=0.05)


def test_the_values_of_attention_share_their_scale_and_keys_and_queries_do_not():
    model, x = Branches(attention=True), draws(16, 6, 8)
    plain, _ = started(model, x, balance=False)
    even, plan = started(model, x)
    factor = plan["first.3.weight"].balance
    assert 0.5 <= factor < 1
    assert plan["second.3.weight"].balance == pytest.approx(1 / factor)
    ratio = even.first[3].weight / plain.first[3].weight
    expected = torch.tensor([1.0, 1.0, factor]).repeat_interleave(64)[:, None].expand_as(ratio)
    torch.testing.assert_close(ratio, expected)
    torch.testing.assert_close(even(x), plain(x), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("activation", [nn.Tanh, nn.Sigmoid, nn.SELU])
def test_what_is_not_straight_shares_nothing(activation):
    plan = hs.plan(Branches(activation=activation), draws(32, 8))
    assert plan["first.3.weight"].balance is None


def test_no_scale_is_shared_where_the_branch_is_not_made_small():
    plan = hs.plan(Branches(), draws(32, 8), residual="keep")
    assert all(row.balance is None for row in plan.rows)
    mlp = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 5))
    assert all(row.balance is None for row in hs.plan(mlp, draws(32, 8)).rows)


def test_a_shared_scale_costs_a_third_pass_and_no_more():
    model, runs = Branches(), []
    model.stem.register_forward_hook(lambda *_: runs.append(1))
    hs.plan(model, draws(32, 8))
    assert len(runs) == 3


def test_gradients_are_found_behind_an_output_of_zeros_and_it_stays_so():
    model = Branches()
    nn.init.zeros_(model.head.weight)
    plan = hs.initialize(model, draws(32, 8))
    assert plan["first.3.weight"].balance < 1
    assert plan["head.weight"].after == 0
    assert not model.head.weight.any()


def test_a_standardised_weight_is_scaled_and_its_output_stays():
    class Standardised(nn.Conv2d):
        def forward(self, x):
            flat = F.batch_norm(self.weight.reshape(1, self.out_channels, -1), None, None, training=True, eps=1e-6)
            return F.conv2d(x, flat.reshape_as(self.weight) / math.sqrt(self.weight[0].numel()), None, padding=1)

    torch.manual_seed(0)
    layers = (Standardised(3, 8, 3), nn.ReLU(), Standardised(8, 64, 3), nn.ReLU(), Standardised(64, 64, 3), nn.ReLU())
    model, x = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 5)), draws(8, 3, 8, 8)
    plain, _ = started(model, x, balance=False)
    even, plan = started(model, x)
    assert plan["2.weight"].choice.divided == "weight"
    assert plan["2.weight"].balance not in (None, 1)
    torch.testing.assert_close(even(x), plain(x), rtol=1e-3, atol=1e-3)
    before, after = (gradients(each, x, labels(8)) for each in (plain, even))
    assert max(after.values()) / min(after.values()) < max(before.values()) / min(before.values())


def test_frozen_weights_that_are_drawn_all_the_same_are_scaled_too_and_stay_frozen():
    model = normed(3, 8, 16).requires_grad_(False)
    plan = hs.initialize(model, draws(8, 3, 8, 8), frozen=True)
    assert plan["0.weight"].balance is not None
    assert not any(p.requires_grad for p in model.parameters())
    assert hs.plan(normed(3, 8, 16).requires_grad_(False), draws(8, 3, 8, 8))["0.weight"].balance is None
