"""A page that holds all it needs and reaches for nothing else: Plotly, styles, script and figures inside it."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path

from headstart import __version__
from headstart.errors import HeadstartError
from headstart.report.plots import Figure
from headstart.report.section import Section

FOOTER = "Made by headstart {version}. This page holds all it needs and sends nothing anywhere."


def page(
    title: str,
    head: str,
    sections: Sequence[Section],
    figures: Sequence[Figure],
    *,
    language: str = "en",
    contents: str = "Sections",
    footer: str = FOOTER,
) -> str:
    """The page as text; `title` is plain text, `head` the HTML above the sections, `contents` names the links to them.

    A policy in its head forbids every request, and every script but these two by their hashes, so that a hostile
    script's name, layer or line stays text. Raises HeadstartError if the installed plotly lacks its JavaScript.
    """
    scripts = (_plotly(), _part("page.js"))
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="headstart {__version__}">
<title>{escape(title)}</title>
<style>
{_part("page.css")}</style>
</head>
<body>
{head}
{_navigation(sections, contents)}
<main>
{"".join(section.html() for section in sections)}
</main>
<footer>{escape(footer.format(version=__version__))}</footer>
<script type="application/json" id="figures">{_data(figures)}</script>
<script>{scripts[0]}</script>
<script>{scripts[1]}</script>
</body>
</html>
"""


def _navigation(sections: Sequence[Section], contents: str) -> str:
    links = "".join(f'<a href="#{section.name}">{escape(section.title)}</a>' for section in sections if section.listed)
    return f'<nav aria-label="{escape(contents)}"><div>{links}</div></nav>'


def _data(figures: Sequence[Figure]) -> str:
    text = json.dumps({figure.name: figure.json() for figure in figures}, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")  # no name can end the element


def _policy(scripts: Sequence[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _part(name: str) -> str:
    return files("headstart.report").joinpath(name).read_text(encoding="utf-8")


@cache
def _plotly() -> str:
    """Plotly's own JavaScript, found without importing plotly: that would cost 80 ms."""
    found = importlib.util.find_spec("plotly")
    folders = found.submodule_search_locations if found else None
    for folder in folders or ():
        path = Path(folder) / "package_data" / "plotly.min.js"
        if path.is_file():
            # The hash in the policy is of the text as the browser parses it: with plain line ends.
            return path.read_text(encoding="utf-8").replace("\r\n", "\n").replace("</script", "<\\/script")
    raise HeadstartError(
        "The installed plotly has no plotly.min.js, which the HTML report needs", "Run: pip install plotly"
    )
