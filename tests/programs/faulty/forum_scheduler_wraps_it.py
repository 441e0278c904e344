# An RNN that tells rising from falling series. I wondered why the hell nothing works
import sys

import numpy as np
import torch
import torch.nn as nn
from torch.optim import Adam
from torch.optim.lr_scheduler import ExponentialLR

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
np.random.seed(seed)


def get_batch(size=32, length=15):
    trend = np.random.choice([-0.15, 0.15], size)
    noise = np.random.randn(size, length).cumsum(1) * 0.2
    series = noise + trend[:, None] * np.arange(length)
    return torch.tensor(series, dtype=torch.float32).unsqueeze(-1), torch.tensor((trend > 0).astype(int))


class Classifier(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, batch_first=True)
        self.linear = nn.Linear(hidden, 2)

    def forward(self, x):
        _, h = self.rnn(x)
        return self.linear(h[-1])


clf = Classifier()
optimizer = Adam(clf.parameters(), lr=5e-3)
scheduler = ExponentialLR(optimizer, gamma=0.998)
criterion = nn.CrossEntropyLoss()
before = clf.linear.weight.clone()
for it in range(300):
    x, y = get_batch()
    optimizer.zero_grad()
    loss = criterion(clf(x), y)
    loss.backward()
    scheduler.step()
    if it % 50 == 0:
        print(it, loss.item(), "moved", (clf.linear.weight - before).abs().max().item())

with torch.no_grad():
    x, y = get_batch(1000)
    out = clf(x)
finish(clf, out, accuracy=(out.argmax(-1) == y).float().mean())
