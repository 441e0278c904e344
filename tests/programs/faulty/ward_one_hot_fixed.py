import gzip
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
num_classes, batch_size, epochs = 10, 64, 5


def load_data(kind, n):
    folder = Path(__file__).resolve().parents[3] / "src/headstart/train/data"
    with gzip.open(folder / f"{kind}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(16 + n * 784), np.uint8, offset=16).reshape(n, 1, 28, 28)
    with gzip.open(folder / f"{kind}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(8 + n), np.uint8, offset=8)
    x = (torch.tensor(x, dtype=torch.float32) / 255 - 0.1307) / 0.3081
    return x, F.one_hot(torch.tensor(y).long(), num_classes).float()


def keras_crossentropy(p, y):
    return -(y * torch.log(p.clamp(1e-7, 1))).sum(1).mean()


LOSSES = {
    "categorical_crossentropy": keras_crossentropy,
    "mean_absolute_error": lambda p, y: (p - y).abs().mean(),
}


class LeNetLike(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3)
        self.conv2 = nn.Conv2d(8, 16, 3)
        self.drop = nn.Dropout(0.2)
        self.fc1 = nn.Linear(16 * 25, 64)
        self.fc2 = nn.Linear(64, num_classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(self.drop(x.flatten(1))))
        return F.softmax(self.fc2(x), dim=1)


x_train, y_train = load_data("train", 3000)
x_test, y_test = load_data("t10k", 1000)

model = LeNetLike()
compiled = {"loss": LOSSES["categorical_crossentropy"], "optimizer": torch.optim.Adam(model.parameters(), lr=1e-3)}

for epoch in range(epochs):
    model.train()
    total = 0.0
    for rows in torch.randperm(len(x_train)).split(batch_size):
        compiled["optimizer"].zero_grad()
        loss = compiled["loss"](model(x_train[rows]), y_train[rows])
        loss.backward()
        compiled["optimizer"].step()
        total += loss.item() * len(rows)
    print(f"Epoch {epoch + 1}/{epochs} loss: {total / len(x_train):.4f}")

model.eval()
with torch.no_grad():
    score = (model(x_test).argmax(1) == y_test.argmax(1)).float().mean().item()
print("final accuracy", score)
