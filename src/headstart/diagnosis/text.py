"""What a rule says, in each language: templates with named fields beside each other, so that none is forgotten.

TEXT = Text(
    en={"message": "{dead:share} of the units of {layer} give zero for every input."},
    zh={"message": "{layer} 有 {dead:share} 的单元对所有输入都输出零。"},
)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from headstart.wording import filled

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True)
class Text:
    """Templates by their key, the same keys and fields in both languages."""

    en: Mapping[str, str]
    zh: Mapping[str, str]

    def say(self, language: Language, key: str, **fields: Any) -> str:
        templates = self.zh if language == "zh" else self.en
        return filled(templates[key], **fields)
