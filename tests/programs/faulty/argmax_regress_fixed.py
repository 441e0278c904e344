# fixed: the loss is taken of the scores
import sys

import numpy as np
import torch
from torch import nn, optim

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)

# three kinds of flowers, four measurements each
centers = np.array([[5.0, 3.4, 1.5, 0.2], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.6, 2.0]])
species = np.random.randint(0, 3, 600)
measured = centers[species] + 0.3 * np.random.randn(600, 4)
measured = (measured - measured.mean(0)) / measured.std(0)
X, y = torch.from_numpy(measured).float(), torch.from_numpy(species)


class IrisNet(nn.Module):
    def __init__(self):
        super(IrisNet, self).__init__()
        self.layer1 = nn.Linear(4, 16)
        self.layer2 = nn.Linear(16, 3)

    def forward(self, x):
        return self.layer2(torch.relu(self.layer1(x)))


net = IrisNet()
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
for epoch in range(60):
    optimizer.zero_grad()
    output = net(X[:500])
    loss = criterion(output, y[:500])
    loss.backward()
    optimizer.step()
    if epoch % 10 == 0:
        print("Epoch:", epoch, "Loss:", loss.item())

with torch.no_grad():
    out = net(X[500:])
finish(net, out, accuracy=(out.argmax(1) == y[500:]).float().mean())
