"""Reads an autograd graph into layers: who feeds whom, and through which activation, norm, join and loss.

`read_graph(loss)` works for any coding style, since the graph records what was computed, not how it was written. It
reads names, shapes and leaf tensors only. Tensors that were saved for backward are never touched: reading one runs the
user's unpack hooks, and inside `torch.utils.checkpoint` the whole forward pass again.

What the graph does not show (compiled parts, reentrant checkpoints, custom functions) is an `opaque` operation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.nn import Parameter

from headstart.monitor.operators import (
    ACTIVATIONS,
    NORMS,
    OF_WEIGHTS,
    RESHAPES,
    SUMS_UP,
    TURNS,
    WEIGHTS,
    Role,
    operator,
    role,
    signed,
)

Tagged = TypeVar("Tagged")

SUMS = ("AddBackward0", "SubBackward0")
SMALL = 16  # nodes of a graph that is looked through for parameters
TAG = "headstart"  # key in a node's `metadata`, unless the caller has its own


def is_cut(root: Tensor) -> bool:
    """Whether `root` has no graph, or a small one that ends in no parameter: it was made anew from numbers.

    Of a large graph it is not known. Where a checkpoint or a custom function hides the parameters it is wrong, too.
    """
    todo, seen = [root.grad_fn], 0
    while todo:
        node: Any = todo.pop()
        if node is None:
            continue
        seen += 1
        if seen > SMALL or isinstance(getattr(node, "variable", None), Parameter):
            return False
        todo += [child for child, _ in node.next_functions]
    return True


@dataclass
class Operation:
    """One node of the graph that is neither a leaf nor on a parameter's way to its operator."""

    index: int  # in flow order: inputs come first
    op: str  # "addmm", "relu", "native_batch_norm"
    role: Role
    shape: tuple[int, ...]  # of its (first) output; () also where unknown
    parameters: tuple[Tensor, ...]  # leaves that it uses directly
    inputs: tuple[int, ...]  # operations that feed it
    tag: Any = None  # what a hook left in its metadata
    units_dim: int | None = None  # the dimension of its first parameter that counts its units; None: unknown
    node: Any = None
    consumers: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class GraphLayer:
    """An operation that owns weights (or a norm, or an opaque part with parameters), and what its output meets."""

    operation: Operation
    parameters: tuple[Tensor, ...]  # its own, and a bias that is added right after
    activation: str | None  # torch.nn.functional's name; None: none before the next layer, or unknown
    activation_tag: Any  # of the activation's operation: None if it was no watched module
    norm: str | None  # normalisation between it and its activation
    direct: bool  # the activation comes next, no norm or join between
    follows: tuple[int, ...]  # indices of the layers' operations that feed it
    residual: bool  # its branch is added to a shortcut
    output: bool  # no other layer stands between it and the loss
    bare: bool  # its output goes into other weights as it is or summed up, and nowhere else
    scale: float = 1.0  # by which numbers multiply its output before the activation


class Graph:
    """The operations of one graph, in flow order."""

    def __init__(self, operations: list[Operation]) -> None:
        self.operations = operations
        self._inner_layers: set[int] | None = None
        for operation in operations:
            for index in operation.inputs:
                operations[index].consumers.append(operation.index)

    def layers(self) -> list[GraphLayer]:
        """The layers in flow order."""
        owners = [operation for operation in self.operations if self._is_layer(operation)]
        ancestors = self._ancestors({owner.index for owner in owners})
        residual = self._residual(ancestors)
        return [self._layer(owner, ancestors, residual) for owner in owners]

    def feeders(self, operation: Operation) -> list[Operation]:
        """The layers that feed `operation` with no other layer between."""
        return [self.operations[index] for index in sorted(self._nearest(operation))]

    def penalised(self) -> tuple[Tensor, ...]:
        """The weights of which a term of the loss is made that hangs on nothing else, as an L2 penalty does."""
        found = (p for index in sorted(self._penalties) for p in self.operations[index].parameters)
        return tuple({id(parameter): parameter for parameter in found}.values())

    def losses(self) -> list[Operation]:
        return [operation for operation in self.operations if operation.role == "loss"]

    def tags(self) -> Iterator[Any]:
        """What hooks left on the operations, in flow order."""
        return (operation.tag for operation in self.operations if operation.tag is not None)

    def softmax_again(self) -> int | None:
        """Of how many probabilities a log-softmax, or a log-sum-exp, is taken along the axis of their softmax."""
        for operation in self.operations:
            if operation.op not in ("log_softmax", "logsumexp") or len(operation.inputs) != 1:
                continue
            before = self.operations[operation.inputs[0]]
            while before.op in ("alias", "clone", "to_copy") and len(before.inputs) == 1:
                before = self.operations[before.inputs[0]]
            rank = len(before.shape)
            if before.op == "softmax" and rank and _axes(operation, rank) == _axes(before, rank):
                size = before.shape[_axes(before, rank)[0]]
                if size > 1:
                    return size
        return None

    def softmaxes_first(self) -> dict[int, tuple[int, ...]]:
        """By the index of a layer, the shape of a softmax that it feeds and that runs over the first of several axes."""
        found: dict[int, tuple[int, ...]] = {}
        for operation in self.operations:
            rank = len(operation.shape)
            if operation.op == "softmax" and rank > 1 and _axes(operation, rank) == [0]:
                found |= {feeder.index: operation.shape for feeder in self.feeders(operation)[-1:]}
        return found

    def axes_of(self, operation: Operation) -> list[int]:
        """Along which axes of its output a softmax or a sum runs."""
        return _axes(operation, len(operation.shape))

    def activation_names(self) -> list[str]:
        return [ACTIVATIONS[operation.op] for operation in self.operations if operation.role == "activation"]

    def _is_layer(self, operation: Operation) -> bool:
        kinds = ("weights", "norm", "opaque", "other", "attention")
        return bool(operation.parameters) and operation.role in kinds and operation.index not in self._penalties

    @cached_property
    def _penalties(self) -> frozenset[int]:
        """Operations that serve nothing but a term of the loss that is made of weights alone."""
        alone = self._of_weights_alone()
        found: set[int] = set()
        for operation in reversed(self.operations):
            meets = [self.operations[index] for index in operation.consumers]
            term = operation.shape == () and any(
                one.index not in alone and one.op in ("add", "sub") and one.shape == () for one in meets
            )
            if operation.index in alone and (term or (meets and all(one.index in found for one in meets))):
                found.add(operation.index)
        return frozenset(found)

    def _of_weights_alone(self) -> set[int]:
        """Arithmetic into which weights go and no data: a product of a tensor and something without a graph may be data."""
        biases = [op for op in self.operations if op.role == "shape" and op.op == "add"]
        used = [op for op in self.operations if op.role in ("weights", "norm")] + biases
        weights = {id(parameter) for op in used for parameter in op.parameters}
        found: set[int] = set()
        for operation in self.operations:
            if operation.role not in ("other", "shape", "join", "gate"):
                continue
            known = all(index in found for index in operation.inputs) and all(
                id(parameter) in weights for parameter in operation.parameters
            )
            whole = operation.shape == () or all(child is not None for child, _ in operation.node.next_functions)
            if known and whole and (operation.inputs or operation.parameters):
                found.add(operation.index)
        return found

    def _layer(self, owner: Operation, ancestors: list[frozenset[int]], residual: frozenset[int]) -> GraphLayer:
        parameters = list(owner.parameters)
        activation = norm = activation_tag = None
        direct, scale, here = True, 1.0, owner
        while here.consumers:
            here = self._main_consumer(here)
            if here.role == "shape":
                parameters += here.parameters if here.op == "add" else ()
                scale *= _factor(here)
            elif here.role == "norm" and activation is None and norm is None:
                norm, direct = NORMS[here.op], False
            elif here.role == "activation" and here.op not in ("softmax", "log_softmax"):
                activation, activation_tag = ACTIVATIONS[here.op], here.tag
                break
            else:
                break
        return GraphLayer(
            owner,
            tuple(dict.fromkeys(parameters)),
            activation,
            activation_tag,
            norm,
            direct and activation is not None,
            tuple(sorted(self._nearest(owner))),
            owner.index in residual,
            owner.index not in self._inner(ancestors),
            self._is_bare(owner),
            scale,
        )

    def _is_bare(self, here: Operation) -> bool:
        """Whether one weight is multiplied by another with nothing but reshapes, fixed sums and a bias in between.

        Nor do a batch norm and a dropout count: once trained, the one scales and shifts, the other does nothing. A product
        with data, such as a graph's neighbours, is not known to be fixed.
        """
        while len(here.consumers) == 1:
            here = self.operations[here.consumers[0]]
            if here.role == "weights":
                return bool(here.parameters)
            bias = here.op == "add" and here.role == "shape" and here.parameters
            passes = here.op in RESHAPES or here.op in SUMS_UP or NORMS.get(here.op) == "batch_norm"
            if not (passes or bias or _drops(here)):
                return False
        return False

    def _main_consumer(self, here: Operation) -> Operation:
        """Of several consumers the one that transforms: an activation or norm rather than the shortcut's join."""
        ranked = ("activation", "norm", "weights", "shape", "gate", "attention", "join", "opaque", "loss", "other")
        return min((self.operations[index] for index in here.consumers), key=lambda op: ranked.index(op.role))

    def _inner(self, ancestors: list[frozenset[int]]) -> set[int]:
        """The layers with another layer (a norm does not count) between them and the loss."""
        if self._inner_layers is None:
            self._inner_layers = set()
            for operation in self.operations:
                if self._is_layer(operation) and operation.role != "norm":
                    self._inner_layers |= ancestors[operation.index] - {operation.index}
        return self._inner_layers

    def _nearest(self, operation: Operation) -> set[int]:
        """The layers that feed `operation` with no other layer between."""
        found: set[int] = set()
        todo, seen = list(operation.inputs), set()
        while todo:
            index = todo.pop()
            if index in seen:
                continue
            seen.add(index)
            if self._is_layer(self.operations[index]):
                found.add(index)
            else:
                todo += self.operations[index].inputs
        return found

    def _ancestors(self, layers: set[int]) -> list[frozenset[int]]:
        """For each operation the layers upstream of it, itself among them if it is one."""
        known: list[frozenset[int]] = []
        for operation in self.operations:
            upstream = frozenset().union(*(known[index] for index in operation.inputs))
            known.append(upstream | {operation.index} if operation.index in layers else upstream)
        return known

    def _residual(self, ancestors: list[frozenset[int]]) -> frozenset[int]:
        """Last layers of branches that are added to a shortcut: to their own input, or to a sibling's projection."""
        found: set[int] = set()
        for join in self.operations:
            if join.role != "join" or len(join.inputs) != 2:
                continue
            for branch, other in (join.inputs, join.inputs[::-1]):
                shortcut = ancestors[other] <= ancestors[branch]
                siblings = ancestors[branch] & ancestors[other] and not ancestors[branch] <= ancestors[other]
                if (shortcut and ancestors[branch] != ancestors[other]) or siblings:
                    last = self.operations[branch]
                    found |= {branch} if self._is_layer(last) else self._nearest(last)
        return frozenset(found)


def read_graph(root: Tensor, is_parameter: Callable[[Tensor], bool] | None = None, key: str = TAG) -> Graph:
    """The graph below `root` (a loss, or any tensor with a `grad_fn`).

    `is_parameter` says which leaves are parameters; a leaf that it refuses is data that requires grad. By default a
    leaf is one unless it stands where the operator takes its data.
    """
    operations: list[Operation] = []
    place: dict[Any, int | None] = {}  # graph node -> index of its operation; None: a leaf or on a parameter's way
    leaves: dict[Any, tuple[Tensor, ...]] = {}  # for nodes on a parameter's way: the leaves behind them
    turned: dict[Any, bool] = {}  # and whether an odd number of transposes lies on it
    for node in _inputs_first(root.grad_fn):
        op = _operator(node)
        children = [child for child, _ in node.next_functions]
        if hasattr(node, "variable"):
            accepted = is_parameter is None or is_parameter(node.variable)
            place[node], leaves[node] = None, ((node.variable,) if accepted else ())
            continue
        if op in OF_WEIGHTS and children and all(child is not None and leaves.get(child) for child in children):
            place[node], leaves[node] = None, sum((leaves[child] for child in children), ())
            turned[node] = turned.get(children[0], False) ^ (op in TURNS)
            continue
        data_place = WEIGHTS.get(op) if is_parameter is None else None
        parameters: list[Tensor] = []
        data_leaves: tuple[Tensor, ...] = ()
        inputs: list[int] = []
        for position, child in enumerate(children):
            if child is None:
                continue
            index = place[child]
            if index is not None:
                inputs.append(index)
            elif position == data_place and not _all_parameters(leaves[child]):
                data_leaves = leaves[child]
            else:
                parameters += leaves[child]
        parameters = parameters or list(data_leaves)  # w @ x: the weight comes first
        shape = output_shape(node)
        data = sum(child is not None and place[child] is not None for child in children)
        operations.append(
            Operation(
                len(operations),
                op,
                role(op, data, shape == ()),
                shape,
                tuple(dict.fromkeys(parameters)),
                tuple(dict.fromkeys(inputs)),
                _metadata(node).get(key),
                _units_dim(op, node, leaves, turned),
                node,
            )
        )
        place[node] = operations[-1].index
    return Graph(operations)


def tag(tensor: Tensor, value: Any, key: str = TAG) -> None:
    """Leaves `value` on the node that made `tensor`, for `read_graph` to find; it lives as long as the graph."""
    if tensor.grad_fn is not None:
        _metadata(tensor.grad_fn).setdefault(key, value)


def find_tags(root: Tensor, key: str, kind: type[Tagged], within: int = 256) -> list[Tagged]:
    """Tags of one kind on the first `within` nodes below `root`, and none below them: cheap for every backward."""
    return [value for _, value in tagged(root, key, kind, within)]


def tagged(root: Tensor, key: str, kind: type[Tagged], within: int = 256) -> list[tuple[Any, Tagged]]:
    """The same, each with its node.

    Sums are gone through first: a penalty that is added parameter by parameter is a long chain of them, and the loss
    its end.
    """
    found: list[tuple[Any, Tagged]] = []
    todo: deque[Any] = deque([root.grad_fn])
    seen: set[Any] = set()
    while todo and len(seen) < within:
        node = todo.popleft()
        if node is None or node in seen:
            continue
        seen.add(node)
        if isinstance(value := _metadata(node).get(key), kind):
            found.append((node, value))
            continue
        for child, _ in node.next_functions:
            if child is not None and child.name() in SUMS:
                todo.appendleft(child)
            else:
                todo.append(child)
    return found


def leaves(roots: Sequence[Tensor]) -> Iterator[Tensor]:
    """The tensors below `roots` that get gradients."""
    for root in roots:
        yield from leaves_of(root.grad_fn)


def leaves_of(node: Any) -> Iterator[Tensor]:
    """Those below one node."""
    return (one.variable for one in _inputs_first(node) if hasattr(one, "variable"))


def _inputs_first(root: Any) -> Iterator[Any]:
    """All nodes below `root`, each after those that feed it; without recursion, for RNNs are deep."""
    if root is None:
        return
    done: set[Any] = set()
    stack: list[tuple[Any, Iterator[Any]]] = [(root, iter(root.next_functions))]
    entered = {root}
    while stack:
        node, children = stack[-1]
        for child, _ in children:
            if child is not None and child not in entered:
                entered.add(child)
                stack.append((child, iter(child.next_functions)))
                break
        else:
            stack.pop()
            if node not in done:
                done.add(node)
                yield node


def output_shape(node: Any) -> tuple[int, ...]:
    """Of what the node gave; (-1,) where it does not tell."""
    try:
        return tuple(int(size) for size in node._input_metadata[0].shape)
    except (AttributeError, IndexError, RuntimeError, TypeError):  # custom functions; nested or symbolic shapes
        return (-1,)


def viewed_shape(view: Any) -> tuple[int, ...]:
    """Of what a view was taken of; () where it does not tell."""
    sizes = getattr(view, "_saved_self_sym_sizes", ())
    return tuple(map(int, sizes)) if all(type(size) is int for size in sizes) else ()


def _all_parameters(leaves: tuple[Tensor, ...]) -> bool:
    return all(isinstance(leaf, torch.nn.Parameter) for leaf in leaves)


def saved(node: Any, name: str) -> Tensor | None:
    """What a node saved; None if it did not, if the user's saved-tensor hooks would run, or if it was overwritten since."""
    raw = getattr(node, f"_raw_saved_{name}", None)
    if raw is None or getattr(raw, "unpack_hook", raw) is not None:  # an older torch does not tell
        return None
    try:
        tensor: Tensor | None = getattr(node, f"_saved_{name}")
    except RuntimeError:
        return None
    return tensor


def _factor(operation: Operation) -> float:
    """The number that it multiplies by, or one over that which it divides by; 1 of anything else."""
    other = saved(operation.node, "other") if operation.op in ("mul", "div") else None
    if other is None or other.ndim or other.device.type != "cpu" or not float(other):
        return 1.0
    return float(other) if operation.op == "mul" else 1 / float(other)


def saved_result(operation: Operation) -> Tensor | None:
    """What an activation gave, as its node saved it; None as `saved` says."""
    node = operation.node
    if hasattr(node, "_raw_saved_result"):
        return saved(node, "result")
    given = saved(node, "self") if operation.op == "clamp_min" else None
    return None if given is None else given.clamp(min=0)


def _operator(node: Any) -> str:
    op = operator(node.name())
    if op == "clamp" and node._saved_min == 0 and node._saved_max is None:
        return "clamp_min"
    return op


def _metadata(node: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = node.metadata
    return metadata


def _drops(operation: Operation) -> bool:
    """Whether it is a dropout: of its own name, or, on the CPU, a product with values that are 0 or 1 / (1 - p)."""
    if operation.op != "mul" or operation.role != "shape" or operation.parameters:
        return operation.op == "native_dropout"
    first, second = operation.node.next_functions
    kept = saved(operation.node, "other" if second[0] is None else "self") if None in (first[0], second[0]) else None
    if kept is None or not kept.is_cpu or not kept.is_floating_point() or kept.numel() < 2:
        return False
    most = kept.max()
    return bool((most > 1) & ((kept == 0) | (kept == most)).all())


def _axes(operation: Operation, rank: int) -> list[int]:
    """Along which axes it runs."""
    saved = operation.node._saved_dim
    dims = [saved] if isinstance(saved, int) else list(saved)
    return [signed(dim) % rank for dim in dims]


def _units_dim(op: str, node: Any, leaves: Mapping[Any, tuple[Tensor, ...]], turned: Mapping[Any, bool]) -> int | None:
    """Of the weight of `x @ w` the columns are units, of `w @ x` the rows; a transpose on the way exchanges them."""
    if op == "convolution":
        return 1 if node._saved_transposed else 0
    if op not in ("mm", "addmm", "linear"):
        return 0 if op == "mkldnn_rnn_layer" else None
    data = node.next_functions[WEIGHTS[op] or 0][0]
    weight = node.next_functions[(WEIGHTS[op] or 0) + 1][0]
    if bool(leaves.get(data)) == bool(leaves.get(weight)):  # neither is a weight, or both are
        return None
    if leaves.get(weight):
        return int(turned.get(weight, False) ^ (op != "linear"))
    return int(turned.get(data, False))


def saved_input(operation: Operation) -> Tensor | None:
    """What a layer was given that is data, as its node saved it; None where no weight needs it, and as `saved` says."""
    names = ("self", "mat1", "mat2", "mat", "input", "vec", "tensor")
    found = (saved(operation.node, name) for name in names)
    return next((tensor for tensor in found if tensor is not None and not tensor.requires_grad), None)
