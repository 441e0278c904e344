"""What a rule is given: the record, and what has been found out about the run as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from headstart.diagnosis.flow import Flow
from headstart.diagnosis.skill import learns, loss_falls, loss_fell, skill_of
from headstart.diagnosis.text import Language, Text
from headstart.findings import Finding, Skill
from headstart.record import Layer, Parameter, Record

# Layers that multiply their input by a weight: modules by class, functions by operator.
LINEAR = (
    *("Linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"),
    *("addmm", "mm", "mv", "dot", "bmm", "linear", "convolution"),
)
TABLES = ("Embedding", "EmbeddingBag", "embedding", "embedding_bag")  # products with one-hot rows
VECTORS = ("mv", "dot")  # `x @ w` of a raw tensor
RECURRENT = ("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell", "mkldnn_rnn_layer", "cudnn_rnn")


def is_linear(layer: Layer) -> bool:
    """Whether it multiplies its input by a weight, be it a module of the user's own."""
    return layer.kind in LINEAR or layer.factor is not None


@dataclass(frozen=True)
class Case:
    """One run before its rules."""

    record: Record
    skill: Skill | None
    learns: bool | None  # None: not known
    language: Language = "en"

    @classmethod
    def of(cls, record: Record, language: Language = "en") -> Case:
        skill = skill_of(record)
        return cls(record, skill, learns(record, skill), language)

    def say(self, text: Text, key: str, **fields: Any) -> str:
        """What a rule says; of a layer whose name is a bare number, that it is a layer."""
        return text.say(self.language, key, numbered=self._numbered, **fields)

    @cached_property
    def _numbered(self) -> frozenset[str]:
        return frozenset(layer.name for layer in self.record.layers if layer.name[:1].isdigit())

    @cached_property
    def loss_falls(self) -> bool:
        return loss_falls(self.record)

    @cached_property
    def loss_fell(self) -> bool:
        return loss_fell(self.record)

    @cached_property
    def flow(self) -> Flow:
        return Flow(self.record)

    def in_flow(self, layers: Iterable[Layer]) -> list[Layer]:
        return sorted(layers, key=lambda layer: self.flow.place(layer.name))

    def line_of(self, finding: Finding, group: str) -> str | None:
        """The user's line that a finding is about, where the rule names none: what made the only optimizer, or calls
        backward."""
        lines: list[str | None] = []
        if group == "optimizer":
            lines = [optimizer.line for optimizer in self.record.optimizers]
        elif group == "loop" and finding.layer is None:
            lines = self.record.meta.get("backward", [])
        return finding.line or (lines[0] if len(lines) == 1 else None)

    def weighted(self, kinds: tuple[str, ...] = ()) -> Iterator[tuple[Layer, Parameter]]:
        """Trainable layers (of `kinds`) and their weights, of two or more dimensions or one unit's, in flow order.

        A module of the user's own that does what `Linear` does counts as one.
        """
        parameters = {parameter.name: parameter for parameter in self.record.parameters}
        for layer in self.in_flow(self.record.layers):
            own = [parameters[name] for name in layer.parameters if name in parameters]
            least = 1 if layer.kind in VECTORS else 2
            weight = next((p for p in own if p.trainable and len(p.shape) >= least and p.shape == layer.shape), None)
            named = layer.kind in kinds or (is_linear(layer) and "Linear" in kinds)
            if weight is not None and layer.fan_in and (not kinds or named):
                yield layer, weight
