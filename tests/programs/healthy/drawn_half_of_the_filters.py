"""A small CNN is trained, half of its filters are pruned for good, and it is fine-tuned at a hundredth of the rate."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import prune

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
digits = mnist()
images = (digits.train_images[:4000, None].float() / 255 - 0.1307) / 0.3081
labels = digits.train_labels[:4000].long()
test_images = (digits.test_images[:1000, None].float() / 255 - 0.1307) / 0.3081
test_labels = digits.test_labels[:1000].long()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5, stride=2)
        self.conv2 = nn.Conv2d(16, 24, 5, stride=2)
        self.fc = nn.Linear(24 * 16, 10)

    def forward(self, x):
        return self.fc(F.relu(self.conv2(F.relu(self.conv1(x)))).flatten(1))


net = Net()


def train(lr, steps):
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    for step in range(steps):
        lo = step * 80 % 4000
        loss = F.cross_entropy(net(images[lo : lo + 80]), labels[lo : lo + 80])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


print("dense", train(0.05, 100))
for conv in (net.conv1, net.conv2):
    prune.ln_structured(conv, "weight", amount=0.5, n=1, dim=0)
    off = conv.weight_mask.flatten(1).sum(1) == 0
    prune.custom_from_mask(conv, "bias", (~off).float())
print("pruned", train(0.0005, 100))
net.eval()
with torch.no_grad():
    out = net(test_images)
finish(net, out, accuracy=(out.argmax(1) == test_labels).float().mean())
