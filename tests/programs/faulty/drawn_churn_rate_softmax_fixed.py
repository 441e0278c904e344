import sys
import numpy as np
import torch
import torch.nn as nn
from sklearn.preprocessing import StandardScaler
from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

# share of customers of a branch that leave within the year
rs = np.random.RandomState(4)
raw = np.c_[rs.gamma(2, 300, 900), rs.randint(1, 40, 900), rs.rand(900), rs.normal(50, 12, 900), rs.poisson(3, 900)]
z = StandardScaler().fit_transform(raw)
rate = 1 / (1 + np.exp(-(0.9 * z[:, 0] - 1.1 * z[:, 2] + 0.6 * z[:, 4] * z[:, 1] - 0.4)))
rate = np.clip(rate + rs.normal(0, 0.03, 900), 0, 1)
X, y = torch.from_numpy(z).float(), torch.from_numpy(rate).float().view(-1, 1)

model = nn.Sequential(
    nn.Linear(5, 30),
    nn.Tanh(),
    nn.Linear(30, 10),
    nn.Tanh(),
    nn.Linear(10, 1),
    nn.Sigmoid(),  # so that the answer is between 0 and 1
)
criterion = nn.SmoothL1Loss(beta=0.1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
n_epochs, batch_size = 50, 36
for epoch in range(n_epochs):
    permutation = torch.randperm(720)
    for i in range(0, 720, batch_size):
        indices = permutation[i : i + batch_size]
        optimizer.zero_grad()
        outputs = model(X[indices])
        loss = criterion(outputs, y[indices])
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print("epoch {} loss {:.4f}".format(epoch, loss.item()))

model.eval()
with torch.no_grad():
    pred = model(X[720:])
finish(model, pred, loss=(pred - y[720:]).abs().mean())
