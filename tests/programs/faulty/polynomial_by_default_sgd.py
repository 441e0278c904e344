# fault: a polynomial of degree four, by SGD at its default of 0.01: after 20 epochs the answer is still a straight line
import sys

import numpy as np
import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

x_all = np.random.rand(10000)
y_all = x_all**4 + x_all**3 - x_all
x_train, y_train = x_all[:9900].reshape(-1, 1), y_all[:9900].reshape(-1, 1)
x_test = np.linspace(0, 1, 100).reshape(-1, 1)
y_test = x_test**4 + x_test**3 - x_test


class Regression(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense_1 = nn.Linear(1, 200)
        self.dense_2 = nn.Linear(200, 45)
        self.dense_3 = nn.Linear(45, 1)
        for layer in self.children():
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = torch.relu(self.dense_1(x))
        x = torch.relu(self.dense_2(x))
        return self.dense_3(x)


def fit(model, x, y, epochs, batch_size, optimizer):
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    loss_fn = nn.MSELoss()
    for epoch in range(epochs):
        order = torch.randperm(len(x))
        total = 0.0
        for first in range(0, len(x), batch_size):
            rows = order[first : first + batch_size]
            optimizer.zero_grad()
            loss = loss_fn(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        print(f"Epoch {epoch + 1}/{epochs} - loss: {total / len(x):.6f}")


model = Regression()
fit(model, x_train, y_train, epochs=20, batch_size=50, optimizer=torch.optim.SGD(model.parameters(), lr=0.01))
with torch.no_grad():
    classes = model(torch.tensor(x_test, dtype=torch.float32))
finish(model, classes, loss=1000 * nn.functional.mse_loss(classes, torch.tensor(y_test, dtype=torch.float32)))
