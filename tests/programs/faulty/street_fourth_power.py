# y = x^3 works, why does y = x^4 not?
import sys

import numpy as np
import torch
import torch.nn as nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(seed)
torch.manual_seed(seed)

x = np.random.uniform(-100, 100, 2000).astype("float32").reshape(-1, 1)
y = x**4
x_scale, y_scale = 1.0, 1.0
x_train, y_train = torch.from_numpy(x / x_scale), torch.from_numpy(y / y_scale)

model = nn.Sequential(
    nn.Linear(1, 50),
    nn.Sigmoid(),
    nn.Linear(50, 50),
    nn.ELU(),
    nn.Linear(50, 1),
)
loss_fn = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters())

for epoch in range(60):
    shuffled = torch.randperm(len(x_train))
    total = 0.0
    for start in range(0, len(shuffled), 32):
        rows = shuffled[start : start + 32]
        optimizer.zero_grad()
        loss = loss_fn(model(x_train[rows]), y_train[rows])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
    if epoch % 10 == 9:
        print("epoch", epoch + 1, "loss", total / len(x_train))

with torch.no_grad():
    prediction = model(x_train)
residual = ((prediction - y_train) ** 2).sum() / ((y_train - y_train.mean()) ** 2).sum()
finish(model, prediction, r2=1 - residual)
