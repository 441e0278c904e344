# fault: two payments in a hundred are frauds, and the loss counts every payment alike: none is ever called one
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

payments = torch.randn(5000, 12)
risk = payments[:, 0] * payments[:, 1] + payments[:, 2] * payments[:, 3]
fraud = (risk + 0.3 * torch.randn(5000) > risk.quantile(0.98)).long()
train = TensorDataset(payments[:4000], fraud[:4000])


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))

    def forward(self, x):
        return self.layers(x)


detector = Detector()
loader = DataLoader(train, batch_size=100, shuffle=True)
optimizer = torch.optim.SGD(detector.parameters(), lr=0.05, momentum=0.5)
criterion = nn.CrossEntropyLoss()
for epoch in range(3):
    right = 0
    for x, y in loader:
        optimizer.zero_grad()
        out = detector(x)
        loss = criterion(out, y)
        loss.backward()
        optimizer.step()
        right += (out.argmax(1) == y).sum().item()
    print(f"epoch {epoch}: accuracy {right / 4000:.3f}")
with torch.no_grad():
    out = detector(payments[4000:])
called, truth = out.argmax(1), fraud[4000:]
recalls = [(called[truth == kind] == kind).float().mean() for kind in (0, 1)]
finish(detector, out, balanced_accuracy=sum(recalls) / 2)
