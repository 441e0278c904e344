# caffe's LeNet, in pytorch, on digits read out of a database in the order in which they were written: 0s first
import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


class Lmdb(Dataset):
    """Stands for the database: keys in the order of insertion, one folder of images after the other."""

    def __init__(self, images, labels):
        self.keys = []
        self.values = {}
        for digit in range(10):
            for i in torch.nonzero(labels == digit).flatten().tolist():
                key = f"{digit:02d}_{i:08d}"
                self.keys.append(key)
                self.values[key] = (images[i, None].float() * 0.00390625, digit)

    def __len__(self):
        return len(self.keys)

    def __getitem__(self, index):
        return self.values[self.keys[index]]


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, 5)
        self.conv2 = nn.Conv2d(10, 20, 5)
        self.ip1 = nn.Linear(320, 100)
        self.ip2 = nn.Linear(100, 10)
        self.pool = nn.MaxPool2d(2, 2)

    def forward(self, x):
        x = self.pool(self.conv1(x))
        x = self.pool(self.conv2(x))
        x = torch.relu(self.ip1(x.flatten(1)))
        return self.ip2(x)


data = mnist()
train_db = Lmdb(data.train_images[:3200], data.train_labels[:3200])
test_db = Lmdb(data.test_images[:1000], data.test_labels[:1000])
train_loader = DataLoader(train_db, batch_size=32, shuffle=True)
test_loader = DataLoader(test_db, batch_size=100)

net = LeNet()
solver = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=0.0005)
criterion = nn.CrossEntropyLoss()

iteration = 0
while iteration < 500:
    for images, labels in train_loader:
        loss = criterion(net(images), labels)
        solver.zero_grad()
        loss.backward()
        solver.step()
        iteration += 1
        if iteration % 20 == 0:
            print(f"Iteration {iteration}, loss = {loss.item():.6f}")

net.eval()
with torch.no_grad():
    scores = torch.cat([net(images) for images, _ in test_loader])
accuracy = (scores.argmax(1) == torch.tensor([label for _, label in test_db])).float().mean()
print("Test net output: accuracy =", accuracy.item())
finish(net, scores, accuracy=accuracy)
