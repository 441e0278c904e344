"""Whether a policy gradient goes up or down: log-probabilities in a loss times what the user's code calls a reward.

Nothing in the numbers tells a reward from a cost, but its name does. So the loss is followed down to its log-probabilities
with the sign and the factors on the way, and the factors are compared with the values of what the user's variables call
reward, return or advantage: an affine image of them counts (a baseline subtracted, standardised, a mean taken).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from headstart.monitor.names import locals_of, user_frames
from headstart.monitor.sketch import can_sketch
from headstart.monitor.terms import Edge, Node, Part, parts_of, plain_operator

LOOKS = 8  # backwards without a policy gradient, after which none is looked for
NODES = 2048  # of a graph between the loss and the log-probabilities, at most
FEWEST, MOST = 4, 2**16  # values that are compared
VARIABLES = 512  # that are asked for their names, at most
SAME = 1e-4  # what single precision may miss of a correlation of 1

WORDS = frozenset("reward rewards rew rews return returns ret rets advantage advantages adv advs gae rtg rtgs".split())
KEEPS = ("stack", "cat", "exp", "minimum", "maximum", "min", "clamp", "gather", "index")
UP, DOWN = (
    ("log_softmax", "log", "log_sigmoid"),
    ("nll_loss", "binary_cross_entropy_with_logits", "binary_cross_entropy"),
)


class Rewards:
    """The way of a run's policy gradient, at each backward that is looked at."""

    def __init__(self) -> None:
        self._without = 0
        self._name: str | None = None

    def look(self, roots: list[Tensor]) -> float | None:
        """1 if the loss falls as what is rewarded becomes less likely, -1 the right way; None where nothing tells."""
        if self._without >= LOOKS or len(roots) != 1 or not roots[0].is_cpu or roots[0].grad_fn is None:
            return None
        factors = _values(weights_of_logs((roots[0].grad_fn, 0)))
        if factors is None:
            self._without += 1
            return None
        found = {name: way for name, value in named(WORDS) if (way := _way(factors, value)) is not None}
        if len(set(found.values())) != 1:
            return None
        self._without = -LOOKS
        self._name = next(iter(found))
        return found[self._name]

    def facts(self) -> dict[str, str]:
        """The variable's name."""
        return {} if self._name is None else {"rewarded": self._name}


def weights_of_logs(root: Edge) -> Iterator[Tensor]:
    """What each log-probability is multiplied by on its way into the loss, in order: its share of the gradient."""
    todo: list[tuple[Edge, Tensor]] = [(root, torch.ones((), dtype=torch.float64))]
    for _ in range(NODES):
        if not todo:
            return
        (node, _), scale = todo.pop()
        op = plain_operator(node)
        if op in UP or _is_normalised(op, node):
            yield scale
        elif op in DOWN:
            yield -scale
        elif op == "pow" and getattr(node, "_saved_exponent", None) == 2:
            yield -scale  # a normal distribution's, whose log-density has minus the square
        elif op in KEEPS:
            todo += [(edge, scale) for edge in reversed(node.next_functions) if edge[0] is not None]
        else:
            parts = ((part.edge, _times(scale, part)) for part in reversed(parts_of(node) or ()))
            todo += [(edge, times) for edge, times in parts if times is not None]


def _is_normalised(op: str, node: Node) -> bool:
    """Scores less the logarithm of their exponentials' sum, as `torch.distributions.Categorical` has them."""
    return op == "sub" and plain_operator(node.next_functions[1][0]) == "logsumexp"


def _times(scale: Tensor, part: Part) -> Tensor | None:
    """None where the factors are not of the same samples."""
    by = part.by
    if not isinstance(by, Tensor):
        return scale * by
    by = by if by.is_floating_point() or by.is_complex() else by.double()
    if not can_sketch(by) or not by.is_cpu or (1 not in (scale.numel(), by.numel()) and scale.numel() != by.numel()):
        return None
    flat = by.double().reshape(-1 if by.numel() > 1 else ())
    return scale / flat if part.divides else scale * flat


def _values(scales: Iterable[Tensor]) -> Tensor | None:
    """One factor of many samples, or one of each of many terms; None where they do not vary."""
    found = [scale.reshape(-1) for scale in scales]
    many = [scale for scale in found if scale.numel() > 1]
    if len(many) > 1:
        many = many[:1] if all(one.shape == many[0].shape and _way(one, many[0]) == 1 for one in many) else []
    values = many[0] if many else torch.cat(found) if found else None
    return values if values is not None and FEWEST <= values.numel() <= MOST and _varies(values) else None


def _varies(values: Tensor) -> bool:
    return bool(values.isfinite().all()) and bool((values != values[0]).any())


def _way(factors: Tensor, value: Tensor) -> float | None:
    """The sign of their correlation if it is all but 1 or -1."""
    if value.numel() != factors.numel() or not _varies(value):
        return None
    one, other = factors - factors.mean(), value - value.mean()
    cosine = float(one @ other / (one.norm() * other.norm()))
    return (1.0 if cosine > 0 else -1.0) if abs(cosine) > 1 - SAME else None


def named(words: frozenset[str]) -> Iterator[tuple[str, Tensor]]:
    """What the user's running functions, and the objects that they hold, call by one of these words, as one row."""
    left = VARIABLES
    for frame in user_frames():
        for scope in (locals_of(frame), frame.f_globals):
            for name, held in list(scope.items())[:left]:
                left -= 1
                yield from _called(words, name, held)
                fields = held if isinstance(held, dict) else getattr(held, "__dict__", None)
                if isinstance(fields, Mapping) and not isinstance(held, (type, ModuleType)):
                    for own, value in list(fields.items())[:left]:
                        yield from _called(words, own, value)


def _called(words: frozenset[str], name: object, held: Any) -> Iterator[tuple[str, Tensor]]:
    if isinstance(name, str) and not words.isdisjoint(re.split(r"[^a-z]+", name.lower())):
        value = _numbers(held)
        if value is not None:
            yield name, value


def _numbers(held: Any) -> Tensor | None:
    """A tensor's, an array's or a list's, in order."""
    if isinstance(held, Tensor):
        small = can_sketch(held) and held.is_cpu and FEWEST <= held.numel() <= MOST
        return held.detach().double().reshape(-1) if small else None
    if isinstance(held, (list, tuple)) and FEWEST <= len(held) <= MOST:
        if all(isinstance(one, Tensor) and one.numel() == 1 and one.is_cpu and can_sketch(one) for one in held):
            return torch.cat([one.detach().double().reshape(1) for one in held])
        if all(isinstance(one, (int, float)) for one in held):
            return torch.tensor(held, dtype=torch.float64)
    if type(held).__module__ == "numpy" and FEWEST <= getattr(held, "size", 0) <= MOST and held.dtype.kind in "fiub":
        return torch.from_numpy(held.astype("float64").reshape(-1))
    return None
