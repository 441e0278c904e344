import gradsnitch

from adapters import Run, Wired

LINES = """
import gradsnitch
mon = gradsnitch.watch(model, optimizer, check_every=50)
mon.log(step, loss.item())
mon.report()
"""

CAUSES = {
    "GS001": {"not-finite", "learning-rate-too-high"},
    "GS002": {"gradients-explode", "not-finite", "learning-rate-too-high"},
    "GS003": {"gradients-explode", "learning-rate-too-high"},
    "GS004": {"overfitting"},
    "GS005": {"no-better-than-constant", "learning-rate-too-low", "dead-relu", "frozen-by-mistake"},
    "GS006": {"learning-rate-too-high"},
    "GS007": {"gradients-vanish", "dead-relu", "saturated-activation"},
    "GS008": {"learning-rate-too-high", "learning-rate-too-low"},
    "GS009": {"learning-rate-too-high"},
    "GS010": {"scheduler-too-fast"},
}


class Wiring(Wired):
    def start(self, run: Run) -> None:
        self.monitor = gradsnitch.watch(run.model, run.optimizer, check_every=50)

    def backward(self, run: Run, loss: float) -> None:
        self.monitor.log(run.step, loss)

    def finish(self, run: Run) -> None:
        for finding in self.monitor.report():
            run.note(finding.code, finding.severity)
