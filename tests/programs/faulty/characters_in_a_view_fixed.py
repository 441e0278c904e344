# fixed: a transpose
import random
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

who = ["the cat", "the old fox", "a small bird", "my uncle", "the queen"]
does = ["sees", "follows", "likes", "does not know", "talks to"]
where = ["in the garden", "at night", "by the river", "on sunday", "with a smile"]
text = " ".join(
    f"{random.choice(who)} {random.choice(does)} {random.choice(who)} {random.choice(where)}." for _ in range(700)
)
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
n = int(0.9 * len(data))
train_data, val_data = data[:n], data[n:]
block_size = 24
batch_size = 32
vocab_size = len(chars)


def get_batch(source):
    ix = torch.randint(len(source) - block_size, (batch_size,))
    x = torch.stack([source[i : i + block_size] for i in ix])
    y = torch.stack([source[i + 1 : i + block_size + 1] for i in ix])
    return x, y


class CharGRU(nn.Module):
    def __init__(self, n_embd=16, n_hidden=64):
        super().__init__()
        self.wte = nn.Embedding(vocab_size, n_embd)
        self.gru = nn.GRU(n_embd, n_hidden, batch_first=True)
        self.lm_head = nn.Linear(n_hidden, vocab_size)

    def forward(self, idx):
        h, _ = self.gru(self.wte(idx))
        return self.lm_head(h)


model = CharGRU()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()
for it in range(300):
    xb, yb = get_batch(train_data)
    logits = model(xb)
    loss = criterion(logits.transpose(1, 2), yb)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if it % 100 == 0:
        print(f"step {it}: train loss {loss.item():.4f}")

x = val_data[: len(val_data) // block_size * block_size].view(-1, block_size)
with torch.no_grad():
    out = model(x)
guessed = out[:, :-1].argmax(-1)
finish(model, out, accuracy=(guessed == x[:, 1:]).float().mean())
