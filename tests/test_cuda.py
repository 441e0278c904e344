"""On a CUDA device: a watched run is the same bit for bit, is not waited for, and gives the findings of a CPU's run.

Skipped where there is none. `python -m pytest tests/test_cuda.py` on a machine that has one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import headstart as hs

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

STEPS = 150  # past the first 128, which are all sketched


class Classifier(nn.Module):
    """A convolutional net with batch norm and dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn = nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.head = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn(self.conv1(x)))
        x = F.dropout(F.relu(self.conv2(x)), 0.2, self.training)
        return self.head(x.mean((2, 3)))


class Tagger(nn.Module):
    """Embeddings, an LSTM, attention, a layer norm."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(50, 16)
        self.lstm = nn.LSTM(16, 16, batch_first=True)
        self.block = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.1, batch_first=True)
        self.head = nn.Linear(16, 50)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.block(self.lstm(self.embedding(x))[0]))


def images() -> tuple[nn.Module, Tensor, Tensor]:
    y = torch.randint(0, 4, (64,), device="cuda")
    return Classifier().cuda(), torch.randn(64, 1, 8, 8, device="cuda") + y[:, None, None, None], y


def tokens() -> tuple[nn.Module, Tensor, Tensor]:
    x = torch.randint(0, 50, (16, 12), device="cuda")
    return Tagger().cuda(), x, (x + 1) % 50


def step_plain(net: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor) -> None:
    optimizer.zero_grad()
    F.cross_entropy(net(x).flatten(0, -2), y.flatten()).backward()
    optimizer.step()
    net.eval()
    with torch.no_grad():
        F.cross_entropy(net(x).flatten(0, -2), y.flatten())
    net.train()


def step_weighted_and_clipped(net: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor) -> None:
    optimizer.zero_grad()
    weight = torch.linspace(0.5, 1.5, net.head.out_features, device="cuda")
    F.cross_entropy(net(x).flatten(0, -2), y.flatten(), weight).backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimizer.step()


def step_autocast(net: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor) -> None:
    optimizer.zero_grad()
    with torch.autocast("cuda", dtype=torch.bfloat16):
        loss = F.cross_entropy(net(x).flatten(0, -2), y.flatten())
    loss.backward()
    optimizer.step()


def step_by_hand(net: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor) -> None:
    loss = ((net(x).flatten(0, -2).softmax(-1) - F.one_hot(y.flatten(), net.head.out_features)) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter -= 0.01 * parameter.grad
            parameter.grad = None


STEP = (step_plain, step_weighted_and_clipped, step_autocast, step_by_hand)
MODELS = (images, tokens)


@pytest.fixture(autouse=True)
def _exact(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What CUDA leaves open, an order of summation, is fixed; and products have all their digits."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(0)
    yield
    torch.use_deterministic_algorithms(False)


def trained(make: Callable[[], tuple[nn.Module, Tensor, Tensor]], step: Callable[..., None], record: Path | None):
    """Weights, buffers and random numbers after training; with a record if a path is given."""
    torch.manual_seed(0)
    net, x, y = make()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    if record is None:
        for _ in range(STEPS):
            step(net, optimizer, x, y)
    else:
        with hs.watch(net, record=record) as watch:
            for _ in range(STEPS):
                step(net, optimizer, x, y)
        assert "fault" not in watch.read().meta, watch.read().meta["fault"]
    state = [value.clone() for value in net.state_dict().values()]
    return [*state, torch.cuda.get_rng_state(), torch.get_rng_state()]


@pytest.mark.parametrize("step", STEP)
@pytest.mark.parametrize("make", MODELS)
def test_weights_buffers_and_random_numbers_are_those_of_a_plain_run(make, step, tmp_path: Path) -> None:
    plain = trained(make, step, None)
    assert all(map(torch.equal, plain, trained(make, step, None))), "two plain runs differ"
    assert all(map(torch.equal, plain, trained(make, step, tmp_path / "w.db")))


@pytest.mark.filterwarnings("ignore:Synchronization debug mode")
@pytest.mark.parametrize("step", STEP)
@pytest.mark.parametrize("make", MODELS)
def test_no_step_waits_for_the_device(make, step, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the writing, which is once a second; CUDA's debug mode raises at whatever waits."""
    from headstart.monitor.outbox import Outbox

    net, x, y = make()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    step(net, optimizer, x, y)  # the libraries are loaded
    flush = Outbox.flush_if_due

    def allowed(self: Outbox) -> None:
        mode = torch.cuda.get_sync_debug_mode()
        torch.cuda.set_sync_debug_mode("default")
        flush(self)
        torch.cuda.set_sync_debug_mode(mode)

    monkeypatch.setattr(Outbox, "flush_if_due", allowed)
    with hs.watch(net, record=tmp_path / "w.db") as watch:
        try:
            torch.cuda.set_sync_debug_mode("error")
            for _ in range(STEPS):
                step(net, optimizer, x, y)
        finally:
            torch.cuda.set_sync_debug_mode("default")
    record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    assert len(record) >= STEPS - 1


def test_scaled_half_precision_is_watched_and_the_same(tmp_path: Path) -> None:
    def run(record: Path | None) -> list[Tensor]:
        torch.manual_seed(0)
        net, x, y = images()
        optimizer, scaler = torch.optim.SGD(net.parameters(), lr=0.05), torch.amp.GradScaler("cuda")

        def train() -> None:
            for _ in range(STEPS):
                optimizer.zero_grad()
                with torch.autocast("cuda", dtype=torch.float16):
                    loss = F.cross_entropy(net(x), y)
                scaler.scale(loss).backward()
                scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                scaler.step(optimizer)
                scaler.update()

        if record is None:
            train()
        else:
            with hs.watch(net, record=record) as watch:
                train()
            seen = watch.read()
            assert "fault" not in seen.meta, seen.meta["fault"]
            assert not [f for f in hs.diagnose(seen).findings if f.severity in ("warning", "error")]
        return [*net.state_dict().values(), torch.tensor(scaler.get_scale())]

    assert all(map(torch.equal, run(None), run(tmp_path / "w.db")))


@pytest.mark.filterwarnings("ignore:The AccumulateGrad node's stream")  # of torch itself: the plain run gives it, too
@pytest.mark.parametrize("compiled", [False, True])
def test_a_captured_graph_can_be_watched(compiled: bool, tmp_path: Path) -> None:
    """While a stream is captured nothing may wait or be read: those steps are not seen, and nothing breaks."""

    def run(watched: bool) -> Tensor:
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2)).cuda()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        x, y = torch.randn(64, 8, device="cuda"), torch.randint(0, 2, (64,), device="cuda")

        def step() -> None:
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(net(x), y).backward()
            optimizer.step()

        def train() -> None:
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(3):
                    step()
            torch.cuda.current_stream().wait_stream(stream)
            if compiled:
                callable_ = torch.cuda.make_graphed_callables(net, (x,))
                for _ in range(20):
                    optimizer.zero_grad(set_to_none=True)
                    F.cross_entropy(callable_(x), y).backward()
                    optimizer.step()
                return
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                step()
            for _ in range(20):
                graph.replay()

        if watched:
            with hs.watch(net, record=tmp_path / "w.db") as watch:
                train()
            assert "fault" not in watch.read().meta, watch.read().meta["fault"]
        else:
            train()
        return torch.cat([p.detach().flatten() for p in net.parameters()])

    assert torch.equal(run(False), run(True))


FAULTS = {
    "missing-zero-grad": """
        for step in range(150):
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
        """,
    "softmax-before-cross-entropy": """
        for step in range(150):
            optimizer.zero_grad()
            F.cross_entropy(net(x).softmax(1), y).backward()
            optimizer.step()
        """,
    "dead-relu": """
        nn.init.constant_(net[0].bias, -20.0)
        for step in range(150):
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
        """,
    "weights-too-large": """
        for parameter in net.parameters():
            nn.init.normal_(parameter, std=5.0)
        for step in range(150):
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
        """,
    "optimizer-never-steps": """
        for step in range(150):
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
        """,
    "": """
        for step in range(150):
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
        """,
}

PLAYERS = """
    d, g = nn.Linear(20, 1).{to}, nn.Linear(4, 20).{to}
    of_d, of_g = (torch.optim.Adam(player.parameters(), 1e-3) for player in (d, g))
    for step in range(150):
        fake = g(torch.randn(512, 4).{to})
        of_d.zero_grad()
        (F.softplus(-d(x)) + F.softplus(d(fake.detach()))).mean().backward()
        of_d.step()
        of_g.zero_grad()
        F.softplus(-d(fake)).mean().backward()  # fills the gradients of d, too
        of_g.step()
    """

SCRIPT = """
import torch, torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20).{to}
y = (x[:, 0] * x[:, 1] > 0).long()
net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)).{to}
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
"""


@pytest.mark.parametrize(("rule", "loop"), [*FAULTS.items(), ("", PLAYERS)])
def test_a_script_is_diagnosed_as_on_the_cpu(rule: str, loop: str, tmp_path: Path) -> None:
    found = {}
    for to in ("cpu()", "cuda()"):
        script = tmp_path / f"{to[:-2]}.py"
        script.write_text((SCRIPT + textwrap.dedent(loop)).format(to=to))
        record = script.with_suffix(".db")
        done = subprocess.run(
            [sys.executable, "-m", "headstart", "run", "--record", record, script],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "NO_COLOR": "1"},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        findings = hs.diagnose(hs.read_record(record)).findings
        found[to] = [finding.rule for finding in findings if finding.severity in ("error", "warning")]
    assert found["cpu()"] == found["cuda()"]
    assert found["cuda()"][:1] == ([rule] if rule else [])


def test_a_default_device_is_none_of_the_watchs(tmp_path: Path) -> None:
    with torch.device("cuda"), hs.watch(net := nn.Linear(20, 2), record=tmp_path / "w.db") as watch:
        optimizer, x = torch.optim.SGD(net.parameters(), lr=0.1), torch.randn(64, 20)
        for _ in range(STEPS):
            loss = net(x).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    assert record.samples


def test_setting_up_leaves_everything_on_its_device() -> None:
    net, x, y = images()
    loss = nn.CrossEntropyLoss()
    plan = hs.initialize(net, x, loss, targets=y)
    assert "conv1" in str(plan)
    assert all(tensor.is_cuda for tensor in net.state_dict().values())
    assert not [f for f in hs.check(net, (x, y), loss).findings if f.severity in ("error", "warning")]
    hs.norm.recalibrate(net, [(x, y)])
    assert all(tensor.is_cuda for tensor in net.state_dict().values())
    net.eval()
    expected = net(x)
    hs.norm.fold(net)
    assert torch.allclose(net(x), expected, atol=1e-4)


def test_a_seeded_initialisation_is_the_same_on_every_device() -> None:
    def weights(device: str) -> list[Tensor]:
        torch.manual_seed(1)
        net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 4)).to(
            device
        )
        hs.initialize(net, torch.randn(16, 1, 8, 8).to(device), seed=3)
        return [weight.cpu() for weight in net.state_dict().values()]

    assert all(
        torch.allclose(a, b, rtol=1e-4, atol=1e-6) for a, b in zip(weights("cpu"), weights("cuda"), strict=True)
    )


def test_statistics_of_a_device_are_those_of_the_cpu() -> None:
    images = torch.randint(0, 256, (500, 3, 16, 16), dtype=torch.uint8)
    here, there = hs.measure(images), hs.measure(images.cuda())
    for name in ("mean", "std", "minimum", "maximum"):
        a, b = (torch.as_tensor(getattr(stats, name)).cpu().double() for stats in (here, there))
        assert torch.allclose(a, b, rtol=1e-12)


def test_whitening_follows_the_model_to_the_device() -> None:
    x = torch.randn(2000, 6) @ torch.randn(6, 6)
    whiten = hs.Whiten().fit(x).cuda()
    white = whiten(x.cuda()).double()
    assert torch.allclose(torch.cov(white.T), torch.eye(6, device="cuda").double(), atol=1e-3)
    assert torch.allclose(whiten.inverse(white.float()).cpu(), x, atol=1e-3)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "16-mixed"])
def test_fit_trains_on_the_device_in_every_precision(precision: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net, x, y = images()
    data = [(x.cpu(), y.cpu())] * 8
    net.cpu()
    history = hs.fit(net, data, data, epochs=6, lr=0.02, precision=precision, progress=False, watch=tmp_path / "w.db")
    assert history[-1].loss < history[0].loss


def test_copies_are_trained_on_the_device_and_nothing_else_moves() -> None:
    torch.manual_seed(0)
    net, x, y = images()
    before = [value.clone() for value in net.state_dict().values()]
    state = torch.cuda.get_rng_state()
    hs.lr_find(net, [(x, y)] * 4, steps=30, seeds=2)
    assert all(map(torch.equal, before, net.state_dict().values()))
    assert torch.equal(state, torch.cuda.get_rng_state())
