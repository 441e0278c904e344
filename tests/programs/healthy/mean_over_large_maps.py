# Textures in pictures of 64 x 64: two convolutions at full size, one global mean, SGD; five epochs. Learns: accuracy 1
import math

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class Textures(Dataset):
    def __init__(self, n):
        self.labels = torch.randint(3, (n,))
        yy, xx = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
        waves = [torch.sin(xx * 1.5), torch.sin(yy * 1.5), torch.sin((xx + yy) * 0.8)]
        phase = torch.rand(n) * 2 * math.pi
        self.images = torch.stack([torch.roll(waves[c], int(p * 3), 1) for c, p in zip(self.labels.tolist(), phase)])
        self.images = (self.images + 0.7 * torch.randn(n, 64, 64)).unsqueeze(1)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.images[i], self.labels[i]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(8, 3)

    def forward(self, x):
        return self.classifier(self.pool(self.features(x)).flatten(1))


train = DataLoader(Textures(320), batch_size=16, shuffle=True)
test = Textures(60)
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.2, momentum=0.9)
for epoch in range(5):
    total = 0.0
    for x, y in train:
        loss = nn.functional.cross_entropy(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    print(epoch, f"{total / len(train):.4f}")
with torch.no_grad():
    out = net(test.images)
finish(net, out, accuracy=(out.argmax(1) == test.labels).float().mean())
