# Multi-label classification: BCEWithLogitsLoss with pos_weight, labels of unequal frequency. Learns: MEASURED
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, random_split

from digest import finish


class Tags(Dataset):
    def __init__(self, n=1500):
        g = torch.Generator().manual_seed(5)
        self.x = torch.randn(n, 15, generator=g)
        scores = self.x @ torch.randn(15, 6, generator=g) + self.x[:, :6] * self.x[:, 6:12] * 2
        self.y = (scores > torch.tensor([0.0, 1, 2, 3, 4, -2])).float()

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


torch.manual_seed(0)
torch.set_num_threads(1)
dataset = Tags()
train, test = random_split(dataset, [1200, 300])
pos = dataset.y.mean(0)
model = nn.Sequential(nn.Linear(15, 100), nn.LeakyReLU(0.1), nn.Linear(100, 50), nn.LeakyReLU(0.1), nn.Linear(50, 6))
criterion = nn.BCEWithLogitsLoss(pos_weight=(1 - pos) / pos)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(12):
    for x, y in DataLoader(train, batch_size=64, shuffle=True):
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, f"{loss.item():.4f}")
x, y = map(torch.stack, zip(*test))
with torch.no_grad():
    out = model(x)
right = (out > 0).float() == y
balanced = (right[y == 1].float().mean() + right[y == 0].float().mean()) / 2
finish(model, out, balanced_accuracy=balanced)
