"""Nearly all weights, those of a new layer or all that an optimizer holds are frozen; or one is frozen while it is zero.

## What it sees
Which parameters of the models that run require grad, by their number of values, in a run that is known not to learn. In
such a run also a linear, convolutional, recurrent or embedding layer that is new after the first steps and frozen with the
weights that torch drew for it: their version counter says that nothing else was ever written into them, and they stayed as
they were. One that is so from the start, while others are trained, is told in any run. And, in any run, frozen
weights of layers that run of which every value that was looked at is zero at every look, and optimizers that step while
each tensor that they hold is frozen, and never was moved.

And modules of the user's own whose weights are no parameters at all: the output is the product with a matrix that the
module keeps as a plain tensor, which stays as it is. It must look like random numbers, or the run is known not to learn.
That is found on the CPU alone, by computing the product.

## Why it hurts
A frozen layer keeps its weights. A few trained values on top of layers that do not suit the task (or were never trained
at all) cannot make up for it.

What is multiplied by a weight of zeros is zero, whatever goes in, and a frozen one stays so: the branch that it ends, or
begins, adds nothing at all. The adapters of LoRA start with such a weight, to be trained away from it; they are lost if
the base is frozen after they were put in.

A frozen tensor gets no gradient, so that an optimizer passes it by. One that holds nothing else does nothing, and says
so to nobody: often a loop over `named_parameters()` freezes the new head together with the base.

A plain tensor among a module's attributes is not in `parameters()`, nor in the `state_dict`, and `to(device)` leaves it
where it is. `self.W = nn.Parameter(...)` is trained; what is fixed on purpose is for `register_buffer`.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] * x[:, 2] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
for parameter in model[:4].parameters():
    parameter.requires_grad_(False)
optimizer = torch.optim.SGD(model[4].parameters(), lr=1e-2)
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
y = (x[:, 0] * x[:, 1] * x[:, 2] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
```

## Limits
- `FROZEN` = 0.9: share of all values. Source: fine-tuning a head on a pretrained net freezes as much, and learns.
- `LOOKS` = 2: at a weight, and steps of an optimizer, at least. That the product with zeros is zero needs no limit. It is
  advice in a run that learns: a branch may be kept for later.

## Stays silent when
The run learns, or it is not known whether it does; all parameters are frozen; or no layer that is frozen ran. Of a layer
that is frozen from the start as it was drawn: something was written into its weights (an initialisation, too). Of weights
of zeros: they are trained at some time, one value is not zero, they have one dimension only, or their layer never ran.

Of plain tensors, whether the run learns or not: they are written into or replaced, the module has a matrix as a parameter
or other modules within, or what comes out is not the product, with a bias and an activation at most. In a run that learns,
too, where the matrix has orthogonal columns, is symmetric or repeats its values, as a transform does that was computed.

## References
Kornblith, Shlens & Le (2019), *Do Better ImageNet Models Transfer Better?*, on fixed features against fine-tuning.
Hu et al. (2022), *LoRA*, section 4.1: one factor starts at zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from headstart.diagnosis import code
from headstart.diagnosis.case import LINEAR, RECURRENT, Case
from headstart.diagnosis.ledger import held_by
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Parameter

GROUP = "loop"
RESTS_ON = "share"
NEEDS = ("lr", "skill")
SINCE, STATUS = "0.1.0", "stable"

FROZEN = 0.9
LOOKS = 2
DRAWN = (*LINEAR, *RECURRENT, "Embedding")

TEXT = Text(
    en={
        "message": "{share:share} of all weights are frozen, and what is left does not learn.",
        "cause": "Frozen layers keep the weights that they have. Unless they were trained on something alike, the rest "
        "has little to work with: let more of them be trained.",
        "note": "before the optimizer is made",
        "drawn": "{layer} is new at step {step:number} and frozen: its weights are those that torch drew for it, and "
        "nothing ever changed them.",
        "drawn_cause": "What is new in a net that was trained before has to be trained. Where layers are frozen by their "
        "names, the new one's was taken for an old one's.",
        "random": "{layer} is frozen with the weights that torch drew for it: nothing was loaded into them, and nothing "
        "ever trained them.",
        "random_cause": "A frozen layer is worth what it was trained to before. Random weights mix what they are given at "
        "random, and the layers that are trained have to make do with that. Load the weights before freezing them, or let "
        "them be trained.",
        "idle_message": "{optimizer} took {steps:number} steps, and all of the {count:number} tensors that it holds are "
        "frozen, the first of them {first}.",
        "idle_cause": "A tensor that does not require grad gets no gradient, and a step passes it by.",
        "plain": "{layer} multiplies what it is given by {name}, a plain tensor of {shape} random numbers: it is no "
        "parameter, and nothing trains it.",
        "plain_cause": "Only an nn.Parameter is among model.parameters(). A plain tensor stays as it was drawn, is not "
        "saved with the model, and the layers after it have to make do with random features.",
        "plain_note": "what is fixed on purpose: self.register_buffer",
        "zero_message": "{count:number} frozen weights are zero all over, the first of them {first}: what they are "
        "multiplied with is lost.",
        "zero_cause": "A product with zeros is zero, and a frozen weight stays as it is. Adapters that start at zero must "
        "be trained: freeze the base before they are put in.",
    },
    zh={
        "message": "{share:share} 的权重被冻结，其余部分没有学到东西。",
        "cause": "被冻结的层保持原有的权重。除非它们在相似的数据上训练过，否则其余部分难以发挥作用：请让更多的层参与训练。",
        "note": "在创建优化器之前",
        "idle_message": "{optimizer} 更新了 {steps:number} 步，而它持有的 {count:number} 个张量全部被冻结，"
        "第一个是 {first}。",
        "idle_cause": "不需要梯度的张量得不到梯度，更新时会被跳过。",
        "plain": "{layer} 用 {name} 乘以输入，它是由 {shape} 个随机数组成的普通张量：不是参数，什么也不会训练它。",
        "plain_cause": "只有 nn.Parameter 才在 model.parameters() 之中。普通张量一直保持抽取时的样子，不随模型保存，"
        "后面的层只能使用随机特征。",
        "plain_note": "有意固定的内容请用 self.register_buffer",
        "zero_message": "{count:number} 个被冻结的权重全部为零，第一个是 {first}：与它们相乘的内容全部丢失。",
        "drawn": "{layer} 在第 {step:number} 步才出现，并且被冻结：它的权重是 torch 抽取的，此后从未改变。",
        "random": "{layer} 以 torch 抽取的权重被冻结：从未载入过别的权重，也从未训练过它们。",
        "random_cause": "被冻结的层，价值在于它以前学到的东西。随机权重只是随机地混合输入，参与训练的层只能使用这样的结果。"
        "请先载入权重再冻结，或者让它们参与训练。",
        "drawn_cause": "在以前训练过的网络中，新加入的部分必须训练。如果按名称冻结各层，新层的名称被当成了旧层。",
        "zero_cause": "与零相乘得零，而被冻结的权重不会改变。从零开始的适配器必须参与训练：请先冻结主干，再放入适配器。",
    },
)


def frozen_by_mistake(case: Case) -> Iterator[Finding]:
    """One for the share, a new layer, weights of zeros, weights that are no parameters; for each idle optimizer."""
    sizes = {parameter.name: prod(parameter.shape) for parameter in case.record.parameters}
    frozen = [parameter for parameter in case.record.parameters if not parameter.trainable]
    share = sum(sizes[parameter.name] for parameter in frozen) / max(1, sum(sizes.values()))
    ran = {layer.name for layer in case.record.layers if case.record.series(layer.name, "activation.mean")}
    layers = tuple(dict.fromkeys(p.layer for p in frozen if p.layer is not None and p.layer in ran))
    yield from _zeros(case, [parameter for parameter in frozen if parameter.layer in ran])
    yield from _idle(case)
    yield from _plain(case)
    nearly_all = case.learns is False and FROZEN < share < 1 and bool(layers)
    yield from (one for one in _drawn(case, frozen) if one.step or not nearly_all)
    if not nearly_all:
        return
    yield Finding(
        "frozen-by-mistake",
        "warning",
        case.say(TEXT, "message", share=share),
        layers[0],
        0,
        (Evidence("frozen_share", share, FROZEN),),
        case.say(TEXT, "cause"),
        Remedy("unfreeze", f"{code.path(layers[-1])}.requires_grad_(True)     # {case.say(TEXT, 'note')}"),
        layers,
    )


def _plain(case: Case) -> Iterator[Finding]:
    """One finding, for the first module whose matrix is a plain tensor."""
    found = [facts for facts in case.record.meta.get("plain") or () if facts["drawn"] or case.learns is False]
    if not found:
        return
    first = found[0]
    shape = " × ".join(map(str, first["shape"]))
    yield Finding(
        "frozen-by-mistake",
        "error" if case.learns is False else "advice",
        case.say(TEXT, "plain", layer=first["layer"], name=first["name"], shape=shape),
        None,
        0,
        (Evidence("plain_weights", len(found)),),
        case.say(TEXT, "plain_cause"),
        Remedy(
            "make-parameter",
            f"self.{first['name']} = nn.Parameter(self.{first['name']})     # {case.say(TEXT, 'plain_note')}",
        ),
        line=first["line"],
    )


def _drawn(case: Case, frozen: list[Parameter]) -> Iterator[Finding]:
    """Of the first layer that is frozen as it was drawn: new in the midst of the run, or so from the start."""
    for layer in case.record.layers:
        own = [parameter for parameter in frozen if parameter.name in layer.parameters]
        changed = [value for p in own for value in case.record.series(p.name, "weight.changed").values]
        if layer.frozen_at is None or layer.kind not in DRAWN or not own or len(own) < len(layer.parameters):
            continue
        alone = not layer.frozen_at and len(frozen) == len(case.record.parameters)
        if any(changed) or alone:
            continue
        key = "drawn" if layer.frozen_at else "random"
        yield Finding(
            "frozen-by-mistake",
            "advice" if case.learns is not False else "error" if layer.frozen_at else "warning",
            case.say(TEXT, key, layer=layer.name, step=layer.frozen_at),
            layer.name,
            layer.frozen_at,
            (Evidence("frozen_weights", len(own), of=len(layer.parameters)),),
            case.say(TEXT, f"{key}_cause"),
            Remedy("unfreeze", f"{code.path(layer.name)}.requires_grad_(True)     # {case.say(TEXT, 'note')}"),
            (layer.name,),
            layer.line,
        )
        return


def _zeros(case: Case, frozen: list[Parameter]) -> Iterator[Finding]:
    looks = {parameter.name: case.record.series(parameter.name, "weight.zero") for parameter in frozen}
    zero = [p for p in frozen if len(looks[p.name]) >= LOOKS and all(looks[p.name].values)]
    if not zero:
        return
    layers = tuple(dict.fromkeys(parameter.layer for parameter in zero if parameter.layer is not None))
    line = next((layer.line for layer in case.record.layers if layer.name == layers[0]), None)
    yield Finding(
        "frozen-by-mistake",
        "advice" if case.learns else "warning",
        case.say(TEXT, "zero_message", count=len(zero), first=zero[0].name),
        layers[0],
        looks[zero[0].name].steps[0],
        (Evidence("zero_weights", len(zero), of=len(frozen)),),
        case.say(TEXT, "zero_cause"),
        Remedy("unfreeze", f"{code.path(layers[0])}.requires_grad_(True)     # {case.say(TEXT, 'note')}"),
        layers,
        line,
    )


def _idle(case: Case) -> Iterator[Finding]:
    for optimizer in case.record.optimizers:
        held = held_by(case, optimizer)
        if (
            optimizer.steps < LOOKS
            or not held
            or any(p.trainable or p.steps_moved or p.steps_with_gradient for p in held)
        ):
            continue
        layers = tuple(dict.fromkeys(parameter.layer for parameter in held if parameter.layer is not None))
        yield Finding(
            "frozen-by-mistake",
            "error" if case.learns is False else "advice" if case.learns else "warning",
            case.say(
                TEXT,
                "idle_message",
                optimizer=optimizer.name,
                steps=optimizer.steps,
                count=len(held),
                first=held[0].name,
            ),
            layers[0] if layers else None,
            0,
            (Evidence("frozen_tensors", len(held), of=len(held)),),
            case.say(TEXT, "idle_cause"),
            Remedy("unfreeze", f"{code.path(held[0].name)}.requires_grad_(True)     # {case.say(TEXT, 'note')}"),
            layers,
        )
