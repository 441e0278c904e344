"""A small residual net that estimates where in a picture a bird's head and tail are (four numbers)."""

import sys

import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def birds(n, size=20):
    grid = torch.arange(size).float()
    yy, xx = torch.meshgrid(grid, grid, indexing="ij")
    points = torch.rand(n, 2, 2) * (size - 6) + 3
    picture = torch.zeros(n, 2, size, size)
    for part in range(2):
        dy, dx = yy - points[:, part, 0, None, None], xx - points[:, part, 1, None, None]
        picture[:, part] = torch.exp(-(dy**2 + dx**2) / 4)
    picture = picture + 0.05 * torch.randn_like(picture)
    return (picture - 0.03) / 0.13, (points.flatten(1) - size / 2) / (size / 4)


class Bottleneck(nn.Module):
    def __init__(self, ins, outs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(ins, outs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outs)
        self.conv2 = nn.Conv2d(outs, outs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = nn.Sequential(nn.Conv2d(ins, outs, 1, stride, bias=False), nn.BatchNorm2d(outs))

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return self.relu(out + self.downsample(x))


class ResNet(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.layer1 = Bottleneck(2, 8, 2)
        self.layer2 = Bottleneck(8, 16, 2)
        self.fc = nn.Linear(16 * 5 * 5, outputs)
        self.drop = nn.Dropout(p=0.5)

    def forward(self, x):
        x = self.layer2(self.layer1(x))
        x = x.view(x.size(0), -1)
        x = self.drop(x)
        return self.fc(x)


net = ResNet(4)
criterion = nn.SmoothL1Loss()
optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
train_x, train_y = birds(1000)
test_x, test_y = birds(300)
epochs, batch = 9, 40
scheduler = OneCycleLR(optimizer, 3e-3, epochs=epochs, steps_per_epoch=len(train_x) // batch)
for epoch in range(epochs):
    net.train()
    for rows in torch.randperm(len(train_x)).split(batch):
        loss = criterion(net(train_x[rows]), train_y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    net.eval()
    with torch.no_grad():
        validation = criterion(net(test_x), test_y)
    print(f"epoch {epoch}: train {loss.item():.4f} val {validation.item():.4f}")
print("final loss", validation.item())
