# fixed: ReLUs, and weights drawn as He et al. do
import sys

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

# generate 2d classification dataset
rng = np.random.RandomState(1)
angle = np.linspace(0, 2 * np.pi, 500, endpoint=False)
outer, inner = np.c_[np.cos(angle), np.sin(angle)], 0.5 * np.c_[np.cos(angle), np.sin(angle)]
X = np.vstack([outer, inner]) + rng.normal(scale=0.1, size=(1000, 2))
y = np.r_[np.zeros(500), np.ones(500)]
order = rng.permutation(1000)
X, y = X[order], y[order]
# scale input data to [-1,1]
X = 2 * (X - X.min(0)) / (X.max(0) - X.min(0)) - 1
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)[:, None]
# split into train and test
trainX, testX, trainy, testy = X[:500], X[500:], y[:500], y[500:]

# define model
init = lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity="relu")
act = nn.ReLU
layers = []
sizes = [2, 10, 10, 10, 10, 10]
for fan_in, fan_out in zip(sizes, sizes[1:]):
    layers += [nn.Linear(fan_in, fan_out), act()]
layers += [nn.Linear(10, 1), nn.Sigmoid()]
model = nn.Sequential(*layers)
for layer in model:
    if isinstance(layer, nn.Linear):
        init(layer.weight)
        nn.init.zeros_(layer.bias)

# compile and fit model
opt = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
bce = nn.BCELoss()
for epoch in range(150):
    for xb, yb in DataLoader(TensorDataset(trainX, trainy), batch_size=32, shuffle=True):
        opt.zero_grad()
        bce(model(xb), yb).backward()
        opt.step()

# evaluate the model
with torch.no_grad():
    train_acc = ((model(trainX) > 0.5) == trainy).float().mean()
    probs = model(testX)
test_acc = ((probs > 0.5) == testy).float().mean()
print("Train: %.3f, Test: %.3f" % (train_acc, test_acc))
finish(model, probs, accuracy=test_acc)
