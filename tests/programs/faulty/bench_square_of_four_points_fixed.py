import sys

import numpy as np
import torch

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

# Model parameters
A = torch.rand(1, requires_grad=True)
B = torch.rand(1, requires_grad=True)
C = torch.rand(1, requires_grad=True)


def model(x):
    return A * (x**2) + B * x + C


# optimizer
optimizer = torch.optim.SGD([A, B, C], lr=0.005)

# training data
x_train = torch.from_numpy(np.array([0, 1, 2, 3], dtype="float32"))
y_train = torch.from_numpy(np.array([0, 1, 4, 9], dtype="float32"))

for i in range(1000):
    optimizer.zero_grad()
    loss = torch.sum(torch.square(model(x_train) - y_train))  # sum of the squares
    loss.backward()
    optimizer.step()
    if i % 100 == 0:
        print(f"step {i} loss {loss.item()}")

with torch.no_grad():
    y = model(x_train)
print(f"A: {A.item()} B: {B.item()} C: {C.item()}")
finish([A, B, C], y, loss=torch.mean(torch.abs(y - y_train)))
