# fault: images and labels come from two loaders that shuffle each for itself
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

images = torch.randn(1200, 1, 8, 8)
images[:400, :, 2:6, 2:6] += 1.0  # a third has a bright square
labels = torch.cat([torch.ones(400, dtype=torch.long), torch.zeros(800, dtype=torch.long)])
order = torch.randperm(1200)
images, labels = images[order], labels[order]
TOGETHER = False


def batches():
    if TOGETHER:
        yield from DataLoader(list(zip(images[:1000], labels[:1000])), batch_size=50, shuffle=True)
    else:
        yield from zip(
            DataLoader(images[:1000], batch_size=50, shuffle=True),
            DataLoader(labels[:1000], batch_size=50, shuffle=True),
        )


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.fc = nn.Linear(8, 2)

    def forward(self, x):
        return self.fc(F.relu(self.conv(x)).mean((2, 3)))


net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(8):
    for x, y in batches():
        loss = F.nll_loss(F.log_softmax(net(x), dim=1), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
with torch.no_grad():
    out = net(images[1000:])
finish(net, out, accuracy=(out.argmax(1) == labels[1000:]).float().mean())
