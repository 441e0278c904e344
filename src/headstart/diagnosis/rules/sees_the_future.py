"""A net that is to tell the next word is given it: an attention without a causal mask, or a layer that reads both ways.

## What it sees
That the labels of a classification loss are the very words that an embedding was given, each one place further on; and that
between the two a layer lets a place see what follows it: an attention of these words to each other, be it written out or
`scaled_dot_product_attention`, that gives weight to later words, or an `nn.LSTM`, `nn.GRU` or `nn.RNN` with
`bidirectional=True`. It is exact, and read on the CPU alone.

## Why it hurts
The label of a place is the input of the next. A net that sees it copies it: the loss falls towards zero, in training as in
validation, and nothing was learnt of the language. As it writes, the next word is not there to be copied.

## Example
```python
import torch
from torch import nn

torch.manual_seed(0)
text = torch.randint(0, 20, (64, 17))
embedding, attention, head = nn.Embedding(20, 32), nn.MultiheadAttention(32, 4, batch_first=True), nn.Linear(32, 20)
modules = nn.ModuleList([embedding, attention, head])
optimizer = torch.optim.Adam(modules.parameters(), lr=1e-3)
for step in range(60):
    words, following = text[:, :-1], text[:, 1:]
    optimizer.zero_grad()
    h = embedding(words)
    h = h + attention(h, h, h, need_weights=False)[0]
    nn.functional.cross_entropy(head(h).flatten(0, 1), following.flatten()).backward()
    optimizer.step()
```

## Use instead
```python
import torch
from torch import nn

torch.manual_seed(0)
text = torch.randint(0, 20, (64, 17))
embedding, attention, head = nn.Embedding(20, 32), nn.MultiheadAttention(32, 4, batch_first=True), nn.Linear(32, 20)
modules = nn.ModuleList([embedding, attention, head])
optimizer = torch.optim.Adam(modules.parameters(), lr=1e-3)
mask = nn.Transformer.generate_square_subsequent_mask(16)
for step in range(60):
    words, following = text[:, :-1], text[:, 1:]
    optimizer.zero_grad()
    h = embedding(words)
    h = h + attention(h, h, h, attn_mask=mask, need_weights=False)[0]
    nn.functional.cross_entropy(head(h).flatten(0, 1), following.flatten()).backward()
    optimizer.step()
```

## Limits
None: it is exact. Behind a mask an attention's weight is 0, and without one half of it lies ahead. Where one text ends and
another begins, one label of a hundred may be no next word.

## Stays silent when
Two lookups are of the labels' words, as where an encoder may see all of what a decoder is to write; a pooling stands
between the layer and the loss; the halves of both directions are taken apart, each for a loss of its own; or the places
that see ahead have no label that counts, as a prompt's. Words that are masked in the input, as BERT's, are no next words.
What a compiled part does inside is not seen, and neither are convolutions.

## References
Vaswani et al. 2017, *Attention Is All You Need*, 3.2.3 (the decoder's mask); Karpathy 2019, *A Recipe for Training Neural
Networks*: "use backprop to chart dependencies".
"""

from __future__ import annotations

from collections.abc import Iterator

from headstart.diagnosis.case import Case
from headstart.diagnosis.text import Text
from headstart.findings import Evidence, Finding, Remedy

GROUP = "experiment"
RESTS_ON = "fact"
NEEDS = ("loss.function",)
SINCE, STATUS = "0.1.0", "stable"


TEXT = Text(
    en={
        "attention": "The labels are the next words, and an attention lets each of {words:number} places see the words "
        "after it.",
        "recurrent": "The labels are the next words, and a recurrent layer reads the {words:number} words from the end, "
        "too.",
        "cause": "The label of a place is the input of the place after it: the net copies it and learns nothing else. "
        "Loss and accuracy look excellent until it is to write by itself.",
        "mask": "or attn_mask=nn.Transformer.generate_square_subsequent_mask(length)",
        "one_way": "without bidirectional=True",
    },
    zh={
        "attention": "标签是下一个词，而注意力让 {words:number} 个位置中的每一个都能看到它之后的词。",
        "recurrent": "标签是下一个词，而循环层也从末尾开始读这 {words:number} 个词。",
        "cause": "一个位置的标签就是下一个位置的输入：网络只会照抄它，别的什么也学不到。"
        "损失和准确率看起来都极好，直到它要自己写下去。",
        "mask": "或 attn_mask=nn.Transformer.generate_square_subsequent_mask(length)",
        "one_way": "不用 bidirectional=True",
    },
)


def sees_the_future(case: Case) -> Iterator[Finding]:
    """One finding, for the first layer that was seen to do it."""
    facts = case.record.meta.get("sees_ahead")
    if not facts:
        return
    later = facts["later"]
    layers = tuple(layer.name for layer in case.record.layers if layer.name in facts["layers"])
    attention = "torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)"
    code, note = ("nn.LSTM(inputs, hidden)", "one_way") if later is None else (attention, "mask")
    yield Finding(
        "sees-the-future",
        "error",
        case.say(TEXT, "recurrent" if later is None else "attention", words=facts["words"]),
        layers[0] if layers else None,
        0,
        (
            Evidence("next_words", facts["same"]),
            *(() if later is None else (Evidence("weight_ahead", later, 0.0),)),
        ),
        case.say(TEXT, "cause"),
        Remedy("causal", f"{code}     # {case.say(TEXT, note)}", safe=False),
        layers,
    )
