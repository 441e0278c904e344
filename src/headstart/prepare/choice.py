"""Chooses a law for each parameter from what it is and where it stands; the reasons are part of the result.

A weight's law follows from what its input has been through. Before rectifiers and all that is unbounded on one side it is
Kaiming's, forward: variance 1/(n_in E[f²]). Where f saturates on both sides it is Xavier's compromise between forward
and backward, for f as it is: variance 2/(n_in E[f²] + n_out E[f'²]), which is Glorot and Bengio's 2/(n_in + n_out) for
the linear f that they assume. Where no activation stands before it, it is LeCun's 1/n_in.

An f that saturates on both sides and is centred, as tanh is, is taken at std 0.5 rather than 1. At std 1, tanh's gain is
1.53 and deep networks are chaotic: what two inputs have in common is lost over 1/log χ = 13 layers, χ being gain² E[f'²],
and with it what could be learnt (Poole et al., arXiv 1606.05340; Schoenholz et al., arXiv 1611.01232). At std 0.5 the gain
is 1.19 and the depth 61; at gain 1, Xavier's, it has no end, but the signal fades as 1/√depth.
"""

from __future__ import annotations

import fnmatch
import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from headstart.errors import HeadstartError
from headstart.prepare.activations import BY_NAME, Moments, moments, moments_at, regions
from headstart.prepare.fans import Fans, fans
from headstart.prepare.laws import LAWS, law_std
from headstart.prepare.parts import Part
from headstart.prepare.places import Divided, Place
from headstart.prepare.signals import Use
from headstart.prepare.training_signs import TrainingSigns

OUTPUT_STD = (
    0.5  # of logits: cross-entropy starts about std²/2 = 0.13 above that of the class frequencies; at std 1, 0.5
)
CENTRED_STD = 0.5  # of what enters a centred activation that saturates on both sides; see above
POSITION_STD = 0.02  # BERT's (arXiv 1810.04805) and ViT's for positions, class tokens and other tokens of their own
SPECIAL = ("lsuv", "mimetic")  # laws for a whole model

Law = str | Mapping[str, str] | None


@dataclass(frozen=True)
class Choice:
    """What to do with one parameter. `law` is a law's name, or "keep", "zeros", "ones", "gates", ..."""

    law: str
    why: str
    gain: float | None = None
    std: float | None = None  # of the weight, as the law gives it
    aim: float | None = None  # std of what the layer gives; None: do not correct it
    shrink_only: bool = False  # correct what is too large, and leave what is small
    exactly: bool = False  # correct the smallest difference (LSUV)
    output: bool = False  # of the layer that gives the network's output
    fans: Fans | None = None
    scalable: bool = False  # nobody asked for its law: the gradient may choose its scale where that changes nothing
    divided: Divided | None = None  # what norms divide out of it


@dataclass(frozen=True)
class Options:
    law: Law
    keep: Sequence[str]
    trained: bool
    frozen: bool
    residual: str  # "scale", "zero" or "keep"
    balance: bool = True

    def __post_init__(self) -> None:
        named = [self.law] if isinstance(self.law, str) else list((self.law or {}).values())
        for law in named:
            if law not in (*LAWS, *SPECIAL, "keep"):
                raise HeadstartError(
                    f"there is no law called {law!r}",
                    f"use one of {', '.join((*LAWS, *SPECIAL))}, or None to have it chosen",
                )
        if self.residual not in ("scale", "zero", "keep"):
            raise HeadstartError(
                f"residual={self.residual!r} is no way to start a branch", "use 'scale', 'zero' or 'keep'"
            )

    def law_of(self, name: str) -> str | None:
        if isinstance(self.law, Mapping):
            return next((law for pattern, law in self.law.items() if fnmatch.fnmatch(name, pattern)), None)
        return self.law


class Chooser:
    """Holds what is the same for all parameters of one model."""

    def __init__(self, found: Sequence[Part], options: Options, branches: int, zeroable: set[int]) -> None:
        self._options = options
        self._branches = branches
        self._zeroable = zeroable
        self._trained = TrainingSigns(found)
        weights = [part for part in found if part.parameter.ndim > 1 and part.kind == "weight"]
        self._all_constant = all(_constant(part) for part in weights)

    def choose(self, part: Part, place: Place, use: Use | None) -> Choice:
        return replace(self._choose(part, place, use), output=place.output)

    def _choose(self, part: Part, place: Place, use: Use | None) -> Choice:
        kept = self._kept(part, place)
        if kept:
            return Choice("keep", kept)
        if part.kind == "rnn":
            return _rnn(part)
        if part.kind == "bias":
            return Choice("zeros", "a bias has no symmetry to break")
        if part.kind == "norm shift":
            return Choice("zeros", "the norm starts as the norm alone")
        if part.kind == "norm scale":
            zero = id(part.parameter) in self._zeroable and self._options.residual == "zero"
            return Choice("zeros", "its branch starts as the identity") if zero else Choice("ones", "the norm alone")
        if part.kind == "position":
            return Choice("position", "small beside what it is added to", std=POSITION_STD)
        if part.kind == "embedding" and use is None:
            return Choice("embedding", "a row is looked up, so fans do not matter", std=1.0)
        return self._weight(part, place, use)

    def _kept(self, part: Part, place: Place) -> str | None:
        """Why a parameter is not touched; None if it may be."""
        options, parameter = self._options, part.parameter
        if any(fnmatch.fnmatch(part.name, pattern) for pattern in options.keep):
            return "asked to keep it"
        if options.law_of(part.name) == "keep":
            return "asked to keep it"
        if not parameter.requires_grad and not options.frozen:
            return "frozen"
        if not options.trained and self._trained.of(part, place.output):
            return "looks trained: no law in use draws its layer as it is"
        if part.kind in ("scale", "other"):
            return "no weight of a layer; its author's start stands"
        return _authors_own(part, place, self._all_constant)

    def _weight(self, part: Part, place: Place, use: Use | None) -> Choice:
        shape = use.fans if use and part.stacked == 1 else fans(part.parameter, part.module, parts=part.stacked)
        law, gain, why = self._law(part, place, shape)
        aim: float | None = _settles(place.activation)
        if self._options.law_of(part.name) == "lsuv":
            aim = 1.0
        if place.output:
            aim, why = OUTPUT_STD, f"{why}; logits are kept small"
        elif place.ends_branch and not place.has_scale and self._options.residual != "keep":
            aim = self._branch()
            gain *= aim
            why = f"{why}; one of {self._branches} branches: × 1/√{self._branches}"
        elif place.norm:
            aim = None  # the norm sets the scale
        if aim == 0:
            return Choice("zeros", "its branch starts as the identity", std=0.0, fans=shape)
        once = place.output or place.ends_branch
        exactly = self._options.law_of(part.name) == "lsuv" and not once
        scalable = self._options.balance and self._options.law_of(part.name) is None
        divided = place.divided if scalable else None
        std = law_std(law, shape, gain)
        return Choice(law, why, gain, std, aim, once, exactly, fans=shape, scalable=scalable, divided=divided)

    def _law(self, part: Part, place: Place, shape: Fans) -> tuple[str, float, str]:
        law, gain, why = _law(place, shape)
        asked = self._options.law_of(part.name)
        if asked == "lsuv":
            return "orthogonal", 1.0, "LSUV: orthogonal, then std 1 on the batch"
        if asked == "sigmoid_uniform":
            return asked, 1.0, "asked for"
        if asked and asked != "mimetic":
            return asked, place.source.moments.gain, f"asked for; {why}"
        return law, gain, why

    def _branch(self) -> float:
        """√N branches of equal size add up to one (GPT-2's 1/√(2·depth), where each block has two)."""
        return 0.0 if self._options.residual == "zero" else 1 / math.sqrt(self._branches)


def _law(place: Place, shape: Fans) -> tuple[str, float, str]:
    source, passed = place.source, place.source.moments
    if source.name in BY_NAME and regions(source.name).bounded and not place.output:
        compromise = _compromise(source.name, passed, shape)
        gain = math.sqrt(compromise * (shape.n_in + shape.n_out) / 2)
        return "xavier_normal", gain, f"{source.name} saturates on both sides: a compromise of forward and backward"
    if abs(passed.second - 1) < 1e-6:  # SELU, too: it is made so
        if place.activation in BY_NAME and regions(place.activation).bounded and not place.output:
            return "xavier_normal", 1.0, f"meets {place.activation}: a compromise of forward and backward"
        return "lecun_normal", 1.0, f"comes from {source.name} with std 1"
    return "kaiming_normal", passed.gain, f"{source.name} passes {passed.second:.3g} of the second moment"


def _compromise(name: str, passed: Moments, shape: Fans) -> float:
    """2/(n_in E[f²] + n_out E[f'²]), both as shares of the variance at which `name` is run."""
    std = _settles(name)
    if std != 1:
        passed = moments_at(name, std)
    return 2 / (shape.n_in * passed.second + shape.n_out * passed.derivative)


@functools.cache
def _settles(name: str | None) -> float:
    """The std of pre-activations to aim for where they meet the activation `name`."""
    if name is None or name not in BY_NAME or not regions(name).bounded:
        return 1.0
    return CENTRED_STD if abs(moments(name).mean) < 1e-6 else 1.0


def _authors_own(part: Part, place: Place, all_constant: bool) -> str | None:
    """A start that differs from PyTorch's on purpose, and works."""
    if part.kind == "position" and not _constant(part):
        return "positions, as their author drew or computed them"
    if not _constant(part):
        return None
    value = part.parameter.detach().flatten()[0].item() if part.parameter.numel() else 0.0
    if part.kind == "weight":
        special = value == 0 and (place.ends_branch or place.has_scale or place.output) and not all_constant
        return "zero by its author's choice, at the end of a branch or of the network" if special else None
    if part.kind == "bias" and value != 0:
        return f"set to {value:g} by its author"
    if part.kind == "norm scale" and value != 1:
        return f"set to {value:g} by its author"
    return None


def _rnn(part: Part) -> Choice:
    if part.parameter.ndim == 1:
        return Choice("gates", "zero, and 1 for an LSTM's forget gate (arXiv 1503.04069): it remembers at first")
    name = "per gate" if part.stacked > 1 else "as a whole"
    if "hh" in part.name.rpartition(".")[2]:
        return Choice("orthogonal gates", f"recurrent, {name}: neither grows nor fades over time")
    shape = Fans(part.parameter.shape[1], part.parameter.shape[0] / part.stacked)
    return Choice("xavier_uniform", f"inputs of the gates, {name}", 1.0, law_std("xavier_uniform", shape), fans=shape)


def _constant(part: Part) -> bool:
    values = part.parameter.detach().flatten()
    first = values[:64]  # tells almost always
    if len(values) == 1 and values[0] not in (0, 1):
        return False  # a lone value drawn at random is no constant
    return bool((first == first[:1]).all()) and bool((values == values[:1]).all())
