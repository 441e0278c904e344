"""Builds the documentation strictly, in both languages: `python docs/build.py [FOLDER]`, by default into site/.

The pages are staged in a temporary folder, those in docs/ beside those that the code gives, and Zensical makes two
sites of them with the same pages under the same addresses: English at the root, Chinese in zh/. A warning is an error.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from headstart.diagnosis.text import LANGUAGES, Language
from sitegen import claims
from sitegen.pages import DOCS, navigation, pages
from sitegen.words import WORDS

NAMES = {"en": "English", "zh": "简体中文"}


def build(site: Path) -> None:
    """The site in every language. Raises CalledProcessError if there is a warning."""
    with tempfile.TemporaryDirectory() as folder:
        for language in LANGUAGES:
            stage(Path(folder) / language, language)
            config = configured(Path(folder), language)
            subprocess.run([sys.executable, "-m", "zensical", "build", "--strict", "-f", config], check=True)
        shutil.rmtree(site, ignore_errors=True)
        shutil.copytree(Path(folder) / "site-en", site)
        shutil.copytree(Path(folder) / "site-zh", site / "zh")


def stage(folder: Path, language: Language) -> None:
    """Writes all pages of one language, and what they show."""
    shutil.copytree(DOCS / "plots", folder / "plots", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    shutil.copy(DOCS / "site.css", folder)
    written = [(page.path, page.text) for page in pages(language)]
    for path, text in (*written, *claims.plots(language)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def configured(folder: Path, language: Language) -> Path:
    """Zensical's configuration for one language. JSON is YAML."""
    config: dict[str, Any] = {
        "INHERIT": str(DOCS / "site.yml"),
        "docs_dir": language,
        "site_dir": f"site-{language}",
        "nav": navigation(language),
        "theme": {"language": language, "custom_dir": str(DOCS / "theme"), "palette": _palette(language)},
        "extra": {"alternate": [_alternate(language, other) for other in LANGUAGES]},
    }
    path = folder / f"{language}.yml"
    path.write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")
    return path


def _palette(language: Language) -> list[dict[str, Any]]:
    """A button in the header that goes from one to the other; the screen's preference decides at first."""
    return [
        {
            "media": f"(prefers-color-scheme: {scheme})",
            "scheme": name,
            "toggle": {"icon": f"lucide/{icon}", "name": WORDS.say(language, other)},
        }
        for scheme, name, icon, other in (("light", "default", "sun", "dark"), ("dark", "slate", "moon", "light"))
    ]


def _alternate(language: Language, other: Language) -> dict[str, str]:
    links = {("en", "en"): "", ("en", "zh"): "zh/", ("zh", "en"): "../", ("zh", "zh"): ""}
    return {"name": NAMES[other], "lang": other, "link": links[language, other]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("site"))
    build(parser.parse_args().folder)
