"""The CIFAR recipe (conv, conv, pool, dropout, dense) on small coloured shapes, SGD with Nesterov momentum."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def shapes(n, size=16):
    label = torch.randint(6, (n,))
    kind, colour = label // 2, label % 2
    grid = torch.arange(size).float()
    yy, xx = torch.meshgrid(grid, grid, indexing="ij")
    c = torch.rand(n, 2, 1, 1) * 6 + 5
    dy, dx = (yy - c[:, 0]).abs(), (xx - c[:, 1]).abs()
    disc, square, cross = dy**2 + dx**2 < 14, torch.maximum(dy, dx) < 3, torch.minimum(dy, dx) < 1
    mask = torch.stack([disc, square, cross])[kind, torch.arange(n)].float()
    image = 0.3 * torch.randn(n, 3, size, size)
    image[:, 0] += mask * (1 - colour)[:, None, None]
    image[:, 2] += mask * colour[:, None, None]
    image[:, 1] += 0.5 * mask
    return (image - 0.1) / 0.4, label


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 16, 3)
        self.conv3 = nn.Conv2d(16, 32, 3, padding=1)
        self.dropout = nn.Dropout(0.25)
        self.fc1 = nn.Linear(32 * 3 * 3, 64)
        self.fc2 = nn.Linear(64, 6)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = self.dropout(F.max_pool2d(x, 2))
        x = F.relu(self.conv3(x))
        x = self.dropout(F.max_pool2d(x, 2))
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


x_train, y_train = shapes(1600)
x_test, y_test = shapes(400)
net = Net()
sgd = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-6, nesterov=True)
for epoch in range(12):
    net.train()
    hits = 0
    for batch in torch.randperm(len(x_train)).split(32):
        sgd.zero_grad()
        out = net(x_train[batch])
        loss = F.cross_entropy(out, y_train[batch])
        loss.backward()
        sgd.step()
        hits += (out.argmax(1) == y_train[batch]).sum().item()
    print(f"Epoch {epoch}: loss {loss.item():.3f} acc {hits / len(x_train):.3f}")
net.eval()
with torch.no_grad():
    print("final accuracy", (net(x_test).argmax(1) == y_test).float().mean().item())
