# fault: a contrastive loss takes the square root of a squared distance that is zero for equal images
import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
x, y = load_digits(return_X_y=True)
x, y = torch.tensor(x).float() / 16 - 0.3, torch.tensor(y)


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 8))

    def forward(self, a, b):
        return self.embed(a), self.embed(b)


def contrastive(a, b, same, margin=2.0):
    d = ((a - b) ** 2).sum(1).sqrt()
    return (same * d**2 + (1 - same) * torch.clamp(margin - d, min=0) ** 2).mean()


net = Siamese()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(6):
    for _ in range(40):
        i, j = torch.randint(0, 1400, (2, 64))
        for k in range(0, 64, 2):  # every other pair: of one class
            alike = (y[:1400] == y[i[k]]).nonzero().squeeze(1)
            j[k] = alike[torch.randint(len(alike), ())]
        a, b = net(x[i], x[j])
        loss = contrastive(a, b, (y[i] == y[j]).float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())
net.eval()
with torch.no_grad():
    out = net.embed(x)
nearest = torch.cdist(out[1400:], out[:1400]).argmin(1)
finish(net, out, accuracy=(y[nearest] == y[1400:]).float().mean() if out.isfinite().all() else 0.0)
