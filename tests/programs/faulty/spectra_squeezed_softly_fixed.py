# fixed: Xavier's scale
import argparse

import torch
from torch import nn

from digest import finish

parser = argparse.ArgumentParser()
parser.add_argument("seed", type=int, nargs="?", default=0)
parser.add_argument("--epochs", type=int, default=40)
parser.add_argument("--lr", type=float, default=0.05)
args = parser.parse_args()
torch.manual_seed(args.seed)
torch.set_num_threads(1)

# spectra: three lines of changing place and height over 64 wave lengths
wave = torch.linspace(-1, 1, 64)
place = torch.rand(1200, 3, 1) * 1.4 - 0.7
height = torch.rand(1200, 3, 1) + 0.5
spectra = (height * torch.exp(-((wave - place) ** 2) / 0.05)).sum(1) + 0.02 * torch.randn(1200, 64)
spectra = (spectra - spectra[:1000].mean(0)) / spectra[:1000].std(0)
train, test = spectra[:1000], spectra[1000:]


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 48), nn.Tanh(), nn.Linear(48, 24), nn.Tanh(), nn.Linear(24, 6))
        self.decoder = nn.Sequential(nn.Linear(6, 24), nn.Tanh(), nn.Linear(24, 48), nn.Tanh(), nn.Linear(48, 64))
        self.apply(self.init_weights)

    @staticmethod
    def init_weights(m):
        if isinstance(m, nn.Linear):
            nn.init.xavier_normal_(m.weight)
            m.bias.data.fill_(0)

    def forward(self, x):
        return self.decoder(self.encoder(x))


model = AutoEncoder()
opt = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
loss_fn = nn.MSELoss()
for epoch in range(args.epochs):
    perm = torch.randperm(len(train))
    for i in range(0, len(train), 40):
        batch = train[perm[i : i + 40]]
        loss = loss_fn(model(batch), batch)
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 10 == 0:
        print(f"epoch {epoch:3d}  reconstruction {loss.item():.4f}")
with torch.no_grad():
    rebuilt = model(test)
finish(model, rebuilt, test_loss=loss_fn(rebuilt, test))
