# fault: dropout in front of batch norms: their running variances are those of dropped values, which the test does not see
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Regressor(nn.Module):
    def __init__(self, n_features, width=96, p=0.5):
        super().__init__()
        self.fc1 = nn.Linear(n_features, width)
        self.fc2 = nn.Linear(width, width)
        self.fc3 = nn.Linear(width, width)
        self.bn1 = nn.BatchNorm1d(width)
        self.bn2 = nn.BatchNorm1d(width)
        self.bn3 = nn.BatchNorm1d(width)
        self.drop = nn.Dropout(p)
        self.out = nn.Linear(width, 1)

    def forward(self, x):
        x = F.relu(self.bn1(self.fc1(x)))
        x = F.relu(self.bn2(self.drop(self.fc2(x))))
        x = F.relu(self.bn3(self.drop(self.fc3(x))))
        return self.out(x).squeeze(-1)


def concrete(n):
    """Mixtures of eight standardised components and their strength."""
    x = torch.randn(n, 8)
    y = 3 + 1.5 * x[:, 0] - x[:, 1] * x[:, 2] + torch.sin(2 * x[:, 3]) + x[:, 4].clamp(min=0)
    return x, y + 0.2 * torch.randn(n)


x_train, y_train = concrete(3000)
x_test, y_test = concrete(1000)
model = Regressor(8)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(15):
    model.train()
    total = 0.0
    for rows in torch.randperm(3000).split(100):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x_train[rows]), y_train[rows])
        loss.backward()
        optimizer.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        predicted = model(x_test)
        test_loss = F.mse_loss(predicted, y_test)
    print(f"{epoch:3d} train {total / 30:.3f} test {test_loss:.3f}")
finish(model, predicted, loss=test_loss)
