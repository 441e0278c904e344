# fixed: the loop goes through the loader, which gives the next batch at each step
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

centres = torch.randn(5, 16)


class Readings(Dataset):
    def __init__(self, n):
        self.labels = torch.randint(0, 5, (n,))
        self.values = centres[self.labels] + 2 * torch.randn(n, 16)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.values[i], self.labels[i]


train_set, test_set = Readings(1600), Readings(600)
train_loader = DataLoader(train_set, batch_size=32, shuffle=True)
test_loader = DataLoader(test_set, batch_size=200)

model = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 5))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

step = 0
for epoch in range(4):
    for inputs, labels in train_loader:
        loss = F.cross_entropy(model(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 50 == 0:
            print(f"step {step}: loss {loss.item():.4f}")

right = 0
with torch.no_grad():
    for inputs, labels in test_loader:
        out = model(inputs)
        right += (out.argmax(1) == labels).sum().item()
finish(model, out, accuracy=right / len(test_set))
