# Find the box in the picture: the network says (0, 0), the centre, whatever the picture
import sys

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
image_width = image_height = 24


def make_images(n):
    images = torch.zeros(n, 3, image_height, image_width)
    targets = torch.rand(n, 2) * 2 - 1
    for image, (px, py) in zip(images, targets.tolist()):
        left, top = int((px + 1) / 2 * (image_width - 6)), int((py + 1) / 2 * (image_height - 6))
        image[:] = torch.rand(3, 1, 1)
        image[:, top : top + 6, left : left + 6] = torch.rand(3, 1, 1)
    return images, targets


images, targets = make_images(1200)
val_images, val_targets = make_images(200)
model = nn.Sequential(
    nn.Conv2d(3, 32, 5, stride=2, padding=2),
    nn.ReLU(),
    nn.Conv2d(32, 32, 5, stride=2, padding=2),
    nn.ReLU(),
    nn.Conv2d(32, 64, 3, stride=2, padding=1),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(64 * 3 * 3, 64),
    nn.ReLU(),
    nn.Linear(64, 32),
    nn.ReLU(),
    nn.Linear(32, 2),
)
adam = optim.Adam(model.parameters(), lr=0.001, betas=(0.9, 0.999), eps=1e-8)
mse = nn.MSELoss()
for epoch in range(8):
    for image, target in DataLoader(TensorDataset(images, targets), batch_size=32, shuffle=True):
        adam.zero_grad()
        loss = mse(model(image), target)
        loss.backward()
        adam.step()
    with torch.no_grad():
        print("epoch", epoch, "loss", loss.item(), "val_loss", mse(model(val_images), val_targets).item())

with torch.no_grad():
    where = model(val_images)
finish(model, where, loss=mse(where, val_targets))
