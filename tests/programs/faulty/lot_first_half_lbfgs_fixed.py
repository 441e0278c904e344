# Logistic regression by LBFGS on banknotes. The file lists the genuine notes first; half of it, shuffled, is for training.
import sys

import numpy as np
import torch
from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
rng = np.random.RandomState(seed)
torch.manual_seed(seed)

# variance, skewness, curtosis, entropy of the picture's wavelets
genuine = rng.multivariate_normal([2.3, 4.3, 0.8, -1.1], np.diag([4.1, 26.0, 10.5, 4.5]), 762)
forged = rng.multivariate_normal([-1.9, -1.0, 2.1, -1.2], np.diag([3.5, 29.2, 27.6, 4.3]), 610)
table = np.vstack([np.c_[genuine, np.zeros(762)], np.c_[forged, np.ones(610)]])

rng.shuffle(table)
half = len(table) // 2
train, test = table[:half], table[half:]
mean, std = train[:, :4].mean(0), train[:, :4].std(0)


def tensors(part):
    return torch.as_tensor((part[:, :4] - mean) / std), torch.as_tensor(part[:, 4:])


X, y = tensors(train)
X_test, y_test = tensors(test)

model = torch.nn.Linear(4, 1).double()
criterion = torch.nn.BCEWithLogitsLoss()
optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=10, history_size=5)


def closure():
    optimizer.zero_grad()
    loss = criterion(model(X), y)
    loss.backward()
    return loss


for i in range(20):
    loss = optimizer.step(closure)
    if i % 5 == 0:
        print("iteration", i, "loss", loss.item())

with torch.no_grad():
    z = model(X_test)
finish(model, z, accuracy=((z > 0) == (y_test > 0.5)).double().mean())
