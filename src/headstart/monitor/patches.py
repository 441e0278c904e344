"""Every foreign function that is changed while a run is watched: which, why, and how it is undone.

A wrapper would show: as a frame in the tracebacks of the user's own errors, in `inspect.stack()`, in pickles, and
torch's global module hooks send every module call down another path of `_call_impl`, make Dynamo warn and cost more
than the sketch itself. So nothing is wrapped. A *splice* gives a function another `__code__`, compiled from torch's
own source with one call added inside an expression that was there: same object, same file, same lines, same columns,
same frames. Dynamo, which short-cuts `Module.__call__` by the function's identity, never sees it.

| spliced | why |
|---|---|
| `nn.Module._call_impl` | a layer's output, as soon as it is there |
| `nn.Module.__init__` | the user's line that made the layer |
| `torch.optim.Optimizer.__init__` | an optimizer that may never step |
| `torch.optim.lr_scheduler.LRScheduler.__init__` | for how many steps a schedule is made |
| `torch.optim.lr_scheduler.ReduceLROnPlateau.step` | which figure it waits for |
| `torch.autograd.backward`, `grad` | the loss: before its graph is used, and after |
| `torch.utils.data.DataLoader.__iter__` | when an epoch begins, and which data it goes through |
| `torch.nn.functional.cross_entropy` and its kin | which loss, on which outputs and labels; labels that it refuses |
| `torch.nn.functional.dropout` and its kin | how much is dropped, and in which mode, where no module says it |
| `torch.distributions.Normal.sample`, `log_prob` | a sample without a graph, and whether it is scored |
| `torch.nn.utils.clip_grad_norm_` | how large the gradients were before they were cut, and how large they may be |
| `torch.nn.utils.clip_grad_value_` | the same, of their values |

What an optimizer does is seen through torch's public global hooks, which leave no trace.
"""

from __future__ import annotations
import __future__

import ast
import copy
import functools
import inspect
import linecache
import operator
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

Undo = Callable[[], None]

LOSSES = (
    "cross_entropy nll_loss binary_cross_entropy binary_cross_entropy_with_logits mse_loss l1_loss smooth_l1_loss "
    "huber_loss kl_div ctc_loss multilabel_soft_margin_loss cosine_embedding_loss hinge_embedding_loss "
    "margin_ranking_loss soft_margin_loss"
).split()
OF_CLASSES = ("cross_entropy", "nll_loss")
DROPOUTS = "dropout alpha_dropout dropout1d dropout2d dropout3d feature_alpha_dropout".split()


def after_module_call(seen: Callable[[Any, tuple[Any, ...], dict[str, Any], Any], Any]) -> Undo:
    """`seen(module, args, kwargs, output)` runs after each `forward` and returns the output."""
    from torch.nn import Module

    arguments = [ast.Name(name, ast.Load()) for name in ("self", "args", "kwargs")]
    return splice(Module._call_impl, _WrapCall("forward_call", "__headstart_call__", arguments), seen)


def around_backward(before: Callable[[Any], None], after: Callable[[], None]) -> Undo:
    """`before(tensors)` and `after()` run around the engine's pass of each `torch.autograd.backward`."""
    from torch import autograd

    def both(tensors: Any, _: None, result: Any) -> Any:
        after()
        return result

    tensors = ast.Name("tensors", ast.Load())
    first = ast.Call(ast.Name("__headstart_backward_begins__", ast.Load()), [tensors], [])
    edit = _WrapCall("_engine_run_backward", "__headstart_backward__", [tensors, first])
    autograd.__dict__["__headstart_backward_begins__"] = before
    undo = splice(autograd.backward, edit, both)

    def undo_both() -> None:
        undo()
        autograd.__dict__.pop("__headstart_backward_begins__", None)

    return undo_both


def around_grad(before: Callable[[Any, Any, bool], None], after: Callable[[Any, Any], None]) -> Undo:
    """`before(outputs, inputs, create_graph)` and `after(inputs, gradients)` around each `torch.autograd.grad`."""
    from torch import autograd

    def both(inputs: Any, _: None, result: Any) -> Any:
        after(inputs, result)
        return result

    # Newer torch keeps what it was given, perhaps an exhausted iterator, beside the tuple that it made of it.
    local = (*autograd.grad.__code__.co_varnames, *autograd.grad.__code__.co_cellvars)
    given = "inputs_tuple" if "inputs_tuple" in local else "inputs"
    outputs, inputs, create_graph = (ast.Name(name, ast.Load()) for name in ("outputs", given, "create_graph"))
    first = ast.Call(ast.Name("__headstart_grad_begins__", ast.Load()), [outputs, inputs, create_graph], [])
    edit = _WrapCall("_engine_run_backward", "__headstart_grad__", [inputs, first])
    autograd.__dict__["__headstart_grad_begins__"] = before
    undo = splice(autograd.grad, edit, both)

    def undo_both() -> None:
        undo()
        autograd.__dict__.pop("__headstart_grad_begins__", None)

    return undo_both


def after_func_grad(seen: Callable[[Any, Any, Any], Any]) -> Undo:
    """`seen(arguments, output, (gradients, ...))` runs as each `torch.func.grad` or `grad_and_value` returns."""
    from torch._functorch import eager_transforms

    function = inspect.unwrap(eager_transforms.grad_and_value_impl)
    arguments = [ast.Name(name, ast.Load()) for name in ("diff_args", "output")]
    return splice(function, _WrapReturnsUncompiled("__headstart_func_grad__", arguments), seen)


def after_losses(
    seen: Callable[[str, dict[str, Any], Any], Any], refused: Callable[[str, dict[str, Any]], None] | None = None
) -> Undo:
    """`seen(name, arguments, loss)` runs as each loss function returns, and returns the loss; `refused(name,
    arguments)` as one of class labels raises an IndexError."""
    import torch.nn.functional as F

    undos = []
    for name in LOSSES:
        function = getattr(F, name)
        parameters = list(inspect.signature(function).parameters)
        values = ast.Dict([ast.Constant(p) for p in parameters], [ast.Name(p, ast.Load()) for p in parameters])
        arguments = [ast.Constant(name), values]
        edit = _WrapReturns("__headstart_loss__", arguments)
        if refused is not None and name in OF_CLASSES:
            F.__dict__["__headstart_refused__"] = refused
            edit = _WatchReturns("__headstart_loss__", arguments, "__headstart_refused__")
        undos.append(splice(function, edit, seen))
    return functools.partial(_undo_all, [lambda: F.__dict__.pop("__headstart_refused__", None), *undos])


def after_clipping(seen: Callable[[Any, Any, Any], Any]) -> Undo:
    """`seen(parameters, max_norm, norm)` runs as `clip_grad_norm_` returns, but not while Dynamo compiles it, and returns
    the norm."""
    from torch.nn.utils import clip_grad_norm_

    arguments = [ast.Name(name, ast.Load()) for name in ("parameters", "max_norm")]
    return splice(inspect.unwrap(clip_grad_norm_), _WrapReturnsUncompiled("__headstart_clip__", arguments), seen)


def before_clipping_values(seen: Callable[[Any, Any, Any], Any]) -> Undo:
    """`seen(gradients, clip_value, grouped)` runs in `clip_grad_value_` before it cuts, but not while Dynamo compiles it,
    and returns what it was given last."""
    from torch.nn.utils import clip_grad_value_

    arguments = [ast.Name(name, ast.Load()) for name in ("grads", "clip_value")]
    called = "_group_tensors_by_device_and_dtype"
    return splice(
        inspect.unwrap(clip_grad_value_), _WrapCallUncompiled(called, "__headstart_clip_value__", arguments), seen
    )


def after_dropouts(seen: Callable[[str, float, bool, Any], Any]) -> Undo:
    """`seen(name, p, training, output)` runs as each dropout function returns, and returns the output."""
    import torch.nn.functional as F

    undos = []
    for name in DROPOUTS:
        arguments = [ast.Constant(name), ast.Name("p", ast.Load()), ast.Name("training", ast.Load())]
        undos.append(splice(getattr(F, name), _WrapReturns("__headstart_dropout__", arguments), seen))
    return functools.partial(_undo_all, undos)


def after_normals(sampled: Callable[[Any, Any], Any], scored: Callable[[Any, Any, Any], Any]) -> Undo:
    """`sampled(distribution, sample)` and `scored(distribution, value, log_prob)` run as a Normal's methods return, but not
    while Dynamo compiles them, and return their last argument."""
    from torch.distributions import Normal

    self, value = (ast.Name(name, ast.Load()) for name in ("self", "value"))
    undos = [
        splice(Normal.sample, _WrapReturnsUncompiled("__headstart_sample__", [self]), sampled),
        splice(Normal.log_prob, _WrapReturnsUncompiled("__headstart_log_prob__", [self, value]), scored),
    ]
    return functools.partial(_undo_all, undos)


def after_module_init(made: Callable[[Any, Any], Any]) -> Undo:
    """`made(module, None)` runs while each module is made."""

    edit = _WrapCall("_log_api_usage_once", "__headstart_made__", [ast.Name("self", ast.Load())])
    return splice(module_init(), edit, made)


def after_optimizer_init(made: Callable[[Any, Any], Any]) -> Undo:
    """`made(optimizer, None)` runs while each optimizer is made."""
    from torch.optim import Optimizer

    edit = _WrapCall("_log_api_usage_once", "__headstart_optimizer_made__", [ast.Name("self", ast.Load())])
    return splice(Optimizer.__init__, edit, made)


def after_scheduler_init(made: Callable[[Any, Any], Any]) -> Undo:
    """`made(scheduler, None)` runs while each learning rate scheduler is made, as the last thing in it."""
    from torch.optim.lr_scheduler import LRScheduler

    edit = _WrapCall("_initial_step", "__headstart_scheduler_made__", [ast.Name("self", ast.Load())])
    return splice(LRScheduler.__init__, edit, made)


def after_plateau_is_told(told: Callable[[Any, float], Any]) -> Undo:
    """`told(scheduler, value)` runs as a ReduceLROnPlateau reads the figure that it is given, and returns it."""
    from torch.optim.lr_scheduler import ReduceLROnPlateau

    edit = _WrapCall("float", "__headstart_plateau__", [ast.Name("self", ast.Load())])
    return splice(ReduceLROnPlateau.step, edit, told)


def after_loader_begins(begun: Callable[[Any, Any], Any]) -> Undo:
    """`begun(loader, iterator)` runs as each iteration over a DataLoader begins, and returns the iterator."""
    from torch.utils.data import DataLoader

    edit = _WrapReturns("__headstart_loader__", [ast.Name("self", ast.Load())])
    return splice(DataLoader.__iter__, edit, begun)


def module_init() -> Callable[..., Any]:
    """`nn.Module.__init__` itself, also below the wrapper that Dynamo puts over it."""
    from torch.nn import Module

    function: Any = Module.__init__
    while function.__name__ != "__init__":
        function = next(cell.cell_contents for cell in function.__closure__ if callable(cell.cell_contents))
    return function  # type: ignore[no-any-return]


def around_optimizer_step(before: Callable[..., None], after: Callable[..., None]) -> Undo:
    """`before(optimizer, args, kwargs)` and `after(...)` around each `step` that takes place."""
    handles = [register_optimizer_step_pre_hook(before), register_optimizer_step_post_hook(after)]
    return functools.partial(_undo_all, [handle.remove for handle in handles])


def splice(function: Callable[..., Any], edit: _Edit, callback: Callable[..., Any]) -> Undo:
    """Gives `function` the code of its own source after `edit`, which calls `callback` by the edit's name."""
    assert isinstance(function, types.FunctionType)
    original = function.__code__
    definition = copy.deepcopy(_definition(original))
    definition.decorator_list = []
    code = _compile(edit.visit(definition), original)
    if not edit.edits:
        raise LookupError(f"nothing to splice in {original.co_name}, {original.co_filename}")
    function.__globals__[edit.callback] = callback
    function.__code__ = code

    def undo() -> None:
        if function.__code__ is code:  # somebody else may have spliced it since
            function.__code__ = original
            function.__globals__.pop(edit.callback, None)

    return undo


def _compile(definition: ast.stmt, original: types.CodeType) -> types.CodeType:
    """The code of `definition`, with the original's file, future flags, free variables and qualified name."""
    body = definition
    if original.co_freevars:  # super()'s __class__
        body = ast.parse(f"def outer({', '.join(original.co_freevars)}): pass").body[0]
        body.body = [definition]  # type: ignore[attr-defined]
    features = (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
    flags = original.co_flags & functools.reduce(operator.or_, features)
    module = ast.fix_missing_locations(ast.Module([body], []))
    compiled = compile(module, original.co_filename, "exec", flags=flags, dont_inherit=True)
    code = _inner_code(compiled)
    if original.co_freevars:
        code = _inner_code(code)
    return code.replace(co_qualname=original.co_qualname) if hasattr(original, "co_qualname") else code


@functools.cache
def _definition(code: types.CodeType) -> ast.FunctionDef:
    return next(definition for definition in _definitions(_tree(code.co_filename)) if _starts(definition, code))


@functools.lru_cache(maxsize=1)
def _tree(filename: str) -> ast.Module:
    return ast.parse("".join(linecache.getlines(filename)))


def _inner_code(code: types.CodeType) -> types.CodeType:
    return next(const for const in code.co_consts if isinstance(const, types.CodeType))


def _definitions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _starts(definition: ast.FunctionDef, code: types.CodeType) -> bool:
    first = min([definition.lineno, *(decorator.lineno for decorator in definition.decorator_list)])
    return definition.name == code.co_name and first == code.co_firstlineno


class _Edit(ast.NodeTransformer):
    def __init__(self, callback: str, arguments: Iterable[ast.expr]) -> None:
        self.callback = callback
        self.arguments = list(arguments)
        self.edits = 0

    def around(self, value: ast.expr) -> ast.expr:
        """`callback(*arguments, value)`, at the place of `value`."""
        self.edits += 1
        call = ast.Call(ast.Name(self.callback, ast.Load()), [*self.arguments, value], [])
        for node in ast.walk(call):  # the value's own nodes keep their places, for they are in tracebacks
            if "lineno" in node._attributes and not hasattr(node, "lineno"):
                ast.copy_location(node, value)
        return call


class _WrapCall(_Edit):
    """Puts `callback(..., f(...))` in the place of each `f(...)`."""

    def __init__(self, called: str, callback: str, arguments: Iterable[ast.expr]) -> None:
        super().__init__(callback, arguments)
        self.called = called

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
        if name == self.called:
            return self.around(node)
        return self.generic_visit(node)


class _WrapReturns(_Edit):
    """Puts `return callback(..., x)` in the place of each `return x` but that to `__torch_function__`."""

    def visit_Return(self, node: ast.Return) -> ast.AST:
        passes_on = isinstance(node.value, ast.Call) and "handle_torch_function" in ast.dump(node.value.func)
        if node.value is not None and not passes_on:
            node.value = self.around(node.value)
        return node


class _WatchReturns(_WrapReturns):
    """The same, and `refused(...)` where x raises an IndexError, which goes on as it was: a bare `raise` in the frame
    that is unwound adds no line to the traceback."""

    def __init__(self, callback: str, arguments: Iterable[ast.expr], refused: str) -> None:
        super().__init__(callback, arguments)
        self.refused = refused

    def visit_Return(self, node: ast.Return) -> ast.AST:
        edits = self.edits
        super().visit_Return(node)
        if self.edits == edits:
            return node
        told = ast.Expr(ast.Call(ast.Name(self.refused, ast.Load()), self.arguments, []))
        handler = ast.ExceptHandler(ast.Name("IndexError", ast.Load()), None, [told, ast.Raise()])
        watched = ast.Try([node], [handler], [], [])
        for part in ast.walk(watched):
            if "lineno" in part._attributes and not hasattr(part, "lineno"):
                ast.copy_location(part, node)
        return watched


class _Uncompiled(_Edit):
    """For a function that Dynamo reads line by line: there it leaves `x`."""

    def around(self, value: ast.expr) -> ast.expr:
        compiling = ast.parse("torch.compiler.is_dynamo_compiling()", mode="eval").body
        plain = copy.deepcopy(value)
        return ast.copy_location(ast.IfExp(compiling, plain, super().around(value)), value)


class _WrapReturnsUncompiled(_Uncompiled, _WrapReturns):
    pass


class _WrapCallUncompiled(_Uncompiled, _WrapCall):
    pass


def _undo_all(undos: list[Undo]) -> None:
    for undo in reversed(undos):
        undo()
