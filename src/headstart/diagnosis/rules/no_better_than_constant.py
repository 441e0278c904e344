"""The net does no better than an answer that ignores the inputs.

## What it sees
Skill: 1 - loss / loss of the best constant prediction on the labels seen, over the last third of the run. The best
constant is the loss's own: class frequencies, mean, median or Huber location.

## Why it hurts
Such a net has learnt nothing of how outputs depend on inputs. It is a symptom: something else is the cause, and if
that is found, it is listed first.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(100):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(torch.randn(512, 20)), y).backward()  # not the inputs that belong to y
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(100):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `NO_SKILL` = 0.05 (in `headstart.diagnosis.skill`): the best constant has 0, and the rest is for the noise of
  the last third's batches. What it does on programs is told by `headstart explain`, under Measured.
- `ENOUGH_STEPS` = 20 (there, too): fewer steps say nothing.

## Stays silent when
The skill is rising fast enough to pass the limit if the run went on for as long again, the labels are constant within
each backward (one role of a GAN) or altogether, the loss is of a kind whose best constant is not known, its elements are
weighed one by one (focal losses) or some left out by a mask (nothing is asked of the outputs there), or the targets move
with the run, as those that a net makes for itself (values of actions): then no one constant is a measure of its end. Of a
generator's distance to the targets, beside what a discriminator says, it is silent down to a skill of -1: samples that are
right in all, but know nothing of the inputs, have that.

## References
Karpathy, *A recipe for training neural networks* (2019): "input-independent baseline"; scikit-learn's
`DummyClassifier` and `DummyRegressor`.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.skill import ENOUGH_STEPS, NO_SKILL
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "symptom"
RESTS_ON = "fact"
NEEDS = ("skill",)
SINCE, STATUS = "0.1.0", "stable"

TEXT = Text(
    en={
        "note": "one batch by heart: its loss must fall to nearly 0",
        "message": "After {steps:number} steps the loss is {loss:number}; always answering {baseline} would reach "
        "{constant:number}.",
        "worse": "After {steps:number} steps the loss is {loss:number}, worse than always answering {baseline}, which "
        "would reach {constant:number}.",
        "cause": "The outputs do not depend on the inputs in any way that helps. If no cause is listed, ask: do "
        "inputs and labels belong together, is the learning rate far too small or too large, is there anything to "
        "learn?",
        "the class frequencies": "the class frequencies",
        "the labels' frequencies": "the labels' frequencies",
        "the mean": "the mean",
        "the median": "the median",
        "the Huber location": "the Huber location",
    },
    zh={
        "note": "背下一个批次：它的损失必须降到接近 0",
        "message": "{steps:number} 步之后损失为 {loss:number}；始终回答{baseline}就能达到 {constant:number}。",
        "worse": "{steps:number} 步之后损失为 {loss:number}，比始终回答{baseline}（可达到 {constant:number}）还差。",
        "cause": "输出没有以任何有用的方式依赖输入。如果没有列出原因，请检查：输入与标签是否对应，"
        "学习率是否过小或过大，数据中"
        "是否有可学的东西？",
        "the class frequencies": "各类别的频率",
        "the labels' frequencies": "标签的频率",
        "the mean": "均值",
        "the median": "中位数",
        "the Huber location": "Huber 位置",
    },
)


def no_better_than_constant(case: Case) -> Iterator[Finding]:
    skill, steps = case.skill, len(case.record)
    if skill is None or steps < ENOUGH_STEPS or not skill.value < NO_SKILL or case.learns is not False:
        return
    facts = {"steps": steps, "loss": skill.loss, "constant": skill.constant}
    yield Finding(
        "no-better-than-constant",
        "error",
        case.say(
            TEXT, "worse" if skill.value < -NO_SKILL else "message", baseline=case.say(TEXT, skill.baseline), **facts
        ),
        step=2 * steps // 3,
        evidence=(
            Evidence("skill", skill.value, NO_SKILL, (2 * steps // 3, steps - 1)),
            Evidence("loss", skill.loss, None, (2 * steps // 3, steps - 1), "loss"),
        ),
        cause=case.say(TEXT, "cause"),
        remedy=Remedy("one-batch", one_batch(case)),
    )


def one_batch(case: Case) -> str:
    """What halves the search: whether the net can learn one batch by heart."""
    return (
        f"inputs, labels = next(iter(loader))     # {case.say(TEXT, 'note')}\nfor step in range(300):\n"
        "    optimizer.zero_grad()\n    loss = loss_function(model(inputs), labels)\n"
        "    loss.backward()\n    optimizer.step()\nprint(loss.item())"
    )
