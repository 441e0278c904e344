# Linear support vector machines: Pegasos by hand from zero weights, then nn.MultiMarginLoss and a hinge with L2 in the loss. Learns: accuracy 0.98
import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.preprocessing import StandardScaler

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
bunch = load_breast_cancer()
X = torch.tensor(StandardScaler().fit_transform(bunch.data), dtype=torch.float32)
y = torch.tensor(bunch.target * 2.0 - 1, dtype=torch.float32)
perm = torch.randperm(len(X))
X, y = X[perm], y[perm]

# Pegasos, one sample a step, rate 1 / (λ t)
w, b, lam = torch.zeros(30), torch.zeros(1), 0.01
for t in range(1, 1001):
    i = int(torch.randint(0, 400, (1,)))
    eta = 1 / (lam * (t + 100))
    w *= 1 - eta * lam
    if y[i] * (X[i] @ w + b) < 1:
        w += eta * y[i] * X[i]
        b += 0.1 * eta * y[i]
print("pegasos", ((X[400:] @ w + b).sign() == y[400:]).float().mean().item())

# the same by autograd
svm = nn.Linear(30, 1)
opt = torch.optim.SGD(svm.parameters(), lr=0.1)
for epoch in range(5):
    for i in torch.randperm(400).split(20):
        loss = torch.clamp(1 - y[i] * svm(X[i]).squeeze(1), min=0).mean() + 0.01 * svm.weight.pow(2).sum()
        opt.zero_grad()
        loss.backward()
        opt.step()
print("hinge", (svm(X[400:]).squeeze(1).sign() == y[400:]).float().mean().item())

bunch = load_wine()
X = torch.tensor(StandardScaler().fit_transform(bunch.data), dtype=torch.float32)
t = torch.tensor(bunch.target)
perm = torch.randperm(len(X))
X, t = X[perm], t[perm]
multi = nn.Linear(13, 3)
opt = torch.optim.SGD(multi.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
criterion = nn.MultiMarginLoss()
for epoch in range(20):
    for i in torch.randperm(130).split(13):
        loss = criterion(multi(X[i]), t[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
with torch.no_grad():
    out = multi(X[130:])
finish([w, b, svm, multi], out, accuracy=(out.argmax(1) == t[130:]).float().mean())
