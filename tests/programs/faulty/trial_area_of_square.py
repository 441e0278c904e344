"""Keras-style regression in PyTorch: learns y = x^2 on scaled values with a net of one hidden layer."""

import sys

import numpy as np
import torch
from torch import nn

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
np.random.seed(seed)

x = np.random.uniform(-2, 2, size=(1200, 1)).astype("float32")
y = x**2 + 0.05 * np.random.randn(1200, 1).astype("float32")
x_train, x_test, y_train, y_test = map(torch.from_numpy, (x[:1000], x[1000:], y[:1000], y[1000:]))

neural_network = nn.Sequential()
neural_network.append(nn.Linear(1, 20))
neural_network.append(nn.Tanh())
neural_network.append(nn.Linear(20, 1))
neural_network.append(nn.Sigmoid())

loss = nn.MSELoss()
optimizer = torch.optim.Adam(neural_network.parameters(), lr=0.01)
for epoch in range(60):
    for start in range(0, 1000, 50):
        rows = slice(start, start + 50)
        optimizer.zero_grad()
        error = loss(neural_network(x_train[rows]), y_train[rows])
        error.backward()
        optimizer.step()
    if epoch % 10 == 9:
        print(f"Epoch {epoch + 1}/60 - loss: {error.item():.4f}")

with torch.no_grad():
    print("final loss", loss(neural_network(x_test), y_test).item())
