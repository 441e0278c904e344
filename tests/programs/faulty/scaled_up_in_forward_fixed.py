# fixed: the embedding alone is multiplied
import math
import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Block(nn.Module):
    def __init__(self, width, scale):
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.scale = scale
        nn.init.kaiming_normal_(self.linear.weight, nonlinearity="relu")

    def forward(self, x):
        return torch.relu(self.linear(x)) * self.scale


class Reader(nn.Module):
    def __init__(self, words=50, width=32, blocks=6):
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.blocks = nn.ModuleList(Block(width, 1.0) for _ in range(blocks))
        self.rate = nn.Linear(width, 1)

    def forward(self, words):
        x = self.embed(words).mean(1) * math.sqrt(self.embed.embedding_dim) / 2.5
        for block in self.blocks:
            x = block(x)
        return self.rate(x)


worth = torch.randn(50)
texts = torch.randint(0, 50, (1300, 5))
stars = worth[texts].mean(1, keepdim=True)
stars = (stars - stars.mean()) / stars.std()

model = Reader()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(8):
    for i in torch.randperm(1000).split(50):
        optimizer.zero_grad()
        loss = criterion(model(texts[i]), stars[i])
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
with torch.no_grad():
    out = model(texts[1000:])
finish(model, out, r2=1 - criterion(out, stars[1000:]) / stars[1000:].var())
