# The clock of a step is not wired: on a shared machine it would speak of the machine.
from trainpulse import Monitor

from adapters import Run, Wired

LINES = """
from trainpulse import Monitor
monitor = Monitor()
monitor.log("loss", step, loss.item())
monitor.log("grad_norm", step, sum(p.grad.norm() ** 2 for p in model.parameters() if p.grad is not None) ** 0.5)
monitor.log("learning_rate", step, optimizer.param_groups[0]["lr"])
print(monitor.report())
"""

CAUSES = {
    "nan_detector": {"not-finite"},
    "loss_spike": {"learning-rate-too-high"},
    "gradient explosion": {"gradients-explode", "weights-too-large", "activations-explode", "learning-rate-too-high"},
    "vanishing gradient": {"gradients-vanish", "weights-too-small", "zero-derivative-op"},
    "learning_rate": {"scheduler-too-fast"},
    "plateau": {"no-better-than-constant", "learning-rate-too-low"},
}
SEVERITY = {"info": "advice", "warning": "warning", "critical": "error"}


class Wiring(Wired):
    def start(self, run: Run) -> None:
        self.monitor = Monitor()

    def backward(self, run: Run, loss: float) -> None:
        norms = [float(p.grad.norm()) for p in run.model.parameters() if p.grad is not None]
        self.monitor.log("loss", run.step, loss)
        self.monitor.log("grad_norm", run.step, sum(norm**2 for norm in norms) ** 0.5)
        self.monitor.log("learning_rate", run.step, run.rate)

    def finish(self, run: Run) -> None:
        for alert in self.monitor.report().alerts:
            name = alert.message.split(":")[0].lower() if alert.detector == "gradient" else alert.detector
            run.note(name, SEVERITY[alert.severity.value])
