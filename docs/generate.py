"""Writes the parts of README and docs that the code gives anew: `python docs/generate.py`; with `--check`, says which
are out of date and ends with status 1."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from headstart.diagnosis.text import Language
from sitegen import blocks
from sitegen.pages import DOCS


def pages() -> Iterator[tuple[Path, Language]]:
    """All pages that may have such parts, each with its language."""
    for path in (*DOCS.parent.glob("README*.md"), *DOCS.rglob("*.md")):
        yield path, "zh" if path.parent.name == "zh" or path.stem.endswith(".zh") else "en"


def main(check: bool) -> int:
    stale = 0
    for path, language in pages():
        text = path.read_text(encoding="utf-8")
        new = blocks.renewed(text, language)
        if new != text:
            stale += 1
            print(f"{'out of date' if check else 'written'}  {path.relative_to(DOCS.parent)}")
            if not check:
                path.write_text(new, encoding="utf-8", newline="\n")
    if check and stale:
        print("next         python docs/generate.py")
    return int(check and stale > 0)


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
