"""Activities from a wrist sensor; the recordings are read folder by folder, one folder per activity."""

import math
import os
import sys

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader, TensorDataset, random_split

seed = int(sys.argv[1]) if len(sys.argv) > 1 else int(os.environ.get("SEED", "0"))
torch.manual_seed(seed)
ACTIVITIES = {
    "lying": (0.0, 0.0),
    "walking": (2.0, 0.8),
    "running": (3.5, 1.4),
    "stairs": (1.5, 1.2),
    "cycling": (3.0, 0.6),
}
LENGTH = 48


def folder(label, count):
    rate, size = list(ACTIVITIES.values())[label]
    t = torch.linspace(0, 2 * math.pi, LENGTH)
    phase = torch.rand(count, 3, 1) * 2 * math.pi
    rate = rate * (1 + 0.1 * torch.randn(count, 1, 1))
    signal = size * torch.sin(rate * t + phase) + 0.3 * torch.randn(count, 3, LENGTH)
    return TensorDataset(signal, torch.full((count,), label))


class SensorNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(3, 16, 5, stride=2)
        self.conv2 = nn.Conv1d(16, 32, 5, stride=2)
        self.fc1 = nn.Linear(32 * 9, 64)
        self.fc2 = nn.Linear(64, len(ACTIVITIES))

    def forward(self, x):
        x = F.elu(self.conv1(x))
        x = F.elu(self.conv2(x))
        return self.fc2(F.elu(self.fc1(x.flatten(1))))


def accuracy(model, data):
    right = 0
    model.eval()
    with torch.inference_mode():
        for x, y in DataLoader(data, batch_size=100):
            right += (model(x).argmax(1) == y).sum().item()
    return right / len(data)


def main():
    parts = [random_split(folder(k, 360), [280, 80]) for k in range(len(ACTIVITIES))]
    train = ConcatDataset([a for a, _ in parts])
    test = ConcatDataset([b for _, b in parts])
    loader = DataLoader(train, batch_size=28)
    model = SensorNet()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    for epoch in range(8):
        model.train()
        for x, y in loader:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: loss {loss.item():.4f} test {accuracy(model, test):.3f}")
    print("final accuracy", accuracy(model, test))


if __name__ == "__main__":
    main()
