"""Watches one run: turns what happens in the process (calls, losses, backwards, steps) into rows of the record.

Everything here runs inside the user's training loop. So: no random numbers, no wait for a device within a step, no
exception that leaves, no tensor of the user's touched but by reading, under `no_grad` and outside the user's modes.
"""

from __future__ import annotations

import functools
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from itertools import islice, product
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.nn import Module
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import Optimizer

from headstart.monitor import states, through_time
from headstart.monitor.crossed import crossed
from headstart.monitor.derivatives import Derivatives, are_data
from headstart.monitor.divergence import Divergences
from headstart.monitor.drawn import Drawn
from headstart.monitor.dropouts import Sites
from headstart.monitor.exchanged import Exchanged
from headstart.monitor.functional import FunctionalLoop, outside, stripped
from headstart.monitor.given_without import GivenWithout
from headstart.monitor.graph import find_tags, is_cut, leaves, tag
from headstart.monitor.hand import HandUpdates
from headstart.monitor.ledger import distinct_units
from headstart.monitor.left_behind import LeftBehind
from headstart.monitor.loaders import Loaders
from headstart.monitor.losses import INPUT, INPUTS, Call, Sources, is_negative_of, mask_of, masked
from headstart.monitor.modes import MODAL, Modes
from headstart.monitor.modules import Slot
from headstart.monitor.names import BirthPlaces, user_line, variable_of
from headstart.monitor.optimizers import Optimizers, number, parameters_of
from headstart.monitor.orphans import Orphans
from headstart.monitor.outbox import Outbox, Rare, StepRow
from headstart.monitor.padding import Padding
from headstart.monitor.plain import PlainWeights
from headstart.monitor.plateaus import Plateaus
from headstart.monitor.probabilities import Functional, unwrapped
from headstart.monitor.refused import Refused
from headstart.monitor.rewarded import Rewards
from headstart.monitor.samples import Samples
from headstart.monitor.schedules import Schedules
from headstart.monitor.signals import Signals
from headstart.monitor.sketch import can_sketch, norm_of
from headstart.monitor.tracing import Tracing
from headstart.monitor.ungraded import Ungraded
from headstart.monitor.unmoved import Unmoved
from headstart.monitor.valued import Values
from headstart.monitor.viewed import samples_before
from headstart.monitor.waiting import Waiting
from headstart.monitor.written_out import outer, pairs, written_out
from headstart.monitor.wrong_way import WrongWays

BACKWARDS = 4096  # of one step that are looked at: what no step follows must not fill the memory
BARE = 64  # parameters of a model that has no layer, at most
DENSE = 128  # steps that are all sketched; then 64 of each doubling, so that a long run costs no more than a short
CUDA = torch.backends.cuda.is_built()  # type: ignore[no-untyped-call]
GOLDEN = 0x9E3779B9  # 2**32 over the golden ratio: its multiples fill a circle evenly (Knuth, vol. 3, 6.4)

Method = TypeVar("Method", bound=Callable[..., Any])

# Asked at every callback: as globals of this module they are looked up once, not through torch's modules.
dispatch_modes, tracing_state = torch._C._len_torch_dispatch_stack, torch._C._get_tracing_state
is_grad_enabled, set_grad_enabled = torch.is_grad_enabled, torch._C._set_grad_enabled
DisableTorchFunction = torch._C.DisableTorchFunction


def sketched(step: int) -> bool:
    """Whether `step` is sketched: one of each stretch, and that at a place that wanders by the golden ratio.

    Optimizers that step in turn make a loop of a few steps, of which looks at one distance would see a single one. So
    each place in a loop of any length has its share; and the powers of two are all among them.
    """
    shift = step.bit_length() - DENSE.bit_length() + 1
    if shift <= 0:
        return True
    place = ((step >> shift) - DENSE // 2) * GOLDEN % (1 << 32) >> (32 - shift)
    return step % (1 << shift) == place


def quarters(step: int) -> int:
    """`step` down to a quarter of the doubling that it is in: 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, ..."""
    shift = max(0, step.bit_length() - 3)
    return step >> shift << shift


def capturing() -> bool:
    """Whether what is done now goes into a CUDA graph, where nothing may be waited for."""
    started = CUDA and torch.cuda.is_initialized()  # type: ignore[no-untyped-call]  # elsewhere asking may raise
    return started and torch.cuda.is_current_stream_capturing()


def quietly(method: Method) -> Method:
    """Runs a callback under `no_grad` and outside the user's modes; a fault in it ends the watch, not the run."""

    @functools.wraps(method)
    def run(self: Observer, *args: Any) -> Any:
        if self.off or dispatch_modes() or tracing_state() or capturing():
            return None
        grad = is_grad_enabled()
        set_grad_enabled(False)
        try:
            with DisableTorchFunction():
                return method(self, *args)
        except Exception:
            self.fail(traceback.format_exc())
        finally:
            set_grad_enabled(grad)

    return run  # type: ignore[return-value]


class Observer:
    """One watched run. Its public methods are callbacks for `patches`."""

    def __init__(
        self,
        claim_path: Callable[[], Path],
        facts: Callable[[], Mapping[str, Any]],
        births: BirthPlaces,
        only: Module | None = None,
    ) -> None:
        self.path: Path | None = None  # until something trains
        self._claim_path = claim_path
        self.off = False
        self.step = 0
        self.stop_after: int | None = None
        self._key = f"headstart.{id(self)}"
        self._facts = facts
        self._thread: int | None = None
        self._caller: int | None = None  # the thread that first called a module with gradients
        self._alone = True  # no other did: gradients that another thread makes must not be read meanwhile
        self._started = time.perf_counter()
        self._outbox: Outbox | None = None
        self._signals = Signals(births, only)
        self._ledger = self._signals.ledger
        self._tracing = Tracing(self._signals, self._key, self._gradient)
        self._drawn = Drawn(self._key)
        self._sources = Sources()
        self._refused = Refused()
        self._functional = Functional()
        self._functional_loop = FunctionalLoop()
        self._left_behind = LeftBehind()
        self._modes = Modes(self._signals.modules.path)
        self._given_without = GivenWithout()
        self._sites = Sites()
        self._samples = Samples(self._signals.modules)
        self._loaders = Loaders()
        self._hand = HandUpdates()
        self._quarter = -1  # of a doubling of the steps, in which the weights were looked at last
        self._optimizers = Optimizers(self._ledger)
        self._exchanged = Exchanged(self._signals.modules, self._ledger)
        self._orphans = Orphans(self._ledger)
        self._schedules = Schedules()
        self._plateaus = Plateaus()
        self._ungraded = Ungraded(self._ledger)
        self._plain = PlainWeights(births)
        self._padding = Padding()
        self._waiting = Waiting()
        self._wrong_ways = WrongWays(self._ledger.name_of)
        self._rewards = Rewards()
        self._values = Values()
        self._divergences = Divergences()
        self._unmoved = Unmoved()
        self._backwards = 0  # since the last step
        self._only = only is not None  # one model of the process is watched, not all
        self._sketching = True
        self._in_backward = False
        self._in_grad = False  # `torch.autograd.grad` in the place of a backward
        self._straight = True  # the gradients of the present step are those that its update is made of
        self._derivatives = Derivatives(self._key)
        self._deriving = False
        self._cut_derivatives: dict[str, int] = {}
        self._paired = False  # each output was set against each target
        self._ran = False  # a watched module was called since the last step
        self._losses: list[Tensor] = []
        self._calls: list[Call] = []
        self._rare: list[Rare] = []
        self._evaluations = 0

    # Callbacks

    def called(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        """After each `forward`."""
        if self._only and not self._signals.modules.watches(module):
            return
        self._ran = True
        if self._in_backward or self.off:
            return
        grad = is_grad_enabled()
        if grad:
            self._given_without.within()
        else:
            self._gave_without(output)
        if self._samples.follows(module, grad):
            self._entered(module, args, kwargs, grad)
        if self._sketching:
            if grad:
                self._called(module, args, kwargs, output)
            else:
                self._called_without(module)
        elif not grad and isinstance(module, MODAL):
            self._modes.evaluated(module, self.step)

    def lost(self, kind: str, arguments: Mapping[str, Any], loss: Any) -> None:
        """As each loss function returns."""
        if not self.off and (given := unwrapped(kind, arguments)) is not None:
            self._lost_within(given)
        if not (self._optimizers or self.off):
            self._functional_loop.lost(kind, arguments, loss)
        if self.off or self._in_backward or not can_sketch(loss):
            return
        if loss.requires_grad and (self._sketching or self._is_of_next_step()):
            self._lost(kind, arguments, loss)
        elif not torch.is_grad_enabled() or (
            not loss.requires_grad and self._given_without.holds(arguments.get(INPUTS.get(kind, INPUT)[0]))
        ):
            self._evaluated(kind, arguments, loss)

    def dropped(self, caller: FrameType, kind: str, p: float, training: bool) -> None:
        """As each dropout function that drops something returns to `caller`."""
        if not (self.off or self._in_backward) and (self._sketching or not torch.is_grad_enabled()):
            self._dropped(caller, kind, p, training, torch.is_grad_enabled())

    @quietly
    def refused(self, kind: str, arguments: Mapping[str, Any]) -> None:
        """As a loss of class labels raises an IndexError: the last that is seen of the run, if nothing catches it."""
        if not self._mine() or (self._only and not self._ran):
            return
        if self._refused.note(kind, arguments, user_line(), self.step):
            outbox = self._open()
            outbox.meta({"refused": list(self._refused.facts.values())})
            outbox.flush()

    @quietly
    def backward_begins(self, roots: Any) -> None:
        tensors = [root for root in roots if isinstance(root, Tensor)] if isinstance(roots, tuple) else [roots]
        tensors = [root for root in tensors if can_sketch(root)]
        if not tensors or not self._mine() or (self._only and not self._ran):
            return
        self._in_backward = True
        self._look_for_hand_update()
        outbox = self._open()
        for term in self._unmoved.settle(self._optimizers.held()):
            self._note(term, "loss.unmoved", 1.0)
        for _, cleared in self._optimizers:
            cleared.backward_begins()
        self._backwards += 1
        if self._backwards > BACKWARDS:
            return
        self._losses.append(_sum_of(tensors))
        if self._sketching and self._optimizers:
            for _, cleared in self._optimizers:
                cleared.thrown.backward_begins(self.step, user_line, self._losses[-1], tensors)
        if self._sketching and all(map(is_cut, tensors)):
            self._note("", "loop.cut", 1.0)
        if not self._waiting.over:
            self._waiting.backward(tensors)
            outbox.flush_if_due()
        if self._sketching:
            self._signals.name_new(outbox)
            self._samples.settle()
            if self._sources.called:
                self._commit_losses(tensors)
            elif len(tensors) == 1 and tensors[0].grad_fn is not None and tensors[0].is_cpu:
                self._commit_written_out(tensors[0])
            self._look_for_pairs(tensors)
            self._derivatives.backward(self.step)
            if (cut := self._derivatives.facts()) != self._cut_derivatives:
                self._cut_derivatives = cut
                outbox.meta({"derived_without_graph": cut})
            self._tracing.read(tensors, self.step, outbox)
            if not self._optimizers and not self._ledger.lines:
                self._note_bare(tensors)
            for owner, figure, value in self._wrong_ways.look(tensors):
                self._note(owner, figure, value)
            if (way := self._rewards.look(tensors)) is not None:
                self._note("", "loss.rewarded", way)
            if (way := self._values.look(tensors)) is not None:
                self._note("", "loss.valued", way)
            if self._optimizers.several:
                self._unmoved.begins(tensors, self._key)
            if (price := self._divergences.look(tensors)) is not None:
                self._note("", "loss.nat", price)

    def _look_for_hand_update(self) -> None:
        """As the next backward begins: it ends the step."""
        if self._optimizers or not self._hand.changed():
            return
        if (state := self._hand.cleared()) is not None:
            self._note("", "loop.cleared", state)
        if self._sketching and (climbs := self._hand.climbs()) is not None:
            self._note("", "loop.climbed", float(climbs))
        if self._sketching and (carried := self._hand.carries()) is not None:
            self._note("", "loop.carried", carried)
        self._end_hand_step()

    @quietly
    def backward_ends(self) -> None:
        if not self._in_backward:
            return
        self._in_backward = False
        for name, cleared in self._optimizers:
            cleared.thrown.backward_ends(self.step)
            if (given := cleared.backward_ends()) is not None:
                self._note(name, "loop.given", given)
        if not self._optimizers and self._alone:
            self._before_hand([tensor for tensor, _ in self._ledger.tensors() if tensor.grad is not None])

    @quietly
    def grad_begins(self, outputs: Any, inputs: Sequence[Any], create_graph: bool) -> None:
        """`torch.autograd.grad` with respect to weights is the backward of a loop without an optimizer."""
        self._deriving = not self._in_backward and self._sketching and are_data(inputs, self._ledger) and self._mine()
        if self._deriving:
            self._derivatives.begins(outputs, create_graph, user_line(), self.step)
        nested = self._in_backward and not self._in_grad  # an earlier one may have raised, and never ended
        if self._optimizers or nested or create_graph or not self._are_weights(inputs):
            return
        self.backward_begins(outputs)
        self._in_grad = self._in_backward

    @quietly
    def grad_ends(self, inputs: Sequence[Any], gradients: Sequence[Tensor | None]) -> None:
        if self._deriving:
            self._deriving = False
            self._derivatives.ends(gradients)
        if self._in_grad:
            self._in_backward = self._in_grad = False
            found = {id(weight): g for weight, g in zip(inputs, gradients, strict=True) if g is not None}
            self._before_hand(list(inputs), found)

    @quietly
    def func_graded(self, arguments: Any, output: Any, gradients: Any) -> None:
        """As `torch.func.grad` returns, which is forward and backward in one."""
        if not (self._optimizers or self._in_backward or self._only):
            with outside():
                self._func_graded(arguments, output, gradients)
        self._functional_loop.forget_loss()

    def _func_graded(self, arguments: Any, output: Any, gradients: Any) -> None:
        value, _ = stripped(output)
        if not can_sketch(value) or not self._mine():
            return
        if not (places := self._functional_loop.take(arguments, gradients)):
            return
        outbox = self._open()
        for name, stand in places:
            self._ledger.add(stand, name)
        self._look_for_hand_update()
        self._backwards += 1
        self._losses.append(value.detach().mean())
        if self._sketching:
            self._signals.name_new(outbox)
            if (lost := self._functional_loop.loss(value)) and (call := self._sources.call(*lost)):
                self._commit(call, False)
        self._before_hand(
            [stand for _, stand in places], {id(stand): g for _, stand in places if (g := stand.grad) is not None}
        )

    def clipped(self, parameters: Any, most: Any, norm: Any) -> None:
        """As `clip_grad_norm_` returns."""
        if self._sketching and not self.off and can_sketch(norm):
            self._clipped(parameters, most, norm)

    def values_clipped(self, gradients: Any, most: Any) -> None:
        """Before `clip_grad_value_` cuts."""
        if self._sketching and not self.off:
            self._values_clipped(gradients, most)

    def sampled(self, distribution: Any, sample: Any) -> None:
        """As a Normal's `sample` returns."""
        if self._sketching and not (self.off or self._in_backward) and _has_graph(distribution):
            self._sampled(distribution, sample)

    def scored(self, distribution: Any, value: Any) -> None:
        """As a Normal's `log_prob` returns."""
        if self._sketching and not (self.off or self._in_backward) and _has_graph(distribution):
            self._scored(value)

    @quietly
    def loader_begins(self, loader: Any, iterator: Any, grad: bool) -> None:
        if not self._thread or self._thread == threading.get_ident():
            self._loaders.begins(loader, iterator, self.step, user_line(), grad)
            self._samples.loader_begins(loader.dataset)
            if grad:
                self._samples.epoch_begins()

    @quietly
    def optimizer_made(self, optimizer: Optimizer) -> None:
        self._waiting.made(optimizer)
        self._optimizers.made(optimizer, user_line())
        self._orphans.made(optimizer)

    @quietly
    def scheduler_made(self, scheduler: Any) -> None:
        self._schedules.made(scheduler, user_line())

    @quietly
    def plateau_told(self, scheduler: Any, value: float) -> None:
        if self.step and self._mine():
            self._plateaus.told(scheduler, value, self.step, user_line())

    @quietly
    def step_begins(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        self._waiting.stepped()
        if not self._mine():
            return
        if not self._watches(optimizer):
            for _, cleared in self._optimizers:
                cleared.thrown.other_steps()
            return
        outbox = self._open()
        if not self._optimizers:
            self._forget_hand_samples()
        name, cleared = self._optimizers.meet(optimizer, outbox)
        if self._optimizers.finds_new_weights(optimizer):
            self._samples.weights_are_new()
        for term in self._unmoved.steps(optimizer):
            self._note(term, "loss.unmoved", 0.0)
        if (state := cleared.step_begins()) is not None:
            self._note(name, "loop.cleared", state)
        if self._sketching:
            if (thrown := cleared.thrown.step_begins(optimizer)) is not None:
                self._note(name, "loop.thrown", thrown)
            self._signals.name_new(outbox)
            self._optimizers.note_held(optimizer)
            if self._exchanged.due(self.step):
                self._exchanged.look(self.step, self._optimizers.held())
            self._orphans.made(optimizer)
            self._before(parameters_of(optimizer))
            closure = kwargs.get("closure", args[1] if len(args) > 1 else None)  # args[0] is the optimizer
            self._straight = closure is None and getattr(optimizer, "grad_scale", None) is None

    @quietly
    def step_ends(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if not self._mine() or optimizer not in self._optimizers:
            return
        name, cleared = self._optimizers[optimizer]
        if (state := cleared.step_ends()) is not None:
            self._note(name, "loop.cleared", state)
        self._optimizers.stepped(optimizer)
        if self._sketching:
            self._orphans.look()
            self._schedules.look(optimizer, name, self._optimizers.steps(optimizer))
        self._end_step(name, optimizer.param_groups[0].get("lr"))

    @quietly
    def looked(self, optimizer: Optimizer | None) -> None:
        """Ends a step that moved nothing: what `hs.check` saw, and what the optimizer, which never stepped, holds."""
        name = lr = None
        if self._outbox is not None and optimizer is not None:
            name, _ = self._optimizers.meet(optimizer, self._outbox)
            self._optimizers.note_held(optimizer)
            lr = optimizer.param_groups[0].get("lr")
        if self._outbox is not None:
            self._ledger.forget_update()
            self._end_step(name, lr)

    @property
    def has_refused(self) -> bool:
        """Whether a loss raised for labels that name no class."""
        return bool(self._refused.facts)

    # What they do

    @quietly
    def _clipped(self, parameters: Any, most: Any, norm: Tensor) -> None:
        given = parameters if isinstance(parameters, list) else []
        if (largest := number(most)) is not None and self._mine() and any(p in self._ledger for p in given):
            self._note("", "loop.norm", norm.detach().clone())
            self._note("", "loop.largest", largest)

    @quietly
    def _values_clipped(self, gradients: list[Tensor], most: Any) -> None:
        """The norm that passes is that of the gradients after the cut."""
        value = number(most)
        if value is None or not (self._mine() and self._alone) or not self._ledger.has_gradient_in(gradients):
            return
        given = [gradient for gradient in gradients if can_sketch(gradient) and gradient.device == gradients[0].device]
        if len(given) == len(gradients):
            self._note("", "loop.norm", norm_of(given))
            self._note("", "loop.largest", norm_of([gradient.clamp(-value, value) for gradient in given]))
            self._note("", "loop.value", value)

    @quietly
    def _sampled(self, distribution: Any, sample: Any) -> None:
        if (not self._thread or self._mine()) and can_sketch(sample):
            self._drawn.sampled(distribution, sample)

    @quietly
    def _scored(self, value: Any) -> None:
        if not self._thread or self._mine():
            self._drawn.scores(value)

    @quietly
    def _called(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        caller = threading.get_ident()
        self._caller = self._caller or caller
        self._alone &= caller == self._caller
        if caller != (self._thread or self._caller):
            return
        slot = self._signals.modules.slot(module)
        self._plain.called(module, args, output, self.step, self._signals.modules.path(module))
        if self._signals.modules.is_outermost(module):
            self._ungraded.within(module)
        if self._samples.is_new(module):
            self._samples.entered(module, args, kwargs, True)
        self._modes.live |= module.training and bool(module._parameters)
        if isinstance(module, MODAL):
            self._modes.trained(module, args, self.step)
            if isinstance(module, _BatchNorm):
                self._left_behind.trained(module)
        if slot is None or slot.step == self.step:
            return
        tensor = _first_tensor(output)
        if not can_sketch(tensor):
            return
        slot.step = self.step
        if slot.units is None:
            slot.units = _units(slot, tensor)
            slot.places = _places(slot.units, tensor)
            slot.steps_first = _steps_first(module, args)
            slot.samples_before = samples_before(args[0]) if slot.steps_first else ()
            slot.crossed = crossed(module, args)
            slot.frozen_at = self.step if _is_frozen_as_drawn(module) else None
        if tensor.requires_grad and tensor.grad_fn is not None:
            tag(tensor, slot, self._key)
            states.mark(module, output, slot, self._key)
            if self.step & (self.step - 1) == 0:
                through_time.watch(module, output, functools.partial(self._early, slot, self.step))
            if slot.activation is None:
                hook = functools.partial(self._gradient, slot, self.step, tensor.output_nr)
                tensor.grad_fn.register_prehook(hook)
        self._signals.take_output(slot, tensor, self.step)
        if slot.activation is None:
            given = args[0] if args else next(iter(kwargs.values()), None)
            if not can_sketch(given):
                self._signals.columns.look_at_indices(slot, given, self.step)
                self._padding.looked_up(module, given)
            elif given.requires_grad:
                self._signals.columns.look_at_joined(slot, given)
            else:
                self._signals.take(slot, "input", given)
                self._drawn.entered(slot, given)

    @quietly
    def _called_without(self, module: Module) -> None:
        if not self._thread or self._thread == threading.get_ident():
            self._ungraded.without(module, self._signals.modules.is_outermost(module))
        if isinstance(module, MODAL):
            self._modes.evaluated(module, self.step)
            if isinstance(module, _BatchNorm) and not self._modes.has_trained(module):
                self._follow(module)

    @quietly
    def _follow(self, module: _BatchNorm) -> None:
        if not self._thread or self._thread == threading.get_ident():
            self._left_behind.evaluated(module, self.step)

    @quietly
    def _dropped(self, caller: FrameType, kind: str, p: float, training: bool, with_gradients: bool) -> None:
        if self._thread and self._thread != threading.get_ident():
            return
        site = self._sites.at(caller, kind, self._signals.modules.watches if self._only else None)
        if site is not None:
            self._modes.dropped(site, float(p), bool(training), self.step, with_gradients)

    @quietly
    def _entered(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], grad: bool) -> None:
        if not self._thread or self._thread == threading.get_ident():
            self._samples.entered(module, args, kwargs, grad)

    @quietly
    def _gave_without(self, output: Any) -> None:
        self._given_without.without(output)

    def _gradient(self, slot: Slot, step: int, output: int, gradients: tuple[Tensor | None, ...]) -> None:
        """Not one that `autograd.grad` gives as a part of a loss (with `create_graph`): of that no weight moves."""
        if self._in_backward or not torch.is_grad_enabled():
            self._take_gradient(slot, step, output, gradients)

    @quietly
    def _early(self, slot: Slot, step: int, compute: Callable[[], Tensor | None]) -> None:
        if step == self.step and slot.name and (share := compute()) is not None:
            self._note(slot.name, "gradient.early", share)

    @quietly
    def _take_gradient(self, slot: Slot, step: int, output: int, gradients: tuple[Tensor | None, ...]) -> None:
        """A generator's comes a step late: the discriminator steps between its forward and its backward.

        Of a layer that is used again and again, as in a recurrence, the last to come counts: it went the longest way.
        """
        late = step == self.step - 1 and self._sketching and slot.gradient_step != self.step
        if (late or step == self.step) and can_sketch(gradient := gradients[output]):
            slot.gradient_step = self.step
            self._signals.take(slot, "gradient", gradient)

    @quietly
    def _lost(self, kind: str, arguments: Mapping[str, Any], loss: Tensor) -> None:
        call = self._sources.call(kind, arguments, loss, user_line())
        if call is not None:
            self._sources.called = True
            tag(loss, self._padding.counted(call, arguments), self._key)

    @quietly
    def _lost_within(self, given: Tensor) -> None:
        if not self._mine() or (self._only and not self._ran):
            return
        if (facts := self._functional.looks(user_line(), given)) is not None:
            self._open().meta({"functional_probabilities": facts})

    @quietly
    def _evaluated(self, kind: str, arguments: Mapping[str, Any], loss: Tensor) -> None:
        self._evaluations += 1
        if arguments.get("reduction") != "none":  # of each sample: to choose among them, not to judge
            self._modes.judged(self.step)
        if self._outbox is None or not sketched(self._evaluations):
            return
        call = self._sources.call(kind, arguments, loss, user_line())
        if call is not None:
            call.source.evaluate(call)
            self._outbox.evaluation(self.step, call)

    def _is_of_next_step(self) -> bool:
        """A step by hand ends only as the backward of the next begins: the next one's loss is called before that."""
        return not self._optimizers and self._backwards > 0 and sketched(self.step + 1)

    def _commit_losses(self, roots: list[Tensor]) -> None:
        for root in roots:
            for call in find_tags(root, self._key, Call):
                by_element = call.source.options.get("reduction") == "none"
                told = call
                if by_element and (share := mask_of(root, call, self._key)) is not None:
                    call.source.meets_mask(share > 0)
                    told = masked(call, share)
                self._commit(told, is_negative_of(root, call, self._key))

    def _commit_written_out(self, root: Tensor) -> None:
        """Telling what it compares takes looks at values, which on a device would be waits: so on the CPU alone."""
        if (loss := written_out(root)) is None or (call := self._sources.written_out(loss, user_line())) is None:
            return
        self._commit(call, loss.negative)

    def _look_for_pairs(self, roots: list[Tensor]) -> None:
        """Of values with the targets or weights of all samples, in a term that is written out; on the CPU, and once."""
        graphs = [root for root in roots if root.is_cpu and root.grad_fn is not None]
        for root, (figure, look) in product(graphs, (("loss.paired", pairs), ("loss.outer", outer))):
            if not self._paired and (samples := look(root)) is not None:
                self._paired = True
                self._note("", figure, float(samples))

    def _commit(self, call: Call, negated: bool) -> None:
        call.source.commit(call, negated)
        self._calls.append(call)
        for figure, value in call.figures():
            self._note(call.source.name, figure, value)

    def _note_bare(self, roots: list[Tensor]) -> None:
        """Of a model that has no layer, such as `a + b * x`, the leaves are its parameters."""
        for leaf in islice(leaves(roots), BARE):
            if can_sketch(leaf):
                self._ledger.add(leaf, variable_of(leaf) or f"tensor{len(self._ledger.lines)}")

    def _are_weights(self, inputs: Sequence[Any]) -> bool:
        """A single leaf may be data that an attack or a penalty looks into."""
        known = any(isinstance(x, torch.nn.Parameter) or (isinstance(x, Tensor) and x in self._ledger) for x in inputs)
        return (known or len(inputs) > 1) and all(isinstance(x, Tensor) and x.is_leaf for x in inputs)

    def _before_hand(self, parameters: list[Tensor], gradients: Mapping[int, Tensor] | None = None) -> None:
        """A backward may be the last before an update by hand; if another comes first, this look is forgotten."""
        self._hand.mark(parameters, self._sketching, gradients)
        if self._sketching and parameters:
            self._forget_hand_samples()
            self._before(parameters, gradients)

    def _forget_hand_samples(self) -> None:
        self._rare = [row for row in self._rare if row.figure != "weight.distinct"]
        streams = [(entry.weight, entry.gradient) for _, entry in self._ledger.tensors()]
        self._signals.sheets.restart(stream for both in streams for stream in both)

    def _before(self, parameters: list[Tensor], gradients: Mapping[int, Tensor] | None = None) -> None:
        parameters = [parameter for parameter in parameters if parameter in self._ledger]
        self._ledger.before_update(parameters, gradients)
        if self.step & (self.step - 1) == 0:  # 0, 1, 2, 4, 8, ...
            self._count_distinct()
            self._look_for_changes()
            self._count_batches(self.step)
        elif quarters(self.step) != self._quarter:  # what main() made is gone as the run ends
            self._look_for_changes()
        self._quarter = quarters(self.step)
        self._ledger.remember_new()

    def _count_batches(self, step: int, ended: bool = False) -> None:
        self._rare += [Rare(at, name, "norm.batches", seen) for at, name, seen in self._modes.batches(step, ended)]

    def _count_distinct(self) -> None:
        for parameter, entry in self._ledger.tensors():
            dim = entry.units_dim
            if dim is not None and parameter.ndim > 1 and parameter.shape[dim] > 1 and can_sketch(parameter):
                self._note(entry.facts.name, "weight.distinct", distinct_units(parameter, dim))

    def _look_for_changes(self) -> None:
        for name, changed in self._ledger.changes():
            self._note(name, "weight.changed", changed)
        for name, zero in self._ledger.zeros():
            self._note(name, "weight.zero", zero)
        for name, reached in self._ledger.reached() if self._alone else ():
            self._note(name, "weight.reached", reached)

    def _note(self, owner: str, figure: str, value: Tensor | float) -> None:
        self._rare.append(Rare(self.step, owner, figure, value))

    def _end_hand_step(self) -> None:
        called = self._sources.called  # by the loss of the backward that shows the update: it belongs to the next step
        self._end_step(None, None)
        self._sources.called = called

    def _end_step(self, optimizer: str | None, lr: Any) -> None:
        assert self._outbox is not None
        figures = None
        if self._sketching:
            descent = self._ledger.after_update()
            if descent is not None and self._straight:
                self._note("", "update.descent", descent)
            dead = self._signals.dead.shares()
            self._rare += [Rare(step, layer, "activation.dead", share) for step, layer, share in dead]
            figures = self._signals.sheets.figures()
            self._note("", "loop.backwards", float(self._backwards))
            self._modes.end_step(self.step)
            self._ungraded.end_step()
            self._padding.end_step()
        seconds = time.perf_counter() - self._started
        row = StepRow(self.step, seconds, self._losses, number(lr), optimizer, figures, self._rare, self._calls)
        self._outbox.step(row)
        self._samples.end_step(self.step)
        self._drawn.end_step()
        self._losses, self._rare, self._calls = [], [], []
        self._backwards = 0
        self.step += 1
        self._ran = self._sources.called = False
        self._sketching = sketched(self.step)
        self._outbox.flush_if_due()

    # Bookkeeping

    def _mine(self) -> bool:
        """The first thread that trains is the one that is watched."""
        if self._thread is None:
            self._thread = threading.get_ident()
        return self._thread == threading.get_ident()

    def _open(self) -> Outbox:
        """The record's outbox; the record is made when something trains."""
        if self._outbox is None:
            self.path = self._claim_path()
            others = (self._modes, self._signals.columns, self._loaders)
            self._outbox = Outbox(self.path, self._facts(), self._ledger, self._sources, self._samples, others)
            self._signals.outbox = self._outbox
        return self._outbox

    def _watches(self, optimizer: Optimizer) -> bool:
        return any(map(self._signals.watches, parameters_of(optimizer)))

    def finish(self, how: str | None) -> None:
        """Writes what is left; `how` is how the run ended, None if that is not known here.

        The user's modes stand aside as in `quietly`: a default device is none of the watch's.
        """
        if self._outbox is None:
            return
        try:
            with torch.no_grad(), DisableTorchFunction():
                if not self.off and not self._optimizers and self._hand.changed():
                    self._end_hand_step()
                if not self.off:
                    self._optimizers.write(self._outbox)
                    self._outbox.meta({"left_behind": self._left_behind.facts()})
                    self._outbox.meta({"unstepped": self._waiting.facts()})
                    self._outbox.meta({"plain": facts} if (facts := self._plain.facts()) else {})
                    self._outbox.meta({"schedules": facts} if (facts := self._schedules.facts()) else {})
                    self._outbox.meta({"plateaus": facts} if (facts := self._plateaus.facts()) else {})
                    self._outbox.meta({"scored": True} if self._drawn.scored else {})
                    self._outbox.meta(self._rewards.facts() | self._values.facts())
                if not self.off and self.step:
                    self._count_distinct()
                    self._look_for_changes()
                    self._count_batches(self.step - 1, ended=True)
                    self._outbox.late([rare._replace(step=min(rare.step, self.step - 1)) for rare in self._rare])
                self._outbox.close(how, time.perf_counter() - self._started)
        except Exception:
            self.fail(traceback.format_exc())
        self._outbox = None
        self.off = True

    def fail(self, trace: str) -> None:
        """Something in headstart broke: the watch ends, the run goes on, the report says so."""
        self.off = True
        reason = trace.strip().rpartition("\n")[2]
        try:
            outbox = self._open()  # also of a run of which nothing was recorded yet
            if self.path is not None:
                self.path.with_suffix(".log").write_text(trace)
            unseen = [f"all after step {self.step}: headstart failed inside ({reason}); the run went on unwatched"]
            with torch.no_grad(), DisableTorchFunction():
                outbox.give_up({"unseen": unseen, "fault": trace})
        except Exception:  # the disk is full, or gone
            pass


def _sum_of(roots: list[Tensor]) -> Tensor:
    """What backward is called on; of what is no scalar, the mean."""
    if len(roots) == 1 and roots[0].ndim == 0:
        return roots[0].detach().clone()
    return torch.stack([root.detach().float().mean() for root in roots]).sum()


def _first_tensor(output: Any) -> Any:
    while isinstance(output, (tuple, list)) and output:
        output = output[0]
    if isinstance(output, dict):  # transformers' ModelOutput is one
        output = next((value for value in output.values() if isinstance(value, Tensor)), None)
    return output


def _has_graph(distribution: Any) -> bool:
    return any(getattr(x, "requires_grad", False) for x in (distribution.loc, distribution.scale))


def _places(units: int, output: Tensor) -> int | None:
    return output.numel() // (output.shape[0] * units) if output.ndim > 1 and output.numel() else None


def _steps_first(module: Module, args: tuple[Any, ...]) -> tuple[int, int] | None:
    """Steps and samples of what a module that takes (steps, samples, features) is given."""
    given = args[0] if args and getattr(module, "batch_first", True) is False else None
    return (given.shape[0], given.shape[1]) if isinstance(given, Tensor) and given.ndim == 3 else None


def _is_frozen_as_drawn(module: Module) -> bool:
    """Whether nothing was written into a weight but what torch drew for it, and it is not to be trained."""
    own = [parameter for parameter in module._parameters.values() if parameter is not None]
    weights = [parameter for parameter in own if parameter.ndim > 1]
    drawn = bool(weights) and all(weight._version == 1 for weight in weights)
    return drawn and not any(parameter.requires_grad for parameter in own)


def _units(slot: Slot, output: Tensor) -> int:
    return output.shape[1] if slot.channels_first and output.ndim > 1 else output.shape[-1] if output.ndim else 1
