import sys

import torch
import torch.nn as nn
from torch.nn import functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

text = (
    "the cat sat on the mat and the dog sat on the log while the bird sang to the cat and the dog "
    "a man had a plan to plant a pan and a can in the sand by the land where the band began "
) * 12
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
split = int(0.9 * len(data))
block_size, n_embd = 16, 48


class CharLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(len(chars), n_embd)
        self.tok.weight.data.uniform_(-0.1, 0.1)
        self.lstm = nn.LSTM(n_embd, n_embd, batch_first=True)
        self.decoder = nn.Linear(n_embd, len(chars))
        self.decoder.weight = self.tok.weight

    def forward(self, idx, targets=None):
        h, _ = self.lstm(self.tok(idx))
        logits = self.decoder(h)
        if targets is None:
            return logits, None
        return logits, F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def get_batch(part, n=24):
    src = data[:split] if part == "train" else data[split:]
    ix = torch.randint(len(src) - block_size - 1, (n,))
    return torch.stack([src[i : i + block_size] for i in ix]), torch.stack(
        [src[i + 1 : i + block_size + 1] for i in ix]
    )


model = CharLSTM()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
for it in range(250):
    xb, yb = get_batch("train")
    _, loss = model(xb, yb)
    loss.backward()
    optimizer.zero_grad(set_to_none=True)
    optimizer.step()
    if it % 50 == 0:
        print(f"step {it}: {loss.item():.4f}")

with torch.no_grad():
    xb, yb = get_batch("val", 100)
    logits, val = model(xb, yb)
print("val", val.item())
finish(model, logits, loss=val)
