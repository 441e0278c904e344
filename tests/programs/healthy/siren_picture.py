# SIREN: sines with ω0 = 30 and their own initialisation fit one picture, full batch of coordinates. Learns: psnr 1.1e+02
import numpy as np
import torch
from torch import nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class SineLayer(nn.Module):
    def __init__(self, in_features, out_features, is_first=False, omega_0=30):
        super().__init__()
        self.omega_0, self.is_first, self.in_features = omega_0, is_first, in_features
        self.linear = nn.Linear(in_features, out_features)
        self.init_weights()

    def init_weights(self):
        with torch.no_grad():
            if self.is_first:
                self.linear.weight.uniform_(-1 / self.in_features, 1 / self.in_features)
            else:
                bound = np.sqrt(6 / self.in_features) / self.omega_0
                self.linear.weight.uniform_(-bound, bound)

    def forward(self, x):
        return torch.sin(self.omega_0 * self.linear(x))


class Siren(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        final = nn.Linear(hidden, 1)
        with torch.no_grad():
            bound = np.sqrt(6 / hidden) / 30
            final.weight.uniform_(-bound, bound)
        self.net = nn.Sequential(
            SineLayer(2, hidden, is_first=True), SineLayer(hidden, hidden), SineLayer(hidden, hidden), final
        )

    def forward(self, coords):
        return self.net(coords)


side = 32
t = torch.linspace(-1, 1, side)
coords = torch.stack(torch.meshgrid(t, t, indexing="ij"), -1).reshape(-1, 2)
picture = (torch.sin(9 * coords[:, :1] * coords[:, 1:]) + (coords.norm(dim=1, keepdim=True) < 0.6).float() - 0.3) / 1.5
siren = Siren()
optim = torch.optim.Adam(lr=1e-3, params=siren.parameters())
for step in range(200):
    output = siren(coords)
    loss = ((output - picture) ** 2).mean()
    if step % 50 == 0:
        print("Step %d, Total loss %0.6f" % (step, loss))
    optim.zero_grad()
    loss.backward()
    optim.step()
finish(siren, output, psnr=-10 * torch.log10(loss / 4))
