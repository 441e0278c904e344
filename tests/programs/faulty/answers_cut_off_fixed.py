# fixed: room for the prompt and its answer
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

VOCAB, PAD, SEP = 14, 0, 1
MAX_LENGTH = 9


def example():
    """Six letters, a separator, and as the answer the first and the last letter."""
    letters = torch.randint(2, VOCAB, (6,)).tolist()
    return [*letters, SEP], [letters[0], letters[-1]]


def collate(pairs):
    ids = torch.full((len(pairs), MAX_LENGTH), PAD)
    labels = torch.full((len(pairs), MAX_LENGTH), -100)
    for row, (prompt, answer) in enumerate(pairs):
        tokens = (prompt + answer)[:MAX_LENGTH]
        targets = ([-100] * len(prompt) + answer)[:MAX_LENGTH]
        ids[row, : len(tokens)] = torch.tensor(tokens)
        labels[row, : len(targets)] = torch.tensor(targets)
    return {"input_ids": ids, "labels": labels}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, 24)
        self.rnn = nn.GRU(24, 48, batch_first=True)
        self.lm_head = nn.Linear(48, VOCAB)

    def forward(self, input_ids, labels=None):
        logits = self.lm_head(self.rnn(self.embed(input_ids))[0])
        loss = None
        if labels is not None:
            shifted, wanted = logits[:, :-1], labels[:, 1:]
            loss = F.cross_entropy(shifted.reshape(-1, VOCAB), wanted.reshape(-1))
        return {"loss": loss, "logits": logits}


model = Model()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
data = [example() for _ in range(1200)]
for step in range(150):
    batch = collate([data[i] for i in torch.randint(0, 1000, (32,))])
    optimizer.zero_grad()
    loss = model(**batch)["loss"]
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 30 == 0:
        print({"step": step, "loss": round(loss.item(), 4)})

prompts = torch.tensor([prompt for prompt, _ in data[1000:]])
first = torch.tensor([answer[0] for _, answer in data[1000:]])
with torch.no_grad():
    out = model(prompts)["logits"][:, -1]
finish(model, out, accuracy=(out.argmax(1) == first).float().mean())
