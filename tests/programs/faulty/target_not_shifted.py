# fault: a language model's targets are its inputs, not shifted by one: it learns to copy, and cannot continue a text
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def text(n):
    """Each next letter is the sum of the last two, modulo 7, now and then disturbed."""
    out = [1, 2]
    for r in torch.rand(n).tolist():
        out.append((out[-1] + out[-2]) % 7 if r > 0.05 else int(r * 140))
    return torch.tensor(out)


class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(7, 16)
        self.gru = nn.GRU(16, 48, batch_first=True)
        self.out = nn.Linear(48, 7)

    def forward(self, x):
        return self.out(self.gru(self.emb(x))[0])


data = text(6000)
lm = LM()
opt = torch.optim.Adam(lm.parameters(), lr=5e-3)
for step in range(250):
    start = torch.randint(0, 5000, (32,))
    chunk = torch.stack([data[s : s + 17] for s in start])
    x, y = chunk[:, :-1], chunk[:, :-1]
    logits = lm(x)
    loss = nn.functional.cross_entropy(logits.reshape(-1, 7), y.reshape(-1))
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(f"iter {step} loss {loss.item():.4f}")
lm.eval()
with torch.no_grad():
    chunk = torch.stack([data[s : s + 17] for s in range(5100, 5900, 5)])
    out = lm(chunk[:, :-1])[:, -1]
finish(lm, out, next_letter_accuracy=(out.argmax(1) == chunk[:, -1]).float().mean())
