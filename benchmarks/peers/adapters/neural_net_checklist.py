import copy
import sys
import traceback

import torch
from neural_net_checklist import torch_diagnostics

from adapters import NotApplicable, Run, Wired

LINES = """
from neural_net_checklist import torch_diagnostics
torch_diagnostics.assert_all_for_classification_cross_entropy_loss(
    make_model, (x, y), num_classes=classes, device="cpu")
"""

CAUSES = {
    "assert_balanced_classification_cross_entropy_loss_at_init": {"initial-loss-off", "weights-too-large"},
    "assert_balanced_classification_cross_entropy_init_calibrated": {"initial-loss-off", "weights-too-large"},
    "assert_forward_batch_independence": {"softmax-wrong-dim", "batchnorm-small-batch"},
    "assert_backward_batch_independence": {"softmax-wrong-dim", "batchnorm-small-batch"},
    "assert_non_zero_gradients": {"gradient-detached", "zero-derivative-op", "dead-relu", "symmetric-weights"},
    "assert_input_independent_baseline_worse": {"no-better-than-constant"},
    "assert_overfit_to_batch": {"no-better-than-constant"},
}


class Wiring(Wired):
    def start(self, run: Run) -> None:
        inputs, targets = run.batch()
        if run.classes is None or not torch.is_tensor(inputs) or not inputs.is_floating_point():
            raise NotApplicable("it checks classifiers by cross-entropy of numbers")
        states = torch.get_rng_state()
        start = copy.deepcopy(run.model)
        try:
            torch_diagnostics.assert_all_for_classification_cross_entropy_loss(
                lambda: copy.deepcopy(start), (inputs, targets), num_classes=run.classes, device="cpu"
            )
        except AssertionError:
            frames = traceback.extract_tb(sys.exc_info()[2])
            run.note(next(frame.name for frame in reversed(frames) if frame.name in CAUSES), "error")
        finally:
            torch.set_rng_state(states)
