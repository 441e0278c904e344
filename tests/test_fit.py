"""hs.fit: the same figures and weights as the loop written by hand, and clear words for bad input."""

from __future__ import annotations

import math
import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import headstart as hs
from headstart.train.interrupt import deferred_interrupt
from headstart.train.optimizers import decay_groups
from headstart.train.schedules import cosine, onecycle


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def blobs(n: int = 200, classes: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    """Classes around points of a circle."""
    y = torch.arange(n) % classes
    angle = 2 * math.pi * y / classes
    return torch.stack([angle.cos(), angle.sin()], 1) + 0.2 * torch.randn(n, 2), y


def net(norm: bool = False) -> nn.Sequential:
    first = nn.Linear(
        2, 16, bias=not norm
    )  # before batch norm a bias's gradient is rounding alone, and Adam blows it up
    return nn.Sequential(first, nn.BatchNorm1d(16) if norm else nn.Identity(), nn.ReLU(), nn.Linear(16, 3))


def quick(model: nn.Module, train, valid=None, **options) -> hs.train.history.History:
    return hs.fit(model, train, valid, **{"watch": False, "progress": False, "epochs": 2, **options})


def weights(model: nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def by_hand(model: nn.Module, batches, epochs: int, lr: float, **options) -> None:
    """The loop that the textbook writes, with torch's own scheduler."""
    groups = decay_groups(model, options.get("weight_decay", 1e-4))
    optimizer = torch.optim.AdamW(groups, lr=lr, fused=True)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * len(batches))
    for _ in range(epochs):
        for x, y in batches:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            if "clip" in options:
                nn.utils.clip_grad_norm_(model.parameters(), options["clip"])
            optimizer.step()
            scheduler.step()


@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.5}, {"clip": 0.05}], ids=str)
def test_it_ends_with_the_weights_of_the_loop_written_by_hand(options):
    x, y = blobs()
    model, other = net(norm=True), net(norm=True)
    other.load_state_dict(model.state_dict())
    quick(model, hs.Batches(x, y, 32, shuffle=True), lr=0.01, **options)
    by_hand(other.train(), hs.Batches(x, y, 32, shuffle=True), 2, 0.01, **options)
    assert torch.allclose(weights(model), weights(other), atol=1e-6)


def test_it_learns():
    x, y = blobs()
    history = quick(net(), hs.Batches(x, y, 20, shuffle=True), hs.Batches(x, y, 64), lr=0.02, epochs=10)
    assert history[-1].valid_accuracy > 0.98
    assert history[-1].loss < history[0].loss


def test_the_same_seed_gives_bitwise_the_same_weights():
    x, y = blobs()
    ends = []
    for _ in range(2):
        torch.manual_seed(5)
        model = nn.Sequential(net(), nn.Dropout(0.3))
        quick(model, DataLoader(TensorDataset(x, y), 32, shuffle=True), seed=7)
        ends.append(weights(model))
    assert torch.equal(*ends)


def test_losses_and_accuracies_are_means_over_samples():
    """A last batch of 1 must not count as much as one of 32: NumPy's mean over all samples is the truth."""
    x, y = blobs(65)
    model = net()
    frozen = nn.Sequential(model, nn.Identity())
    with torch.no_grad():
        logits = frozen(x).numpy().astype(np.float64)
    log_share = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    epoch = quick(frozen, hs.Batches(x, y, 32), hs.Batches(x, y, 32), lr=1e-30, weight_decay=0, epochs=1)[0]
    assert epoch.loss == pytest.approx(-log_share[np.arange(65), y.numpy()].mean(), rel=1e-6)
    assert epoch.accuracy == pytest.approx((logits.argmax(1) == y.numpy()).mean())
    assert (epoch.valid_loss, epoch.valid_accuracy) == pytest.approx((epoch.loss, epoch.accuracy))


def test_validation_is_in_evaluation_mode_and_training_is_not():
    modes = []
    model = net(norm=True)
    model.register_forward_hook(lambda module, args, output: modes.append((module.training, torch.is_grad_enabled())))
    x, y = blobs(64)
    quick(model, hs.Batches(x, y, 32), hs.Batches(x, y, 64), epochs=2)
    assert modes == [(True, True), (True, True), (False, False)] * 2
    assert not model.training


def test_a_part_that_is_kept_in_evaluation_mode_stays_there_after_validation():
    class Frozen(nn.BatchNorm1d):
        def train(self, mode: bool = True) -> Frozen:
            return super().train(False)

    model = nn.Sequential(nn.Linear(2, 16), Frozen(16), nn.Linear(16, 3))
    x, y = blobs(64)
    quick(model, hs.Batches(x, y, 32), hs.Batches(x, y, 64))
    assert torch.equal(model[1].running_mean, torch.zeros(16))


def test_weight_decay_leaves_norm_weights_and_biases_out():
    """With a gradient of zero AdamW's decay is all that moves a weight: w (1 - lr·decay) a step."""
    model = net(norm=True)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    for parameter in model.parameters():
        parameter.register_hook(torch.zeros_like)
    x, y = blobs(32)
    quick(model, hs.Batches(x, y, 32), lr=0.1, weight_decay=0.5, schedule=None, epochs=1)
    for name, parameter in model.named_parameters():
        factor = 1 - 0.1 * 0.5 if parameter.ndim > 1 else 1.0
        assert torch.allclose(parameter, before[name] * factor), name


def test_the_plan_says_which_parameters_decay(capsys):
    x, y = blobs(32)
    quick(net(norm=True), hs.Batches(x, y, 32), progress=True)
    printed = capsys.readouterr().out
    assert "Sequential, 115 parameters, on cpu: 2 epochs of 1 steps" in printed
    assert "weight decay 0.0001 on 2 weights; none on 3 norm weights or biases" in printed
    assert "epoch   2   loss" in printed


def test_progress_false_prints_nothing(capsys):
    quick(net(), hs.Batches(*blobs(32), 32))
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("steps", [1, 7, 100])
def test_cosine_is_torchs(steps):
    assert [cosine(step, steps) for step in range(steps)] == pytest.approx(
        torchs(torch.optim.lr_scheduler.CosineAnnealingLR, steps, T_max=steps), abs=1e-12
    )


@pytest.mark.parametrize("steps", [10, 57, 200])
def test_onecycle_is_torchs(steps):
    assert [onecycle(step, steps) for step in range(steps)] == pytest.approx(
        torchs(torch.optim.lr_scheduler.OneCycleLR, steps, max_lr=1.0, total_steps=steps), abs=1e-12
    )


@pytest.mark.parametrize("steps", range(1, 12))
def test_onecycle_stays_between_0_and_1_however_few_the_steps(steps):
    assert all(0 < onecycle(step, steps) <= 1 for step in range(steps))


def torchs(scheduler, steps: int, **options) -> list[float]:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)
    made, rates = scheduler(optimizer, **options), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        made.step()
    return rates


def test_the_history_holds_the_learning_rate_of_each_epochs_last_step():
    x, y = blobs(96)
    history = quick(net(), hs.Batches(x, y, 32), lr=0.2, epochs=4)
    assert [epoch.lr for epoch in history] == pytest.approx([0.2 * cosine(step, 12) for step in (2, 5, 8, 11)])


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd", torch.optim.RMSprop], ids=str)
def test_every_optimizer_trains(optimizer):
    x, y = blobs()
    history = quick(net(), hs.Batches(x, y, 20), optimizer=optimizer, lr=0.02, epochs=6)
    assert history[-1].loss < 0.7 * history[0].loss


def test_an_existing_optimizer_keeps_its_own_options():
    model = net()
    optimizer = torch.optim.SGD(
        [{"params": model[0].parameters(), "lr": 0.5}, {"params": model[3].parameters()}], lr=0.1
    )
    quick(model, hs.Batches(*blobs(64), 32), optimizer=optimizer, schedule=lambda step, steps: 0.5)
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.05]
    assert all(
        "momentum_buffer" not in state or state["momentum_buffer"] is None for state in optimizer.state.values()
    )


def test_regression_has_a_loss_and_no_accuracy():
    x = torch.randn(64, 2)
    history = quick(nn.Linear(2, 1), hs.Batches(x, x.sum(1, keepdim=True), 16), loss=F.mse_loss, lr=0.1, epochs=20)
    assert history[-1].accuracy is None
    assert history[-1].loss < 1e-2


def test_a_data_loader_and_a_list_of_batches_give_what_batches_gives():
    x, y = blobs(100)
    ends = []
    for train in (
        hs.Batches(x, y, 32),
        DataLoader(TensorDataset(x, y), 32),
        list(zip(x.split(32), y.split(32), strict=True)),
    ):
        torch.manual_seed(0)
        model = net()
        quick(model, train)
        ends.append(weights(model))
    assert torch.equal(ends[0], ends[1])
    assert torch.equal(ends[0], ends[2])


def test_bf16_runs_the_forward_pass_in_bfloat16_and_keeps_float32_weights():
    seen = []
    model = net()
    model[3].register_forward_hook(lambda module, args, output: seen.append(output.dtype))
    quick(model, hs.Batches(*blobs(32), 32), precision="bf16-mixed", epochs=1)
    assert seen == [torch.bfloat16]
    assert weights(model).dtype == torch.float32


def test_evaluate_is_the_mean_over_samples_and_leaves_each_mode_as_it_was():
    x, y = blobs(65)
    model = net(norm=True)
    model[1].eval()
    score = hs.evaluate(model, hs.Batches(x, y, 32))
    assert (model.training, model[1].training, model[0].training) == (True, False, True)
    with torch.no_grad():
        assert score.loss == pytest.approx(F.cross_entropy(model.eval()(x), y).item(), rel=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizer": "adam w"}, "There is no optimizer 'adam w'; did you mean 'adamw'"),
        ({"schedule": "cosin"}, "There is no schedule 'cosin'; did you mean 'cosine'"),
        ({"precision": "bf16"}, "There is no precision 'bf16'; did you mean 'bf16-true'|'bf16-mixed'"),
        ({"lr": -1.0}, "lr is -1.0"),
        ({"lr": math.nan}, "lr is nan"),
        ({"epochs": 0}, "epochs is 0"),
        ({"clip": 0.0}, "clip is 0.0"),
        ({"weight_decay": -0.1}, "weight_decay is -0.1"),
        ({"checkpoint_every": 0}, "checkpoint_every is 0"),
        ({"devices": 99, "accelerator": "cuda"}, "Fabric cannot be set up with devices=99"),
        ({"resume": True}, "resume=True names no checkpoint"),
        ({"resume": "nowhere.pt"}, "There is no checkpoint at nowhere.pt"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(hs.HeadstartError, match=message):
        quick(net(), hs.Batches(*blobs(8), 8), **options)


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ([], "train gives no batch"),
        ([torch.zeros(4, 2)], "A batch holds a Tensor"),
        ([(torch.zeros(4, 2),) * 3], "A batch holds 3 items"),
        (iter([1]), "train is a list_iterator, which does not say how many"),
    ],
)
def test_data_of_another_form_is_an_error(train, message):
    with pytest.raises(hs.HeadstartError, match=message):
        quick(net(), train)


def test_a_model_with_nothing_to_train_is_an_error():
    with pytest.raises(hs.HeadstartError, match="Identity has no trainable parameters"):
        quick(nn.Identity(), hs.Batches(*blobs(8), 8))


def test_an_optimizer_of_another_model_is_an_error():
    with pytest.raises(hs.HeadstartError, match="SGD holds none of the parameters of Sequential"):
        quick(net(), hs.Batches(*blobs(8), 8), optimizer=torch.optim.SGD(net().parameters(), 0.1))


def test_ctrl_c_ends_the_step_saves_and_says_how_to_go_on(tmp_path, capsys):
    x, y = blobs(96)
    expected = net()
    interrupted = net()
    interrupted.load_state_dict(expected.state_dict())
    quick(expected, hs.Batches(x, y, 32, shuffle=True))

    calls = []

    def press_ctrl_c(*_):
        calls.append(0)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    hook = interrupted.register_forward_hook(press_ctrl_c)
    path = tmp_path / "fit.pt"
    with pytest.raises(KeyboardInterrupt):
        quick(interrupted, hs.Batches(x, y, 32, shuffle=True), checkpoint=path, progress=True)
    hook.remove()
    assert len(calls) == 2
    printed = capsys.readouterr().out
    assert "stopped at epoch 1, batch 3; saved up to epoch 1, batch 3" in printed
    assert f'resume="{path}"' in printed.replace("\n", "")

    fresh = net()
    quick(fresh, hs.Batches(x, y, 32, shuffle=True), resume=path)
    assert torch.equal(weights(fresh), weights(expected))


def test_ctrl_c_without_a_checkpoint_says_so(capsys):
    model = net()
    model.register_forward_hook(lambda *_: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        quick(model, hs.Batches(*blobs(64), 32), progress=True)
    assert "nothing is saved" in capsys.readouterr().out


def test_a_second_ctrl_c_does_not_wait():
    with deferred_interrupt() as interrupt:
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt.asked
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_programs_own_handler_of_ctrl_c_is_kept(monkeypatch):
    def own(number, frame):
        raise NotImplementedError

    before = signal.signal(signal.SIGINT, own)
    try:
        with deferred_interrupt():
            assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, before)


def test_it_runs_outside_the_main_thread():
    histories = []
    thread = threading.Thread(target=lambda: histories.append(quick(net(), hs.Batches(*blobs(32), 32))))
    thread.start()
    thread.join()
    assert len(histories[0]) == 2


def test_the_history_prints_as_a_table():
    x, y = blobs(32)
    table = str(quick(net(), hs.Batches(x, y, 32), hs.Batches(x, y, 32)))
    assert len(table.splitlines()) == 2
    assert table.splitlines()[0].startswith("epoch   1   loss ")
    assert "valid loss" in table


def test_without_a_watch_there_is_no_record(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert quick(net(), hs.Batches(*blobs(32), 32)).record is None
    assert not list(tmp_path.iterdir())


def test_a_watched_fit_ends_with_bitwise_the_same_weights_and_has_a_record(tmp_path: Path):
    x, y = blobs()
    ends = []
    for watch in (False, tmp_path / "run.db"):
        torch.manual_seed(4)
        model = nn.Sequential(net(norm=True), nn.Dropout(0.2))
        history = quick(model, hs.Batches(x, y, 20, shuffle=True), hs.Batches(x, y, 64), watch=watch)
        ends.append(weights(model))
    assert torch.equal(*ends)
    assert history.record == tmp_path / "run.db"
    record = hs.read_record(history.record)
    assert len(record) == 20
    assert {layer.name for layer in record.layers} >= {"0.0", "0.3"}
    assert record.loss.values[0] == pytest.approx(history[0].loss, rel=0.5)


def test_under_headstart_run_it_does_not_watch_twice(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADSTART_RECORD", str(tmp_path / "run.db"))
    assert quick(net(), hs.Batches(*blobs(32), 32), watch=True).record == tmp_path / "run.db"
    assert not list(tmp_path.iterdir())


def test_ctrl_c_leaves_a_record_of_what_was_done(tmp_path: Path):
    model = net()
    model.register_forward_hook(lambda *_: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        quick(model, hs.Batches(*blobs(64), 32), watch=tmp_path / "run.db")
    assert len(hs.read_record(tmp_path / "run.db")) == 1
