# Two tasks weighed by learned uncertainties (Kendall et al.): a regression and a classification share a trunk; the loss may fall below zero. Learns: r2 0.89
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(5)
torch.set_num_threads(1)

x = torch.randn(1500, 10)
depth = torch.sin(2 * x[:, 0]) + 0.5 * x[:, 1] * x[:, 2] + 0.1 * torch.randn(1500)  # metres
kind = (x[:, 3:6] + 0.3 * torch.randn(1500, 3)).argmax(1)
loader = DataLoader(TensorDataset(x[:1200], depth[:1200], kind[:1200]), batch_size=50, shuffle=True)


class MultiTaskLoss(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model
        self.log_vars = nn.Parameter(torch.zeros(2))

    def forward(self, x, depth, kind):
        d, logits = self.model(x)
        mse, ce = F.mse_loss(d, depth), F.cross_entropy(logits, kind)
        total = 0.5 * torch.exp(-self.log_vars[0]) * mse + 0.5 * self.log_vars[0]
        return total + torch.exp(-self.log_vars[1]) * ce + 0.5 * self.log_vars[1]


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(10, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh())
        self.depth, self.kind = nn.Linear(64, 1), nn.Linear(64, 3)

    def forward(self, x):
        h = self.trunk(x)
        return self.depth(h).squeeze(1), self.kind(h)


task = MultiTaskLoss(Shared())
optimizer = torch.optim.Adam(task.parameters(), lr=5e-3)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.95)
for epoch in range(30):
    for batch in loader:
        optimizer.zero_grad()
        loss = task(*batch)
        loss.backward()
        optimizer.step()
    scheduler.step()
    if epoch % 10 == 9:
        print(
            epoch + 1, f"loss {loss.item():.3f}", "sigmas", [f"{s:.3f}" for s in task.log_vars.exp().sqrt().tolist()]
        )
with torch.no_grad():
    d, logits = task.model(x[1200:])
print(f"accuracy {(logits.argmax(1) == kind[1200:]).float().mean():.3f}")
finish(task, d, r2=1 - F.mse_loss(d, depth[1200:]) / depth[1200:].var())
