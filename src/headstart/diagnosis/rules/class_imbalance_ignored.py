"""Nearly all labels are of one class, the loss does not weigh them, and the net answers that class alone.

## What it sees
The labels of a classification loss, added up over the run by class; whether the loss has weights; and, in the last third
of the run, whether the answer is the commonest class for every sample while labels of other classes are among them. It
speaks so of a run that does not learn. As advice it does so of one of which that is not known, too, where each sample has
many labels, as a mask has of its pixels and a sentence of its words: there the commonest answer at each place is what is
used; and of one that learns and calls few of the other classes. And as advice it names a class that is frequent in
evaluation and was hardly ever shown in training, whether the run learns or not; and the labels at an embedding's padding
(`padding_idx`), if they are a class of their own and not ignored.

## Why it hurts
Of 99 legitimate payments and one fraud, always to answer "legitimate" is right in 99 %, and the gradient of a batch is
nearly all of that class: the last bias moves first, and the loss then has little left to tell. The accuracy looks fine, and
not one fraud is found. So it is with padding, which the net knows by its input: loss and accuracy then tell how much of it
there is.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(4000, 30)
fraud = (x[:, 0] * x[:, 1] + 0.5 * torch.randn(4000) > 2.5).long()
model = nn.Sequential(nn.Linear(30, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(120):
    i = torch.randint(0, 4000, (128,))
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x[i]), fraud[i]).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(4000, 30)
fraud = (x[:, 0] * x[:, 1] + 0.5 * torch.randn(4000) > 2.5).long()
weight = 1 / torch.bincount(fraud)
model = nn.Sequential(nn.Linear(30, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(120):
    i = torch.multinomial(weight[fraud], 128, replacement=True)
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x[i]), fraud[i]).backward()
    optimizer.step()
```

## Limits
- `COMMONEST` = 0.9: share of the commonest class, or of padding. From here always to answer it is right in nine of ten.
  (Amazon SageMaker Debugger's ClassImbalance rule speaks from 10 to 1.)
- `LABELS` = 100: labels seen, at least.
- `LOOKS` = 3: batches with padding, at least: in one it may be by chance that no other label is of its class.
- `TAGS` = 100: outputs of yes or no, at most, such as tags. More are the pixels of a picture, whose background need be no
  class; they count in a run that does not learn.
- `SELDOM` = 0.01: of the share that other classes have among the labels. Of thousands of pixels one or another is called
  rare by chance.
- `CALLED` = 0.33: of a run that learns, how often it answers other classes, over how often they come. Of cases that can
  be told apart it calls nearly as many as there are.
- `WORST` = -0.5: skill. With the loss half above that of the commonest answer something else is wrong. Of rare labels the
  loss is known poorly: of ten in the last third, to a third. A loss that still falls in each third is on its way there.

Between evaluation and training: a class with one in twenty of the labels there, and with less than a tenth of that share
here, and of an equal share of all classes, which no balanced sampling leaves.

It is a warning: rare labels alone make no run fail, so a dead net or a wrong rate, where that is an error, stands before
it.

## Stays silent when
The run learns and answers other classes as often as a third of what there is of them. (One that learns and seldom does
gets advice, no warning: a model that ranks rare cases well, such as clicks, need not call any of them likelier than not.)
The loss has class weights (`weight`, `pos_weight`) or is weighed sample by sample (`reduction="none"`, focal losses), a
sampler evens the labels out, or another class is answered in a run that does not learn.

## References
King & Zeng, *Logistic regression in rare events data* (2001); Buda, Maki & Mazurowski 2018, arXiv 1710.05381: oversampling
works best for nets.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import fmean

from headstart.diagnosis import evaluated
from headstart.diagnosis.answers import always, elsewhere
from headstart.diagnosis.case import Case
from headstart.diagnosis.skill import is_broken
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy
from headstart.record import Loss

GROUP = "data"
RESTS_ON = "share"
NEEDS = ("skill", "loss.answered")
SINCE, STATUS = "0.1.0", "stable"

COMMONEST = 0.9  # share of the labels: the accuracy of always answering it (derivation in the page)
LABELS = 100  # seen, at least
LOOKS = 3  # at batches with padding: in one alone it may be by chance that no other label is of its class
TAGS = 100  # outputs of yes or no, at most, in a run that may learn; more are a picture's
CALLED = 0.33  # answers of other classes over labels of them, in a run that learns
SELDOM = 0.01  # of the share that the other labels have: other answers, so few that they are chance
WORST = -0.5  # skill; the loss is then half above that of the best constant (derivation in the page)

BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits")

TEXT = Text(
    en={
        "message": "{share:share} of {labels:number} labels are of class {answer:number}, and since step "
        "{since:number} the net answers hardly anything else. The loss counts every label alike.",
        "cause": "Always to answer the commonest class is right that often, so the accuracy tells nothing, and nearly "
        "all of each gradient is of that class. Draw the others more often, or weigh them more; and judge by recall "
        "or by the area under the precision-recall curve.",
        "ranks": "The net learns a little all the same. As probabilities its answers may well be right: a rare case need "
        "not be likelier than not. Where it is to be called by its name, choose the threshold by precision and recall on "
        "validation data, or draw rare cases more often.",
        "few": "{share:share} of {labels:number} labels are of class {answer:number}, and the net answers another one "
        "{called:share} as often as one comes. The loss counts every label alike.",
        "lacking": "Class {label:number} has {share:share} of the labels in evaluation, and {trained:share} of those that "
        "were trained on.",
        "lacking_cause": "A net learns the frequencies of the classes along with the rest: what it seldom saw it seldom "
        "answers.",
        "padding": "{share:share} of the labels stand at padding, all of them of one class that no other label has, and "
        "the loss counts them.",
        "padding_cause": "That the padding is padding the net sees from its input. Loss and accuracy tell hardly anything "
        "of the rest, and neither do the gradients.",
        "ignored": "or the labels at padding set to -100",
        "odds": "labels: (samples, tags); how often a tag is missing for each time that it is there",
        "places": "how often a place is empty for each time that it is not; or a Dice loss",
        "note": "how many labels each class has",
    },
    zh={
        "message": "{labels:number} 个标签中有 {share:share} 属于类别 {answer:number}，从第 {since:number} "
        "步起网络几乎只回答这一类。而损失对所有标签一视同仁。",
        "cause": "始终回答最常见的类别就有这么高的正确率，所以准确率不说明什么，而且每次梯度几乎全部来自这一类。"
        "请更频繁地抽取其他类别，或增大它们的权重；并用召回率或精确率-召回率曲线下的面积来评价。",
        "ranks": "网络还是学到了一点东西。作为概率，它的回答可能没有错：罕见的情形不必超过一半的可能。若要判定类别，"
        "请在验证数据上按精确率和召回率选择阈值，或更频繁地抽取罕见情形。",
        "few": "{labels:number} 个标签中有 {share:share} 属于类别 {answer:number}，而网络回答其他类别的次数"
        "只有它们出现次数的 {called:share}。损失对所有标签一视同仁。",
        "lacking": "类别 {label:number} 占评估标签的 {share:share}，却只占训练标签的 {trained:share}。",
        "lacking_cause": "网络会连同各类别出现的频率一起学：很少见到的类别，它也很少回答。",
        "padding": "{share:share} 的标签位于填充处，全都属于同一个类别，别处没有这个类别，而损失把它们计算在内。",
        "padding_cause": "某处是填充，网络从输入就能看出。损失和准确率几乎不说明其余部分的好坏，梯度也是如此。",
        "ignored": "或把填充处的标签设为 -100",
        "odds": "labels：（样本数，标签数）；每个标签缺席次数与出现次数之比",
        "places": "每有一个位置属于目标，有多少个位置不属于；或使用 Dice 损失",
        "note": "每个类别的标签个数",
    },
)


def class_imbalance_ignored(case: Case) -> Iterator[Finding]:
    """One finding, of the run's main loss; or of the class that evaluation misses most in training."""
    found = list(_ignored(case))
    found = found or list(_lacking(case))
    yield from found or _padding(case)


def _padding(case: Case) -> Iterator[Finding]:
    """Of the first loss of which most labels stand at padding."""
    for loss in case.record.losses:
        series = case.record.series(loss.name, "loss.padding")
        shares = [share for share in series.values if not math.isnan(share)]
        if len(shares) < LOOKS or not loss.trained or _is_weighed(loss) or min(shares) <= 0:
            continue
        if fmean(shares) < COMMONEST:
            continue
        yield Finding(
            "class-imbalance-ignored",
            "advice",
            case.say(TEXT, "padding", share=fmean(shares)),
            None,
            series.steps[0],
            (Evidence("padding_share", fmean(shares), COMMONEST, (series.steps[0], series.steps[-1])),),
            case.say(TEXT, "padding_cause"),
            Remedy("ignore", f"torch.nn.CrossEntropyLoss(ignore_index=padding)     # {case.say(TEXT, 'ignored')}"),
            line=loss.line,
        )
        return


def _lacking(case: Case) -> Iterator[Finding]:
    few = [lack for lack in evaluated.lacks(case) if not lack.cut]
    losses = [loss for loss in case.record.losses if loss.trained and loss.targets.mass]
    if not few or any(map(_is_weighed, losses)):
        return
    lack = max(few, key=lambda one: one.share)
    yield Finding(
        "class-imbalance-ignored",
        "advice",
        case.say(TEXT, "lacking", label=lack.label, share=lack.share, trained=lack.trained),
        None,
        0,
        (
            Evidence("share_in_evaluation", lack.share),
            Evidence("share_in_training", lack.trained, evaluated.RARE * lack.share),
        ),
        case.say(TEXT, "lacking_cause"),
        _remedy(case, losses[0]),
        line=lack.line,
    )


def _ignored(case: Case) -> Iterator[Finding]:
    if case.skill is None or is_broken(case.record) or (case.skill.value < WORST and not case.loss_falls):
        return
    loss = next(loss for loss in case.record.losses if loss.name == case.skill.source)
    if case.learns is None and not _is_of_places(loss):
        return
    masses = _masses(loss, case.learns is False)
    labels = sum(masses)
    if labels < LABELS or len(masses) < 2 or _is_weighed(loss):
        return
    share = max(masses) / labels
    if case.learns is True and COMMONEST <= share < 1:
        yield from _seldom(case, loss, masses)
        return
    answered = always(case, loss.name, 1 - SELDOM * (1 - share))
    if not COMMONEST <= share < 1 or answered is None or answered.share < 1 or masses[answered.answer] != max(masses):
        return
    yield Finding(
        "class-imbalance-ignored",
        "warning" if case.learns is False else "advice",
        case.say(TEXT, "message", share=share, labels=labels, answer=answered.answer, since=answered.since),
        None,
        answered.since,
        (
            Evidence("commonest_class_share", share, COMMONEST),
            Evidence("skill", case.skill.value, WORST if case.skill.value >= WORST else None),
        ),
        case.say(TEXT, "cause"),
        _remedy(case, loss),
        line=loss.line,
    )


def _seldom(case: Case, loss: Loss, masses: Sequence[float]) -> Iterator[Finding]:
    """Of a run that learns, and ranks."""
    share, answer = max(masses) / sum(masses), masses.index(max(masses))
    others = elsewhere(case, loss.name, answer)
    called = None if others is None else others / (1 - share)
    if called is None or called >= CALLED:
        return
    yield Finding(
        "class-imbalance-ignored",
        "advice",
        case.say(TEXT, "few", share=share, labels=sum(masses), answer=answer, called=called),
        None,
        0,
        (Evidence("commonest_class_share", share, COMMONEST), Evidence("called_share", called, CALLED)),
        case.say(TEXT, "ranks"),
        _remedy(case, loss),
        line=loss.line,
    )


def _masses(loss: Loss, pixels: bool) -> Sequence[float]:
    """Labels by class; of yes or no, be it of several outputs, or of a picture's, those of 0 and of 1."""
    targets = loss.targets
    if loss.kind in BINARY:
        ones, outputs = sum(targets.total), len(targets.total)
        return (targets.count * outputs - ones, ones) if pixels or outputs <= TAGS else ()
    return targets.mass


def _is_of_places(loss: Loss) -> bool:
    """Whether each sample has many labels, of pixels or words; a loss that was given them in a row does not tell."""
    return bool(loss.targets.mass) and len(loss.target_shape) > 1


def _is_weighed(loss: Loss) -> bool:
    options = loss.options
    return bool(options.get("weight") or options.get("pos_weight") or options.get("reduction") == "none")


def _remedy(case: Case, loss: Loss) -> Remedy:
    if loss.kind in BINARY and len(loss.targets.total) > TAGS:
        weight = f"weight = (1 - masks).sum() / masks.sum()     # {case.say(TEXT, 'places')}"
        return Remedy("weigh-places", f"{weight}\ncriterion = torch.nn.BCEWithLogitsLoss(pos_weight=weight)")
    if loss.kind in BINARY and len(loss.targets.total) > 1:
        weight = f"weight = (1 - labels).sum(0) / labels.sum(0)     # {case.say(TEXT, 'odds')}"
        return Remedy("weigh-tags", f"{weight}\ncriterion = torch.nn.BCEWithLogitsLoss(pos_weight=weight)")
    counts = f"counts = torch.bincount(labels.long())     # {case.say(TEXT, 'note')}"
    sampler = "sampler = torch.utils.data.WeightedRandomSampler((1 / counts)[labels.long()], len(labels))"
    return Remedy(
        "even-out-classes", f"{counts}\n{sampler}\nloader = DataLoader(dataset, batch_size, sampler=sampler)"
    )
