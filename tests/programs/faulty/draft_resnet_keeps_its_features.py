"""A small ResNet on the digits that keeps its feature maps, to look at them later."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn, optim

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


class Block(nn.Module):
    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(c_out)
        self.relu = nn.ReLU(inplace=True)
        self.down = None
        if stride != 1 or c_in != c_out:
            self.down = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))

    def forward(self, x):
        skip = x if self.down is None else self.down(x)
        out = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(out)) + skip)


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.layer1 = Block(8, 8)
        self.layer2 = Block(8, 16, 2)
        self.layer3 = Block(16, 32, 2)
        self.fc = nn.Linear(32, 10)
        self.features = {}

    def forward(self, x):
        x = self.stem(x)
        for name in ("layer1", "layer2", "layer3"):
            self.features[name] = x = getattr(self, name)(x).detach()
        return self.fc(x.mean((2, 3)))


digits = load_digits()
x = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16
y = torch.tensor(digits.target)
x = (x - x.mean()) / x.std()
perm = torch.randperm(len(x))
x, y = x[perm], y[perm]
x_train, y_train, x_val, y_val = x[:1400], y[:1400], x[1400:], y[1400:]

net = ResNet()
optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
criterion = nn.CrossEntropyLoss()
for epoch in range(8):
    net.train()
    for idx in torch.randperm(1400).split(50):
        optimizer.zero_grad()
        loss = criterion(net(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        logits = net(x_val)
        acc = (logits.argmax(1) == y_val).float().mean()
    print(f"[{epoch + 1}] loss {loss.item():.3f} val acc {acc.item():.3f}")

finish(net, logits, accuracy=acc)
