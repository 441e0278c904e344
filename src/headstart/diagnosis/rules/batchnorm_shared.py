"""One batch norm stands at several places of the net: its running statistics are a mixture, and fit none of them.

## What it sees
Each batch norm's places in the graph: whether what leaves it comes to it again, through another layer than the first time.
It is exact.

## Why it hurts
Training uses the statistics of the batch, each place its own, so that all looks well. The running statistics take turns
among the places: after one forward pass they are mostly those of the last place. Evaluation uses them at all places, and
measures another net than the one that was trained.

## Example
```python
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.head = nn.Linear(20, 32), nn.Linear(32, 32), nn.Linear(32, 2)
        self.bn = nn.BatchNorm1d(32)

    def forward(self, x):
        x = self.bn(self.fc1(x)).relu()
        x = self.bn(self.fc2(x)).relu()
        return self.head(x)


torch.manual_seed(0)
x = 5 * torch.randn(640, 20) + 3
y = (x[:, 0] * x[:, 1] > 9).long()
model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(10):
    model.train()
    for batch in torch.randperm(512).split(64):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        print(nn.functional.cross_entropy(model(x[512:]), y[512:]))
```

## Use instead
```python
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.head = nn.Linear(20, 32), nn.Linear(32, 32), nn.Linear(32, 2)
        self.bn1, self.bn2 = nn.BatchNorm1d(32), nn.BatchNorm1d(32)

    def forward(self, x):
        x = self.bn1(self.fc1(x)).relu()
        x = self.bn2(self.fc2(x)).relu()
        return self.head(x)


torch.manual_seed(0)
x = 5 * torch.randn(640, 20) + 3
y = (x[:, 0] * x[:, 1] > 9).long()
model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(10):
    model.train()
    for batch in torch.randperm(512).split(64):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        print(nn.functional.cross_entropy(model(x[512:]), y[512:]))
```

## Limits
None: it is a fact of the graph. It is a warning where the run evaluates in evaluation mode; else it is advice.

## Stays silent when
The norm keeps no running statistics or was never trained in training mode; it is fed by the same layer each time, as the
steps of a recurrence are; or several inputs pass it side by side: two views of one sample, a discriminator's real and
generated ones.

## References
Ioffe and Szegedy 2015, arXiv 1502.03167, section 3.1; Wu and Johnson 2021, *Rethinking "batch" in BatchNorm*, arXiv
2105.07576, section 5 (statistics of several domains).
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "norm"
RESTS_ON = "fact"
NEEDS = ("norm.batches",)
SINCE, STATUS = "0.1.0", "stable"

TEXT = Text(
    en={
        "message": "{layer} stands at several places of the net: behind {places}.",
        "cause": "Its running statistics are a mixture of all of them. Training does not use them; evaluation does, and "
        "measures another net than was trained.",
        "note": "one for each place",
        "and": " and ",
    },
    zh={
        "message": "{layer} 用在网络的多个位置：在 {places} 之后。",
        "cause": "它的运行统计量是这些位置的混合。训练时不用它们；评估时用，因此测到的不是训练出来的那个网络。",
        "note": "每个位置各用一个",
        "and": " 和 ",
    },
)


def batchnorm_shared(case: Case) -> Iterator[Finding]:
    """One finding for each such norm."""
    norms = {mode.name: mode for mode in case.record.modes if mode.p is None and mode.tracks and mode.steps}
    for layer in case.in_flow(case.record.layers):
        mode = norms.get(layer.name)
        if mode is None or not layer.in_turn:
            continue
        *first, last = layer.in_turn
        places = case.say(TEXT, "and").join((", ".join(first), last))
        yield Finding(
            "batchnorm-shared",
            "warning" if mode.evaluated else "advice",
            case.say(TEXT, "message", layer=layer.name, places=places),
            layer.name,
            None,
            (Evidence("places", len(layer.in_turn)),),
            case.say(TEXT, "cause"),
            Remedy(
                "norm-for-each",
                f"self.bn1, self.bn2 = torch.nn.{mode.kind}({layer.shape[0]}), torch.nn.{mode.kind}({layer.shape[0]})     "
                f"# {case.say(TEXT, 'note')}",
                safe=False,
            ),
            (layer.name,),
            layer.line,
        )
