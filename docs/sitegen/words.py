"""What the site says between the pages that somebody wrote: titles and headings, in both languages."""

from __future__ import annotations

from headstart.diagnosis.text import Text

WORDS = Text(
    en={
        "index": "Home",
        "start": "Start in five minutes",
        "diagnose": "Diagnose a script",
        "set up": "Set up a model",
        "initialization": "Initialisation",
        "statistics": "Statistics",
        "preprocessing": "Preprocessing",
        "normalization": "Normalisation",
        "learn": "Learn",
        "textbook": "The textbook, section by section",
        "lab": "The lab",
        "comparison": "Who does what",
        "rules": "rule",
        "speaks when": "speaks when",
        "english": "This page is in English.",
        "light": "Light",
        "dark": "Dark",
    },
    zh={
        "index": "首页",
        "start": "五分钟上手",
        "diagnose": "诊断脚本",
        "set up": "搭建模型",
        "initialization": "初始化",
        "statistics": "统计量",
        "preprocessing": "预处理",
        "normalization": "归一化",
        "learn": "学习",
        "textbook": "教材各节对照",
        "lab": "实验室",
        "comparison": "与其他工具对比",
        "rules": "规则",
        "speaks when": "何时出现",
        "english": "本页尚无中文版，以下为英文原文。",
        "light": "浅色",
        "dark": "深色",
    },
)

SPEAKS = Text(  # by group: when its rules speak
    en={
        "loss": "the loss is given what it does not take, compares the wrong things, cannot be reached, or is maximised",
        "loop": "backward, clearing and step are in the wrong order, or one is missing; what is used and what is "
        "trained are not the same",
        "data": "inputs, targets or labels are off, or come in an order that hurts",
        "init": "first weights are copies, blow the signal up, or let it fade",
        "optimizer": "steps are too long, too short, or forget; decay outweighs the loss; the data are learnt by heart",
        "norm": "batch norm or dropout does not do what it is there for",
        "experiment": "an experiment on copies shows it",
        "signal": "most of a layer's units give zero or stand at an end of their range; gradients shrink or grow from "
        "layer to layer; NaN or Inf, and where they arose first",
        "symptom": "nothing was learnt, and no cause was found",
    },
    zh={
        "loss": "损失得到的不是它所需要的输入、比较了错误的对象、无法达到，或被最大化",
        "loop": "反向传播、清零与更新的顺序不对，或缺少其中一步；被使用的与被训练的不是同一组参数",
        "data": "输入、目标或标签有问题，或其先后顺序有害",
        "init": "初始权重彼此相同，或让信号爆炸、消失",
        "optimizer": "步子太大、太小，或不断忘记；权重衰减压过了损失；样本被死记硬背",
        "norm": "批归一化或 dropout 没有起到应有的作用",
        "experiment": "在副本上做的实验显示了问题",
        "signal": "一层的大多数单元输出零，或停在值域的一端；梯度逐层缩小或放大；出现 NaN 或 Inf，以及最先出现的位置",
        "symptom": "什么也没学到，且没有找到原因",
    },
)
