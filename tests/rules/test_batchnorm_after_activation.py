"""batchnorm-after-activation: the order linear, ReLU, batch norm, told from all other places of a norm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import chain, head, linear, run, said, told
from torch import Tensor, nn
from training import trained

from headstart.record import Layer, Record

RULE = "batchnorm-after-activation"
SEEN = {("fc1.weight", "weight_gradient.max_abs"): 1.0}


def record(*after: str | None) -> Record:
    layers = [replace(linear(f"fc{place + 1}"), normed_after=one) for place, one in enumerate(after)]
    return run(chain(*layers, head()), SEEN, skill=0.5)


def test_it_tells_the_layer_and_the_other_order() -> None:
    finding = told(record("relu"), RULE)
    assert (finding.severity, finding.layer, finding.layers) == ("advice", "fc1", ("fc1",))
    assert finding.remedy is not None
    assert finding.remedy.code == "x = torch.relu(norm(model.fc1(x)))"
    assert not finding.remedy.safe


def test_several_are_one_finding() -> None:
    finding = told(record("relu", "", "relu"), RULE)
    assert finding.layers == ("fc1", "fc3")
    assert "1 more layers" in finding.message


@pytest.mark.parametrize("after", ["", None, "tanh", "sigmoid", "leaky_relu", "gelu", "silu", "elu"])
def test_other_places_and_other_activations_are_not_told(after: str | None) -> None:
    assert said(record(after), RULE) == []


def test_the_norm_is_named_where_it_is_known() -> None:
    first, last = record("relu").layers
    norm = Layer("bn1", "BatchNorm1d", 1, ("bn1.weight", "bn1.bias"), (64,), follows=("fc1",))
    finding = told(run((first, norm, replace(last, order=2)), SEEN, skill=0.5), RULE)
    assert finding.remedy is not None
    assert finding.remedy.code == "x = torch.relu(model.bn1(model.fc1(x)))"


class Net(nn.Module):
    """`way` says how the parts are put together; three classes."""

    def __init__(self, way: Callable[[Net, Tensor], Tensor]) -> None:
        super().__init__()
        self.fc, self.conv, self.last = nn.Linear(6, 8), nn.Conv1d(3, 8, 3), nn.LazyLinear(3)
        self.bn, self.bn2, self.frozen = nn.BatchNorm1d(8), nn.BatchNorm1d(8), nn.BatchNorm1d(8).eval()
        self.group, self.drop, self.pool, self.relu = nn.GroupNorm(2, 8), nn.Dropout(0.2), nn.AvgPool1d(2), nn.ReLU()
        self.w, self.b = nn.Parameter(torch.randn(6, 8)), nn.Parameter(torch.randn(8))
        self.way = way

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.last(self.way(self, x).flatten(1))
        return out


def maps(x: Tensor) -> Tensor:
    return x.reshape(-1, 3, 2).repeat(1, 1, 3)


AFTER: dict[str, tuple[str, Callable[[Net, Tensor], Tensor]]] = {
    "module": ("fc", lambda net, x: net.bn(net.relu(net.fc(x)))),
    "function": ("fc", lambda net, x: net.bn(net.fc(x).relu())),
    "in place": ("fc", lambda net, x: net.bn(net.fc(x).relu_())),
    "clamp": ("fc", lambda net, x: net.bn(net.fc(x).clamp(min=0))),
    "convolution": ("conv", lambda net, x: net.bn(net.conv(maps(x)).relu())),
    "flattened": ("fc", lambda net, x: net.bn(net.fc(x[:, None].expand(-1, 5, -1)).relu().transpose(1, 2))),
    "raw": ("w", lambda net, x: net.bn((x @ net.w + net.b).relu())),
    "dropout behind": ("fc", lambda net, x: net.drop(net.bn(net.fc(x).relu()))),
}
OTHERS: dict[str, Callable[[Net, Tensor], Tensor]] = {
    "before": lambda net, x: net.bn(net.fc(x)).relu(),
    "both sides": lambda net, x: net.bn2(net.bn(net.fc(x)).relu()),
    "tanh": lambda net, x: net.bn(net.fc(x).tanh()),
    "pooled features": lambda net, x: net.bn(net.pool(net.conv(maps(x)).relu())),
    "dropout between": lambda net, x: net.bn(net.drop(net.fc(x).relu())),
    "shortcut": lambda net, x: (lambda h: net.bn(h) + h)(net.fc(x).relu()),
    "activation first": lambda net, x: (lambda h: h + net.bn(h).relu())(net.fc(x)),
    "joined": lambda net, x: net.bn(net.fc(x).relu() + net.fc(-x).relu()),
    "frozen": lambda net, x: net.frozen(net.fc(x).relu()),
    "group norm": lambda net, x: net.group(net.fc(x).relu()),
    "no layer": lambda net, x: net.bn((x @ torch.ones(6, 8)).relu()) + net.fc(x),
    "once so, once otherwise": lambda net, x: net.bn(net.fc(x).relu()) + net.fc(-x).relu(),
}


def seen(way: Callable[[Net, Tensor], Tensor], path: Path) -> Record:
    torch.manual_seed(0)
    net, x = Net(way), torch.randn(16, 6)
    net(x)
    return trained(path, net, x, torch.arange(16) % 3)


@pytest.mark.parametrize("name", AFTER)
def test_in_real_nets_it_is_seen_in_any_style(name: str, tmp_path: Path) -> None:
    layer, way = AFTER[name]
    assert told(seen(way, tmp_path), RULE).layer == layer


@pytest.mark.parametrize("name", OTHERS)
def test_in_real_nets_other_orders_are_not_told(name: str, tmp_path: Path) -> None:
    assert said(seen(OTHERS[name], tmp_path), RULE) == []


def sequential(count: int) -> nn.Sequential:
    torch.manual_seed(0)
    hidden = [layer for _ in range(count) for layer in (nn.LazyLinear(8), nn.ReLU(), nn.BatchNorm1d(8))]
    return nn.Sequential(*hidden, nn.LazyLinear(3))


@pytest.mark.parametrize("count", [1, 3])
def test_its_remedy_runs_and_silences_it(count: int, tmp_path: Path) -> None:
    model, x, y = sequential(count), torch.randn(16, 6), torch.arange(16) % 3
    model(x)
    (tmp_path / "instead").mkdir()
    remedy = told(trained(tmp_path, model, x, y), RULE).remedy
    assert remedy is not None
    exec(remedy.code, {"model": model})
    assert [type(layer) for layer in model[:-1]] == [nn.Linear, nn.BatchNorm1d, nn.ReLU] * count
    assert said(trained(tmp_path / "instead", model, x, y), RULE) == []


def test_many_are_moved_by_the_function_that_does_it(tmp_path: Path) -> None:
    import headstart as hs

    model, x, y = sequential(5), torch.randn(16, 6), torch.arange(16) % 3
    model(x)
    remedy = told(trained(tmp_path, model, x, y), RULE).remedy
    assert remedy is not None
    exec(remedy.code, {"model": model, "hs": hs, "x": x})
    assert [type(layer) for layer in model[:-1]] == [nn.Linear, nn.BatchNorm1d, nn.ReLU] * 5


def test_before_a_relu_no_unit_is_zero_for_all_and_behind_it_a_dead_one_stays_dead() -> None:
    torch.manual_seed(0)
    x = torch.randn(32, 6)
    for bias, norm in ((-100.0, nn.BatchNorm1d(8)), (100.0, nn.BatchNorm1d(8))):
        fc = nn.Linear(6, 8)
        nn.init.constant_(fc.bias, bias)
        assert (norm(fc(x)).relu() > 0).any(0).all()
    nn.init.constant_(fc.bias, -100.0)
    out = norm(fc(x).relu())
    assert torch.equal(out, norm.bias.expand_as(out))
    out.square().sum().backward()
    assert fc.weight.grad is not None
    assert not fc.weight.grad.any()
