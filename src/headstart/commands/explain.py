from __future__ import annotations

from typing import Annotated

import typer

from headstart.judging import Lang


def explain(
    rule: Annotated[
        str | None, typer.Argument(metavar="RULE", help="A rule's name; without one, all rules are listed.")
    ] = None,
    lang: Lang = None,
) -> None:
    """Print a rule's page: what it sees, why it hurts, an example, its limits and their sources.

    \b
    Examples:
      headstart explain
      headstart explain dead-relu
      headstart explain dead-relu --lang zh
    """
    import sys

    from headstart.diagnosis.explain import GROUPS
    from headstart.diagnosis.limits import measured
    from headstart.diagnosis.rules import catalogue, find
    from headstart.report.wrap import columns, listed
    from headstart.settings import settings

    language = settings(language=lang).language
    if rule is None:
        width = max(len(known.name) for known in catalogue()) + 4
        for group in GROUPS:
            rules = [known for known in catalogue() if known.group == group]
            if rules:
                print(f"\n{group}")
            for known in rules:
                summary, request = known.page_in(language).summary, known.request(language).replace("`", "")
                told = f"{summary} ({request})" if request else summary
                print(listed(f"  {known.name}", told, width, columns()))
        print("\nnext      headstart explain dead-relu")
        return
    known = find(rule)
    page = "\n\n".join(filter(None, (known.markdown(language), measured(known, language))))
    if sys.stdout.isatty():
        from rich.console import Console

        from headstart.report.markdown import Page

        Console(width=columns()).print(Page(page), crop=False)
    else:
        print(page)
    print("\nnext      headstart run train.py")
