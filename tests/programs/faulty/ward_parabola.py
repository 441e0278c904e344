import sys

import numpy as np
import torch
import torch.nn as nn

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
np.random.seed(seed)

# datapoints: y = x ** 2 with some cubed noise
X = np.arange(-2.5, 2.5, 0.01, dtype="float32").reshape(-1, 1)
y = np.power(X, 2) + 0.1 * np.power(np.random.randn(*X.shape), 3)
test = np.arange(-2.495, 2.5, 0.02, dtype="float32").reshape(-1, 1)

inputs = torch.tensor(X)
targets = torch.tensor(y, dtype=torch.float32)


class Parabola(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden1 = nn.Linear(1, 50)
        self.hidden2 = nn.Linear(50, 30)
        self.hidden3 = nn.Linear(30, 30)
        self.output = nn.Linear(30, 1)

    def forward(self, x):
        x = torch.relu(self.hidden1(x))
        x = torch.relu(self.hidden2(x))
        x = torch.relu(self.hidden3(x))
        return self.output(x)


model = Parabola()
sgd = torch.optim.SGD(model.parameters(), lr=0.5)
mse = nn.MSELoss()

for epoch in range(100):
    order = torch.randperm(len(inputs))
    total = 0.0
    for i in range(0, len(order), 32):
        rows = order[i : i + 32]
        sgd.zero_grad()
        loss = mse(model(inputs[rows]), targets[rows])
        loss.backward()
        sgd.step()
        total += loss.item() * len(rows)
    if (epoch + 1) % 10 == 0:
        print("Epoch %d/100 - loss: %.4f" % (epoch + 1, total / len(inputs)))

# predictions
model.eval()
with torch.no_grad():
    predictions = model(torch.tensor(test))
    error = mse(predictions, torch.tensor(test) ** 2)
print("final loss", error.item())
