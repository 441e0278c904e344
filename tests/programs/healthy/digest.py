"""The end of every program: how well it did, and a digest of all that it ended with.

Two runs that print the same lines ended with the same weights, answers and random states, bit for bit.
Import it after torch: what Python and NumPy would seed from the clock is seeded here.
"""

import hashlib
import random
import sys

random.seed(0)
if "numpy" in sys.modules:
    sys.modules["numpy"].random.seed(0)


def finish(weights, output, **measure):
    """Prints one measure, and digests of `weights` (modules, tensors or a list of both), of `output` and of the generators."""
    import torch

    ((name, value),) = measure.items()
    print(f"final {name} {value.item() if hasattr(value, 'item') else value:.4f}")
    print("weights", _digest(_tensors(weights)))
    print("output ", _digest([output]))
    numpy = sys.modules.get("numpy")
    states = [repr(random.getstate()), repr(numpy.random.get_state()[1].tolist()) if numpy else ""]
    print("random ", _digest([torch.get_rng_state()], "".join(states)))


def _tensors(weights):
    for item in weights if isinstance(weights, (list, tuple)) else [weights]:
        yield from [item] if hasattr(item, "detach") else item.state_dict().values()


def _digest(tensors, more=""):
    import torch

    seen = hashlib.sha256(more.encode())
    for tensor in tensors:
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        seen.update(flat.view(torch.uint8).numpy().tobytes())
    return seen.hexdigest()[:16]
