# Rates from 10 to 1e-6 and two hidden sizes are tried one after the other, some blow up and some stand still; the best by validation is kept and trained on. Learns: accuracy 0.95
import copy
import itertools
import math

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
X_tr, X_te, y_tr, y_te = train_test_split(X / 16.0, y, test_size=0.2, random_state=0, stratify=y)
X_tr, X_va, y_tr, y_va = train_test_split(X_tr, y_tr, test_size=0.2, random_state=0)
X_tr, X_va, X_te = (torch.tensor(a, dtype=torch.float32) for a in (X_tr, X_va, X_te))
y_tr, y_va, y_te = (torch.tensor(a) for a in (y_tr, y_va, y_te))


def make(hidden):
    return torch.nn.Sequential(torch.nn.Linear(64, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 10))


def train(model, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    for _ in range(epochs):
        for idx in torch.randperm(len(X_tr)).split(64):
            loss = F.cross_entropy(model(X_tr[idx]), y_tr[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
    with torch.no_grad():
        scores = model(X_va)
        return F.cross_entropy(scores, y_va).item(), (scores.argmax(1) == y_va).float().mean().item()


results = {}
best = None
for hidden, lr in itertools.product([16, 64], [10.0, 1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-6]):
    model = make(hidden)
    loss, acc = train(model, lr, epochs=4)
    results[hidden, lr] = acc
    print(f"hidden={hidden:3d} lr={lr:<8g} val_loss={loss:8.3f} val_acc={acc:.3f}")
    if math.isfinite(loss) and (best is None or acc > best[0]):
        best = (acc, hidden, lr, copy.deepcopy(model))

_, hidden, lr, model = best
print("best:", hidden, lr)
train(model, lr, epochs=10)
with torch.no_grad():
    out = model(X_te)
finish(model, out, accuracy=(out.argmax(1) == y_te).float().mean())
