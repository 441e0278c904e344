import sys

import numpy as np
import torch
import torch.nn as nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(seed)
torch.manual_seed(seed)

n_samples = 1000
X = np.linspace(0, 100, n_samples)
y = np.sin(X * 2 * np.pi / 100 * 1.5)
X_train = torch.tensor(X, dtype=torch.float32).reshape(-1, 1)
y_train = torch.tensor(y, dtype=torch.float32).reshape(-1, 1)

model = nn.Sequential(
    nn.Linear(1, 20),
    nn.Tanh(),
    nn.Linear(20, 20),
    nn.Tanh(),
    nn.Linear(20, 20),
    nn.Tanh(),
    nn.Linear(20, 1),
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

for epoch in range(100):
    perm = np.random.permutation(n_samples)
    for i in range(0, n_samples, 50):
        b = perm[i : i + 50]
        loss = ((model(X_train[b]) - y_train[b]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 20 == 0:
        print(epoch, loss.item())

with torch.no_grad():
    fit = model(X_train)
finish(model, fit, loss=((fit - y_train) ** 2).mean())
