from torch_audit import autopatch

from adapters import Run, Wired

LINES = """
from torch_audit import autopatch
from torch_audit.reporters.console import ConsoleReporter
auditor = autopatch(model, optimizer=optimizer, every_n_steps=1, reporters=[ConsoleReporter()])
auditor.finish(report=True)
auditor.unpatch()
"""

CAUSES = {
    "TA100": {"not-finite"},
    "TA102": {"gradients-explode", "learning-rate-too-high", "activations-explode"},
    "TA103": {"dead-relu", "gradient-detached", "zero-derivative-op", "gradients-vanish"},
    "TA104": {"gradient-detached", "parameters-without-gradient", "zero-derivative-op"},
    "TA105": {"dead-relu"},
    "TA301": {"inputs-not-standardized"},
    "TA304": {"batchnorm-small-batch"},
    "TA500": {"parameters-without-gradient"},
}
SPEED = {"TA200", "TA201", "TA202", "TA203"}  # hints about hardware: no faults
SEVERITY = {"INFO": "advice", "WARN": "warning", "ERROR": "error", "FATAL": "error"}


class Wiring(Wired):
    def start(self, run: Run) -> None:
        self.auditor = autopatch(run.model, optimizer=run.optimizer, every_n_steps=1, reporters=[])

    def finish(self, run: Run) -> None:
        for finding in self.auditor.finish().findings:
            if not finding.suppressed and finding.rule_id not in SPEED:
                run.note(finding.rule_id, SEVERITY[finding.severity.value])
