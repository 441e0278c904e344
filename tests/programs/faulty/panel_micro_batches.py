"""The effective batch of 256 does not fit into memory, so gradients of micro-batches are accumulated."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

ACCUMULATE = 16
LR = 0.4

images, labels = load_digits(return_X_y=True)
images = (torch.tensor(images, dtype=torch.float32) - 4.88) / 6.02
labels = torch.tensor(labels)
train = DataLoader(TensorDataset(images[:1536], labels[:1536]), batch_size=16, shuffle=True)


class Updater:
    """Calls the optimizer once per `every` micro-batches."""

    def __init__(self, optimizer, every):
        self.optimizer, self.every, self.count = optimizer, every, 0

    def __call__(self, loss):
        loss.backward()
        self.count += 1
        if self.count % self.every == 0:
            self.optimizer.step()
            self.optimizer.zero_grad()


model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
criterion = nn.CrossEntropyLoss()
update = Updater(torch.optim.SGD(model.parameters(), lr=LR), ACCUMULATE)
for epoch in range(20):
    for x, y in train:
        loss = criterion(model(x), y)
        update(loss)
    if epoch % 5 == 4:
        print("epoch", epoch + 1, "loss", round(loss.item(), 4))

model.eval()
with torch.no_grad():
    scores = model(images[1536:])
finish(model, scores, accuracy=(scores.argmax(1) == labels[1536:]).float().mean())
