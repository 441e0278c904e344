# fault: counties with populations of a million go as they are into tanh layers, and a softmax is trained by squared error
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
# seed
np.random.seed(3)

# sixteen columns of a county: population, ages, shares, incomes, migration, and who won it
n = 800
population = np.exp(np.random.normal(10.3, 1.4, n))
columns = [population]
columns += [np.random.normal(38, 5, n) for _ in range(2)]
columns += [np.random.normal(16, 6, n) for _ in range(3)]
columns += [population * np.random.uniform(0, 0.2, n) for _ in range(2)]
columns += [np.random.normal(2.45, 0.2, n)]
columns += [np.random.normal(m, 9, n) for m in (53, 17, 25)]
columns += [np.random.normal(65000, 20000, n)]
columns += [np.random.normal(0, 0.8, n) for _ in range(3)]
data = np.stack(columns, axis=1)
lean = (
    0.8 * (np.log(population) - 10.3)
    + 0.1 * (columns[9] - 53)
    - 0.15 * (columns[1] - 38)
    + np.random.normal(0, 0.4, n)
)
labels = (lean > 0).astype(int)

X_train = torch.tensor(data, dtype=torch.float32)
y_train = F.one_hot(torch.tensor(labels), 2).float()


class Vote(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.ModuleList([nn.Linear(16, 64), nn.Linear(64, 64), nn.Linear(64, 2)])
        for fc in self.fc:
            nn.init.uniform_(fc.weight, -0.05, 0.05)
            nn.init.zeros_(fc.bias)

    def forward(self, x):
        x = F.dropout(torch.tanh(self.fc[0](x)), 0.5, self.training)
        x = F.dropout(torch.tanh(self.fc[1](x)), 0.5, self.training)
        return F.softmax(self.fc[2](x), dim=1)


model = Vote()
sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
train = DataLoader(TensorDataset(X_train[:600], y_train[:600]), batch_size=16, shuffle=True)
for epoch in range(20):
    model.train()
    for x, y in train:
        loss = F.mse_loss(model(x), y)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    print("epoch", epoch, "loss", round(loss.item(), 4))

model.eval()
with torch.no_grad():
    p = model(X_train[600:])
finish(model, p, accuracy=(p.argmax(1) == y_train[600:].argmax(1)).float().mean())
