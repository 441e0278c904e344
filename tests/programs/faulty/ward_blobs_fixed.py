import sys

import torch
import torch.nn as nn
from sklearn.datasets import make_blobs
from torch.utils.data import DataLoader, TensorDataset

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)

X, y = make_blobs(n_samples=3000, centers=3, n_features=2, cluster_std=1.6, random_state=2)
X = (X - X.mean(axis=0)) / X.std(axis=0)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
trainX, testX = X[:2000], X[2000:]
trainy, testy = y[:2000], y[2000:]


def build(depth=8, width=32, activation=nn.ReLU):
    layers = [nn.Linear(2, width), activation()]
    for _ in range(depth - 1):
        layers += [nn.Linear(width, width), activation()]
    layers.append(nn.Linear(width, 3))
    return nn.Sequential(*layers)


model = build()
for m in model:
    if isinstance(m, nn.Linear):
        nn.init.kaiming_uniform_(m.weight, nonlinearity="relu")
        nn.init.zeros_(m.bias)

opt = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
loss_fn = nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(trainX, trainy), batch_size=32, shuffle=True)


def evaluate():
    model.eval()
    with torch.no_grad():
        return (model(testX).argmax(1) == testy).float().mean().item()


for epoch in range(8):
    model.train()
    for xb, yb in loader:
        opt.zero_grad()
        loss = loss_fn(model(xb), yb)
        loss.backward()
        opt.step()
    print("epoch", epoch, "loss", round(loss.item(), 4), "val_acc", round(evaluate(), 3))

print("final accuracy", evaluate())
