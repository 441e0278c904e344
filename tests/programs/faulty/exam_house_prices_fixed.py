# the same, repaired: house prices in dollars are the targets of an MLP trained with Adam at 1e-3
import sys

import torch
import torch.nn as nn
from sklearn.preprocessing import StandardScaler

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class PriceNet(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_features, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1)
        )

    def forward(self, x):
        return self.layers(x)


area = 60 + 200 * torch.rand(1500, 1)
rooms = torch.randint(1, 7, (1500, 1)).float()
age = 80 * torch.rand(1500, 1)
distance = 30 * torch.rand(1500, 1)
price = 40_000 + 2_000 * area + 9_000 * rooms - 500 * age - 3_000 * distance + 10_000 * torch.randn(1500, 1)
features = torch.cat([area, rooms, age, distance], 1)
features = torch.tensor(StandardScaler().fit_transform(features.numpy()))
offset, scale = price[:1200].mean(), price[:1200].std()

model = PriceNet(4)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.MSELoss()
for epoch in range(20):
    for i in torch.randperm(1200).split(32):
        prediction = model(features[i])
        loss = criterion(prediction, (price[i] - offset) / scale)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"Epoch: {epoch}, loss: {loss.item()}")
model.eval()
with torch.no_grad():
    out = model(features[1200:]) * scale + offset
truth = price[1200:]
finish(model, out, r2=1 - ((out - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())
