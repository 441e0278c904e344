"""One column of the data is a hundred times as large as the one in the middle, or more.

## What it sees
Root mean square and largest absolute value of each column that enters a first layer: of each feature of a table, of each
channel of an image; and where a table's numbers are joined with what other layers made of the rest (embeddings), of each
column of both. It compares the largest column with the one in the middle.

## Why it hurts
An income of 50,000 beside an age of 40: the sum that a unit computes is the income, and nothing else. The gradient of its
weight is a thousand times as large as that of the other, so that a learning rate which the income bears leaves the age's
weight where it is. To divide the whole table by one number changes nothing of this: each column needs its own.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
income, age = 50_000 + 20_000 * torch.randn(512), 40 + 12 * torch.randn(512)
x = torch.stack([income, age], dim=1)
x = x / x.max()
y = (age > 40).long()
model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
income, age = 50_000 + 20_000 * torch.randn(512), 40 + 12 * torch.randn(512)
x = torch.stack([income, age], dim=1)
x = (x - x.mean(0)) / x.std(0)
y = (age > 40).long()
model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `RATIO` = 100 (in `headstart.diagnosis.columns`): of the largest column to the one in the middle, in root mean square as
  well as in largest value. The curvature of the loss along a weight grows with the square of its column, so that gradient
  descent needs 10,000 times as many steps along the smaller one (LeCun et al. 1998, §5).

## Stays silent when
A norm follows the first layer or is the first layer; columns are rare (an indicator that is 1 in one of 10,000 samples) or
have long tails; there are more than 1,024 columns. In a run that learns it is advice at most.

## References
LeCun, Bottou, Orr & Müller, *Efficient BackProp* (1998), §4.3 and §5; scikit-learn's `StandardScaler`.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.columns import RATIO, outsized
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "data"
RESTS_ON = "size"
NEEDS = ("input.columns",)
SINCE, STATUS = "0.1.0", "stable"

TEXT = Text(
    en={
        "message": "Column {column:number} (counted from 0) of what enters {layer} has size {size:number}, "
        "{ratio:number} times the middle one of {columns:number} columns, which has {middle:number}.",
        "cause": "What the first layer computes is that column; the others' weights get gradients as much smaller, "
        "and do not move at a rate that the large one bears. Each column needs its own mean and standard deviation.",
        "note": "per column, of the training data; the same in evaluation",
    },
    zh={
        "message": "进入 {layer} 的第 {column:number} 列（从 0 开始编号）大小为 {size:number}，是 {columns:number} "
        "列中居中一列（{middle:number}）的 {ratio:number} 倍。",
        "cause": "第一层算出的几乎就是这一列；其他列的权重得到的梯度同样小得多，在这一列能承受的学习率下几乎不动。"
        "每一列都需要自己的均值和标准差。",
        "note": "按列计算，取自训练数据；评估时用同样的数值",
    },
)


def features_unequal_scale(case: Case) -> Iterator[Finding]:
    """One finding, of the layer whose columns differ most."""
    found = outsized(case)
    if not found:
        return
    worst = max(found, key=lambda one: one.ratio)
    facts = {"layer": worst.layer.name, "column": worst.column, "columns": len(worst.given.sizes)}
    over = "(0, 2, 3), keepdim=True" if worst.layer.kind == "Conv2d" else "0"
    yield Finding(
        "features-unequal-scale",
        "error",
        case.say(TEXT, "message", size=worst.size, middle=worst.middle, ratio=worst.ratio, **facts),
        worst.layer.name,
        0,
        (
            Evidence("size_ratio", worst.ratio, RATIO),
            Evidence("largest_size", worst.size),
            Evidence("middle_size", worst.middle),
            Evidence("outsized_columns", worst.count, of=len(worst.given.sizes)),
        ),
        case.say(TEXT, "cause"),
        Remedy("standardize-columns", f"x = (x - x.mean({over})) / x.std({over})     # {case.say(TEXT, 'note')}"),
        tuple(one.layer.name for one in found),
        worst.layer.line,
    )
