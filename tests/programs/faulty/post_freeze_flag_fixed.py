"""Retrieval of clothes: a trunk pretrained on other pictures, then a head for the new categories."""

import sys

import torch
import torch.nn.functional as F
from digest import finish
from sklearn.datasets import load_digits
from torch import nn, optim


class Config:
    SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    FREEZE_PARAM = False
    EPOCH = 12
    LR = 2e-3
    BATCH = 64


torch.manual_seed(Config.SEED)


class Trunk(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1, stride=2)
        self.conv3 = nn.Conv2d(32, 32, 3, padding=1)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.relu(self.conv3(x))
        return F.adaptive_avg_pool2d(x, 1).flatten(1)


class Classifier(nn.Module):
    def __init__(self, trunk, classes):
        super().__init__()
        self.trunk = trunk
        self.fc = nn.Linear(32, classes)

    def forward(self, x):
        return self.fc(self.trunk(x))


def train(model, images, labels, epochs):
    params = [p for p in model.parameters() if p.requires_grad]
    optimizer = optim.Adam(params, lr=Config.LR)
    for epoch in range(epochs):
        model.train()
        for rows in torch.randperm(len(images)).split(Config.BATCH):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images[rows]), labels[rows])
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: {loss.item():.3f}")


def stripes(n):
    """Pretraining: level, upright or slanted stripes."""
    kind = torch.randint(0, 3, (n,))
    r, c = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    grids = torch.stack([r, c, (r + c) / 1.4])[kind]
    return torch.sin(grids * 1.8 + 6 * torch.rand(n, 1, 1)).unsqueeze(1) + 0.3 * torch.randn(n, 1, 8, 8), kind


trunk = Trunk()
train(Classifier(trunk, 3), *stripes(960), epochs=4)

model = Classifier(trunk, 10)
if Config.FREEZE_PARAM:
    for p in trunk.parameters():
        p.requires_grad = False
digits = load_digits()
images = (torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) - 4.9) / 6
labels = torch.tensor(digits.target)
order = torch.randperm(len(labels))
fit_rows, test_rows = order[:1400], order[1400:]
train(model, images[fit_rows], labels[fit_rows], Config.EPOCH)

model.eval()
with torch.no_grad():
    out = model(images[test_rows])
accuracy = (out.argmax(1) == labels[test_rows]).float().mean()
print(f"accuracy {accuracy:.3f}")
finish(model, out, accuracy=accuracy)
