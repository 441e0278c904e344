# The published package leaves ranked causes to an engine that is not on PyPI; what it gives by itself is the list of
# events, each a change to a named state.
from neuraldbg import NeuralDbg

from adapters import Run, Wired

LINES = """
from neuraldbg import NeuralDbg
with NeuralDbg(model) as dbg:
    dbg.step = step
    dbg.record_loss(loss.item())
print(dbg.get_events())
"""

CAUSES = {
    "vanishing": {"gradients-vanish", "weights-too-small", "gradient-detached", "zero-derivative-op"},
    "exploding": {"gradients-explode", "weights-too-large", "activations-explode", "learning-rate-too-high"},
    "saturated": {"saturated-activation"},
    "dead": {"dead-relu"},
    "diverging": {"not-finite", "learning-rate-too-high"},
    "loss_spike": {"learning-rate-too-high"},
    "loss_plateau": {"no-better-than-constant"},
    "nan_detected": {"not-finite"},
    "inf_detected": {"not-finite"},
}
SOUND = {"healthy", "normal", "stable"}


class Wiring(Wired):
    def start(self, run: Run) -> None:
        self.watch = NeuralDbg(run.model)
        self.watch.__enter__()

    def backward(self, run: Run, loss: float) -> None:
        self.watch.step = run.step
        self.watch.record_loss(loss)

    def finish(self, run: Run) -> None:
        self.watch.__exit__(None, None, None)
        for event in self.watch.get_events():
            state = str(getattr(event.to_state, "value", event.to_state))
            if state not in SOUND:
                run.note(state, "warning")
