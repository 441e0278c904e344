# fault: a GRU with Adam whose gradients are never cleared
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Tagger(nn.Module):
    """Tells for every token whether it has been seen before in its sequence."""

    def __init__(self, vocab=6, dim=24):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.gru = nn.GRU(dim, 48, batch_first=True)
        self.tag = nn.Linear(48, 2)

    def forward(self, tokens):
        states, _ = self.gru(self.embed(tokens))
        return self.tag(states)


def batch(n):
    tokens = torch.randint(0, 6, (n, 8))
    seen = (tokens.unsqueeze(2) == tokens.unsqueeze(1)).tril(-1).any(2).long()
    return tokens, seen


model = Tagger()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(250):
    tokens, seen = batch(48)
    loss = nn.functional.cross_entropy(model(tokens).flatten(0, 1), seen.flatten())
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, loss.item())
tokens, seen = batch(400)
with torch.no_grad():
    out = model(tokens)
finish(model, out, accuracy=(out.argmax(-1) == seen).float().mean())
