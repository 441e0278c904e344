"""Which finding is the cause of which, and which leads: openly, by four questions and no list of special cases.

A finding A explains a finding B if
1. B is a state that arises while training (a signal that grew, a loss that does not fall); what somebody chose (the
   loss, the loop, the weights at the start) is explained by nothing that happens in the run. A choice that is judged
   by its effect (a rate by the updates it makes, a start by the first loss) lies between: what is more fundamental has
   its part in it, and so has a choice of its own group that is seen in itself;
2. A came first: A chose before B showed, or, both being states, A showed at an earlier moment. Within a step the
   moments follow the signal: activations from the inputs on, the loss, gradients from the loss back, updates;
3. a signal can pass between their layers, forward or back;
4. A is grave enough: what is advice by itself explains no warning.

Root causes come first, gravest first, and among equals in the order of GROUPS. Each consequence is told under the
first root that explains it. Symptoms explain nothing but symptoms that show later, so that they lead only where no cause
was found, and then one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from headstart.diagnosis.flow import Flow
from headstart.findings import SEVERITIES, Finding

# What is more fundamental comes first: a wrong loss makes every other figure meaningless, a broken loop every figure
# but the loss; labels and inputs come before weights, and what the net computes before the rate at which it changes.
GROUPS = ("loss", "loop", "data", "init", "norm", "optimizer", "experiment", "signal", "symptom")
STATES = ("signal", "symptom")
# Choices that are judged by what they lead to: the group, and the tensor of the finding's first series.
EFFECTS = {("optimizer", "update"), ("optimizer", "weight_gradient"), ("init", "activation"), ("init", "loss")}

PHASES = ("input", "weight", "activation", "loss", "gradient", "weight_gradient", "update")
BACKWARD = ("gradient", "weight_gradient")


@dataclass(frozen=True)
class Told:
    """A finding with its rule's group."""

    finding: Finding
    group: str

    @property
    def is_state(self) -> bool:
        return self.group in STATES

    @property
    def is_seen_in_effect(self) -> bool:
        """Whether a choice is judged by its effect: then it takes hold where that shows, not before it."""
        return (self.group, (_first_series(self) or "").partition(".")[0]) in EFFECTS

    @property
    def depth(self) -> tuple[int, bool]:
        """How fundamental it is, 0 being the most: its group, and within it what is seen in itself."""
        return GROUPS.index(self.group), self.is_seen_in_effect

    @property
    def gravity(self) -> int:
        return SEVERITIES.index(self.finding.severity)

    @property
    def layers(self) -> tuple[str, ...]:
        return self.finding.layers or ((self.finding.layer,) if self.finding.layer else ())


def explain(findings: Sequence[tuple[Finding, str]], flow: Flow) -> tuple[Finding, ...]:
    """Root causes first, each with its consequences in `explains`. `findings`: each with its rule's group."""
    told = sorted((Told(finding, group) for finding, group in findings), key=_rank(flow))
    roots = [b for b in told if not any(explains(a, b, flow) for a in told)]
    left = [b for b in told if b not in roots]
    found: list[Finding] = []
    for root in roots:
        follow = _consequences(root, left, flow)
        left = [b for b in left if b not in follow]
        found.append(replace(root.finding, explains=tuple(b.finding for b in follow)))
    return tuple(found)


def explains(a: Told, b: Told, flow: Flow) -> bool:
    """Whether `a` can be a cause of `b`."""
    if a is b or b.finding.first or (a.gravity == 0 and b.gravity > 0):
        return False
    if a.group == "symptom":
        return b.group == "symptom" and (a.finding.step or 0) < (b.finding.step or 0)
    if not b.is_state and not (b.is_seen_in_effect and a.depth < b.depth):
        return False
    return _came_first(a, b, flow) and flow.connected(a.layers, b.layers)


def _came_first(a: Told, b: Told, flow: Flow) -> bool:
    if b.group == "symptom":
        return True  # it sums the run up: its step is where it was read, not where it began
    if not a.is_state and not a.is_seen_in_effect:
        return (a.finding.step or 0) <= (b.finding.step or 0)
    return _moment(a, flow) < _moment(b, flow)


def _consequences(root: Told, others: Sequence[Told], flow: Flow) -> list[Told]:
    """All that `root` explains, and what those explain in turn."""
    found: list[Told] = []
    causes = [root]
    while causes:
        cause = causes.pop(0)
        new = [b for b in others if b not in found and explains(cause, b, flow)]
        found += new
        causes += new
    return sorted(found, key=_rank(flow))


def _moment(told: Told, flow: Flow) -> tuple[int, int, int]:
    """Step, phase of the step, place in the direction in which that phase runs through the net."""
    tensor = (_first_series(told) or "loss").partition(".")[0]
    phase = PHASES.index(tensor) if tensor in PHASES else PHASES.index("loss")
    places = [flow.place(layer) for layer in told.layers] or [0]
    return told.finding.step or 0, phase, -max(places) if tensor in BACKWARD else min(places)


def _first_series(told: Told) -> str | None:
    return next((evidence.series for evidence in told.finding.evidence if evidence.series), None)


def _rank(flow: Flow) -> Callable[[Told], tuple[int, int, int, int, str]]:
    def rank(told: Told) -> tuple[int, int, int, int, str]:
        finding = told.finding
        place = flow.place(finding.layer)
        return -told.gravity, GROUPS.index(told.group), finding.step or 0, place, finding.rule

    return rank
