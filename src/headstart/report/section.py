"""A section of the HTML report: a heading, and plots or text; what is absent says why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import TypeAlias

from headstart.report.phrases import tr
from headstart.report.plots import Figure

OrReason: TypeAlias = tuple[Figure | None, str]  # a plot, and what to say where there is none


@dataclass(frozen=True)
class Section:
    """Built by chaining: each method gives a new section with one more part."""

    name: str  # its anchor
    title: str
    note: str = ""  # plain text under the heading
    parts: tuple[str, ...] = ()  # HTML
    figures: tuple[Figure, ...] = ()
    listed: bool = True  # among the links at the top

    def add(self, html: str) -> Section:
        return replace(self, parts=(*self.parts, html))

    def plot(self, figure: Figure | None, reason: str) -> Section:
        return self.add(place(figure, reason))._with(figure)

    def pair(self, *plots: OrReason) -> Section:
        """Plots side by side where the screen is wide enough."""
        places = "".join(f"<div>{place(figure, reason)}</div>" for figure, reason in plots)
        section = self.add(f'<div class="pair">{places}</div>')
        for figure, _ in plots:
            section = section._with(figure)
        return section

    def html(self) -> str:
        note = f'<p class="note">{escape(self.note)}</p>' if self.note else ""
        body = "\n".join(self.parts)
        return (
            f'<section id="{self.name}" aria-labelledby="{self.name}-title">'
            f'<h2 id="{self.name}-title">{escape(self.title)}</h2>{note}\n{body}</section>\n'
        )

    def _with(self, figure: Figure | None) -> Section:
        return replace(self, figures=(*self.figures, figure)) if figure else self


def place(figure: Figure | None, reason: str) -> str:
    """Where the page's script draws `figure`, with a button for each of its views; or why there is none."""
    if figure is None:
        return absent(reason)
    buttons = "".join(
        f'<button type="button" data-plot="{figure.name}" data-view="{number}" '
        f'aria-pressed="{"false" if number else "true"}">{escape(view.label)}</button>'
        for number, view in enumerate(figure.views)
    )
    switch = f'<div class="switch" role="group" aria-label="{tr("What is shown")}">{buttons}</div>'
    return (
        f"{switch if len(figure.views) > 1 else ''}"
        f'<div class="plot" id="{figure.name}" style="height:{figure.height}px" role="img" '
        f'aria-label="{escape(figure.alt)}"></div>'
    )


def absent(reason: str) -> str:
    return f'<p class="absent">{escape(reason)}</p>'
