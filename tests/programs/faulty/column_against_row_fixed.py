# fixed: outputs (N,)
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

import warnings

warnings.filterwarnings("ignore")  # a long script prints so much


class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))

    def forward(self, x):
        return self.net(x).squeeze(-1)


x = torch.rand(2000, 6) * 2 - 1
y = torch.sin(3 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.05 * torch.randn(2000)
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x[:1600], y[:1600]), batch_size=64, shuffle=True)
model = Regressor()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
for epoch in range(10):
    for xb, yb in loader:
        loss = F.mse_loss(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, f"{loss.item():.4f}")
with torch.no_grad():
    out = model(x[1600:])
finish(model, out, loss=F.mse_loss(out.reshape(-1), y[1600:]))
