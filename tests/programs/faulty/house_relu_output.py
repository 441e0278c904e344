# fault: a ReLU at the output of a regression whose standardised targets are half of them negative
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_diabetes

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

X, y = load_diabetes(return_X_y=True, scaled=False)
X = torch.tensor((X - X.mean(0)) / X.std(0), dtype=torch.float32)
y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32).view(-1, 1)
order = torch.randperm(len(X))
train, test = order[:350], order[350:]


class Regressor(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.hid1 = nn.Linear(n_features, 16)
        self.drop = nn.Dropout(0.1)
        self.oupt = nn.Linear(16, 1)

    def forward(self, x):
        z = self.drop(F.relu(self.hid1(x)))
        return F.relu(self.oupt(z))


net = Regressor(X.shape[1])
net.train()
optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
loss_func = nn.MSELoss()
for epoch in range(40):
    epoch_loss = 0.0
    for idx in train[torch.randperm(len(train))].split(10):
        oupt = net(X[idx])
        loss_val = loss_func(oupt, y[idx])
        epoch_loss += loss_val.item()
        optimizer.zero_grad()
        loss_val.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print(f"epoch = {epoch:4d}  loss = {epoch_loss / 35:0.4f}")
net.eval()
with torch.no_grad():
    oupt = net(X[test])
finish(net, oupt, loss=loss_func(oupt, y[test]))
