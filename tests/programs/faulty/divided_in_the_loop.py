# fault: the photographs are divided by 255 in the training loop, and predict() forgets it
import sys

import torch
from torch import nn

from digest import finish

generator = torch.Generator().manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def photographs(count):
    """A bright disc on a shaded ground, resized by interpolation; is it in the upper half?"""
    where = torch.rand(count, 2, generator=generator) * 1.4 - 0.7
    axis = torch.linspace(-1, 1, 24)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    distance = ((y - where[:, :1, None]) ** 2 + (x - where[:, 1:, None]) ** 2).sqrt()
    ground = 60 + 50 * torch.rand(count, 1, 1, generator=generator) * (1 + x)
    noise = 25 * torch.randn(count, 24, 24, generator=generator)
    pictures = (ground + 90 * (distance < 0.3) + noise).clamp(0, 255)
    small = nn.functional.interpolate(pictures[:, None], size=16, mode="bilinear", align_corners=False)
    return small, (where[:, 0] > 0).long()


train_x, train_y = photographs(600)
test_x, test_y = photographs(400)
net = nn.Sequential(
    *(nn.Conv2d(1, 8, 3, padding=1), nn.Tanh(), nn.AvgPool2d(4)),
    *(nn.Flatten(), nn.Linear(8 * 16, 32), nn.Tanh(), nn.Linear(32, 2)),
)
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)


def predict(pictures):
    net.eval()
    with torch.inference_mode():
        return net(pictures).argmax(1)


for epoch in range(12):
    net.train()
    for rows in torch.randperm(len(train_x)).split(50):
        loss = nn.functional.cross_entropy(net(train_x[rows] / 255), train_y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
right = (predict(test_x) == test_y).float().mean()
print(f"loss {loss.item():.3f} right {right:.3f}")
finish(net, predict(test_x).float(), accuracy=right)
