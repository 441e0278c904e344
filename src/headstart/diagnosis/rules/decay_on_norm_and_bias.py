"""Weight decay pulls at biases and at the gains of norms as well as at the weights.

## What it sees
The parameter groups of each optimizer: which biases, and which weights and biases of norms, it holds with a
`weight_decay` above zero. It is exact.

## Why it hurts
Mostly it does not, and that is why it is asked on request. Decay draws a parameter towards zero at each step. Of
weight matrices that makes the function less steep. A bias only moves it, so that decay brings no smoothness there; the
gain of a norm starts at 1, and drawn to 0 it turns its channel off. The usual recipes decay weight matrices alone: He
et al. 2019, timm, BERT, and `hs.fit`.

In `python benchmarks/on_request.py` small nets with batch norm are trained by AdamW and SGD with their usual decay and
ten times that, four starts each. Sparing gains and biases changes accuracy by 0.06 ± 0.35, -0.09 ± 0.18, 0.39 ± 0.39
and -0.13 ± 0.67 points: by nothing that can be told from chance.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.LayerNorm(64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.05)
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
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.LayerNorm(64), nn.ReLU(), nn.Linear(64, 2))
groups = [
    {"params": [p for p in model.parameters() if p.ndim > 1]},
    {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
]
optimizer = torch.optim.AdamW(groups, lr=1e-2, weight_decay=0.05)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
None: it is what the optimizer was given. AdamW decays by 0.01 where nothing is said, Adam and SGD by 0.

It is advice of design, and asked on request alone.

## Stays silent when
The optimizer decays weight matrices only, or nothing; the gains and biases are frozen; or a penalty is written into
the loss, of which the optimizer knows nothing. A tensor that is made by hand is a bias if it has one dimension and is
added right behind a product; other vectors (a PReLU's slope, a temperature) are not looked at.

## References
He, Zhang et al. 2019, *Bag of tricks for image classification*, arXiv 1812.01187, section 3.1 ("no bias decay");
`param_groups_weight_decay` of timm and `exclude_from_weight_decay` of BERT's optimizer; Goodfellow, Bengio &
Courville, *Deep Learning* (2016), §7.1: regularising the biases can underfit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from headstart.diagnosis.case import LINEAR, Case
from headstart.diagnosis.ledger import held_by
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Layer, Optimizer, Parameter

GROUP = "optimizer"
RESTS_ON = "fact"
NEEDS = ("lr",)
SINCE, STATUS = "0.1.0", "stable"
ON_REQUEST = True

TEXT = Text(
    en={
        "message": "{optimizer} decays {tensors:number} biases and gains of norms, {values:number} values, by "
        "{decay:number}.",
        "cause": "Decay draws them towards zero. A bias has no part in how steep the function is, and a norm's gain "
        "starts at 1. Usual recipes decay weight matrices alone.",
        "note": "biases and gains",
        "in_place": "right after the optimizer is made",
    },
    zh={
        "message": "{optimizer} 以 {decay:number} 衰减 {tensors:number} 个偏置和归一化增益，共 {values:number} 个值。",
        "cause": "衰减把它们拉向零。偏置与函数的陡峭程度无关，归一化的增益从 1 开始。常见做法只衰减权重矩阵。",
        "note": "偏置和增益",
        "in_place": "紧接在创建优化器之后",
    },
)


def decay_on_norm_and_bias(case: Case) -> Iterator[Finding]:
    """One finding for each optimizer that does it."""
    homes = _homes(case)
    for optimizer in case.record.optimizers:
        held = held_by(case, optimizer)
        decayed = [p for p in held if p.trainable and p.weight_decay and _is_gain_or_bias(p, homes.get(p.name))]
        if not decayed:
            continue
        layers = tuple(dict.fromkeys(homes[p.name].name for p in decayed if p.name in homes))
        decay = max(parameter.weight_decay or 0.0 for parameter in decayed)
        values = sum(math.prod(parameter.shape) for parameter in decayed)
        yield Finding(
            "decay-on-norm-and-bias",
            "advice",
            case.say(TEXT, "message", optimizer=optimizer.name, tensors=len(decayed), values=values, decay=decay),
            None,  # no layer: it concerns all that the optimizer holds
            0,
            (Evidence("tensors_decayed", len(decayed), of=len(held)), Evidence("weight_decay", decay)),
            case.say(TEXT, "cause"),
            Remedy("decay-weights-only", _code(case, optimizer, held)),
            layers,
        )


def _homes(case: Case) -> dict[str, Layer]:
    """The layer of each parameter that is one's."""
    return {name: layer for layer in case.in_flow(case.record.layers) for name in layer.parameters}


def _is_gain_or_bias(parameter: Parameter, home: Layer | None) -> bool:
    if len(parameter.shape) > 1:
        return False
    name = parameter.name.rpartition(".")[2]
    return name.startswith("bias") or name.endswith("bias") or (home is not None and _holds_them(home))


def _holds_them(home: Layer) -> bool:
    """Whether a vector of this layer is a gain or a bias: of a norm, or added to a raw product."""
    return "norm" in home.kind.lower() or (home.kind in LINEAR and home.name in home.parameters)


def _code(case: Case, optimizer: Optimizer, held: Sequence[Parameter]) -> str:
    """Two groups, with the options of this script; where there are several already, each is parted in place."""
    lr, decay = optimizer.options.get("lr"), optimizer.options.get("weight_decay")
    alike = len({(parameter.lr, parameter.weight_decay) for parameter in held}) == 1
    if not alike or not isinstance(lr, (int, float)) or not isinstance(decay, (int, float)):
        return (
            f"for group in list(optimizer.param_groups):     # {case.say(TEXT, 'in_place')}\n"
            '    spared = [p for p in group["params"] if p.ndim <= 1]\n'
            '    group["params"] = [p for p in group["params"] if p.ndim > 1]\n'
            '    optimizer.add_param_group({**group, "params": spared, "weight_decay": 0.0})'
        )
    more = "".join(f", {key}={value}" for key in ("momentum", "nesterov") if (value := optimizer.options.get(key)))
    return (
        'groups = [{"params": [p for p in model.parameters() if p.ndim > 1]},\n'
        '          {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0}]'
        f"     # {case.say(TEXT, 'note')}\n"
        f"optimizer = torch.optim.{optimizer.kind}(groups, lr={lr:g}, weight_decay={decay:g}{more})"
    )
