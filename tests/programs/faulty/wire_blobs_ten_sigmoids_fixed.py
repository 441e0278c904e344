import sys

import torch
from sklearn.datasets import make_blobs
from torch import nn, optim

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)

X, y = make_blobs(n_samples=1500, centers=5, n_features=8, cluster_std=2.5, random_state=seed)
X = (X - X.mean(0)) / X.std(0)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
n_train = 1100


def build(depth=8, units=32, activation=nn.ReLU):
    layers = [nn.Linear(8, units), activation()]
    for _ in range(depth - 1):
        layers += [nn.Linear(units, units), activation()]
    layers += [nn.Linear(units, 5)]
    net = nn.Sequential(*layers)
    for m in net:
        if isinstance(m, nn.Linear):
            nn.init.xavier_uniform_(m.weight)  # Keras' glorot_uniform
            nn.init.zeros_(m.bias)
    return net


model = build()
optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
criterion = nn.CrossEntropyLoss()
history = {"loss": [], "val_acc": []}
for epoch in range(30):
    running = 0.0
    for rows in torch.randperm(n_train).split(32):
        optimizer.zero_grad()
        loss = criterion(model(X[rows]), y[rows])
        loss.backward()
        optimizer.step()
        running += loss.item() * len(rows)
    with torch.no_grad():
        val_acc = (model(X[n_train:]).argmax(1) == y[n_train:]).float().mean().item()
    history["loss"].append(running / n_train)
    history["val_acc"].append(val_acc)
print(history["loss"][::5])
print("final accuracy", history["val_acc"][-1])
