# fixed: the model returns logits
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


words, length = 300, 12
score = torch.randn(words)


def texts(n):
    """Whether the words of a text are good or bad on the whole."""
    tokens = torch.randint(0, words, (n, length))
    return tokens, (score[tokens].sum(1) > 0).float()


class Bag(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.EmbeddingBag(words, 16)
        self.head = nn.Linear(16, 1)

    def forward(self, tokens):
        return self.head(self.embed(tokens)).squeeze(-1)


model = Bag()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
tokens, labels = texts(3000)
for step in range(400):
    i = torch.randint(0, 2500, (64,))
    loss = F.binary_cross_entropy_with_logits(model(tokens[i]), labels[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
with torch.no_grad():
    out = model(tokens[2500:])
finish(model, out, accuracy=((out > 0) == (labels[2500:] > 0.5)).float().mean())
