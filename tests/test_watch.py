"""`hs.watch`: what is seen of a run is what happened, and the run is as it was."""

import copy
import math
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import headstart as hs
from headstart.monitor import attach, cleared
from headstart.monitor.observer import DENSE, Observer, sketched
from headstart.monitor.optimizers import RECENT
from headstart.record import Record, read_record

X = torch.randn(64, 10, generator=torch.Generator().manual_seed(1))
Y = (X[:, 0] > 0).long()


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(10, 32), nn.Linear(32, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.relu(self.fc1(x)))


def train(net: nn.Module, steps: int = 10, clear: bool = True, optimizer: torch.optim.Optimizer | None = None) -> None:
    optimizer = optimizer or torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(steps):
        if clear:
            optimizer.zero_grad()
        F.cross_entropy(net(X), Y).backward()
        optimizer.step()


def watched(tmp_path: Path, net: nn.Module, run: Callable[[], None]) -> Record:
    with hs.watch(net, record=tmp_path / "w.db") as watch:
        run()
    record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


@pytest.fixture
def net() -> Net:
    torch.manual_seed(0)
    return Net()


def test_a_watched_run_ends_with_the_same_weights_and_random_numbers(net: Net, tmp_path: Path) -> None:
    twin = copy.deepcopy(net)
    torch.manual_seed(5)
    train(twin)
    expected = torch.random.get_rng_state()
    torch.manual_seed(5)
    watched(tmp_path, net, lambda: train(net))
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), twin.parameters(), strict=True))
    assert torch.equal(torch.random.get_rng_state(), expected)


def test_layers_are_named_by_their_paths_with_what_follows_them(net: Net, tmp_path: Path) -> None:
    first, second = watched(tmp_path, net, lambda: train(net)).layers
    assert (first.name, first.kind, first.activation, first.fan_in, first.units) == ("fc1", "Linear", "relu", 10, 32)
    assert (second.name, second.activation, second.follows, second.output) == ("fc2", None, ("fc1",), True)


class Dense(nn.Module):
    """The user's own, its weight the other way round, and its activation inside."""

    def __init__(self, fan_in: int, units: int, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.kernel, self.bias = nn.Parameter(torch.randn(fan_in, units)), nn.Parameter(torch.zeros(units))
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(x @ self.kernel + self.bias)


def test_a_linear_layer_of_the_users_own_is_one_whichever_way_its_weight_lies(tmp_path: Path) -> None:
    net = nn.Sequential(Dense(10, 32, torch.relu), Dense(32, 2, lambda x: x))
    first, second = watched(tmp_path, net, lambda: train(net)).layers
    assert (first.factor, first.fan_in, first.fan_out, first.units) == ("kernel", 10, 32, 32)
    assert (first.activation, first.follows, first.output) == ("relu", (), False)
    assert (second.factor, second.fan_in, second.activation, second.follows) == ("kernel", 32, None, ("0",))


def test_a_module_with_more_than_one_product_is_no_linear_layer(tmp_path: Path) -> None:
    class LowRank(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Parameter(torch.randn(10, 3)), nn.Parameter(torch.randn(3, 2))

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.a @ self.b

    net = nn.Sequential(LowRank())
    assert {layer.factor for layer in watched(tmp_path, net, lambda: train(net)).layers} == {None}


def test_a_vector_that_a_raw_matrix_multiplies_is_its_input(tmp_path: Path) -> None:
    x = torch.linspace(1, 5, 4)
    weights = torch.zeros(3, 4, requires_grad=True)
    observer = Observer(lambda: tmp_path / "w.db", attach.script_facts, attach.BIRTHS)
    attach.attach(observer)
    try:
        for _ in range(4):
            F.mse_loss(weights @ x, torch.ones(3)).backward()
            with torch.no_grad():
                weights -= 1e-3 * weights.grad
                weights.grad.zero_()
    finally:
        attach.detach(observer, "finished")
    record = read_record(tmp_path / "w.db")
    assert record.series(record.layers[0].name, "input.mean").first == 3.0


def test_what_a_layers_own_relu_kills_is_seen_in_what_the_layer_gives(tmp_path: Path) -> None:
    net = nn.Sequential(Dense(10, 8, torch.relu), Dense(8, 2, lambda x: x))
    with torch.no_grad():
        net[0].bias[:6] = -1e3
    record = watched(tmp_path, net, lambda: train(net))
    assert set(record.series("0", "activation.dead").values) == {0.75}


@pytest.mark.parametrize("activation", [torch.tanh, torch.sigmoid])
def test_what_saturates_within_a_layer_is_read_by_what_it_gives(
    activation: Callable[[Tensor], Tensor], tmp_path: Path
) -> None:
    net = nn.Sequential(Dense(10, 8, activation), Dense(8, 2, lambda x: x))
    with torch.no_grad():
        net[0].bias[:6] = 1e3
        net[0].kernel.mul_(0.01)
    record = watched(tmp_path, net, lambda: train(net))
    assert record.series("0", "activation.saturated").last == 0.75


def test_sgds_update_is_lr_times_the_gradient(net: Net, tmp_path: Path) -> None:
    record = watched(tmp_path, net, lambda: train(net))
    for parameter in record.parameters:
        update = record.series(parameter.name, "update.std").values
        gradient = record.series(parameter.name, "weight_gradient.std").values
        assert update == pytest.approx([0.1 * g for g in gradient], rel=1e-2)


def test_the_loss_is_what_backward_was_called_on(net: Net, tmp_path: Path) -> None:
    losses = []

    def run() -> None:
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(5):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(X), Y)
            losses.append(loss.item())
            loss.backward()
            optimizer.step()

    record = watched(tmp_path, net, run)
    assert record.loss.values == pytest.approx(losses)
    assert record.loss_of(record.losses[0].name).values == pytest.approx(losses)
    assert record.lr.values == pytest.approx([0.1] * 5)


def test_micro_batches_are_not_steps(net: Net, tmp_path: Path) -> None:
    def run() -> None:
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(4):
            optimizer.zero_grad()
            for part in range(4):
                (F.cross_entropy(net(X[part::4]), Y[part::4]) / 4).backward()
            optimizer.step()

    record = watched(tmp_path, net, run)
    assert len(record) == 4
    assert set(record.series("SGD", "loop.cleared").values) == {1.0}


def test_gradients_that_are_never_cleared_are_seen(net: Net, tmp_path: Path) -> None:
    record = watched(tmp_path, net, lambda: train(net, clear=False))
    assert set(record.series("SGD", "loop.cleared").values[1:]) == {0.0}


@pytest.mark.parametrize(
    "clear",
    [
        lambda net: net.zero_grad(),
        lambda net: net.zero_grad(set_to_none=False),
        lambda net: [p.grad.zero_() for p in net.parameters() if p.grad is not None],
        lambda net: [p.grad.data.zero_() for p in net.parameters() if p.grad is not None],
        lambda net: [setattr(p, "grad", None) for p in net.parameters()],
    ],
)
def test_gradients_may_be_cleared_in_any_way(net: Net, tmp_path: Path, clear: Callable[[nn.Module], object]) -> None:
    def run() -> None:
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(4):
            F.cross_entropy(net(X), Y).backward()
            optimizer.step()
            clear(net)

    assert set(watched(tmp_path, net, run).series("SGD", "loop.cleared").values) == {1.0}


@pytest.mark.parametrize("late", [False, True])
def test_a_gans_discriminator_whose_gradients_the_generator_fills_counts_as_cleared(
    late: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`late`: whether all are zero is not known before it is fetched, as on a device."""
    if late:
        known = cleared.touched
        monkeypatch.setattr(cleared, "touched", lambda *given: (now := known(*given)) is True or torch.tensor(now))
    torch.manual_seed(0)
    both = nn.ModuleDict({"g": nn.Linear(4, 10), "d": nn.Linear(10, 1)})
    g, d = (torch.optim.SGD(both[name].parameters(), lr=0.01) for name in "gd")

    def run() -> None:
        for _ in range(6):
            d.zero_grad()
            real, fake = both["d"](X), both["d"](both["g"](torch.randn(64, 4)).detach())
            (real - fake).mean().backward()
            d.step()
            g.zero_grad()
            both["d"](both["g"](torch.randn(64, 4))).mean().backward()
            g.step()

    record = watched(tmp_path, both, run)
    assert len(record) == 12
    assert set(record.series("SGD", "loop.cleared").values) == {1.0}
    assert set(record.series("SGD-2", "loop.cleared").values) == {1.0}


def test_updates_by_hand_are_steps(tmp_path: Path, net: Net) -> None:
    def run() -> None:
        for _ in range(6):
            F.cross_entropy(net(X), Y).backward()
            with torch.no_grad():
                for parameter in net.parameters():
                    parameter.data -= 0.1 * parameter.grad
            net.zero_grad()

    record = watched(tmp_path, net, run)
    assert len(record) == 6
    assert record.parameter("fc1.weight").steps_moved == 6
    assert record.series("fc1.weight", "update.std").values == pytest.approx(
        [0.1 * g for g in record.series("fc1.weight", "weight_gradient.std").values], rel=1e-2
    )


def test_dead_units_are_counted_behind_a_functional_relu(net: Net, tmp_path: Path) -> None:
    with torch.no_grad():
        net.fc1.bias[:24] = -1e3
    assert watched(tmp_path, net, lambda: train(net, 20)).series("fc1", "activation.dead").last == 0.75


def test_units_that_start_alike_stay_alike(net: Net, tmp_path: Path) -> None:
    for parameter in net.parameters():
        nn.init.constant_(parameter, 0.1)
    distinct = watched(tmp_path, net, lambda: train(net)).series("fc1.weight", "weight.distinct")
    assert (distinct.first, distinct.last) == (1, 1)


def test_the_ledger_tells_who_is_held_frozen_and_moved(net: Net, tmp_path: Path) -> None:
    net.fc1.bias.requires_grad_(False)
    optimizer = torch.optim.SGD([net.fc1.weight, net.fc2.weight], lr=0.1, weight_decay=0.01)
    record = watched(tmp_path, net, lambda: train(net, optimizer=optimizer))
    told = {p.name: (p.trainable, p.optimizer, p.weight_decay, p.steps_moved) for p in record.parameters}
    assert told == {
        "fc1.weight": (True, "SGD", 0.01, 10),
        "fc1.bias": (False, None, None, 0),
        "fc2.weight": (True, "SGD", 0.01, 10),
        "fc2.bias": (True, None, None, 0),
    }


def test_evaluation_is_told_apart(net: Net, tmp_path: Path) -> None:
    def run() -> None:
        train(net)
        net.eval()
        with torch.no_grad():
            F.cross_entropy(net(X), Y)

    record = watched(tmp_path, net, run)
    trained, evaluated = record.losses
    assert (trained.trained, evaluated.trained) == (True, False)
    assert len(record.loss_of(evaluated.name, "eval")) == 1


def test_another_model_in_the_same_block_is_not_recorded(net: Net, tmp_path: Path) -> None:
    other = nn.Linear(10, 2)

    def run() -> None:
        train(other)
        train(net)

    record = watched(tmp_path, net, run)
    assert {layer.name for layer in record.layers} == {"fc1", "fc2"}
    assert len(record.optimizers) == 1


def test_a_fault_inside_ends_the_watch_and_not_the_run(net: Net, tmp_path: Path, monkeypatch) -> None:
    from headstart.monitor import ledger

    monkeypatch.setattr(ledger.Ledger, "before_update", lambda *_: 1 / 0)
    with hs.watch(net, record=tmp_path / "w.db") as watch:
        train(net)
    record = watch.read()
    assert "ZeroDivisionError" in record.meta["unseen"][0]
    assert "went on unwatched" in record.meta["unseen"][0]


def test_a_fault_before_anything_is_recorded_is_told_too(net: Net, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(Observer, "_look_for_hand_update", lambda *_: 1 / 0)
    with hs.watch(net, record=tmp_path / "w.db") as watch:
        train(net)
    assert "ZeroDivisionError" in watch.read().meta["unseen"][0]


def test_a_default_device_is_none_of_the_watchs(net: Net, tmp_path: Path) -> None:
    def run() -> None:
        with hs.watch(net, record=tmp_path / f"{len(records)}.db") as watch:
            train(net)
        records.append(watch.read())

    records: list[Record] = []
    with torch.device("meta"):  # nothing made there has values, and all else is on the CPU
        run()
    run()
    elsewhere, plain = records
    assert "fault" not in elsewhere.meta, elsewhere.meta["fault"]
    assert len(elsewhere) == len(plain)
    assert elsewhere.samples == plain.samples


def test_a_second_thread_that_trains_is_left_alone(net: Net, tmp_path: Path) -> None:
    def run() -> None:
        train(net, 3)
        thread = threading.Thread(target=train, args=(net, 3))
        thread.start()
        thread.join()

    assert len(watched(tmp_path, net, run)) == 3


def test_what_is_gone_as_the_run_ends_was_looked_at_in_its_last_fifth(tmp_path: Path) -> None:
    for steps in (37, 250, 511):
        seen = looks_at_a_net_that_is_dropped(tmp_path / f"{steps}.db", steps)
        assert seen[-1] >= 0.8 * (steps - 1) - 5  # sketched steps lie up to five apart here
        assert len(seen) <= 10 + 4 * math.log2(steps / 4)


def looks_at_a_net_that_is_dropped(path: Path, steps: int) -> tuple[int, ...]:
    """The looks at a parameter that no optimizer holds, in a run after which its net is gone."""
    observer = Observer(lambda: path, attach.script_facts, attach.BIRTHS)
    attach.attach(observer)
    try:
        train_and_drop(steps)
    finally:
        attach.detach(observer, "finished")
    record = read_record(path)
    assert "fault" not in record.meta
    return record.series("1.weight", "weight.reached").steps


def train_and_drop(steps: int) -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    optimizer = torch.optim.SGD(net[0].parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        net(torch.ones(5, 4)).sum().backward()
        optimizer.step()


def test_the_first_steps_are_all_sketched_and_then_ever_fewer() -> None:
    assert all(sketched(step) for step in range(DENSE))
    for octave in range(4):
        steps = range(DENSE << octave, DENSE << (octave + 1))
        assert sum(map(sketched, steps)) == DENSE // 2
        assert sketched(steps[0])  # what is counted at powers of two only


@pytest.mark.parametrize("length", range(2, 9))
def test_each_step_of_a_loop_of_several_steps_has_its_share_of_the_looks(length: int) -> None:
    for octave in range(8):
        looks = [step for step in range(DENSE << octave, DENSE << (octave + 1)) if sketched(step)]
        assert all(sum(step % length == place for step in looks) > 32 / length for place in range(length))


def test_a_part_that_is_trained_between_two_looks_is_seen_to_change(tmp_path: Path) -> None:
    """What changed is looked at in steps 64 and 128, and at the end; the second part is trained from 70 to 89."""
    net = nn.ModuleList([nn.Linear(2, 1), nn.Linear(2, 1)])

    def run() -> None:
        for part, steps in ((0, 70), (1, 20), (0, 60)):
            optimizer = torch.optim.SGD(net[part].parameters(), lr=0.1)
            for _ in range(steps):
                optimizer.zero_grad()
                (net[part](torch.ones(3, 2)) - 1).square().mean().backward()
                optimizer.step()

    record = watched(tmp_path, net, run)
    assert [1.0 in record.series(p.name, "weight.changed").values for p in record.parameters] == [True] * 4


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(hs.HeadstartError, match=r"watch was given list, not a torch\.nn\.Module"):
        hs.watch([])  # type: ignore[arg-type]


def test_an_optimizer_of_another_model_is_refused(net: Net) -> None:
    with pytest.raises(hs.HeadstartError, match="holds none of the model's parameters"):
        hs.watch(net, torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1))


def test_a_record_is_never_overwritten(net: Net, tmp_path: Path) -> None:
    (tmp_path / "w.db").touch()
    with pytest.raises(hs.HeadstartError, match="exists already"):
        hs.watch(net, record=tmp_path / "w.db")


@pytest.mark.parametrize("fake_first", [True, False])
def test_a_generators_gradient_is_seen_though_the_discriminator_steps_before_it_comes(
    tmp_path: Path, fake_first: bool
) -> None:
    gan = nn.ModuleDict({"gen": nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2)), "disc": nn.Linear(2, 1)})
    to_disc, to_gen = (torch.optim.SGD(gan[name].parameters(), lr=0.1) for name in ("disc", "gen"))
    bce = F.binary_cross_entropy_with_logits
    seen = []
    gan["gen"][2].register_full_backward_hook(
        lambda module, given, gradients: seen.append(gradients[0].std(correction=0))
    )

    def run() -> None:
        for _ in range(6):
            fake, real = gan["gen"](torch.randn(16, 3)), torch.randn(16, 2) + 2
            roles = [(real, torch.ones(16, 1)), (fake.detach(), torch.zeros(16, 1))]
            to_disc.zero_grad()
            sum(bce(gan["disc"](x), y) for x, y in (roles[::-1] if fake_first else roles)).backward()
            to_disc.step()
            to_gen.zero_grad()
            bce(gan["disc"](fake), torch.ones(16, 1)).backward()
            to_gen.step()

    record = watched(tmp_path, gan, run)
    gradient = record.series("sequential.2", "gradient.std")
    assert gradient.steps == (1, 3, 5, 7, 9, 11)
    assert gradient.values == pytest.approx([float(std) for std in seen], rel=1e-4)
    assert [finding.rule for finding in hs.diagnose(record).findings] == []


def test_of_many_short_trainings_the_past_ones_are_not_followed(tmp_path: Path) -> None:
    x, y = torch.randn(16, 3), torch.randn(16, 1)
    nets = nn.ModuleList(nn.Linear(3, 1) for _ in range(3 * RECENT))
    with hs.watch(nets, record=tmp_path / "w.db") as watch:
        followed = []
        for net in nets:
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
            for _ in range(3):
                optimizer.zero_grad()
                F.mse_loss(net(x), y).backward()
                optimizer.step()
            followed.append(len(list(watch._observer._optimizers)))
    assert max(followed) == RECENT
    record = watch.read()
    assert len(record.optimizers) == 3 * RECENT
    cleared = [record.series(optimizer.name, "loop.cleared").values for optimizer in record.optimizers]
    assert cleared == [(1.0, 1.0)] * (3 * RECENT)  # an optimizer is met at its first step


def test_a_loss_is_found_behind_a_penalty_on_each_of_many_parameters(tmp_path: Path) -> None:
    net = nn.Sequential(*(nn.Linear(10, 10) for _ in range(19)), nn.Linear(10, 2))

    def run() -> None:
        optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
        for _ in range(3):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(X), Y)
            for parameter in net.parameters():
                loss = loss + 1e-4 * parameter.pow(2).sum()
            loss.backward()
            optimizer.step()

    (loss,) = watched(tmp_path, net, run).losses
    assert loss.trained


def test_a_net_may_have_the_addresses_of_one_that_is_gone(tmp_path: Path) -> None:
    """A loop over settings makes nets one after the other, and Python gives each the memory of those before it."""

    def fit() -> None:
        net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
        optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
        for _ in range(3):
            optimizer.zero_grad()
            net(torch.ones(5, 3)).sum().backward()
            optimizer.step()

    observer = Observer(lambda: tmp_path / "w.db", attach.script_facts, attach.BIRTHS)
    attach.attach(observer)
    try:
        for _ in range(30):
            fit()
    finally:
        attach.detach(observer, "finished")
    record = read_record(tmp_path / "w.db")
    assert "fault" not in record.meta, record.meta["fault"]
    kinds = [layer.kind for layer in record.layers]
    assert {kind: kinds.count(kind) for kind in kinds} == {"Linear": 60, "ReLU": 30}
    assert not [parameter.name for parameter in record.parameters if parameter.name.startswith("tensor")]
    for layer in record.layers:
        assert len(record.series(layer.name, "activation.std")) <= 3, layer.name


@pytest.mark.parametrize("kind", ["parametrization", "hook"])
def test_a_parametrized_weight_that_comes_late_is_not_computed_once_more(kind: str, tmp_path: Path) -> None:
    """Spectral norm takes a step of its power iteration whenever its weight is asked for."""
    norms = {"parametrization": nn.utils.parametrizations.spectral_norm, "hook": nn.utils.spectral_norm}

    def run() -> list[Tensor]:
        torch.manual_seed(0)
        first, late = (
            nn.Linear(6, 6),
            nn.Sequential(norms[kind](nn.Linear(6, 8)), nn.ReLU(), norms[kind](nn.Linear(8, 1))),
        )
        late[2].requires_grad_(False)
        x = torch.randn(16, 6)
        for model, inputs in ((first, x), (late, first(x).detach())):
            optimizer = torch.optim.SGD((p for p in model.parameters() if p.requires_grad), lr=0.01)
            for _ in range(5):
                optimizer.zero_grad()
                model(inputs).square().mean().backward()
                optimizer.step()
        return list(late.state_dict().values())

    plain = run()
    observer = Observer(lambda: tmp_path / "run.db", attach.script_facts, attach.BIRTHS)
    attach.attach(observer)
    try:
        watched = run()
    finally:
        attach.detach(observer, "finished")
    assert observer.step == 10
    assert all(map(torch.equal, plain, watched))


class Gate(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(6))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


class Wide(Gate):
    def __init__(self) -> None:
        super().__init__()


class Gated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = Gate()
        self.two = Wide()
        self.out = nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.out(self.two(self.one(x)))
        return y


def test_the_line_of_a_module_is_where_it_is_made(tmp_path: Path) -> None:
    observer = Observer(lambda: tmp_path / "run.db", attach.script_facts, attach.BIRTHS)
    attach.attach(observer)
    try:
        model = Gated()
        model(torch.randn(8, 6)).square().mean().backward()
        torch.optim.SGD(model.parameters(), lr=0.01).step()
    finally:
        attach.detach(observer, "finished")
    lines = {layer.name: layer.line for layer in read_record(tmp_path / "run.db").layers}
    code = Path(__file__).read_text(encoding="utf-8").splitlines()
    for name in ("one", "two", "out"):
        line = lines[name]
        assert line is not None
        assert f"self.{name} = " in code[int(line.rpartition(":")[2]) - 1]


def test_two_threads_that_train_at_once_are_told_apart(tmp_path: Path) -> None:
    """The first is watched. Gradients that the other's backward makes are not read: that would be a race in memory."""

    def train(model: nn.Module) -> None:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for _ in range(40):
            optimizer.zero_grad()
            model(torch.randn(16, 6)).square().mean().backward()
            optimizer.step()

    for run in range(3):
        path = tmp_path / f"{run}.db"
        observer = Observer(lambda path=path: path, attach.script_facts, attach.BIRTHS)  # type: ignore[misc]
        attach.attach(observer)
        try:
            models = [nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2)) for _ in range(2)]
            threads = [threading.Thread(target=train, args=(model,)) for model in models]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            attach.detach(observer, "finished")
        record = read_record(path)
        assert "fault" not in record.meta
        assert len(record) == 40
