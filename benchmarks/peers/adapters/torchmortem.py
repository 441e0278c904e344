from torchmortem import Autopsy

from adapters import Run, Wired

LINES = """
from torchmortem import Autopsy
with Autopsy(model, optimizer=optimizer) as autopsy:
    autopsy.step(loss=loss.item())
autopsy.report("autopsy_report.html")
"""

CAUSES = {
    "Vanishing gradients detected": {"gradients-vanish", "weights-too-small", "activations-vanish"},
    "Exploding gradients detected": {
        "gradients-explode",
        "weights-too-large",
        "activations-explode",
        "learning-rate-too-high",
    },
    "Gradient stalling": {"gradient-detached", "zero-derivative-op", "dead-relu", "gradients-vanish"},
    "Activation saturation": {"saturated-activation"},
    "Dead units": {"dead-relu"},
    "Update ratio too high": {"learning-rate-too-high"},
    "Update ratio too low": {"learning-rate-too-low", "gradient-detached", "weights-never-change"},
    "Training divergence detected": {"learning-rate-too-high"},
    "Loss plateau detected": {"no-better-than-constant"},
    "Weight norm explosion": {"learning-rate-too-high", "weights-too-large"},
    "Stagnant weight norms": {"weights-never-change", "learning-rate-too-low", "gradient-detached"},
}
SEVERITY = {"INFO": "advice", "WARNING": "warning", "CRITICAL": "error"}


class Wiring(Wired):
    def start(self, run: Run) -> None:
        self.autopsy = Autopsy(run.model, optimizer=run.optimizer)
        self.autopsy.attach()

    def stepped(self, run: Run, loss: float) -> None:
        self.autopsy.step(loss=loss)

    def finish(self, run: Run) -> None:
        self.autopsy.detach()
        for finding in self.autopsy.report("autopsy.json").findings:
            run.note(finding.title.split(" in ")[0], SEVERITY[finding.severity.name])
