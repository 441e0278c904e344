"""An image folder is listed class by class. Residual net, SGD with Nesterov momentum and weight decay."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


class ImageFolder(Dataset):
    """root/0/a.png, root/0/b.png, ..., root/9/z.png"""

    def __init__(self, images, targets):
        self.samples = [(images[i], c) for c in range(10) for i in range(len(images)) if targets[i] == c]

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        image, target = self.samples[index]
        return torch.as_tensor(image, dtype=torch.float32).unsqueeze(0) / 8 - 1, target


def get_data_loader(dataset, dataloader_params, default):
    params = dict(default)
    params.update(dataloader_params or {})
    return DataLoader(dataset, **params)


def imagenet_train(dataloader_params=None):
    d = load_digits()
    return get_data_loader(
        ImageFolder(d.images[:1400], d.target[:1400]), dataloader_params, {"batch_size": 64, "drop_last": True}
    )


def imagenet_val(dataloader_params=None):
    d = load_digits()
    return get_data_loader(ImageFolder(d.images[1400:], d.target[1400:]), dataloader_params, {"batch_size": 128})


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c1, self.b1 = nn.Conv2d(c, c, 3, 1, 1, bias=False), nn.BatchNorm2d(c)
        self.c2, self.b2 = nn.Conv2d(c, c, 3, 1, 1, bias=False), nn.BatchNorm2d(c)

    def forward(self, x):
        return F.relu(x + self.b2(self.c2(F.relu(self.b1(self.c1(x))))))


model = nn.Sequential(
    nn.Conv2d(1, 16, 3, 1, 1, bias=False),
    nn.BatchNorm2d(16),
    nn.ReLU(),
    Residual(16),
    nn.Conv2d(16, 32, 3, 2, 1, bias=False),
    nn.BatchNorm2d(32),
    nn.ReLU(),
    Residual(32),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(32, 10),
)
train_dataloader = imagenet_train({"batch_size": 56, "shuffle": True})
valid_dataloader = imagenet_val()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, nesterov=True, weight_decay=1e-4)

for epoch in range(5):
    model.train()
    for inputs, targets in train_dataloader:
        loss = F.cross_entropy(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    hits, outputs = 0, []
    with torch.no_grad():
        for inputs, targets in valid_dataloader:
            outputs.append(model(inputs))
            hits += (outputs[-1].argmax(1) == targets).sum().item()
    print(f"epoch {epoch} train loss {loss.item():.4f} valid accuracy {hits / 397:.4f}")

finish(model, torch.cat(outputs), accuracy=hits / 397)
