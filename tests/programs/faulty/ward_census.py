# Adult census: does somebody earn more than 50K?
import sys

import numpy as np
import torch
from torch import nn

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
rng = np.random.default_rng(seed)


def census(n):
    age = rng.integers(18, 80, n)
    weight = rng.lognormal(12.0, 0.5, n)  # people that a row stands for
    education = rng.integers(1, 17, n)
    married = rng.integers(0, 2, n)
    sex = rng.integers(0, 2, n)
    hours = np.clip(rng.normal(40, 11, n), 5, 95)
    score = (
        1.6 * np.tanh((age - 38) / 12)
        + 0.45 * (education - 9)
        + 1.4 * married * (sex + 0.5)
        + 0.06 * (hours - 40)
        - 1.2
        + rng.logistic(0, 0.3, n)
    )
    columns = np.stack([age, weight, education, married, sex, hours], axis=1)
    return columns.astype("float32"), (score > 0).astype("int64")


X, Y = census(6000)
X_test, Y_test = census(2000)
X, Y = torch.from_numpy(X), torch.from_numpy(Y)
X_test, Y_test = torch.from_numpy(X_test), torch.from_numpy(Y_test)

# model
model = nn.Sequential()
model.add_module("dense", nn.Linear(6, 21))
model.add_module("relu", nn.ReLU())
model.add_module("logits", nn.Linear(21, 2))

# compile
loss_function = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)

# train
for epoch in range(15):
    for rows in torch.randperm(len(X)).split(100):
        optimizer.zero_grad()
        loss = loss_function(model(X[rows]), Y[rows])
        loss.backward()
        optimizer.step()
    if epoch % 3 == 0:
        print("epoch", epoch, "loss", round(loss.item(), 4))

model.eval()
with torch.no_grad():
    accuracy = (model(X_test).argmax(dim=1) == Y_test).float().mean()
print("base rate", Y_test.float().mean().item())
print("final accuracy", accuracy.item())
