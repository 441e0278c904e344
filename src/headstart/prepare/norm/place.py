"""Where the norms of a model stand relative to its activations, and moving them to the other side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, get_args

from torch import nn

from headstart.errors import HeadstartError
from headstart.prepare.norm.flow import Call, Flow, watch_flow
from headstart.prepare.norm.layers import FrozenBatchNorm, describe
from headstart.prepare.norm.report import table

Side = Literal["before", "after"]
Where = Literal["before", "after", "between", "apart"]

NORMS = (
    nn.modules.batchnorm._NormBase,  # batch and instance norm
    FrozenBatchNorm,
    nn.GroupNorm,
    nn.LayerNorm,
    nn.RMSNorm,
)
ACTIVATIONS = frozenset(  # element by element; as modules and functions, without underscores
    "celu elu gelu hardshrink hardsigmoid hardswish hardtanh leakyrelu logsigmoid mish prelu relu relu6 rrelu selu "
    "sigmoid silu sin softplus softshrink softsign tanh tanhshrink threshold".split()
)
TRANSPARENT = frozenset(  # what may stand between a norm and its activation
    "identity dropout dropout1d dropout2d dropout3d alphadropout featurealphadropout flatten unflatten reshape view "
    "permute transpose contiguous to maxpool1d maxpool2d maxpool3d avgpool1d avgpool2d avgpool3d adaptiveavgpool1d "
    "adaptiveavgpool2d adaptiveavgpool3d adaptivemaxpool1d adaptivemaxpool2d".split()
)


@dataclass(frozen=True)
class Placement:
    """Where one norm stands: "before" an activation, "after" one, "between" two, or "apart" from any."""

    layer: str
    norm: str
    reads: str  # the call before it, past dropout, pooling and reshaping
    feeds: str  # the first call after it, likewise
    where: Where
    note: str = ""


@dataclass(frozen=True)
class Placements:
    """One row a norm, in the order of the forward pass; prints as a table."""

    model: nn.Module
    rows: tuple[Placement, ...]
    moved: tuple[str, ...] = ()
    back: Callable[[], nn.Module] = field(repr=False, kw_only=True)

    def undo(self) -> nn.Module:
        """Move the norms back where they stood, and return the model."""
        return self.back()

    def __str__(self) -> str:
        sides = [f"{sum(row.where == where for row in self.rows)} {where}" for where in get_args(Where)]
        lines = [f"norm and activation · {', '.join(sides)} · {len(self.moved)} moved"]
        cells = [(row.layer, row.norm, row.reads, row.feeds, row.where, row.note) for row in self.rows]
        return "\n".join(lines + (table(("layer", "norm", "reads", "feeds", "", ""), cells) if cells else []))


def place(model: nn.Module, batch: Any, to: Side | None = None) -> Placements:
    """Say where every norm module of `model` stands, from one forward pass in evaluation mode on `batch`.

    `batch` is a tensor, a tuple whose first element is the input, or a mapping of keywords. With `to`, a norm that
    stands on the other side of its activation changes places with it, where both are neighbours in one
    `nn.Sequential`, nothing else reads what goes from one to the other, and each is called once; every other norm is
    kept, and its note says why. A moved norm makes another function: train it further (its running statistics are
    stale, `recalibrate` renews them), and note that its parameters' names in the state dict move with it.

    Raises HeadstartError for another `to`, and where the model cannot be run on the batch.

    Example:
        >>> print(hs.norm.place(cnn, images))
        norm and activation · 1 before, 0 after, 0 between, 0 apart · 0 moved
          layer  norm            reads     feeds
          1      BatchNorm2d(8)  0 Conv2d  2 ReLU  before
    """
    if to not in (None, *get_args(Side)):
        raise HeadstartError(
            f"to is {to!r}", 'Choose "before" or "after" the activation, or leave it out to look only'
        )
    flow = _flow(model, batch)
    found = {id(call.module): _move(model, flow, position, to) for position, call in _norms(flow)}
    swaps = [pair for pair in found.values() if isinstance(pair, _Neighbours)]
    flow = _flow(model, batch) if swaps else flow
    rows = [_placement(flow, position, call, found.get(id(call.module))) for position, call in _norms(flow)]
    moved = tuple(row.layer for row in rows if row.note.startswith("moved"))
    return Placements(model, tuple(rows), moved, back=_way_back(model, swaps))


def _flow(model: nn.Module, batch: Any) -> Flow:
    try:
        return watch_flow(model, batch)
    except (RuntimeError, TypeError, ValueError, IndexError, KeyError) as error:
        raise HeadstartError(
            f"{type(model).__name__} cannot be run on the batch: {error}",
            "Pass what its forward takes: a tensor, a tuple that begins with the input, or a mapping of keywords",
        ) from error


def _norms(flow: Flow) -> list[tuple[int, Call]]:
    return [(position, call) for position, call in enumerate(flow.calls) if isinstance(call.module, NORMS)]


def _move(model: nn.Module, flow: Flow, position: int, to: Side | None) -> _Neighbours | str:
    """Exchange this norm and its activation if it stands on the other side; or say why not, "" if it need not."""
    where = _where(flow, position)
    if to is None or where == to:
        return ""
    if where not in get_args(Side):
        return f"kept: it stands {where}"
    found = _neighbours(model, flow, position, to)
    if isinstance(found, str):
        return f"kept: {found}"
    found.exchange()
    return found


def _placement(flow: Flow, position: int, call: Call, fate: _Neighbours | str | None) -> Placement:
    assert call.module is not None
    source, readers = _source(flow, position), _readers(flow, position)
    feeds = next((reader for reader in readers if _is_activation(reader)), readers[0] if readers else None)
    note = fate.note if isinstance(fate, _Neighbours) else fate or ""
    reads = str(source or "")
    return Placement(call.name, describe(call.module), reads, str(feeds or ""), _where(flow, position), note)


def _where(flow: Flow, position: int) -> Where:
    source = _source(flow, position)
    after = source is not None and _is_activation(source)
    before = any(_is_activation(reader) for reader in _readers(flow, position))
    return ("between" if before else "after") if after else ("before" if before else "apart")


def _source(flow: Flow, position: int) -> Call | None:
    """The call that made this norm's input, past transparent ones; of several inputs the first."""
    while flow.calls[position].inputs:
        position = flow.calls[position].inputs[0]
        if _kind(flow.calls[position]) not in TRANSPARENT:
            return flow.calls[position]
    return None


def _readers(flow: Flow, position: int) -> list[Call]:
    found: list[Call] = []
    for reader in flow.readers(position):
        call = flow.calls[reader]
        found += _readers(flow, reader) if _kind(call) in TRANSPARENT else [call]
    return found


def _kind(call: Call) -> str:
    name = type(call.module).__name__ if call.module is not None else call.name
    return name.lower().replace("_", "")


def _is_activation(call: Call) -> bool:
    return _kind(call) in ACTIVATIONS


@dataclass(frozen=True)
class _Neighbours:
    """A norm and its activation, side by side in one Sequential."""

    parent: nn.Sequential
    first: str
    second: str
    note: str

    def exchange(self) -> None:
        children = self.parent._modules
        children[self.first], children[self.second] = children[self.second], children[self.first]


def _neighbours(model: nn.Module, flow: Flow, position: int, to: Side) -> _Neighbours | str:
    """The pair to exchange, or why it cannot be: `to` is the side that the norm shall come to."""
    partner = flow.calls[position].inputs[0] if to == "before" else _only_reader(flow, position)
    if partner is None or flow.calls[partner].module is None or not _is_activation(flow.calls[partner]):
        return "its activation is no module right beside it"
    first, second = sorted((position, partner))
    modules = flow.calls[first].module, flow.calls[second].module
    if any(module is None or len(flow.uses(module)) > 1 for module in modules):
        return "it or its activation is called several times"
    if flow.readers(first) != [second]:
        return "something else reads what goes from one to the other"
    return _in_one_sequential(model, flow.calls[first], flow.calls[second])


def _only_reader(flow: Flow, position: int) -> int | None:
    readers = flow.readers(position)
    return readers[0] if len(readers) == 1 else None


def _in_one_sequential(model: nn.Module, first: Call, second: Call) -> _Neighbours | str:
    for path, parent in model.named_modules():
        if isinstance(parent, nn.Sequential):
            children = list(parent._modules.items())
            for (a, left), (b, right) in pairwise(children):
                if left is first.module and right is second.module:
                    prefix = f"{path}." if path else ""
                    return _Neighbours(parent, a, b, f"moved: {prefix}{a} and {prefix}{b} have changed places")
    return "the two are not neighbours in one nn.Sequential: move it in forward()"


def _way_back(model: nn.Module, swaps: list[_Neighbours]) -> Callable[[], nn.Module]:
    def back() -> nn.Module:
        for swap in reversed(swaps):
            swap.exchange()
        return model

    return back
