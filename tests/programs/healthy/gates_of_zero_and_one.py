# L0 regularisation: hard concrete gates on the inputs stretch a sigmoid beyond 0 and 1 and clamp it, so that most gates end shut exactly; useless columns are to be found. Learns: gates right 1
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class L0Gate(nn.Module):
    """Louizos, Welling and Kingma (2018), equations 10 to 13."""

    def __init__(self, size, droprate_init=0.3, temperature=2 / 3, limit_l=-0.1, limit_r=1.1):
        super().__init__()
        self.loga = nn.Parameter(
            torch.empty(size).normal_(math.log(1 - droprate_init) - math.log(droprate_init), 1e-2)
        )
        self.temperature, self.l, self.r = temperature, limit_l, limit_r

    def forward(self, x):
        if self.training:
            u = torch.rand(x.shape[0], self.loga.numel()).clamp(1e-6, 1 - 1e-6)
            s = torch.sigmoid((u.log() - (1 - u).log() + self.loga) / self.temperature)
        else:
            s = torch.sigmoid(self.loga)
        z = F.hardtanh(s * (self.r - self.l) + self.l, 0, 1)
        return x * z

    def expected_l0(self):
        return torch.sigmoid(self.loga - self.temperature * math.log(-self.l / self.r)).sum()


X = torch.randn(2000, 30)
useful = [2, 7, 11, 19, 23]
target = X[:, 2] * X[:, 7] + torch.sin(2 * X[:, 11]) + 0.7 * X[:, 19] - X[:, 23].abs()
target = target + 0.1 * torch.randn(2000)
gate = L0Gate(30)
body = nn.Sequential(nn.Linear(30, 48), nn.SiLU(), nn.Linear(48, 48), nn.SiLU(), nn.Linear(48, 1))
model = nn.Sequential(gate, body)
optimizer = torch.optim.Adam([{"params": gate.parameters(), "lr": 0.05}, {"params": body.parameters(), "lr": 5e-3}])
for epoch in range(60):
    model.train()
    for rows in torch.randperm(1600).split(100):
        optimizer.zero_grad()
        error = F.mse_loss(model(X[rows]).squeeze(1), target[rows])
        loss = error + 0.01 * gate.expected_l0()
        loss.backward()
        optimizer.step()
    if epoch % 15 == 14:
        model.eval()
        with torch.no_grad():
            out = model(X[1600:]).squeeze(1)
            val = F.mse_loss(out, target[1600:]).item()
            open_gates = (torch.sigmoid(gate.loga) * 1.2 - 0.1 > 0).nonzero().flatten().tolist()
        print(f"epoch {epoch + 1} mse {val:.3f} of {target.var():.3f}, open {open_gates}")
found = set(open_gates)
finish(model, out, gates_right=sum((j in found) == (j in useful) for j in range(30)) / 30)
