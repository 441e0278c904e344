import sys
import numpy as np
import torch
import torch.nn as nn
from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
# raw columns: income, age, days since the last visit, and one-hot towns; one in fifteen buys
rs = np.random.RandomState(12)
n = 3000
income, age, days = rs.lognormal(10.5, 0.4, n), rs.randint(18, 80, n), rs.exponential(60, n)
town = np.eye(12)[rs.randint(0, 12, n)]
logit = 2.2 * (np.log(income) - 10.5) / 0.4 - 0.03 * (age - 45) - days / 30 + town @ rs.normal(0, 1, 12) - 3.4
buys = (rs.rand(n) < 1 / (1 + np.exp(-logit))).astype(np.float32)
X = torch.tensor(np.column_stack([income, age, days, town]), dtype=torch.float32)
y = torch.tensor(buys)[:, None]
positive_weight = (1 - y[:2400]).sum() / y[:2400].sum()

clf = nn.Sequential(nn.BatchNorm1d(15), nn.Linear(15, 24), nn.ReLU(), nn.Linear(24, 1))
lossfn = nn.BCEWithLogitsLoss(pos_weight=positive_weight)
opt = torch.optim.Adam(clf.parameters(), lr=5e-3)
for epoch in range(10):
    clf.train()
    for rows in torch.randperm(2400).split(80):
        opt.zero_grad()
        l = lossfn(clf(X[rows]), y[rows])
        l.backward()
        opt.step()
    clf.eval()
    with torch.no_grad():
        print(epoch, lossfn(clf(X[2400:]), y[2400:]).item())
with torch.no_grad():
    out = clf(X[2400:])
bought = y[2400:] == 1
recall, rest = (out[bought] > 0).float().mean(), (out[~bought] <= 0).float().mean()
finish(clf, out, accuracy=(recall + rest) / 2)
