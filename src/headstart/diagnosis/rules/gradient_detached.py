"""The graph is cut between layers, or between the net and the loss: no gradient comes to what stands before the cut.

## What it sees
One of five things. The tensor on which backward is called has no graph, `torch.tensor(loss.item(), requires_grad=True)`
or the like, or only that of a few operations on such a tensor; and no parameter ever has a gradient. Or what enters a
layer that is trained has no graph and is, in mean, spread and largest value at every step, what leaves an earlier layer
that an optimizer holds and no gradient ever reaches. Or what enters it is what `sample()` gave of a
`torch.distributions.Normal` whose mean or scale earlier layers gave: `rsample()` would have a graph. Or one of several
terms of a loss never moves anything: its gradient comes to another optimizer's parameters than those that step along this
loss, and is cleared before they step, as where a discriminator judges detached samples in the generator's own turn. Or a
derivative by `torch.autograd.grad` that kept its graph is derived once more without `create_graph=True`, at every step
that was looked at, as the last derivative of a differential equation.

## Why it hurts
`detach()`, `.data`, `.item()`, `.numpy()` and `torch.tensor(...)` give the values without the way they came. What stands
before them stays as it was drawn.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(512, 20)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(60):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss = torch.tensor(loss.item(), requires_grad=True)
    loss.backward()
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
for step in range(60):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
```

## Limits
- `STEPS` = 3: of an optimizer that were looked at, at least.

A cut between net and loss is an error. One between layers, or before a term, is an error in a run that is known not to
learn, else advice.

## Stays silent when
What stands before the cut is frozen, in no optimizer, or gets gradients on another way or at another step (a generator
whose samples are detached for the discriminator). Of a Normal also where the log-probability of one of its samples is asked
for, under parameters that are trained: such a sample is an action, and the policy learns from that. Of a term where a step
was ever taken along its gradient, or where gradients are cleared to zeros on a device. Of a derivative where the same line
ever kept a graph, and of a first derivative, as an attack's is.

## References
The PyTorch documentation of `torch.Tensor.detach` and of `torch.tensor`.
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.ledger import STEPS, cut_after, drawn_into, never_reached
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Layer

GROUP = "loop"
RESTS_ON = "fact"
NEEDS = ("lr",)
SINCE, STATUS = "0.1.0", "stable"

__all__ = ["STEPS", "gradient_detached"]

TEXT = Text(
    en={
        "loss": "Backward was called on a tensor without a graph at {count:number} steps, and no parameter ever had a "
        "gradient.",
        "loss_cause": "The loss was made anew from its value (.item(), .detach(), .data, NumPy, torch.tensor): backward "
        "does not know which weights it came from.",
        "loss_note": "the tensor that the loss function gave",
        "layer": "The graph is cut between {before} and {after}: {count:number} tensors before it never had a gradient.",
        "layer_cause": "{after} is given the values of {before} without their graph (.detach(), .data, NumPy, "
        "torch.tensor, no_grad), so that no gradient comes back.",
        "drawn": "{after} is given samples of a Normal that {before} gave, drawn by sample(): no gradient comes back "
        "through them.",
        "drawn_cause": "sample() draws under no_grad. rsample() gives mean + scale * noise, which has a graph: so mean "
        "and scale learn what their samples are good for.",
        "drawn_note": "instead of .sample()",
        "term": "A term of the loss moves nothing: at {count:number} steps its gradient came to parameters alone that "
        "another optimizer holds, and was cleared before that stepped.",
        "term_cause": "What this term is computed from has no graph to the parameters that are stepped (.detach(), .data, "
        "no_grad): they learn from the other terms alone.",
        "term_note": "without .detach() where its maker is to learn",
        "derivative": "A derivative is derived once more without create_graph=True, at all {count:number} steps that were "
        "looked at: what comes of it has no graph.",
        "derivative_cause": "In the loss it is a mere number. The weights that it hangs on learn nothing from that term.",
        "derivative_note": "if the loss is made of it",
        "and": " and ",
        "layer_note": "without .detach(), .data or torch.tensor(...)",
    },
    zh={
        "loss": "有 {count:number} 步对没有计算图的张量调用了 backward，没有任何参数得到过梯度。",
        "loss_cause": "损失是由它的数值重新创建的（.item()、.detach()、.data、NumPy、torch.tensor）："
        "反向传播不知道它来自哪些权重。",
        "loss_note": "损失函数返回的张量本身",
        "layer": "计算图在 {before} 与 {after} 之间被切断：之前的 {count:number} 个张量从未得到梯度。",
        "layer_cause": "{after} 得到的是 {before} 的数值，而没有计算图(.detach()、.data、NumPy、torch.tensor、no_grad),"
        "因此梯度无法传回。",
        "drawn": "{after} 得到的是 {before} 所给出的正态分布的样本，由 sample() 抽取：梯度无法经由它们传回。",
        "drawn_cause": "sample() 在 no_grad 下抽样。rsample() 给出 均值 + 标准差 * 噪声，带有计算图："
        "这样均值和标准差才能学到样本好在哪里。",
        "drawn_note": "代替 .sample()",
        "term": "损失中有一项什么也没有推动：在 {count:number} 步中，它的梯度只到达由另一个优化器持有的参数，"
        "并且在那个优化器更新之前就被清除了。",
        "term_cause": "计算这一项的张量没有通向被更新的参数的计算图(.detach()、.data、no_grad)："
        "这些参数只从其他各项中学习。",
        "term_note": "要让生成它的网络学习，就不要用 .detach()",
        "derivative": "在查看的全部 {count:number} 步中，都对导数再次求导而没有用 create_graph=True："
        "得到的结果没有计算图。",
        "derivative_cause": "它在损失中只是一个数值。决定它的权重从这一项中什么也学不到。",
        "derivative_note": "如果损失由它构成",
        "and": " 和 ",
        "layer_note": "不要用 .detach()、.data 或 torch.tensor(...)",
    },
)


def gradient_detached(case: Case) -> Iterator[Finding]:
    """One finding for the run."""
    cuts = len(case.record.series("", "loop.cut"))
    trainable = [parameter for parameter in case.record.parameters if parameter.trainable]
    if cuts >= STEPS and not any(parameter.steps_with_gradient or parameter.steps_moved for parameter in trainable):
        yield Finding(
            "gradient-detached",
            "error",
            case.say(TEXT, "loss", count=cuts),
            step=0,
            evidence=(Evidence("with_gradient", 0, of=len(trainable)),),
            cause=case.say(TEXT, "loss_cause"),
            remedy=Remedy("keep-graph", f"loss.backward()     # {case.say(TEXT, 'loss_note')}"),
        )
        return
    if (drawn := drawn_into(case)) is not None:
        yield _drawn(case, *drawn)
        return
    missing = never_reached(case)
    cut = cut_after(case) if missing else None
    if cut is None:
        yield from list(_terms(case)) or _derivatives(case)
        return
    before, after = (layer.name for layer in cut)
    layers = tuple(dict.fromkeys(layer.name for layer, _ in missing if layer.order <= cut[0].order))
    if not layers:
        return
    count = sum(layer.name in layers for layer, _ in missing)
    yield Finding(
        "gradient-detached",
        "error" if case.learns is False else "advice",
        case.say(TEXT, "layer", before=before, after=after, count=count),
        layers[0],
        0,
        (Evidence("without_gradient", count, of=len(trainable)),),
        case.say(TEXT, "layer_cause", before=before, after=after),
        Remedy("keep-graph", f"h = {before}(x)     # {case.say(TEXT, 'layer_note')}", safe=False),
        layers,
        cut[1].line,
    )


def _terms(case: Case) -> Iterator[Finding]:
    """Of several, the first."""
    for loss in case.record.losses:
        unmoved = case.record.series(loss.name, "loss.unmoved")
        if len(unmoved) < STEPS or not all(unmoved.values):
            continue
        yield Finding(
            "gradient-detached",
            "error" if case.learns is False else "advice",
            case.say(TEXT, "term", count=len(unmoved)),
            step=unmoved.steps[0],
            evidence=(Evidence("unmoved", len(unmoved), 0, of=len(unmoved)),),
            cause=case.say(TEXT, "term_cause"),
            remedy=Remedy(
                "keep-graph", f"score = discriminator(fake)     # {case.say(TEXT, 'term_note')}", safe=False
            ),
            line=loss.line,
        )
        return


def _derivatives(case: Case) -> Iterator[Finding]:
    """Of several lines, the first."""
    for line, steps in (case.record.meta.get("derived_without_graph") or {}).items():
        if steps < STEPS:
            continue
        yield Finding(
            "gradient-detached",
            "error" if case.learns is False else "advice",
            case.say(TEXT, "derivative", count=steps),
            step=0,
            evidence=(Evidence("with_graph", 0, of=steps),),
            cause=case.say(TEXT, "derivative_cause"),
            remedy=Remedy(
                "create-graph",
                f"u_xx = torch.autograd.grad(u_x, x, ones, create_graph=True)[0]     # {case.say(TEXT, 'derivative_note')}",
            ),
            line=line,
        )
        return


def _drawn(case: Case, before: list[Layer], after: Layer) -> Finding:
    names = tuple(layer.name for layer in before)
    return Finding(
        "gradient-detached",
        "error" if case.learns is False else "advice",
        case.say(TEXT, "drawn", before=case.say(TEXT, "and").join(names), after=after.name),
        after.name,
        0,
        (Evidence("drawn_from", len(names)),),
        case.say(TEXT, "drawn_cause"),
        Remedy("keep-graph", f"z = q.rsample()     # {case.say(TEXT, 'drawn_note')}", safe=False),
        names,
        after.line,
    )
