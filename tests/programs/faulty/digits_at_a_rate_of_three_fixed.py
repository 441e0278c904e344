# fixed: sigmoids after both layers, weights of a usual size
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

data = mnist()
x_train = data.train_images[:3000].reshape(3000, 784).float() / 255
x_test = data.test_images[:1000].reshape(1000, 784).float() / 255
y_train = F.one_hot(data.train_labels[:3000].long(), 10).float()
y_test = data.test_labels[:1000].long()


class Network(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(n, m) for n, m in zip(sizes[:-1], sizes[1:]))
        for layer in self.layers:
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, a):
        for layer in self.layers:
            a = torch.sigmoid(layer(a))
        return a


net = Network([784, 30, 10])
sgd = torch.optim.SGD(net.parameters(), lr=3.0)
loader = DataLoader(TensorDataset(x_train, y_train), batch_size=10, shuffle=True)
for epoch in range(3):
    for x, y in loader:
        cost = F.mse_loss(net(x), y)
        sgd.zero_grad()
        cost.backward()
        sgd.step()
    with torch.no_grad():
        correct = (net(x_test).argmax(1) == y_test).sum().item()
    print(f"Epoch {epoch}: {correct} / {len(x_test)}")
with torch.no_grad():
    output = net(x_test)
finish(net, output, accuracy=(output.argmax(1) == y_test).float().mean())
