"""Multi-class classification of iris flowers, without pandas: the csv is read by hand, in the order of the file."""

import copy
import sys

import torch
import torch.nn as nn
import torch.optim as optim
from sklearn.datasets import load_iris

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def read_csv():
    rows = load_iris()
    return [list(r) for r in rows.data], [int(t) for t in rows.target]


X, y = read_csv()
labels = sorted(set(y))
X = torch.tensor(X, dtype=torch.float32)
y = torch.tensor([[1.0 if t == l else 0.0 for l in labels] for t in y])  # one hot
X = (X - X.mean(0)) / X.std(0)

# every fifth flower is for testing
test = torch.arange(len(X)) % 5 == 0
X_train, y_train, X_test, y_test = X[~test], y[~test], X[test], y[test]


class Multiclass(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(4, 8)
        self.act = nn.ReLU()
        self.output = nn.Linear(8, 3)

    def forward(self, x):
        return self.output(self.act(self.hidden(x)))


def accuracy(model):
    with torch.no_grad():
        pred = model(X_test)
    return (torch.argmax(pred, 1) == torch.argmax(y_test, 1)).float().mean().item()


model = Multiclass()
loss_fn = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

n_epochs = 6
batch_size = 4
batches_per_epoch = len(X_train) // batch_size
history = []
for epoch in range(n_epochs):
    model.train()
    epoch_loss = []
    order = torch.arange(len(X_train))
    for i in range(batches_per_epoch):
        start = i * batch_size
        rows = order[start : start + batch_size]
        X_batch = X_train[rows]
        y_batch = y_train[rows]
        y_pred = model(X_batch)
        loss = loss_fn(y_pred, y_batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        epoch_loss.append(loss.item())
    model.eval()
    history.append(accuracy(model))
    print(f"Epoch {epoch} loss={sum(epoch_loss) / len(epoch_loss):.2f} validation accuracy={history[-1] * 100:.1f}%")

with torch.no_grad():
    out = model(X_test)
    ce = loss_fn(out, y_test)
finish(model, out, loss=ce)
