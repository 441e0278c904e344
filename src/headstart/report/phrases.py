"""The reports' own phrases, in each language; what the rules say is in the rules' files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from headstart.diagnosis.text import Language, Text
from headstart.report.chinese import CHINESE

PHRASES = Text(
    en={
        "and": "{named} and {left:,} more",
        "and rules": "{named}, and {left:,} more",
        "comma": ", ",
        "semicolon": "; ",
        "layer": "layer {name}",
        "layers": "layers {names}",
        "step": "step {first:,}",
        "at": "at step {first:,}",
        "steps": "steps {first:,} to {last:,}",
        "minutes": "{minutes} min {rest:02d} s",
        "hours": "{hours} h {minutes:02d} min",
        "of": "{value} of {of:,}",
        "limit": "limit {value}",
        "1 step": "{count:,} step",
        "n steps": "{count:,} steps",
        "1 layer": "{count:,} layer",
        "n layers": "{count:,} layers",
        "1 parameter": "{count:,} parameter",
        "n parameters": "{count:,} parameters",
        "no constant": "no loss was seen whose best constant answer is known",
        "constant": "always answering {baseline}",
        "broken": "the loss is not finite",
        "impossible": "the loss is below the least that it can be, so it is not what it claims (against {constant})",
        "worse": "worse than {constant}",
        "no better": "no better than {constant}",
        "removes": "removes {share} of the loss of {constant}",
        "none": "none",
        "start": "loss {loss} on this batch before training, {constant} for {answer}",
        "start unknown": "the loss before training cannot be compared: no best constant answer is known for it",
        "killed": "killed, or still running",
        "signal": "ended by {how}",
        "exit": "ended with status {how}",
        "stopped": "stopped",
        "untrained": "one batch, untrained",
        "nothing": "nothing to judge",
        "healthy": "healthy",
        "advice": "advice",
        "warning": "warning",
        "failing": "failing",
        "skill": "skill {value}: ",
        "skill unknown": "skill unknown: ",
        "watched": "{layers} and {parameters} watched; ",
        "in": "{rule} in {layer}",
        "instead": "instead",
        "explains": "explains",
        "not judged": "not judged",
        "not seen": "not seen",
        "because": "{rules} ({because})",
        "more": "{line}; {left} more",
        "known": "known",
        "of the baseline": "findings of the baseline, left out",
        "report": "report",
        "record": "record",
        "also": "also",
        "next": "next",
    },
    zh={
        "and": "{named} 等，另有 {left:,} 个",
        "and rules": "{named} 等，另有 {left:,} 个",
        "comma": "、",
        "semicolon": "；",
        "layer": "层 {name}",
        "layers": "层 {names}",
        "step": "第 {first:,} 步",
        "at": "第 {first:,} 步",
        "steps": "第 {first:,} 至 {last:,} 步",
        "minutes": "{minutes} 分 {rest:02d} 秒",
        "hours": "{hours} 小时 {minutes:02d} 分",
        "of": "{value} / {of:,}",
        "limit": "界限 {value}",
        "1 step": "{count:,} 步",
        "n steps": "{count:,} 步",
        "1 layer": "{count:,} 层",
        "n layers": "{count:,} 层",
        "1 parameter": "{count:,} 个参数",
        "n parameters": "{count:,} 个参数",
        "no constant": "没有看到已知最佳常数答案的损失",
        "constant": "始终回答{baseline}",
        "broken": "损失不是有限值",
        "impossible": "损失低于它可能的最小值，所以它并不是它声称的那个损失（对比：{constant}）",
        "worse": "比{constant}还差",
        "no better": "不比{constant}好",
        "removes": "比{constant}的损失减少了 {share}",
        "none": "无",
        "start": "训练前这一批的损失为 {loss}，而{answer}的损失为 {constant}",
        "start unknown": "训练前的损失无从比较：它的最佳常数答案未知",
        "killed": "被终止，或仍在运行",
        "signal": "被 {how} 终止",
        "exit": "以状态 {how} 结束",
        "stopped": "已停止",
        "untrained": "一个批次，未经训练",
        "nothing": "没有可判断的内容",
        "healthy": "健康",
        "advice": "建议",
        "warning": "警告",
        "failing": "失败",
        "skill": "技能值 {value}：",
        "skill unknown": "技能值未知：",
        "watched": "观察了 {layers}、{parameters}；",
        "in": "{layer} 的 {rule}",
        "instead": "改为",
        "explains": "由此引起",
        "not judged": "未判断",
        "not seen": "未看到",
        "because": "{rules}（{because}）",
        "more": "{line}；另有 {left} 条",
        "known": "已知",
        "of the baseline": "条发现已在基线中，从略",
        "report": "报告",
        "record": "记录",
        "also": "还有",
        "next": "下一步",
    },
)
BASELINES = {
    "the class frequencies": "类别频率",
    "the labels' frequencies": "标签频率",
    "the mean": "均值",
    "the median": "中位数",
    "the Huber location": "Huber 位置",
}

_language: ContextVar[Language] = ContextVar("language", default="en")


@contextmanager
def spoken(language: Language) -> Iterator[None]:
    """What is rendered within is in `language`."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def say(key: str, **fields: Any) -> str:
    return PHRASES.say(_language.get(), key, **fields)


def tr(english: str, **fields: Any) -> str:
    """A phrase of the HTML report, which is its own key: `english` as it is, or what `chinese.py` has for it."""
    return (CHINESE[english] if _language.get() == "zh" else english).format(**fields)


def is_known(english: str) -> bool:
    return english in CHINESE


def language() -> Language:
    """What is spoken now."""
    return _language.get()


def answer(baseline: str) -> str:
    """What the best constant answers."""
    return BASELINES.get(baseline, baseline) if _language.get() == "zh" else baseline
