# fault: two towers whose vectors are not brought to length one, and a temperature of 0.05: the loss starts far above log(n)
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Tower(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(), nn.Linear(32, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Linear(256, 256), nn.BatchNorm1d(256),
            nn.ReLU(), nn.Linear(256, dim), nn.BatchNorm1d(dim, affine=False),
        )  # fmt: skip

    def forward(self, x):
        return self.net(x)


class Matcher(nn.Module):
    """Which left half belongs to which right half?"""

    def __init__(self, temperature=0.05):
        super().__init__()
        self.left, self.right = Tower(), Tower()
        self.temperature = temperature

    def forward(self, left, right):
        a, b = self.left(left), self.right(right)
        return a @ b.T / self.temperature


def info_nce(similarity):
    target = torch.arange(len(similarity))
    return (F.cross_entropy(similarity, target) + F.cross_entropy(similarity.T, target)) / 2


images = torch.tensor(load_digits().images, dtype=torch.float32)
images = (images - images.mean()) / images.std()
images = images[torch.randperm(len(images))]
left, right = images[:, :, :4], images[:, :, 4:]
train_left, train_right, test_left, test_right = left[:1400], right[:1400], left[1400:], right[1400:]

model = Matcher()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
for epoch in range(15):
    model.train()
    total = 0.0
    for idx in torch.randperm(1400).split(100):
        loss = info_nce(model(train_left[idx], train_right[idx]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch}: InfoNCE {total / 14:.3f}")
model.eval()
with torch.no_grad():
    similarity = model(test_left, test_right)
among = similarity.argsort(dim=1, descending=True)[:, :10]
finish(model, similarity, recall_at_10=(among == torch.arange(len(among))[:, None]).any(1).float().mean())
