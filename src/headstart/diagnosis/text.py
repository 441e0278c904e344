"""What a rule says, in each language: templates with named fields beside each other, so that none is forgotten.

TEXT = Text(
    en={"message": "{dead:share} of the units of {layer} give zero for every input."},
    zh={"message": "{layer} 有 {dead:share} 的单元对所有输入都输出零。"},
)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any, Literal

from headstart.wording import filled

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
# Fields that hold the names of layers; "3" among others is a label, or a share of something.
OF_LAYERS = ("layer", "layers", "names", "first", "last", "end", "source", "before", "after", "places")


@dataclass(frozen=True)
class Text:
    """Templates by their key, the same keys and fields in both languages."""

    en: Mapping[str, str]
    zh: Mapping[str, str]

    def say(self, language: Language, key: str, *, numbered: Set[str] = frozenset(), **fields: Any) -> str:
        """Filled in. `numbered`: layers that are named by a bare number, as those of an nn.Sequential are."""
        template = (self.zh if language == "zh" else self.en)[key]
        named = {name: _as_layers(value, numbered, language) for name, value in fields.items() if name in OF_LAYERS}
        told = filled(template, **{**fields, **named})
        if not numbered:
            return told
        return _LAYER_FIRST.sub("L", told) if template.endswith(".") else _LAYER_APART.sub("", told)


_LAYER_FIRST = re.compile(r"(?:^|(?<=[.!?] ))l(?=ayers? \d)")  # at the start of a sentence
_LAYER_APART = re.compile(r"(?<=[\u3400-\u9fff]) (?=层 \d)")  # Chinese, with a space for a Latin name
_APART = re.compile(r", | and | 和 |、")


def _as_layers(value: Any, numbered: Set[str], language: Language) -> Any:
    """ "0" -> "layer 0", "0, 2 and 4" -> "layers 0, 2 and 4"; what is no such name stays as it is."""
    if not isinstance(value, str):
        return value
    names = _APART.split(value)
    if not all(name in numbered for name in names):
        return value
    return f"层 {value}" if language == "zh" else f"layer{'s' if len(names) > 1 else ''} {value}"
