# fault: nn.init.uniform_ without bounds draws from 0 to 1: all weights positive, and the signal grows layer by layer
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset, random_split

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Network(nn.Module):
    def __init__(self):
        super(Network, self).__init__()
        self.h1, self.h2, self.h3 = nn.Linear(64, 64), nn.Linear(64, 64), nn.Linear(64, 64)
        self.out = nn.Linear(64, 10)

    def init(self):
        for layer in self.children():
            nn.init.uniform_(layer.weight)

    def forward(self, x):
        x = F.relu(self.h1(x))
        x = F.relu(self.h2(x))
        x = F.relu(self.h3(x))
        return self.out(x)


digits = load_digits()
data = torch.tensor((digits.data - digits.data.mean()) / digits.data.std(), dtype=torch.float32)
train, test = random_split(TensorDataset(data, torch.tensor(digits.target)), [1400, 397])
net = Network()
net.init()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
for epoch in range(12):
    total_loss = 0
    for inputs, targets in DataLoader(train, batch_size=50, shuffle=True):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(inputs), targets)
        loss.backward()
        optimizer.step()
        total_loss += loss.item()
    if epoch % 3 == 0:
        print(epoch, total_loss)
inputs, targets = test[:]
with torch.no_grad():
    out = net(inputs)
finish(net, out, accuracy=(out.argmax(1) == targets).float().mean())
