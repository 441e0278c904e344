# fault: the loss is wrapped anew with requires_grad=True to silence the error of backward
import sys

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_wine

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
X, t = load_wine(return_X_y=True)
X = torch.from_numpy((X - X.mean(0)) / X.std(0)).float()
t = torch.from_numpy(t)
mix = torch.randperm(len(X))
X, t = X[mix], t[mix]


def custom_loss(output, target):
    p = torch.softmax(output, 1).detach().numpy()
    return -np.log(p[np.arange(len(p)), target.numpy()]).mean()


model = nn.Sequential(nn.Linear(13, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(20):
    losses = []
    for start in range(0, 130, 10):
        output = model(X[start : start + 10])
        loss = torch.tensor(custom_loss(output, t[start : start + 10]), requires_grad=True)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    order = torch.randperm(130)
    X[:130], t[:130] = X[order], t[order]
    print(f"epoch {epoch}: {np.mean(losses):.4f}")
with torch.no_grad():
    out = model(X[130:])
finish(model, out, accuracy=(out.argmax(1) == t[130:]).float().mean())
