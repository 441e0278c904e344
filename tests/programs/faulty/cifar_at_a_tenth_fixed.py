# fixed: a rate of 0.01
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist


def colour(images, seed):
    """Digits in a colour of their own on a coloured ground, 16 by 16."""
    g = torch.Generator().manual_seed(seed)
    small = F.interpolate(images[:, None].float() / 255, size=16, mode="bilinear", antialias=True)
    ink, ground = torch.rand(len(images), 3, 1, 1, generator=g), torch.rand(len(images), 3, 1, 1, generator=g) * 0.5
    return small * ink + (1 - small) * ground + 0.05 * torch.randn(len(images), 3, 16, 16, generator=g)


class Net(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 32, 3)
        self.pool = nn.MaxPool2d(2, 2)
        self.drop1 = nn.Dropout(0.25)
        self.fc1 = nn.Linear(32 * 7 * 7, 256)
        self.drop2 = nn.Dropout(0.5)
        self.fc2 = nn.Linear(256, num_classes)
        for m in self.modules():
            if isinstance(m, (nn.Conv2d, nn.Linear)):
                nn.init.xavier_uniform_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = self.drop1(self.pool(x))
        x = torch.flatten(x, 1)
        x = self.drop2(F.relu(self.fc1(x)))
        return self.fc2(x)


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
data = mnist()
trainset = TensorDataset(colour(data.train_images[:3000], 1), data.train_labels[:3000].long())
x_test, y_test = colour(data.test_images[:500], 2), data.test_labels[:500].long()
trainloader = DataLoader(trainset, batch_size=32, shuffle=True)

net = Net()
criterion = nn.CrossEntropyLoss()
sgd = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, nesterov=True)
for epoch in range(3):
    running_loss = 0.0
    net.train()
    for i, (inputs, labels) in enumerate(trainloader):
        sgd.zero_grad()
        loss = criterion(net(inputs), labels)
        loss.backward()
        sgd.step()
        running_loss += loss.item()
    print("[%d] loss: %.3f" % (epoch + 1, running_loss / (i + 1)))

net.eval()
with torch.no_grad():
    outputs = net(x_test)
finish(net, outputs, accuracy=(outputs.argmax(1) == y_test).float().mean())
