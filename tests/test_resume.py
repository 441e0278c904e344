"""A fit that is stopped, killed or spread over processes ends as if nothing had happened."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

import headstart as hs
from headstart.train.checkpoint import read_checkpoint, write_checkpoint


class CrashError(Exception):
    pass


class Noisy(Dataset):
    """Augments each sample with three kinds of random numbers."""

    def __len__(self) -> int:
        return 60

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return torch.randn(4) + random.random() + np.random.rand(), index % 3


def net() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Linear(4, 12, bias=False), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.3), nn.Linear(12, 3)
    )


def tensors() -> TensorDataset:
    torch.manual_seed(2)
    return TensorDataset(torch.randn(60, 4), torch.arange(60) % 3)


SOURCES = {  # each made anew for a fit, as a script that starts again makes it
    "batches": lambda: hs.Batches(*tensors().tensors, 8, shuffle=True),
    "loader": lambda: DataLoader(tensors(), 8, shuffle=True),
    "loader with its own generator": lambda: DataLoader(
        tensors(), 8, shuffle=True, generator=torch.Generator().manual_seed(3)
    ),
    "loader that augments": lambda: DataLoader(Noisy(), 8, shuffle=True),
    "loader with a worker": lambda: DataLoader(Noisy(), 8, shuffle=True, num_workers=1),
}


def run(model: nn.Module, source: str, **options) -> hs.train.history.History:
    valid = DataLoader(tensors(), 16, shuffle=True)  # draws from the global generator
    options = {"watch": False, "progress": False, "epochs": 3, "lr": 0.01, **options}
    return hs.fit(model, SOURCES[source](), valid, **options)


def stop_at(model: nn.Module, step: int) -> None:
    """Like a crash in the middle of a step."""
    steps = []

    def count(module, args) -> None:
        steps.append(0) if module.training else None
        if len(steps) > step:
            raise CrashError

    model.register_forward_pre_hook(count)


def end(model: nn.Module, history: hs.train.history.History) -> tuple[bytes, list]:
    """All that can differ: every bit of the model, and the figures of every epoch but its seconds."""
    state = {name: tensor.numpy().tobytes() for name, tensor in model.state_dict().items()}
    return pickle.dumps(state), [(e.epoch, e.loss, e.accuracy, e.valid_loss, e.valid_accuracy, e.lr) for e in history]


IN_PROCESS = [source for source in SOURCES if "worker" not in source]


@pytest.mark.parametrize(
    ("source", "stop"), [*itertools.product(IN_PROCESS, [5, 8, 11, 16, 23]), ("loader with a worker", 11)]
)
def test_a_fit_that_crashed_goes_on_bitwise(tmp_path, source, stop):
    """8 batches an epoch, a checkpoint every 3 steps and at each epoch's end."""
    expected = net()
    expected_end = end(expected, run(expected, source))
    path = tmp_path / "fit.pt"
    crashing = net()
    stop_at(crashing, stop)
    with pytest.raises(CrashError):
        run(crashing, source, checkpoint=path, checkpoint_every=3)
    torch.rand(17), random.random(), np.random.rand()  # another process, other generators
    resumed = net()
    assert end(resumed, run(resumed, source, checkpoint=path, checkpoint_every=3, resume=True)) == expected_end


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd", torch.optim.RMSprop], ids=str)
@pytest.mark.parametrize("schedule", ["cosine", "onecycle", None])
def test_every_optimizer_and_schedule_resumes_bitwise(tmp_path, optimizer, schedule):
    options = {"optimizer": optimizer, "schedule": schedule, "clip": 0.5}
    expected = net()
    expected_end = end(expected, run(expected, "batches", **options))
    crashing, resumed = net(), net()
    stop_at(crashing, 13)
    with pytest.raises(CrashError):
        run(crashing, "batches", checkpoint=tmp_path / "fit.pt", checkpoint_every=1, **options)
    assert end(resumed, run(resumed, "batches", resume=tmp_path / "fit.pt", **options)) == expected_end


def test_saving_does_not_change_the_result(tmp_path):
    ends = []
    for options in ({}, {"checkpoint": tmp_path / "fit.pt", "checkpoint_every": 1}):
        model = net()
        ends.append(end(model, run(model, "loader", **options)))
    assert ends[0] == ends[1]


def test_a_finished_fit_resumes_at_its_end(tmp_path):
    first, again = net(), net()
    expected = end(first, run(first, "batches", checkpoint=tmp_path / "fit.pt"))
    stop_at(again, 0)
    assert end(again, run(again, "batches", resume=tmp_path / "fit.pt")) == expected


def test_resume_true_starts_from_the_beginning_where_there_is_no_checkpoint(tmp_path):
    assert len(run(net(), "batches", checkpoint=tmp_path / "new" / "fit.pt", resume=True)) == 3
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["fit.pt"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "fit.pt"
    run(net(), "batches", checkpoint=path)
    return path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": 0.02}, r"fit.pt was made with lr=0.01, this fit has lr=0.02"),
        ({"epochs": 5}, "epochs=3, this fit has epochs=5"),
        ({"optimizer": "sgd"}, "optimizer='adamw', this fit has optimizer='sgd'"),
        ({"schedule": None}, "schedule='cosine', this fit has schedule='constant'"),
    ],
)
def test_another_plan_is_an_error(checkpoint, options, message):
    with pytest.raises(hs.HeadstartError, match=message):
        run(net(), "batches", resume=checkpoint, **options)


def test_another_model_is_an_error(checkpoint):
    other = nn.Sequential(nn.Linear(4, 13, bias=False), nn.BatchNorm1d(13))
    with pytest.raises(hs.HeadstartError, match=r"another model: 0.weight is \(12, 4\) in it and \(13, 4\) here"):
        run(other, "batches", resume=checkpoint)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_checkpoint_is_an_error(checkpoint, tmp_path, share):
    path = tmp_path / "fit.pt"
    path.write_bytes(checkpoint.read_bytes()[: int(share * checkpoint.stat().st_size)])
    with pytest.raises(hs.HeadstartError, match=r"fit.pt is damaged, or no checkpoint"):
        run(net(), "batches", resume=path)


def test_a_flipped_bit_is_noticed_or_harmless(checkpoint, tmp_path):
    raw, whole = checkpoint.read_bytes(), read_checkpoint(checkpoint)
    path, draw, noticed = tmp_path / "fit.pt", random.Random(0), 0
    for _ in range(60):
        damaged = bytearray(raw)
        damaged[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            state = read_checkpoint(path)
        except hs.HeadstartError:
            noticed += 1
        else:
            assert all(torch.equal(state["model"][name], whole["model"][name]) for name in whole["model"])
    assert noticed > 30


def test_a_hostile_checkpoint_runs_no_code(tmp_path):
    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "hacked"),)

    path = tmp_path / "fit.pt"
    torch.save({"headstart_checkpoint": 1, "model": Hostile()}, path)
    with pytest.raises(hs.HeadstartError, match="damaged, or no checkpoint"):
        run(net(), "batches", resume=path)
    assert not (tmp_path / "hacked").exists()


def test_another_programs_checkpoint_is_an_error(tmp_path):
    torch.save(net().state_dict(), tmp_path / "weights.pt")
    with pytest.raises(hs.HeadstartError, match=r"weights.pt is no checkpoint of hs.fit .*format None"):
        run(net(), "batches", resume=tmp_path / "weights.pt")


def test_a_write_that_fails_leaves_the_old_checkpoint(checkpoint, tmp_path):
    path = tmp_path / "fit.pt"
    shutil.copy(checkpoint, path)
    with pytest.raises(Exception, match="pickle"):
        write_checkpoint(path, {"model": lambda: None})
    assert path.read_bytes() == checkpoint.read_bytes()


def wait_for_another(path: Path) -> None:
    """Until the file at `path` is not the one that was there."""

    def inode() -> int:
        return path.stat().st_ino if path.exists() else 0

    before = inode()
    while inode() == before:
        time.sleep(0.0005)


def train_and_report(folder: Path) -> None:
    """What the killed process does; with a checkpoint it goes on from there."""
    torch.set_num_threads(1)
    x, y = torch.randn(3200, 4, generator=torch.Generator().manual_seed(0)), torch.arange(3200) % 3
    model = net()
    (folder / "started").touch()
    history = hs.fit(
        model,
        hs.Batches(x, y, 8, shuffle=True),
        hs.Batches(x, y, 400),
        epochs=4,
        watch=False,
        progress=False,
        checkpoint=folder / "fit.pt",
        checkpoint_every=3,
        resume=True,
    )
    (folder / "end").write_bytes(pickle.dumps(end(model, history)))


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_fit_killed_at_20_random_moments_ends_bitwise_as_if_never_killed(tmp_path):
    context = multiprocessing.get_context("forkserver")  # torch is imported once, not 21 times
    context.set_forkserver_preload(["headstart.train.fit"])
    whole, killed = tmp_path / "whole", tmp_path / "killed"

    def start(folder: Path) -> multiprocessing.Process:
        folder.mkdir(exist_ok=True)
        (folder / "started").unlink(missing_ok=True)
        process = context.Process(target=train_and_report, args=(folder,))
        process.start()
        while not (folder / "started").exists() and process.is_alive():
            time.sleep(0.001)
        return process

    start(whole).join()
    draw = random.Random(0)
    for _ in range(20):
        process = start(killed)
        for _ in range(draw.randrange(5)):
            wait_for_another(killed / "fit.pt")
        time.sleep(draw.uniform(0, 0.02))
        process.kill()  # SIGKILL
        process.join()
        assert process.exitcode == -signal.SIGKILL, "it ended before it was killed: train longer"
    assert read_checkpoint(killed / "fit.pt")["position"] > (0, 0)
    start(killed).join()
    assert (killed / "end").read_bytes() == (whole / "end").read_bytes()


RANKS = """
import sys, torch, headstart as hs
from torch import nn

batch_size, source, out = int(sys.argv[1]), sys.argv[2], sys.argv[3]
torch.manual_seed(0)
x, y = torch.randn(203, 4), torch.arange(203) % 3
model = nn.Sequential(nn.Linear(4, 16), nn.LayerNorm(16), nn.ReLU(), nn.Linear(16, 3))
train = hs.Batches(x, y, batch_size, shuffle=True, drop_last=True)
valid = hs.Batches(x, y, 50)
if source == "loader":
    train = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x[:192], y[:192]), batch_size)
history = hs.fit(model, train, valid, lr=0.01, epochs=3, watch=False, accelerator="cpu",
                 checkpoint=out + ".ckpt", resume=True)
if train is not None and hs.Batches(x, y, 1).rank == 0:
    torch.save({"weights": torch.cat([p.detach().flatten() for p in model.parameters()]),
                "figures": [(e.loss, e.accuracy, e.valid_loss, e.valid_accuracy) for e in history]}, out)
"""


@pytest.mark.slow
@pytest.mark.parametrize("source", ["batches", "loader"])
def test_two_processes_train_as_one_with_both_batches_together(tmp_path, source):
    script = tmp_path / "script.py"
    script.write_text(RANKS)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def start(command: list[str], batch_size: int, out: Path) -> dict:
        command = [*command, str(script), str(batch_size), source, str(out)]
        subprocess.run(command, check=True, capture_output=True, timeout=300, env=environment)
        return torch.load(out)

    alone = start([sys.executable], 32, tmp_path / "alone")
    both = start(launch, 16, tmp_path / "both")
    assert torch.allclose(both["weights"], alone["weights"], atol=1e-5)
    assert np.allclose(both["figures"], alone["figures"], atol=1e-5)
    again = start(launch, 16, tmp_path / "both")  # resumes at the end, from both ranks' states
    assert torch.equal(again["weights"], both["weights"])
