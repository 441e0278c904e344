import sys

import torch
from sklearn.datasets import load_digits
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

digits = torch.tensor(load_digits().data, dtype=torch.float32) / 16.0
order = torch.randperm(len(digits))
train, test = digits[order[:1500]], digits[order[1500:]]


class DeepAutoencoder(nn.Module):
    """Hinton's stack, smaller: 64-56-48-32-12 and back."""

    sizes = [64, 56, 48, 32, 12]

    def __init__(self, hidden_activation=nn.ReLU):
        super().__init__()
        enc, dec = [], []
        for a, b in zip(self.sizes[:-1], self.sizes[1:]):
            enc += [nn.Linear(a, b), hidden_activation()]
        back = self.sizes[::-1]
        for a, b in zip(back[:-1], back[1:]):
            dec += [nn.Linear(a, b), hidden_activation()]
        dec[-1] = nn.Sigmoid()
        self.encoder, self.decoder = nn.Sequential(*enc), nn.Sequential(*dec)

    def forward(self, x):
        return self.decoder(self.encoder(x))


net = DeepAutoencoder()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)

for epoch in range(30):
    for batch in train[torch.randperm(len(train))].split(50):
        optimizer.zero_grad()
        loss = criterion(net(batch), batch)
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print("epoch", epoch, "loss", loss.item())

with torch.no_grad():
    rebuilt = net(test)
finish(net, rebuilt, test_loss=criterion(rebuilt, test))
