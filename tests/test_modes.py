"""In which mode batch norm and dropout are called: what the record says of it, held against what was done."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

import headstart as hs
from headstart.monitor.modes import Modes
from headstart.record import Mode, Record

X, Y = torch.randn(24, 6), torch.arange(24) % 2
Before = Callable[[int, nn.Module], None]


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.25), nn.Linear(8, 2))


def trained(folder: Path, model: nn.Module, before: Before, steps: int = 10) -> Record:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with hs.watch(model, record=folder / "run.db") as watch:
        for step in range(steps):
            before(step, model)
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(X), Y).backward()
            optimizer.step()
        before(steps, model)
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


def nothing(step: int, model: nn.Module) -> None:
    pass


def test_what_a_function_made_is_known_when_it_is_gone() -> None:
    """The modules of `def main()` are gone before the end of the run is written."""
    modes, norm = Modes(lambda module: "net.1"), nn.BatchNorm1d(3)
    modes.trained(norm, (torch.randn(4, 3),), 0)
    modes.end_step(0)
    modes.evaluated(norm, 1)
    del norm
    gc.collect()
    (mode,) = modes.changed()
    assert (mode.name, mode.kind, mode.values, mode.trainable) == ("net.1", "BatchNorm1d", 4, True)
    assert mode.evaluated_in_training == 1


def test_the_batches_of_a_norm_that_is_gone_are_told_as_the_run_ends() -> None:
    """Of two that had one name in turn, as the nets of two folds have, those of the last."""
    modes = Modes(lambda module: "net.1")
    first, second = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    for norm, calls in ((first, 2), (second, 5)):
        for step in range(calls):
            norm(torch.randn(4, 3))
            modes.trained(norm, (torch.randn(4, 3),), step)
            modes.end_step(step)
    del norm, first, second
    gc.collect()
    assert not list(modes.batches(6))
    ((step, name, seen),) = modes.batches(6, ended=True)
    assert (step, name, int(seen)) == (6, "net.1", 5)


def look(model: nn.Module, reduction: str | None) -> None:
    with torch.no_grad():
        out = model(X)
        if reduction is not None:
            nn.functional.cross_entropy(out, Y, reduction=reduction)


def test_a_usual_run(tmp_path: Path) -> None:
    norm, dropout = trained(tmp_path, net(), nothing).modes
    assert norm == Mode(
        "1", "BatchNorm1d", 0, None, True, 0.1, trainable=True, values=24, steps=10, trained_until=9, samples=24
    )
    assert dropout == Mode("3", "Dropout", 1, 0.25, steps=10, trained_until=9)


def test_modules_that_do_the_same_in_both_modes_are_left_out(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.Dropout(0.0), nn.Linear(8, 2))
    assert trained(tmp_path, model, nothing).modes == ()


def test_dropout_within_lstm_and_attention_is_seen(tmp_path: Path) -> None:
    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(6, 8, num_layers=2, dropout=0.5, batch_first=True)
            self.attention = nn.MultiheadAttention(8, 2, dropout=0.1, batch_first=True)
            self.single = nn.GRU(8, 8, batch_first=True)
            self.out = nn.Linear(8, 2)

        def forward(self, x: Tensor) -> Tensor:
            states, _ = self.lstm(x.unsqueeze(1))
            states, _ = self.attention(states, states, states)
            states, _ = self.single(states)
            return self.out(states.squeeze(1))  # type: ignore[no-any-return]

    found = trained(tmp_path, Tagger(), nothing).modes
    assert [(mode.name, mode.p) for mode in found] == [("lstm", 0.5), ("attention", 0.1)]


@pytest.mark.parametrize(
    ("shape", "norm", "values"), [((4, 3, 5, 7), nn.BatchNorm2d(3), 140), ((4, 3, 9), nn.BatchNorm1d(3), 36)]
)
def test_values_are_counted_over_batch_and_space(
    tmp_path: Path, shape: tuple[int, ...], norm: nn.Module, values: int
) -> None:
    model = nn.Sequential(norm, nn.Flatten(), nn.LazyLinear(2))
    x = torch.randn(shape)
    model(x)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with hs.watch(model, record=tmp_path / "run.db") as watch:
        for batch in (x, x, x[:2]):  # the last of an epoch is smaller
            nn.functional.cross_entropy(model(batch), torch.zeros(len(batch), dtype=torch.long)).backward()
            optimizer.step()
    assert watch.read().modes[0].values == values


def test_a_model_that_never_comes_back_from_evaluation(tmp_path: Path) -> None:
    record = trained(tmp_path, net(), lambda step, model: model.eval() and None if step == 4 else None)
    assert [(mode.steps, mode.trained_until, mode.eval_steps) for mode in record.modes] == [(4, 3, 6)] * 2


def test_one_layer_in_training_mode_keeps_the_step_a_training_step(tmp_path: Path) -> None:
    def freeze(step: int, model: nn.Module) -> None:
        model.eval()
        model[0].train()  # type: ignore[index]

    record = trained(tmp_path, net(), freeze)
    assert [(mode.steps, mode.eval_steps) for mode in record.modes] == [(0, 0)] * 2


def test_an_evaluation_that_keeps_its_gradients_is_no_training(tmp_path: Path) -> None:
    def evaluate(step: int, model: nn.Module) -> None:
        model.eval()
        model(X)
        model.train()

    record = trained(tmp_path, net(), evaluate)
    assert [(mode.steps, mode.eval_steps) for mode in record.modes] == [(10, 0)] * 2


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("reduction", "judged"), [("mean", 1), ("sum", 1), ("none", 0), (None, 0)])
def test_looks_without_gradients_count_by_mode(
    tmp_path: Path, training: bool, reduction: str | None, judged: int
) -> None:
    def evaluate(step: int, model: nn.Module) -> None:
        if step in (3, 6, 10):
            model.train(training)
            look(model, reduction)
            look(model, reduction)
            model.train()

    for mode in trained(tmp_path, net(), evaluate).modes:
        assert (mode.evaluated, mode.evaluated_in_training) == ((0, 3) if training else (3, 0))
        assert mode.judged_in_training == (3 * judged if training else 0)


def test_a_model_that_does_not_train_is_not_looked_at(tmp_path: Path) -> None:
    teacher = net()
    record = trained(tmp_path, net(), lambda step, model: look(teacher, "mean"))
    assert [(mode.evaluated, mode.evaluated_in_training) for mode in record.modes] == [(0, 0)] * 2


def test_the_forward_pass_within_a_reentrant_checkpoint_is_no_evaluation(tmp_path: Path) -> None:
    class Checkpointed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.rest = nn.Linear(6, 6), net()

        def forward(self, x: Tensor) -> Tensor:
            return checkpoint(self.rest, self.first(x), use_reentrant=True)  # type: ignore[no-any-return]

    assert not any(mode.evaluated_in_training for mode in trained(tmp_path, Checkpointed(), nothing).modes)


def test_batches_are_counted_from_the_first_call_to_the_last(tmp_path: Path) -> None:
    model = net()
    model(X)
    seen = trained(tmp_path, model, nothing).series("1", "norm.batches")
    assert (seen.first, seen.last, seen.steps[-1]) == (2, 11, 9)
    assert model[1].num_batches_tracked == 11


def test_watching_keeps_no_module_alive(tmp_path: Path) -> None:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with hs.watch(model, record=tmp_path / "run.db"):
        nn.functional.cross_entropy(model(X), Y).backward()
        optimizer.step()
        dropped = weakref.ref(model[3])
        model[3] = nn.Identity()
        gc.collect()
        assert dropped() is None


def test_the_run_is_bitwise_the_same(tmp_path: Path) -> None:
    def weights(watched: bool) -> list[Tensor]:
        torch.manual_seed(0)
        model = net()
        if watched:
            trained(tmp_path, model, lambda step, model: look(model, "mean"))
        else:
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
            for _ in range(10):
                look(model, "mean")
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(X), Y).backward()
                optimizer.step()
            look(model, "mean")
        return list(model.state_dict().values())

    assert all(torch.equal(a, b) for a, b in zip(weights(True), weights(False), strict=True))


class Functional(nn.Module):
    """Drops by functions: one that is told the mode, and one that is not."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 8), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        hidden = nn.functional.dropout(self.first(x), 0.3, training=self.training)
        return self.last(nn.functional.dropout(nn.functional.dropout(hidden, 0.0), 0.7))  # type: ignore[no-any-return]


def evaluated_in_eval_mode(step: int, model: nn.Module) -> None:
    model.eval()
    look(model, None)
    model.train()


def test_a_dropout_that_is_a_function_is_known_by_its_line(tmp_path: Path) -> None:
    told, untold = trained(tmp_path, Functional(), evaluated_in_eval_mode).modes
    assert (told.kind, told.p, told.steps, told.evaluated, told.evaluated_in_training) == ("F.dropout", 0.3, 10, 10, 0)
    assert (untold.p, untold.steps, untold.evaluated, untold.evaluated_in_training) == (0.7, 10, 0, 10)
    assert untold.line is not None
    assert "test_modes.py:" in untold.line
    assert untold.name == f"F.dropout ({untold.line})"


def test_a_dropout_that_always_drops_says_nothing_of_the_net_s_mode(tmp_path: Path) -> None:
    def first_in_eval_mode(step: int, model: nn.Module) -> None:
        model.eval()

    told, untold = trained(tmp_path, Functional(), first_in_eval_mode).modes
    assert (told.steps, told.eval_steps) == (0, 10)
    assert untold.steps == 10


def test_functions_of_an_unwatched_model_are_left_out(tmp_path: Path) -> None:
    other = Functional()

    def beside(step: int, model: nn.Module) -> None:
        other(X)

    assert [mode.kind for mode in trained(tmp_path, net(), beside).modes] == ["BatchNorm1d", "Dropout"]


class Anew(nn.Module):
    """Makes one of its dropouts as it uses it."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 8), nn.Dropout(0.2))
        self.last = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        hidden = nn.Dropout(p=0.3)(self.net(x))
        return self.last(hidden)  # type: ignore[no-any-return]


def test_a_dropout_that_forward_makes_is_known_by_its_line(tmp_path: Path) -> None:
    kept, made = trained(tmp_path, Anew(), evaluated_in_eval_mode).modes
    assert (kept.name, kept.evaluated, kept.evaluated_in_training, kept.line) == ("net.1", 10, 0, None)
    assert (made.kind, made.p, made.steps, made.evaluated, made.evaluated_in_training) == (
        "nn.Dropout",
        0.3,
        10,
        0,
        10,
    )
    assert made.name == f"nn.Dropout ({made.line})"
