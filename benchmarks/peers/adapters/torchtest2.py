import torchtest2

from adapters import Run, Wired

LINES = """
import torchtest2
report = torchtest2.check_model(model, x, y, loss_fn=loss_fn, optimizer=optimizer)
print(report)
"""

CAUSES = {
    "output_finite": {"not-finite"},
    "output_varies": {"no-better-than-constant", "symmetric-weights"},
    "loss": {"not-finite", "gradient-detached"},
    "initial_loss": {"initial-loss-off", "weights-too-large"},
    "optimizer_coverage": {"parameters-not-in-optimizer", "optimizer-holds-stale-parameters"},
    "gradient_flow": {"gradient-detached", "zero-derivative-op", "dead-relu", "parameters-without-gradient"},
    "gradient_magnitude": {"gradients-explode", "not-finite", "weights-too-large", "learning-rate-too-high"},
    "params_change": {"weights-never-change", "optimizer-never-steps", "gradient-detached", "zero-derivative-op"},
    "frozen_params": {"frozen-by-mistake"},
    "batch_independence": {"softmax-wrong-dim", "batchnorm-small-batch"},
    "eval_determinism": {"evaluated-in-training-mode"},
}


class Wiring(Wired):
    def start(self, run: Run) -> None:
        inputs, targets = run.batch()
        report = torchtest2.check_model(run.model, inputs, targets, loss_fn=run.loss, optimizer=run.optimizer)
        for result in report.failures:
            run.note(result.name, "error")
        for result in report.warnings:
            run.note(result.name, "warning")
