# fault: one BatchNorm2d is called after each convolution of a residual net
import sys

import torch
from torch import nn, optim
from torch.nn import functional as F

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class ResNet(nn.Module):
    def __init__(self, n_blocks=4, n_channels=12):
        super().__init__()
        self.stem = nn.Conv2d(1, n_channels, 3, stride=2, padding=1)
        self.convs1 = nn.ModuleList([nn.Conv2d(n_channels, n_channels, 3, padding=1) for _ in range(n_blocks)])
        self.convs2 = nn.ModuleList([nn.Conv2d(n_channels, n_channels, 3, padding=1) for _ in range(n_blocks)])
        self.bn = nn.BatchNorm2d(n_channels)
        self.fc = nn.Linear(n_channels, 10)

    def forward(self, x):
        x = F.max_pool2d(self.stem(x), 2)
        for conv1, conv2 in zip(self.convs1, self.convs2):
            out = F.relu(self.bn(conv1(x)))
            out = self.bn(conv2(out))
            x = F.relu(x + out)
        return self.fc(x.mean(dim=(2, 3)))


data = mnist()
train_x = (data.train_images[:2560, None].float() / 255 - 0.1307) / 0.3081
train_y = data.train_labels[:2560].long()
test_x = (data.test_images[:800, None].float() / 255 - 0.1307) / 0.3081
test_y = data.test_labels[:800].long()

net = ResNet()
opt = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
net.train()
for epoch in range(5):
    for idx in torch.randperm(len(train_x)).split(64):
        opt.zero_grad()
        loss = F.cross_entropy(net(train_x[idx]), train_y[idx])
        loss.backward()
        opt.step()
    print("epoch", epoch, "loss", round(loss.item(), 3))

net.eval()
with torch.no_grad():
    logits = net(test_x)
finish(net, logits, accuracy=(logits.argmax(1) == test_y).float().mean())
