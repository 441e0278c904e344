"""weights-too-large: the first weights' size against the law, along the way."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from records import Figure, chain, figures_of, head, linear, run, said, told, unjudged
from torch import Tensor, nn
from training import trained

from headstart.diagnosis.rules.weights_too_large import A_STEP, GROWTH, SHARE
from headstart.record import Layer, Record

RULE = "weights-too-large"
RELU, PLAIN = math.sqrt(2 / 64), math.sqrt(1 / 64)  # He et al. 2015, eq. 10, and without an activation


def net(*times: float, last: float = 1.0, skill: float | None = 0.0, **facts: object) -> Record:
    """ReLU layers whose weights have `times` the law's size, and a head with `last` times its own."""
    layers = chain(*(linear(f"fc{i}", **facts) for i, _ in enumerate(times)), head())  # type: ignore[arg-type]
    figures: dict[tuple[str, str], Figure] = {(f"fc{i}.weight", "weight.std"): t * RELU for i, t in enumerate(times)}
    return run(layers, {**figures, ("head.weight", "weight.std"): last * PLAIN}, skill=skill)


def test_one_layer_may_grow_the_signal_up_to_the_limit() -> None:
    finding = told(net(1.01 * GROWTH), RULE)
    assert finding.evidence[0].figure == "signal_growth"
    assert finding.evidence[0].value == pytest.approx(1.01 * GROWTH, rel=1e-3)
    assert finding.evidence[0].limit == GROWTH
    assert said(net(0.99 * GROWTH), RULE) == []


def test_growth_multiplies_along_the_way() -> None:
    assert figures_of(told(net(2.2, 2.2, 2.2), RULE))["signal_growth"] == pytest.approx(2.2**3, rel=1e-3)
    assert said(net(2.1, 2.1, 2.1), RULE) == []  # 2.1³ = 9.3


def test_the_last_layer_counts_too() -> None:
    finding = told(net(1.0, last=1.01 * GROWTH), RULE)
    assert finding.layers == ("head",)
    assert said(net(1.0, last=0.99 * GROWTH), RULE) == []


def test_layers_far_above_their_law_have_their_part_and_the_furthest_is_told() -> None:
    finding = told(net(1.02 * SHARE, 0.98 * SHARE, 4.0), RULE)
    assert finding.layers == ("fc0", "fc2")
    assert finding.layer == "fc2"
    assert figures_of(finding)["weight_std"] == pytest.approx(4.0 * RELU)


def test_growth_in_small_shares_is_told_of_the_layer_where_it_ends() -> None:
    finding = told(net(*[1.8] * 4, last=0.5), RULE)
    assert figures_of(finding)["signal_growth"] == pytest.approx(1.8**4, rel=1e-3)
    assert finding.layers == ("fc3",)


def test_a_mean_far_from_zero_carries_the_signal_as_well() -> None:
    figures = {("fc.weight", "weight.mean"): 11 * RELU, ("fc.weight", "weight.std"): 0.0}
    finding = told(run(chain(linear("fc"), head()), figures), RULE)
    assert figures_of(finding)["signal_growth"] == pytest.approx(11.0, rel=1e-3)


@pytest.mark.parametrize(("skill", "severity"), [(0.9, "advice"), (None, "advice"), (0.0, "error")])
def test_it_is_advice_where_the_run_is_not_known_to_fail(skill: float | None, severity: str) -> None:
    assert told(net(30.0, skill=skill), RULE).severity == severity


@pytest.mark.parametrize(("times", "bare", "fires"), [(1.0, False, False), (1.4, False, True), (1.0, True, True)])
def test_a_function_of_the_users_own_may_be_a_relu(times: float, bare: bool, fires: bool) -> None:
    record = net(*[times] * 9, last=0.9, activation=None, bare=bare)  # He's law: √2⁹ = 23 without a ReLU
    assert bool(said(record, RULE)) is fires


def test_a_norm_behind_the_layer_takes_any_size() -> None:
    assert said(net(50.0, 50.0, norm="batch_norm"), RULE) == []


def test_a_norm_on_the_way_starts_the_count_anew() -> None:
    norm = Layer("norm", "LayerNorm", 0, ("norm.weight",), (64,), units=64)
    figures = {("front.weight", "weight.std"): 5 * RELU, ("back.weight", "weight.std"): 5 * RELU}
    assert told(run(chain(linear("front"), linear("back"), head()), figures), RULE)
    assert said(run(chain(linear("front"), norm, linear("back"), head()), figures), RULE) == []


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_a_bounded_activation_hands_no_growth_on(activation: str) -> None:
    assert said(net(9.0, 9.0, activation=activation), RULE) == []


def test_only_the_first_weights_count() -> None:
    figures = {("fc.weight", "weight.std"): lambda step: 50 * RELU if step else RELU}
    assert said(run(chain(linear("fc"), head()), figures, skill=0.0), RULE) == []


@pytest.mark.parametrize(("move", "speaks"), [(2.0, False), (0.1, True)])
def test_weights_of_a_later_net_are_its_first_only_if_steps_hardly_moved_them_before(
    move: float, speaks: bool
) -> None:
    """Looks at every fourth step: met first at step 40, it may have been moved from step 37 on."""
    late = dict.fromkeys(range(40, 60, 4), 20 * RELU)
    figures: dict[tuple[str, str], Figure] = {
        ("", "loop.backwards"): dict.fromkeys(range(0, 60, 4), 1.0),
        ("fc.weight", "weight.std"): late,
        ("fc.weight", "update.std"): dict.fromkeys(late, move * 20 * RELU / 4),
    }
    assert bool(said(run(chain(linear("fc"), head()), figures, skill=0.0), RULE)) == speaks


def test_nets_of_one_layer_that_are_trained_one_after_the_other_do_not_multiply() -> None:
    nets = [head(f"net{i}") for i in range(4)]
    figures: dict[tuple[str, str], Figure] = {(f"net{i}.weight", "weight.std"): 4 * PLAIN for i in range(4)}
    assert said(run(nets, figures, skill=0.0), RULE) == []


def test_parallel_branches_do_not_multiply() -> None:
    a, b = linear("a"), linear("b")
    figures = {("a.weight", "weight.std"): 5 * RELU, ("b.weight", "weight.std"): 5 * RELU}
    assert said(run([a, b, linear("join", follows=("a", "b"))], figures, skill=0.0), RULE) == []


@pytest.mark.parametrize("law", [nn.init.xavier_normal_, nn.init.kaiming_uniform_, nn.init.orthogonal_])
def test_no_law_in_use_fires_it(law: Callable[[Tensor], Tensor]) -> None:
    drawn = [float(law(torch.empty(64, 64)).std()) / RELU for _ in range(6)]
    assert said(net(*drawn), RULE) == []


def test_the_growth_is_that_of_a_forward_pass_in_numpy(tmp_path: Path) -> None:
    model = nn.Sequential(*(m for _ in range(3) for m in (nn.Linear(1024, 1024, bias=False), nn.ReLU())))
    for module in model[::2]:
        nn.init.normal_(module.weight, std=3 * math.sqrt(2 / 1024))
    x = torch.randn(64, 1024)
    record = trained(tmp_path, nn.Sequential(model, nn.Linear(1024, 2)), x, torch.arange(64) % 2, steps=2)
    signal = x.numpy()
    for module in model[::2]:
        signal = np.maximum(signal @ module.weight.detach().numpy().T, 0)
    grown = math.sqrt((signal**2).mean() / (x.numpy() ** 2).mean())
    assert grown == pytest.approx(27, rel=0.1)
    # The last layer, as PyTorch starts it, leaves 1/√3 of it, so that the largest is behind the third.
    assert figures_of(told(record, RULE))["signal_growth"] == pytest.approx(grown, rel=0.1)


def test_the_remedy_draws_the_weights_by_the_law() -> None:
    finding = told(net(30.0), RULE)
    assert finding.remedy is not None
    model = nn.Module()
    model.fc0 = nn.Linear(512, 512)
    exec(finding.remedy.code, {"torch": torch, "model": model})
    assert model.fc0.weight.std().item() == pytest.approx(math.sqrt(2 / 512), rel=0.02)


def test_without_a_trained_weight_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(linear("fc"), head())))


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize(("times", "fires"), [(1.2, True), (0.85, False)])
def test_a_recurrent_weight_may_scale_the_state_by_a_step_four_times(
    tmp_path: Path, kind: type[nn.RNNBase], times: float, fires: bool
) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.out = kind(2, 64, batch_first=True), nn.Linear(64, 2)
            nn.init.normal_(self.rnn.weight_hh_l0, std=times * A_STEP / 64**0.5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.out(self.rnn(x)[0][:, -1])

    net = Net()
    found = said(trained(tmp_path, net, torch.randn(8, 5, 2), torch.arange(8) % 2), RULE)
    assert bool(found) is fires
    for finding in found:
        assert (finding.layer, finding.evidence[0].limit) == ("rnn", A_STEP)
        assert finding.evidence[0].value == pytest.approx(times * A_STEP, rel=0.06)
        assert finding.remedy is not None
        exec(finding.remedy.code, {"torch": torch, "model": net})
        weight = net.rnn.weight_hh_l0
        torch.testing.assert_close(weight.T @ weight, torch.eye(64), atol=1e-5, rtol=0)
