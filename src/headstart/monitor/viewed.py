"""Whether a view counted samples off anew: from (samples, ...) to (steps, samples, features) without moving an axis."""

from __future__ import annotations

from torch import Tensor

from headstart.monitor.graph import output_shape, viewed_shape
from headstart.monitor.operators import ACTIVATIONS, NORMS, VIEWS, operator

# What leaves each value at its place: activations, norms, and arithmetic with what is broadcast.
IN_PLACE = {*ACTIVATIONS, *NORMS, "add", "sub", "mul", "div", "clone", "alias", "to_copy", "native_dropout"}
NEAR = 16  # operations that are gone back


def samples_before(given: Tensor) -> tuple[int, ...]:
    """The shape, samples first, that a view made `given` of, whose second axis is as long; () where none did.

    A view keeps the order of the values. In (samples, ...) a sample's values stand together; in (steps, samples, features)
    those of a step do. So only with a single step, or a single sample, are the second axis's entries samples.
    """
    steps, samples = given.shape[:2]
    if steps in (1, samples) or samples == 1:
        return ()
    shape, node = tuple(given.shape), given.grad_fn
    for _ in range(NEAR):
        op = "" if node is None else operator(node.name())
        if op in VIEWS:
            before = viewed_shape(node)
            return before if before[:1] == (samples,) else ()
        if op not in IN_PLACE or node is None:
            return ()
        node = next((child for child, _ in node.next_functions if child and output_shape(child) == shape), None)
    return ()
