import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

cancer = load_breast_cancer()
X = torch.tensor(cancer.data).float()
X = (X - X.mean(0)) / X.std(0)
y = torch.tensor(cancer.target)
shuffled = torch.randperm(len(y))
X, y = X[shuffled], y[shuffled]


class DeepTable(nn.Module):
    def __init__(self, n_features, width=32, depth=9, n_classes=2):
        super().__init__()
        sizes = [n_features] + [width] * depth
        self.hidden = nn.ModuleList(nn.Linear(i, o) for i, o in zip(sizes, sizes[1:]))
        self.out = nn.Linear(width, n_classes)
        self.act = nn.ReLU()
        for layer in self.hidden:
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")

    def forward(self, x):
        for layer in self.hidden:
            x = self.act(layer(x))
        return self.out(x)


torch._dynamo.reset()
model = DeepTable(30)
step_model = torch.compile(model, backend="eager", dynamic=False)
opt = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
ce = nn.CrossEntropyLoss()
X_train, y_train, X_test, y_test = X[:448], y[:448], X[448:], y[448:]
for epoch in range(40):
    for xb, yb in zip(X_train.split(32), y_train.split(32)):
        opt.zero_grad()
        loss = ce(step_model(xb), yb)
        loss.backward()
        opt.step()
    if epoch % 10 == 9:
        print(f"epoch {epoch + 1}: {loss.item():.4f}")
with torch.no_grad():
    logits = model(X_test)
finish(model, logits, accuracy=(logits.argmax(1) == y_test).float().mean())
