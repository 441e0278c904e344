# fixed: 1e-3, warmed up over 40 steps
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Sorter(nn.Module):
    """Which of the tokens is the most frequent?"""

    def __init__(self, vocab=6, dim=32):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.position = nn.Parameter(0.02 * torch.randn(1, 9, dim))
        layer = nn.TransformerEncoderLayer(dim, 4, dim_feedforward=64, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 6)
        self.head = nn.Linear(dim, vocab)

    def forward(self, tokens):
        return self.head(self.encoder(self.embed(tokens) + self.position).mean(1))


def draw(n):
    tokens = torch.randint(0, 6, (n, 9))
    answer = torch.randint(0, 6, (n,))
    place = torch.rand(n, 9).argsort(1)[:, :4]
    return tokens.scatter(1, place, answer.unsqueeze(1).expand(-1, 4)), answer


model = Sorter()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
warm_up = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 40))
for step in range(200):
    x, y = draw(64)
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    warm_up.step()
    if step % 40 == 0:
        print(step, f"{loss.item():.4f}")
model.eval()
x, y = draw(500)
with torch.no_grad():
    out = model(x)
finish(model, out, accuracy=(out.argmax(1) == y).float().mean())
