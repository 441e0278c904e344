"""The modules of a run: which of them are layers, what they are called, where their figures go."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import dataclass

from torch.nn import Module, Parameter
from torch.nn.modules import activation, loss
from torch.nn.modules.batchnorm import _NormBase

from headstart.monitor.names import BirthPlaces, unwrapped, variable_of
from headstart.monitor.sketch import Reading

ACTIVATIONS: dict[type[Module], str] = {
    kind: name
    for name, kind in {
        "relu": activation.ReLU,
        "relu6": activation.ReLU6,
        "leaky_relu": activation.LeakyReLU,
        "prelu": activation.PReLU,
        "rrelu": activation.RReLU,
        "elu": activation.ELU,
        "celu": activation.CELU,
        "selu": activation.SELU,
        "gelu": activation.GELU,
        "silu": activation.SiLU,
        "mish": activation.Mish,
        "sigmoid": activation.Sigmoid,
        "logsigmoid": activation.LogSigmoid,
        "tanh": activation.Tanh,
        "softplus": activation.Softplus,
        "softsign": activation.Softsign,
        "hardtanh": activation.Hardtanh,
        "hardswish": activation.Hardswish,
        "hardsigmoid": activation.Hardsigmoid,
        "tanhshrink": activation.Tanhshrink,
        "softshrink": activation.Softshrink,
        "hardshrink": activation.Hardshrink,
        "threshold": activation.Threshold,
        "glu": activation.GLU,
        "softmax": activation.Softmax,
        "log_softmax": activation.LogSoftmax,
    }.items()
}

# Of a module's own output. Saturated: the derivative is below 1 % of its largest value, by the closed forms
# tanh' = 1 - y², sigmoid' = y (1 - y) with maximum 1/4; hard forms are flat at their ends.
OUTPUT = {
    "tanh": Reading(low=-0.99499, high=0.99499),
    "sigmoid": Reading(low=0.002506, high=0.997494),
    "softsign": Reading(low=-0.9, high=0.9),
    "hardtanh": Reading(low=-1.0, high=1.0),
    "hardsigmoid": Reading(low=0.0, high=1.0),
}
# The same of what enters the activation.
INPUT = {
    "relu": Reading(zero_at=0.0),
    "tanh": Reading(low=-2.9932, high=2.9932),
    "sigmoid": Reading(low=-5.9865, high=5.9865),
    "softsign": Reading(low=-9.0, high=9.0),
    "hardtanh": Reading(low=-1.0, high=1.0),
    "hardsigmoid": Reading(low=-3.0, high=3.0),
}

MOST = 4000  # layers of a run


@dataclass
class Slot:
    """One module that is a layer, or a function without one."""

    module: weakref.ref[Module] | None
    kind: str
    activation: str | None  # its own, if it is one
    order: int
    line: str | None
    name: str = ""  # given once the whole model has been seen
    step: int = -1  # at which it was sketched last
    activation_stream: int = -1
    gradient_stream: int = -1
    input_stream: int = -1
    units: int | None = None
    channels_first: bool = False
    dead_at: float | None = None  # a unit whose output never exceeds this gives zero for ever
    residual: bool = False
    places: int | None = None  # of its output that share its weights: pixels, tokens
    steps_first: tuple[int, int] | None = None  # of what takes (steps, samples, features)
    samples_before: tuple[int, ...] = ()  # of the same: the shape that a view made its input of
    crossed: tuple[int, int] | None = None  # of what runs along a convolution's samples: these, and the places
    drawn_from: tuple[Slot, ...] = ()  # that gave a Normal whose sample, without a graph, it was given
    gradient_step: int = -1  # at which its gradient was taken last
    viewed: tuple[tuple[int, ...], tuple[int, ...]] | None = None  # a shape it gave; a view that mixes samples
    frozen_at: int | None = None  # step before which it was met first, frozen as it was drawn
    # Of a module of the user's own: the one weight that its input is multiplied by, and which dimension counts the units.
    product: tuple[str, int] | None = None


class Modules:
    """All modules that were called, or below the model that `watch` was given."""

    def __init__(self, births: BirthPlaces, only: Module | None = None) -> None:
        self.slots: dict[int, Slot] = {}
        self.met = 0  # layers, those that are gone among them
        self.paths: dict[int, str] = {}  # of all modules that have a name, layers or not
        self.unwritten: list[tuple[int, Slot, str]] = []  # streams whose owner has no name yet
        self._births = births
        self._only = None if only is None else {id(module) for module in only.modules()}
        self._roots: dict[int, weakref.ref[Module]] = {}
        # By id, which a module may have from one that is gone: so each is asked whether it is meant.
        self._inside: dict[int, weakref.ref[Module]] = {}
        self._known: dict[int, weakref.ref[Module]] = {}
        self._whole: dict[int, weakref.ref[Module]] = {}  # roots that were named
        self._named: dict[str, int] = {}
        self._prefixes: list[str] = []
        self._new = False

    def watches(self, module: Module) -> bool:
        return self._only is None or id(module) in self._only

    def slot(self, module: Module) -> Slot | None:
        """The slot of `module`; None if it is no layer."""
        if not _holds(self._known, module):
            self._see(module)
        return self.slots.get(id(module))

    def path(self, module: Module) -> str | None:
        """Its name, a layer's or not; None until its whole model has been seen."""
        return self.paths.get(id(module))

    def is_outermost(self, module: Module) -> bool:
        """Whether no module that was called holds it."""
        return not _holds(self._inside, module)

    def parameters(self) -> Iterator[tuple[str, Parameter]]:
        """What the layers hold now, by full name."""
        for slot in self.slots.values():
            module = slot.module() if slot.module else None
            for name, parameter in module._parameters.items() if module is not None and slot.name else ():
                if parameter is not None:
                    yield f"{slot.name}.{name}", parameter

    def name_new(self) -> list[tuple[str, Parameter]]:
        """Names modules seen since the last call; returns the parameters of their models by full name."""
        if not self._new:
            return []
        self._new = False
        found: list[tuple[str, Parameter]] = []
        alive = [root for ref in self._roots.values() if (root := ref()) is not None]
        roots = [root for root in alive if self.is_outermost(root)]
        alone = sum(any(True for _ in root.parameters()) for root in roots) == 1 and not self._prefixes
        for root in roots:
            if not _holds(self._whole, root):
                self._whole[id(root)] = weakref.ref(root)
                self._prefixes.append("" if alone and _has_parameters(root) else self._prefix(root))
                found += self._name(root, self._prefixes[-1])
        return found

    def _see(self, module: Module) -> None:
        if not self.watches(module):
            return
        key = id(module)
        self._known[key] = weakref.ref(module)
        self._roots[key] = self._known[key]
        self._inside.update((id(child), weakref.ref(child)) for child in module.modules() if child is not module)
        self._new = True
        self.slots.pop(key, None)
        if is_layer(module) and self.met < MOST:
            own = ACTIVATIONS.get(type(module))
            kind = type(module).__name__
            slot = Slot(self._known[key], kind, own, self.met, self._births.line(module))
            slot.channels_first = hasattr(module, "kernel_size") or isinstance(module, _NormBase)
            self.slots[key] = slot
            self.met += 1

    def _prefix(self, root: Module) -> str:
        name = unwrapped(variable_of(root) or type(root).__name__.lower())
        if name in self._prefixes:
            name += f"~{len(self._prefixes)}"
        return name

    def _name(self, root: Module, prefix: str) -> Iterator[tuple[str, Parameter]]:
        for path, module in root.named_modules():
            name = ".".join(part for part in (prefix, unwrapped(path + ".").removesuffix(".")) if part)
            slot = self.slots.get(id(module)) if _holds(self._known, module) else None
            if slot is not None and not slot.name:
                slot.name = self._unique(name or type(root).__name__.lower(), id(module))
            self.paths[id(module)] = slot.name if slot is not None else name or type(root).__name__.lower()
        for path, parameter in root.named_parameters(remove_duplicate=False):
            yield ".".join(part for part in (prefix, unwrapped(path)) if part), parameter

    def _unique(self, name: str, key: int) -> str:
        while self._named.setdefault(name, key) != key:
            name += "~"
        return name


def _holds(known: dict[int, weakref.ref[Module]], module: Module) -> bool:
    found = known.get(id(module))
    return found is not None and found() is module


def is_layer(module: Module) -> bool:
    """Owns parameters of its own, or is one of torch's activations."""
    if isinstance(module, loss._Loss):
        return False
    return type(module) in ACTIVATIONS or any(parameter is not None for parameter in module._parameters.values())


def _has_parameters(module: Module) -> bool:
    return next(module.parameters(), None) is not None
