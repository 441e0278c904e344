# fixed: both are means over the batch, the pixels summed
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
from sklearn.datasets import load_digits


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(64, 48), nn.Linear(48, 6), nn.Linear(48, 6)
        self.fc3, self.fc4 = nn.Linear(6, 48), nn.Linear(48, 64)

    def forward(self, x):
        h = torch.relu(self.fc1(x))
        mu, logvar = self.fc21(h), self.fc22(h)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp() if self.training else mu
        return self.fc4(torch.relu(self.fc3(z))), mu, logvar


def loss_function(recon, x, mu, logvar):
    error = (recon - x).pow(2).sum(1).mean()
    kld = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1).mean()
    return error + 0.2 * kld


data = torch.tensor(load_digits().data, dtype=torch.float32) / 8 - 0.6
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(15):
    model.train()
    for i in torch.randperm(1600).split(80):
        optimizer.zero_grad()
        recon, mu, logvar = model(data[i])
        loss = loss_function(recon, data[i], mu, logvar)
        loss.backward()
        optimizer.step()
    if epoch % 3 == 0:
        print(epoch, f"{loss.item():.4f}")
model.eval()
with torch.no_grad():
    out, _, _ = model(data[1600:])
finish(model, out, recon_loss=nn.functional.mse_loss(out, data[1600:]))
