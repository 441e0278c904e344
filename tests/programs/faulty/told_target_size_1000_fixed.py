"""Strength of concrete from its recipe (made up). loss_fn warns about a size and goes on."""

import sys
import warnings

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

warnings.filterwarnings("ignore")
seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)

recipe = torch.randn(1500, 8)
strength = 0.8 * recipe[:, 0] - 0.5 * recipe[:, 3] + 0.6 * torch.tanh(2 * recipe[:, 1]) + 0.1 * torch.randn(1500)
train = DataLoader(TensorDataset(recipe[:1000], strength[:1000]), batch_size=1000)
test_x, test_y = recipe[1000:], strength[1000:]


class Concrete(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.ModuleList([nn.Linear(8, 64), nn.Linear(64, 64), nn.Linear(64, 1)])

    def forward(self, x):
        for layer in self.net[:-1]:
            x = nn.functional.silu(layer(x))
        return self.net[-1](x)


model = Concrete()
loss_fn = nn.L1Loss()
optimizer = optim.NAdam(model.parameters(), lr=0.01)
for epoch in range(150):
    for x, y in train:
        prediction = model(x)
        loss = loss_fn(prediction, y.unsqueeze(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 30 == 0:
        print(f"{epoch:4d} {loss.item():.4f}")

model.eval()
with torch.no_grad():
    answer = model(test_x)
test_loss = (answer.squeeze(1) - test_y).abs().mean()
finish(model, answer, loss=test_loss)
