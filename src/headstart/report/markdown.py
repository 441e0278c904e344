"""A rule's page on a terminal: Chinese fills its lines, and code is never broken, for it is there to be pasted."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Markdown, MarkdownElement, Paragraph
from rich.syntax import Syntax
from rich.text import Text

from headstart.report.wrap import wrapped


class _Paragraph(Paragraph):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text("\n").join(wrapped(self.text, options.max_width))


class _Code(CodeBlock):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        syntax = Syntax("", self.lexer_name, theme=self.theme, background_color="default")
        code = syntax.highlight(str(self.text).rstrip())
        code.rstrip()
        code.no_wrap, code.overflow = True, "ignore"
        yield code


class Page(Markdown):
    """Markdown; print it with `crop=False`."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "paragraph_open": _Paragraph,
        "fence": _Code,
        "code_block": _Code,
    }
