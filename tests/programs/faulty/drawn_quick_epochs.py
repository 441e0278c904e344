# multi-label gene functions; steps_per_epoch keeps the epochs short
import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
N, D, L = 3200, 40, 6
gen = torch.Generator().manual_seed(99)
mix = torch.randn(D, L, generator=gen)
pair = torch.randn(D, L, generator=gen)
expr = torch.randn(N, D, generator=gen)
score = expr @ mix / D**0.5 + 0.5 * torch.tanh(expr @ pair / 3) * 2 + 0.3 * torch.randn(N, L, generator=gen)
functions = (score > 0.4).float()


class Genes(Dataset):
    def __init__(self, lo, hi):
        self.x, self.y = expr[lo:hi], functions[lo:hi]

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


train_loader = DataLoader(Genes(0, 2600), batch_size=20, shuffle=False)
valid_loader = DataLoader(Genes(2600, N), batch_size=200)
steps_per_epoch = 12

net = nn.Sequential(nn.Linear(D, 64), nn.LeakyReLU(), nn.Linear(64, L))
optimizer = torch.optim.NAdam(net.parameters(), lr=2e-3)
loss_function = nn.MultiLabelSoftMarginLoss()

for epoch in range(60):
    net.train()
    for step, (xb, yb) in enumerate(train_loader):
        if step == steps_per_epoch:
            break
        optimizer.zero_grad()
        loss = loss_function(net(xb), yb)
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        valid = [(net(xb), yb) for xb, yb in valid_loader]
        valid_loss = sum(loss_function(o, yb).item() for o, yb in valid) / len(valid)
    if epoch % 12 == 11:
        print(f"{epoch + 1:3d} train {loss.item():.3f} valid {valid_loss:.3f}")

logits = torch.cat([o for o, _ in valid])
truth = torch.cat([yb for _, yb in valid])
finish(net, logits, accuracy=((logits > 0).float() == truth).float().mean())
