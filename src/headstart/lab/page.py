"""The lab's results as one HTML page: each claim's verdict, the parts that decide it, its figures and its plot."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from textwrap import wrap

from headstart.diagnosis.text import Language, Text
from headstart.lab.claim import Claim, Result, Spread, Verdict, X
from headstart.report.page import page
from headstart.report.phrases import spoken
from headstart.report.plots import COLORS, Figure, Json, View, axis, rounded
from headstart.report.section import Section, place
from headstart.wording import number

TONES: dict[Verdict, str] = {"holds": "healthy", "holds in part": "warning", "does not hold": "failing"}
MARKS: dict[Verdict, str] = {"holds": "✓", "holds in part": "◐", "does not hold": "✗"}
WORDS = Text(
    en={
        "title": "The textbook, measured",
        "contents": "Groups of claims",
        "holds": "holds",
        "holds in part": "holds in part",
        "does not hold": "does not hold",
        "criterion": "A part holds in a seed if its value is on the right side of its limit. A claim holds if every "
        "part does in every seed, does not hold if no part does in any, and holds in part otherwise. Points are "
        "means over the seeds, bars go from the lowest to the highest.",
        "part": "what would count as holding",
        "measured": "mean (lowest to highest)",
        "limit": "limit",
        "held": "held",
        "seeds": "{held} of {seeds} seeds",
        "size": "{claims} claims, {seeds} seeds, {train:,} digits to train on and {test:,} to test on, {epochs} epochs",
        "figures": "All figures: mean ± standard deviation over {seeds} seeds; {seconds:.0f} s",
        "init": "Initial weights",
        "data": "Data",
        "norm": "Normalisation",
        "activation": "Activations",
        "optimizer": "Optimisers",
        "faq": "What goes wrong",
        "next": "Next steps",
        "footer": "Made by headstart {version}. This page holds all it needs and sends nothing anywhere.",
    },
    zh={
        "title": "教科书里的话，实测结果",
        "contents": "论断分组",
        "holds": "成立",
        "holds in part": "部分成立",
        "does not hold": "不成立",
        "criterion": "对某个随机种子，若数值落在界限的正确一侧，则该条件成立。所有条件在所有种子下都成立，论断即成立；"
        "没有任何条件在任何种子下成立，则不成立；其余情况为部分成立。图中的点是各种子的均值，误差棒从最小值到最大值。",
        "part": "怎样才算成立",
        "measured": "均值（最小值到最大值）",
        "limit": "界限",
        "held": "成立情况",
        "seeds": "{seeds} 个种子中有 {held} 个",
        "size": "{claims} 条论断，{seeds} 个种子，{train:,} 个训练数字，{test:,} 个测试数字，{epochs} 个轮次",
        "figures": "全部数值：{seeds} 个种子的均值 ± 标准差；用时 {seconds:.0f} 秒",
        "init": "初始权重",
        "data": "数据",
        "norm": "归一化",
        "activation": "激活函数",
        "optimizer": "优化器",
        "faq": "常见错误",
        "next": "下一步",
        "footer": "由 headstart {version} 生成。本页自带所需的一切，不向任何地方发送数据。",
    },
)


def render(claims: Sequence[Claim], results: Sequence[Result], language: Language) -> str:
    """The page as text; a claim without a result is left out."""
    found = {result.name: result for result in results}
    with spoken(language):
        return _page([(claim, found[claim.name]) for claim in claims if claim.name in found], language)


def plot(claim: Claim, result: Result, language: Language) -> Figure:
    """A view for each of the claim's figures: over its axis, a line for each series, with bars from the lowest to the
    highest seed."""
    return Figure(
        f"plot-{claim.name}",
        tuple(_view(claim, result, figure, language) for figure in claim.figures),
        {"xaxis": _x_axis(claim.label(language, "x"), claim.x, _is_named(claim))},
        claim.sentence(language),
        340,
    )


def _page(pairs: Sequence[tuple[Claim, Result]], language: Language) -> str:
    figures = [plot(claim, result, language) for claim, result in pairs]
    sections = []
    for group in dict.fromkeys(claim.group for claim, _ in pairs):
        section = Section(group, WORDS.say(language, group))
        for (claim, result), figure in zip(pairs, figures, strict=True):
            if claim.group == group:
                section = section.add(_card(claim, result, figure, language))
        sections.append(section)
    return page(
        f"{WORDS.say(language, 'title')} · headstart lab",
        _head(pairs, language),
        sections,
        figures,
        language="zh-CN" if language == "zh" else "en",
        contents=WORDS.say(language, "contents"),
        footer=WORDS.zh["footer"] if language == "zh" else WORDS.en["footer"],
    )


def _view(claim: Claim, result: Result, figure: str, language: Language) -> View:
    spreads = {series: [result.spread(figure, series, x) for x in claim.x] for series in claim.series}
    named = _is_named(claim)
    ticks = [claim.label(language, x) for x in claim.x] if named else list(claim.x)
    lines = [
        _line(claim.label(language, series), ticks, spreads[series], COLORS[place % len(COLORS)], place, named)
        for place, series in enumerate(claim.series)
    ]
    label = claim.label(language, figure)
    return View(label, lines, {"yaxis": _y_axis(label, [s for many in spreads.values() for s in many])})


def _is_named(claim: Claim) -> bool:
    return any(isinstance(x, str) for x in claim.x)


def _line(name: str, x: Sequence[X], spreads: Sequence[Spread], color: str, place: int, named: bool) -> Json:
    symbols = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star")
    return {
        "type": "scatter",
        "mode": "markers" if named else "lines+markers",
        "name": name,
        "x": list(x),
        "y": [rounded(spread.mean) for spread in spreads],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [rounded(spread.high - spread.mean) for spread in spreads],
            "arrayminus": [rounded(spread.mean - spread.low) for spread in spreads],
            "width": 5,
        },
        "line": {"color": color, "width": 2},
        "marker": {"color": color, "size": 9, "symbol": symbols[place % len(symbols)]},
        "hovertemplate": "%{x}: %{y:.4g}<extra>%{fullData.name}</extra>",
    }


def _x_axis(title: str, x: Sequence[X], named: bool) -> Json:
    numbers = [value for value in x if not isinstance(value, str)]
    if named or not numbers:
        return axis(title, type="category")
    ticks = {"tickvals": numbers, "ticktext": [number(value) for value in numbers]}
    wide = min(numbers) > 0 and max(numbers) >= 16 * min(numbers)
    return axis(title, **({"type": "log"} if wide else {}), **ticks)


def _y_axis(title: str, spreads: Sequence[Spread]) -> Json:
    title = "<br>".join(wrap(title, 42))  # a plot is no higher
    low, high = min(spread.low for spread in spreads), max(spread.high for spread in spreads)
    if low > 0 and high > 100 * low:
        return axis(title, type="log", exponentformat="power")
    return axis(title, exponentformat="power", **({"rangemode": "tozero"} if low >= 0 else {}))


def _head(pairs: Sequence[tuple[Claim, Result]], language: Language) -> str:
    verdicts = [result.verdict for _, result in pairs]
    counts = "".join(
        f"<li>{MARKS[verdict]} {escape(WORDS.say(language, verdict))}: {verdicts.count(verdict)}</li>"
        for verdict in TONES
    )
    sizes = {(result.size, len(result.seeds)) for _, result in pairs}
    facts = ""
    for size, seeds in sorted(sizes, key=str):
        count = sum((result.size, len(result.seeds)) == (size, seeds) for _, result in pairs)
        text = WORDS.say(
            language, "size", claims=count, seeds=seeds, train=size.train, test=size.test, epochs=size.epochs
        )
        facts += f"<li>{escape(text)}</li>"
    return f"""<header>
<p class="brand">headstart lab</p>
<h1>{escape(WORDS.say(language, "title"))}</h1>
<ul class="facts">{counts}</ul>
<ul class="facts">{facts}</ul>
<p class="note">{escape(WORDS.say(language, "criterion"))}</p>
</header>"""


def _card(claim: Claim, result: Result, figure: Figure, language: Language) -> str:
    verdict = result.verdict
    return f"""<article class="card {TONES[verdict]}" id="{claim.name}">
<h3><span class="mark" aria-hidden="true">{MARKS[verdict]}</span> {escape(claim.sentence(language))}
<span class="severity">{escape(WORDS.say(language, verdict))}</span></h3>
<p class="where">{escape(claim.name)}</p>
{_parts(claim, result, language)}
{place(figure, "")}
{_figures(claim, result, language)}
</article>"""


def _parts(claim: Claim, result: Result, language: Language) -> str:
    heads = "".join(
        f'<th scope="col">{WORDS.say(language, key)}</th>' for key in ("part", "measured", "limit", "held")
    )
    rows = ""
    for part in result.parts:
        held = WORDS.say(language, "seeds", held=part.held, seeds=len(part.values))
        limit = f"{part.sense} {number(part.limit)}"
        cells = (measured(part.spread), limit, held)
        text = f'<td style="white-space: normal; min-width: 14rem">{escape(claim.label(language, part.key))}</td>'
        rows += f"<tr>{text}{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
    table = f'<table class="evidence"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<div style="overflow-x: auto">{table}</div>'


def measured(spread: Spread) -> str:
    return f"{number(spread.mean)} ({number(spread.low)} … {number(spread.high)})"


def _figures(claim: Claim, result: Result, language: Language) -> str:
    """Folded away: every figure at every point."""
    heads = "".join(f'<th scope="col">{escape(claim.label(language, figure))}</th>' for figure in claim.figures)
    rows = ""
    for series in claim.series:
        for x in claim.x:
            spreads = (result.spread(figure, series, x) for figure in claim.figures)
            cells = "".join(f"<td>{number(spread.mean)} ± {number(spread.std)}</td>" for spread in spreads)
            rows += f"<tr><td>{escape(claim.label(language, series))}</td><td>{escape(claim.label(language, x))}</td>"
            rows += f"{cells}</tr>"
    title = WORDS.say(language, "figures", seeds=len(result.seeds), seconds=result.seconds)
    x_head = escape(claim.label(language, "x"))
    return (
        f'<details><summary class="label">{escape(title)}</summary><div style="overflow-x: auto">'
        f'<table class="evidence"><thead><tr><th></th><th scope="col">{x_head}</th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></details>"
    )
