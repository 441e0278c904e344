"""The net gives every sample the same answer, though the labels vary.

## What it sees
In the last third of the run, batch by batch: of a classification, whether the largest output is that of the same class for
all samples while the labels of that batch differ; of a regression, how far the outputs spread beside the targets. It speaks
only of a run that does not learn.

## Why it hurts
The outputs do not depend on the inputs: the net has found the best constant answer, or its hidden units are all dead or
saturated, or inputs and labels have nothing to do with each other. It is a symptom: the cause stands before it, if one was
found.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (torch.rand(512) < 0.2).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.1)
for step in range(150):
    i = torch.randint(0, 512, (64,))
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(torch.randn(64, 20)), y[i]).backward()  # not the inputs that belong to y
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] + x[:, 1] > 1.2).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(150):
    i = torch.randint(0, 512, (64,))
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x[i]), y[i]).backward()
    optimizer.step()
```

## Limits
- `MOSTLY` = 0.5: share of the batches. What it does on programs is told by `headstart explain`, under Measured.
- `SPREAD` = 0.01: std of a regression's outputs over that of its targets: they then explain 1 part in 10,000 of the
  targets' variance, at most.

Batches of fewer than 8 labels are not counted, nor runs with fewer than five looks in the last third.

## Stays silent when
The run learns, or that is not known; all labels of the batches are alike (one role of a GAN); or the loss is not finite.

## References
The commonest question of all: "my network always predicts the same class"; Karpathy, *A recipe for training neural
networks* (2019), on the input-independent baseline.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.answers import alike_since, always, spread
from headstart.diagnosis.case import Case
from headstart.diagnosis.skill import is_broken
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding

GROUP = "symptom"
RESTS_ON = "share"
NEEDS = ("skill",)
SINCE, STATUS = "0.1.0", "stable"

MOSTLY = 0.5  # of the last third's batches (measured in limits.json)
SPREAD = 0.01  # of the targets' std (derivation in the page)

TEXT = Text(
    en={
        "class": "In {share:share} of the last batches the answer is class {answer:number} for every sample, though "
        "the labels differ.",
        "number": "The outputs are nearly the same for every sample: they spread by {spread:share} of what the targets do.",
        "cause": "The outputs do not depend on the inputs. If no cause is listed, ask: do inputs and labels belong "
        "together, does anything reach the last layer but its bias, is there anything to learn?",
    },
    zh={
        "class": "在最后的批次中，有 {share:share} 对每个样本都回答类别 {answer:number}，尽管标签各不相同。",
        "number": "对每个样本的输出几乎相同：它们的离散程度只有目标值的 {spread:share}。",
        "cause": "输出不依赖于输入。如果没有列出原因，请检查：输入与标签是否对应，除偏置之外是否还有信号到达最后一层，"
        "数据中是否有可学的东西？",
    },
)


def predictions_constant(case: Case) -> Iterator[Finding]:
    """One finding, of the run's main loss."""
    if case.skill is None or case.learns is not False or is_broken(case.record):
        return
    steps = (2 * len(case.record) // 3, len(case.record) - 1)
    answered, spreads = always(case, case.skill.source), spread(case, case.skill.source, SPREAD)
    if answered is not None and answered.share > MOSTLY:
        message = case.say(TEXT, "class", share=answered.share, answer=answered.answer)
        evidence = Evidence("one_answer_share", answered.share, MOSTLY, steps, "loss.answered")
        since = answered.since
    elif spreads is not None and spreads[1] > MOSTLY:
        message = case.say(TEXT, "number", spread=spreads[0])
        evidence = Evidence("output_spread_share", spreads[0], SPREAD, steps, "loss.spread")
        since = alike_since(case, case.skill.source, SPREAD)
    else:
        return
    yield Finding(
        "predictions-constant",
        "error",
        message,
        step=min(steps[0], since),
        evidence=(evidence,),
        cause=case.say(TEXT, "cause"),
    )
