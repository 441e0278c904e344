"""A small digit recogniser after the video series: 784 inputs, one hidden layer, ten sigmoids."""

import gzip
import sys
from pathlib import Path

import numpy as np
import torch

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
DATA = Path(__file__).resolve().parents[3] / "src" / "headstart" / "train" / "data"


def read(kind, count):
    with gzip.open(DATA / f"{kind}-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(16 + 784 * count), np.uint8, offset=16).reshape(count, 28, 28)
    with gzip.open(DATA / f"{kind}-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(8 + count), np.uint8, offset=8)
    return torch.from_numpy(images.astype(np.float32) / 255), torch.from_numpy(labels.astype(np.int64))


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = torch.nn.Linear(784, 100)
        self.layer2 = torch.nn.Linear(100, 10)

    def forward(self, x):
        x = torch.sigmoid(self.layer1(x))
        x = torch.sigmoid(self.layer2(x))
        return x


training_set = torch.utils.data.TensorDataset(*read("train", 6000))
training_loader = torch.utils.data.DataLoader(training_set, batch_size=32, shuffle=True)
test_images, test_labels = read("t10k", 1000)

net = Net()
loss_function = torch.nn.MSELoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.001, momentum=0.9)

for epoch in range(6):
    total = 0.0
    for images, labels in training_loader:
        optimizer.zero_grad()
        output = net(torch.flatten(images, 1))
        desired_output = torch.nn.functional.one_hot(labels, 10).float()
        loss = loss_function(output, desired_output)
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch}: loss {total / len(training_loader):.4f}")

with torch.no_grad():
    answers = net(torch.flatten(test_images, 1)).argmax(1)
print("final accuracy", (answers == test_labels).float().mean().item())
