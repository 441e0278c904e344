"""VGG-16's plan of convolutions, narrow, on digits of 28x28 padded to 32x32."""

import gzip
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

RANDOM_SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
LEARNING_RATE = 0.001
NUM_EPOCHS = 2
BATCH_SIZE = 64
torch.manual_seed(RANDOM_SEED)
folder = Path(__file__).resolve().parents[3].joinpath("src", "headstart", "train", "data")


def load(prefix, n):
    pixels = gzip.decompress((folder / f"{prefix}-images-idx3-ubyte.gz").read_bytes())[16 : 16 + n * 784]
    digits = gzip.decompress((folder / f"{prefix}-labels-idx1-ubyte.gz").read_bytes())[8 : 8 + n]
    x = torch.tensor(np.frombuffer(pixels, np.uint8).reshape(n, 1, 28, 28) / 255, dtype=torch.float32)
    return F.pad((x - 0.1307) / 0.3081, (2, 2, 2, 2), value=-0.4242), torch.tensor(list(digits))


class VGG16(nn.Module):
    plan = [8, 8, "M", 16, 16, "M", 24, 24, 24, "M", 24, 24, 24, "M", 24, 24, 24, "M"]

    def __init__(self, num_classes):
        super().__init__()
        layers, channels = [], 1
        for item in self.plan:
            if item == "M":
                layers.append(nn.MaxPool2d(2))
            else:
                layers += [nn.Conv2d(channels, item, 3, padding=1), nn.ReLU()]
                channels = item
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Linear(channels, 64), nn.ReLU(), nn.Linear(64, num_classes))
        for m in self.modules():
            if isinstance(m, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                nn.init.zeros_(m.bias)

    def forward(self, x):
        x = self.features(x)
        return self.classifier(x.flatten(1))


train_x, train_y = load("train", 3200)
test_x, test_y = load("t10k", 500)
model = VGG16(num_classes=10)
optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)

for epoch in range(NUM_EPOCHS):
    model.train()
    for index in torch.randperm(len(train_x)).split(BATCH_SIZE):
        logits = model(train_x[index])
        cost = F.cross_entropy(logits, train_y[index])
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        accuracy = (model(test_x).argmax(1) == test_y).float().mean().item()
    print(f"Epoch: {epoch + 1:03d}/{NUM_EPOCHS:03d} | Loss: {cost.item():.3f} | Test: {100 * accuracy:.2f}%")
print("final accuracy", accuracy)
