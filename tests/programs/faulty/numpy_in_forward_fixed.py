# fixed: the same in torch
import sys

import numpy as np
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class SpeakerNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.frames = nn.Sequential(nn.Conv1d(4, 16, 5), nn.ReLU(), nn.Conv1d(16, 8, 5), nn.ReLU())
        self.classify = nn.Linear(16, 3)

    def statistics_pooling(self, x):
        return torch.cat([x.mean(dim=2), x.std(dim=2)], dim=1)

    def forward(self, x):
        return self.classify(self.statistics_pooling(self.frames(x)))


def recordings(n, length=40):
    """Three speakers, told apart by their pitch, in noise."""
    who = torch.randint(0, 3, (n,))
    pitch = torch.tensor([0.5, 0.9, 1.5])[who]
    t = torch.arange(length)
    tone = torch.sin(pitch[:, None, None] * t + 6.28 * torch.rand(n, 4, 1))
    return tone + 0.7 * torch.randn(n, 4, length), who


model = SpeakerNet()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()
losses = []
for step in range(200):
    x, who = recordings(32)
    optimizer.zero_grad()
    loss = criterion(model(x), who)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print("first", np.round(np.mean(losses[:20]), 3), "last", np.round(np.mean(losses[-20:]), 3))
x, who = recordings(600)
with torch.no_grad():
    out = model(x)
finish(model, out, accuracy=(out.argmax(1) == who).float().mean())
