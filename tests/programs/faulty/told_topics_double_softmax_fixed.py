"""Which of twelve topics is a headline about? Bag of embeddings, SGD."""

import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
g = torch.Generator().manual_seed(seed)
torch.manual_seed(seed)

VOCAB, TOPICS, LENGTH = 600, 12, 14


def headlines(n):
    topic = torch.randint(0, TOPICS, (n,), generator=g)
    own = topic[:, None] * 20 + torch.randint(0, 20, (n, LENGTH), generator=g)
    common = 240 + torch.randint(0, VOCAB - 240, (n, LENGTH), generator=g)
    pick = torch.rand(n, LENGTH, generator=g) < 0.3
    return torch.where(pick, own, common), topic


class Topics(nn.Module):
    def __init__(self):
        super().__init__()
        self.bag = nn.EmbeddingBag(VOCAB, 48, mode="mean")
        self.hidden = nn.Linear(48, 64)
        self.act = nn.GELU()
        self.out = nn.Linear(64, TOPICS)

    def forward(self, tokens):
        x = self.act(self.hidden(self.bag(tokens)))
        return self.out(x)


train = DataLoader(TensorDataset(*headlines(3000)), batch_size=50, shuffle=True)
x_val, y_val = headlines(600)
net = Topics()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.5, momentum=0.9)

for epoch in range(12):
    for x, y in train:
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        acc = (net(x_val).argmax(-1) == y_val).float().mean()
    print(f"epoch {epoch} train loss {loss.item():.3f} val acc {acc.item():.3f}")

finish(net, net(x_val), accuracy=acc)
