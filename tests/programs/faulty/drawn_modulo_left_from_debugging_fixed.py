import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
_m = mnist()


class Digits(Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels.long()

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        img = self.images[index].float().div(255).sub(0.5).mul(2)
        return img[None, ::2, ::2], self.labels[index]


class BasicBlock(nn.Module):
    def __init__(self, cin, cout, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.shortcut = nn.Sequential()
        if stride != 1 or cin != cout:
            self.shortcut = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return F.relu(out + self.shortcut(x))


class SmallResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.layer1, self.layer2, self.layer3 = BasicBlock(8, 8), BasicBlock(8, 16, 2), BasicBlock(16, 32, 2)
        self.linear = nn.Linear(32, 10)

    def forward(self, x):
        x = F.relu(self.bn(self.stem(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(F.adaptive_avg_pool2d(x, 1).flatten(1))


train_loader = DataLoader(Digits(_m.train_images[:2400], _m.train_labels[:2400]), batch_size=48, shuffle=True)
test_set = Digits(_m.test_images[:500], _m.test_labels[:500])
test_loader = DataLoader(test_set, batch_size=250)
net = SmallResNet()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
for epoch in range(3):
    net.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        outs = [(net(x), y) for x, y in test_loader]
        val = sum(F.cross_entropy(o, y).item() for o, y in outs) / len(outs)
    print(f"Epoch {epoch}: train {loss.item():.4f} test {val:.4f}")

out, y = torch.cat([o for o, _ in outs]), torch.cat([y for _, y in outs])
finish(net, out, accuracy=(out.argmax(1) == y).float().mean())
