"""A splice must not be seen, and must be undone."""

import inspect
import math
import traceback
from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Normal

from headstart.monitor import patches

SPLICED = [
    nn.Module._call_impl,
    patches.module_init(),
    torch.autograd.backward,
    inspect.unwrap(nn.utils.clip_grad_norm_),
    inspect.unwrap(nn.utils.clip_grad_value_),
    Normal.sample,
    Normal.log_prob,
    torch.optim.lr_scheduler.ReduceLROnPlateau.step,
    *(getattr(F, name) for name in (*patches.LOSSES, *patches.DROPOUTS)),
]


@pytest.fixture
def seen() -> Iterator[list[str]]:
    events: list[str] = []
    undos = [
        patches.after_module_call(lambda module, args, kwargs, output: events.append(type(module).__name__) or output),
        patches.after_module_init(lambda module, _: events.append("made")),
        patches.around_backward(lambda roots: events.append("begins"), lambda: events.append("ends")),
        patches.after_losses(lambda name, arguments, loss: events.append(name) or loss),
        patches.after_dropouts(lambda name, p, training, output: events.append(f"{name} {p} {training}") or output),
        patches.after_clipping(lambda parameters, most, norm: events.append(f"clipped to {most}") or norm),
        patches.before_clipping_values(lambda given, most, grouped: events.append(f"{given} to {most}") or grouped),
        patches.after_normals(
            lambda normal, sample: events.append("sampled") or sample,
            lambda normal, value, result: events.append("scored") or result,
        ),
        patches.around_optimizer_step(lambda *_: events.append("step"), lambda *_: events.append("stepped")),
    ]
    yield events
    for undo in reversed(undos):
        undo()


def train(net: nn.Module) -> None:
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    F.cross_entropy(net(torch.ones(2, 4)), torch.tensor([0, 1])).backward()
    optimizer.step()


def test_all_events_of_a_step_are_seen_in_order(seen: list[str]) -> None:
    net = nn.Linear(4, 3)
    train(net)
    assert seen == ["made", "Linear", "cross_entropy", "begins", "ends", "step", "stepped"]


def test_modules_with_hooks_are_seen_too(seen: list[str]) -> None:
    net = nn.Linear(4, 3)
    net.register_forward_hook(lambda module, args, output: output * 2)
    net(torch.ones(2, 4))
    assert seen == ["made", "Linear"]


def test_dropouts_are_seen_with_their_share_and_mode(seen: list[str]) -> None:
    x = torch.ones(2, 4, 4)
    F.dropout(x, 0.3)
    F.dropout1d(x, training=False)
    nn.AlphaDropout(0.1)(x)
    assert seen[:2] == ["dropout 0.3 True", "dropout1d 0.5 False"]
    assert "alpha_dropout 0.1 True" in seen


def test_a_clip_is_seen_and_gives_what_it_gave(seen: list[str]) -> None:
    weight = nn.Parameter(torch.ones(2))
    weight.grad = torch.tensor([3.0, 4.0])
    assert nn.utils.clip_grad_norm_(weight, 1.0) == 5.0
    torch.testing.assert_close(weight.grad, torch.tensor([0.6, 0.8]))
    assert seen == ["clipped to 1.0"]


def test_a_clip_by_value_is_seen_before_it_cuts(seen: list[str]) -> None:
    weight = nn.Parameter(torch.ones(2))
    weight.grad = torch.tensor([3.0, 0.5])
    nn.utils.clip_grad_value_(weight, 1)
    torch.testing.assert_close(weight.grad, torch.tensor([1.0, 0.5]))
    assert seen == ["[tensor([3.0000, 0.5000])] to 1.0"]


def test_samples_and_their_scores_are_seen_and_are_what_they_were(seen: list[str]) -> None:
    normal = Normal(torch.zeros(3), 2.0)
    torch.manual_seed(0)
    sample = normal.sample()
    torch.manual_seed(0)
    torch.testing.assert_close(sample, 2 * torch.randn(3))
    torch.testing.assert_close(normal.log_prob(sample), -(sample**2) / 8 - math.log(2 * math.sqrt(2 * math.pi)))
    assert seen == ["sampled", "scored"]


def test_dynamo_reads_a_normal_without_a_break(seen: list[str]) -> None:
    @torch.compile(backend="eager", fullgraph=True)
    def scored(mean: torch.Tensor) -> torch.Tensor:
        normal = Normal(mean, 1.0, validate_args=False)
        return normal.log_prob(normal.sample())  # type: ignore[no-any-return, no-untyped-call]

    assert scored(torch.zeros(3)).shape == (3,)
    assert "sampled" not in seen


def failures() -> list[str]:
    def backward_twice() -> None:
        loss = F.mse_loss(nn.Linear(2, 2)(torch.ones(1, 2)), torch.ones(1, 2))
        loss.backward()
        loss.backward()

    hooked = nn.Linear(2, 2)
    hooked.register_forward_hook(lambda *_: None)
    texts = []
    for fail in (
        backward_twice,
        lambda: nn.Linear(2, 2)(torch.ones(1, 3)),
        lambda: hooked(torch.ones(1, 3)),
        lambda: F.cross_entropy(torch.ones(2, 3), torch.tensor([1])),
        lambda: torch.ones(1).backward(),
        lambda: nn.utils.clip_grad_norm_(hooked.parameters(), "one"),
        lambda: Normal(0.0, 1.0, validate_args=False).log_prob(torch.ones(2) + torch.ones(3)),
        lambda: Normal(torch.zeros(2), 1.0, validate_args=False).log_prob(torch.ones(3)),
        lambda: Normal(0.0, torch.tensor(-1.0), validate_args=False).sample(),
    ):
        with pytest.raises((RuntimeError, ValueError)) as caught:
            fail()
        texts.append("".join(traceback.format_exception(caught.value)))
    return texts


def test_tracebacks_of_the_users_errors_are_the_same_to_the_letter(request: pytest.FixtureRequest) -> None:
    plain = failures()
    request.getfixturevalue("seen")
    assert failures() == plain


def test_functions_stay_the_objects_that_they_were_and_are_undone() -> None:
    def look() -> list[tuple[object, ...]]:
        return [(f, f.__code__, f.__name__, inspect.signature(f), set(f.__globals__)) for f in SPLICED]

    before = look()
    undo = [
        patches.after_module_call(lambda *a: a[-1]),
        patches.after_module_init(lambda *a: None),
        patches.around_backward(lambda roots: None, lambda: None),
        patches.after_losses(lambda *a: a[-1]),
        patches.after_dropouts(lambda *a: a[-1]),
        patches.after_clipping(lambda *a: a[-1]),
        patches.before_clipping_values(lambda *a: a[-1]),
        patches.after_normals(lambda *a: a[-1], lambda *a: a[-1]),
        patches.after_plateau_is_told(lambda *a: a[-1]),
    ]
    during = look()
    assert [row[0] for row in during] == [row[0] for row in before]
    assert all(now[1] is not then[1] for now, then in zip(during, before, strict=True))
    assert [row[3] for row in during] == [row[3] for row in before]
    for each in reversed(undo):
        each()
    assert look() == before


def test_a_function_without_the_spliced_place_is_refused() -> None:
    with pytest.raises(LookupError, match="nothing to splice in failures"):
        patches.splice(failures, patches._WrapCall("no_such_call", "__x__", []), lambda *a: None)
