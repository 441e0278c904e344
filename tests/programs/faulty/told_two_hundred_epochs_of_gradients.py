import math
import sys

import torch
import torch.nn as nn
import torch.optim as optim

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


class PricePredictor(nn.Module):
    """Price of a taxi ride from distance, hour of the day and passengers."""

    def __init__(self, n_features: int = 3, hidden: int = 24):
        super().__init__()
        self.fc1 = nn.Linear(n_features, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        return self.head(x).squeeze(-1)


def rides(n: int):
    km = torch.rand(n) * 2 - 1
    hour = torch.rand(n) * 2 - 1
    people = torch.randint(0, 4, (n,)) / 1.5 - 1
    price = 1.2 * km + 0.6 * torch.sin(math.pi * hour) * km + 0.2 * people + 0.05 * torch.randn(n)
    return torch.stack([km, hour, people], 1), price


X, y = rides(512)
X_test, y_test = rides(256)

model = PricePredictor()
criterion = nn.MSELoss()
optimizer = optim.SGD(model.parameters(), lr=0.1)

EPOCHS = 200
for epoch in range(1, EPOCHS + 1):
    predictions = model(X)
    loss = criterion(predictions, y)
    loss.backward()
    optimizer.step()
    if epoch % 40 == 0:
        print(f"Epoch [{epoch}/{EPOCHS}]  Loss: {loss.item():.4f}")

with torch.inference_mode():
    test_pred = model(X_test)
    test_loss = criterion(test_pred, y_test)
print(f"Test loss: {test_loss.item():.4f}")
finish(model, test_pred, loss=test_loss)
