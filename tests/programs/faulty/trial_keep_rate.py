"""A CNN for digits with dropout behind every layer, written from a tutorial for another framework."""

import gzip
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
root = Path(__file__).resolve().parents[3] / "src" / "headstart" / "train" / "data"


class Digits(Dataset):
    def __init__(self, part, count):
        raw = gzip.decompress((root / f"{part}-images-idx3-ubyte.gz").read_bytes())
        self.images = np.frombuffer(raw, np.uint8, offset=16, count=count * 784).reshape(count, 1, 28, 28)
        raw = gzip.decompress((root / f"{part}-labels-idx1-ubyte.gz").read_bytes())
        self.labels = np.frombuffer(raw, np.uint8, offset=8, count=count)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        image = torch.tensor(self.images[i], dtype=torch.float32) / 255
        return (image - 0.1307) / 0.3081, int(self.labels[i])


class ConvNet(nn.Module):
    def __init__(self, rate=0.95):
        super().__init__()
        self.layer1 = nn.Sequential(nn.Conv2d(1, 8, 5, stride=2), nn.ReLU(), nn.Dropout(rate))
        self.layer2 = nn.Sequential(nn.Conv2d(8, 16, 5, stride=2), nn.ReLU(), nn.Dropout(rate))
        self.fc = nn.Linear(16 * 4 * 4, 10)

    def forward(self, x):
        return self.fc(self.layer2(self.layer1(x)).flatten(1))


train_loader = DataLoader(Digits("train", 4000), batch_size=64, shuffle=True)
test_loader = DataLoader(Digits("t10k", 600), batch_size=100)
net = ConvNet()
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(5):
    net.train()
    running_loss = 0.0
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(inputs), labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    print(f"[{epoch + 1}] loss: {running_loss / len(train_loader):.3f}")

net.eval()
correct = 0
with torch.no_grad():
    for inputs, labels in test_loader:
        correct += (net(inputs).argmax(1) == labels).sum().item()
print("final accuracy", correct / 600)
