# Of its tools, those that say whether something is wrong; the others print scales, scores and rankings.
from traintools import BatchInspector, GradientHealthMonitor, PlasticityProbe

from adapters import Run, Wired

LINES = """
from traintools import BatchInspector, GradientHealthMonitor, PlasticityProbe
batch_inspector, grad_health, probe = BatchInspector(), GradientHealthMonitor(), PlasticityProbe(model)
batch_report = batch_inspector.inspect(x, y, step=step)
if not batch_report.ok:
    print(batch_report)
grad_report = grad_health.inspect(model, step=step, lr=optimizer.param_groups[0]["lr"])
if not grad_report.ok:
    print(grad_report)
if step % 200 == 199:
    print(probe.measure(step=step))
    probe.reset_buffers()
"""

CAUSES = {
    "non-finite gradients": {"not-finite"},
    "non-finite values": {"not-finite"},
    "gradient appears vanished": {"gradients-vanish", "dead-relu", "zero-derivative-op", "gradient-detached"},
    "gradient is very large": {
        "gradients-explode",
        "weights-too-large",
        "activations-explode",
        "learning-rate-too-high",
    },
    "update/weight ratio is high": {"learning-rate-too-high"},
    "update/weight ratio is tiny": {"learning-rate-too-low", "weights-never-change", "zero-derivative-op"},
    "no gradients found": {"gradient-detached", "parameters-without-gradient"},
    "exceeds": {"inputs-not-standardized", "targets-not-standardized"},
    "nearly constant": {"labels-one-class"},
    "dominant class": {"labels-one-class"},
    "dormant": {"dead-relu"},
    "rank": {"symmetric-weights", "no-better-than-constant"},
}


class Wiring(Wired):
    def start(self, run: Run) -> None:
        self.batches, self.gradients = BatchInspector(expected_num_classes=run.classes), GradientHealthMonitor()
        self.probe = PlasticityProbe(run.model)

    def backward(self, run: Run, loss: float) -> None:
        told = self.batches.inspect(*run.batch(), step=run.step).warnings
        told += self.gradients.inspect(run.model, step=run.step, lr=run.rate).warnings
        if run.step % 200 == 199:
            told += [flag.lower() for layer in self.probe.measure(step=run.step).layers for flag in layer.flags]
            self.probe.reset_buffers()
        for text in told:
            run.note(next((name for name in CAUSES if name in text), text), "warning")
