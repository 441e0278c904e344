"""MNIST subset with separate training and validation transforms."""

import gzip
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
ROOT = Path(__file__).resolve().parents[3] / "src" / "headstart" / "train" / "data"
MEAN, STD = 0.1307, 0.3081


class Compose:
    def __init__(self, *steps):
        self.steps = steps

    def __call__(self, image):
        for step in self.steps:
            image = step(image)
        return image


def to_tensor(image):
    return torch.from_numpy(image.astype(np.float32) / 255).unsqueeze(0)


def random_shift(image):
    dy, dx = torch.randint(-1, 2, (2,)).tolist()
    return torch.roll(image, (dy, dx), (1, 2))


def normalize(image):
    return (image - MEAN) / STD


def pil_to_tensor(image):
    return torch.from_numpy(image.copy()).unsqueeze(0).float()


train_tfms = Compose(to_tensor, random_shift, normalize)
val_tfms = Compose(pil_to_tensor, normalize)


class Digits(Dataset):
    def __init__(self, part, count, transform):
        with gzip.open(ROOT / f"{part}-images-idx3-ubyte.gz") as f:
            self.images = np.frombuffer(f.read(16 + count * 784), np.uint8, offset=16).reshape(count, 28, 28)
        with gzip.open(ROOT / f"{part}-labels-idx1-ubyte.gz") as f:
            self.labels = np.frombuffer(f.read(8 + count), np.uint8, offset=8).astype(int)
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.transform(self.images[i]), self.labels[i]


train_dl = DataLoader(Digits("train", 3000, train_tfms), batch_size=50, shuffle=True)
val_dl = DataLoader(Digits("t10k", 1000, val_tfms), batch_size=250)

model = nn.Sequential(
    nn.Conv2d(1, 12, 5, stride=2),
    nn.ReLU(),
    nn.Conv2d(12, 24, 3, stride=2),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(24 * 5 * 5, 64),
    nn.ReLU(),
    nn.Dropout(0.3),
    nn.Linear(64, 10),
)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss()


def evaluate():
    model.eval()
    loss = hits = n = 0
    with torch.no_grad():
        for x, y in val_dl:
            out = model(x)
            loss += criterion(out, y).item() * len(y)
            hits += (out.argmax(1) == y).sum().item()
            n += len(y)
    return loss / n, hits / n


for epoch in range(3):
    model.train()
    for x, y in train_dl:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    val_loss, val_acc = evaluate()
    print(f"epoch {epoch + 1}: train loss {loss.item():.3f}  val loss {val_loss:.3f}  val acc {val_acc:.3f}")
print(f"final val_loss {val_loss:.4f}")
