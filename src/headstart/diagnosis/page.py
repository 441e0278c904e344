"""A rule's page: its module's docstring, read into its sections; in Chinese, the file of that name in rules/zh.

A Chinese page has no section where the English one is code or sources alone; where there is code between sentences, a
line `{code}` stands in its place.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

from headstart.diagnosis.text import Text

SECTIONS = Text(
    en={
        "What it sees": "What it sees",
        "Why it hurts": "Why it hurts",
        "Example": "Example",
        "Use instead": "Use instead",
        "Limits": "Limits",
        "Stays silent when": "Stays silent when",
        "References": "References",
    },
    zh={
        "What it sees": "看什么",
        "Why it hurts": "为什么有害",
        "Example": "示例",
        "Use instead": "改为",
        "Limits": "阈值",
        "Stays silent when": "何时不出声",
        "References": "参考文献",
    },
)
HEADINGS = tuple(SECTIONS.en)

FACTS = Text(  # in a line below its name
    en={
        "loss": "Loss",
        "loop": "Loop",
        "data": "Data",
        "init": "Init",
        "optimizer": "Optimizer",
        "norm": "Norm",
        "experiment": "Experiment",
        "signal": "Signal",
        "symptom": "Symptom",
        "facts": "{group} · since {since} · {status} · rests on {rests_on}",
        "stable": "stable",
        "preview": "preview: advice at most",
        "rests on fact": "a fact",
        "rests on share": "a share",
        "rests on size": "sizes: advice at most in a run that learns",
        "on request": "on request: `--extend-select {rule}`",
    },
    zh={
        "loss": "损失（loss）",
        "loop": "训练循环（loop）",
        "data": "数据（data）",
        "init": "初始化（init）",
        "optimizer": "优化器（optimizer）",
        "norm": "归一化（norm）",
        "experiment": "实验（experiment）",
        "signal": "信号（signal）",
        "symptom": "症状（symptom）",
        "facts": "{group} · 始于 {since} · {status} · 依据：{rests_on}",
        "stable": "稳定",
        "preview": "预览：至多给出建议",
        "rests on fact": "事实",
        "rests on share": "占比",
        "rests on size": "数值大小，在学到东西的运行中至多给出建议",
        "on request": "按需启用：`--extend-select {rule}`",
    },
)

SECOND_LOOK = Text(  # the last sentence of the limits
    en={"limits": "In a run that does not learn and of which nothing surer is found, by {limits} it is a suspicion."},
    zh={"limits": "在没有学到东西、也没有找到更确定原因的运行中，按 {limits} 判断，作为猜测给出。"},
)

WRAPPED = (
    re.compile(  # within a Chinese sentence: before more of it, or behind its punctuation before anything but a list
        r"(?<=[\u3000-\u9fff\uff00-\uff60”…])\n *(?=[\u4e00-\u9fff“（])|(?<=[，。：；、？！）”…])\n *(?![-#|\s]|```)"
    )
)
FENCED = re.compile(r"(^```.*?^```)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Page:
    """What `headstart explain` and the docs show of a rule."""

    summary: str  # one sentence
    sections: tuple[tuple[str, str], ...]  # heading, Markdown

    def section(self, heading: str) -> str:
        return dict(self.sections)[heading]

    def with_more(self, heading: str, sentence: str) -> Page:
        """The page with another sentence at the end of a section."""
        sections = ((name, f"{body}\n\n{sentence}" if name == heading else body) for name, body in self.sections)
        return Page(self.summary, tuple(sections))

    def code(self, heading: str) -> str:
        """The first Python block below `heading`, or ""."""
        found = re.search(r"```python\n(.*?)```", dict(self.sections).get(heading, ""), re.DOTALL)
        return found.group(1) if found else ""


def parse(docstring: str | None) -> Page:
    summary, *parts = re.split(r"^## ", inspect.cleandoc(docstring or ""), flags=re.MULTILINE)
    sections = (part.partition("\n") for part in parts)
    return Page(summary.strip(), tuple((heading.strip(), body.strip()) for heading, _, body in sections))


def unwrapped(text: str) -> str:
    """Without the line breaks within Chinese sentences, which would be shown as spaces; code stays."""
    parts = FENCED.split(text)
    parts[::2] = [WRAPPED.sub("", part) for part in parts[::2]]
    return "".join(parts)


def translated(page: Page, text: str) -> Page:
    """`page` with the summary and the sections that `text`, a Chinese page, has; its code stays."""
    own = parse(text)
    known = dict(page.sections)
    names = {name: heading for heading, name in SECTIONS.zh.items()}
    for name, wrapped in own.sections:
        heading, body = names[name], unwrapped(wrapped)
        code = re.search(r"```python\n.*?```", known[heading], re.DOTALL)
        known[heading] = body.replace("{code}", code.group()) if code else body
    return Page(unwrapped(own.summary), tuple(known.items()))
