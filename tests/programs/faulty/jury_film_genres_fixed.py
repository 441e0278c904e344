import sys

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
rng = np.random.default_rng(seed)
torch.manual_seed(seed)

GENRES, WORDS = 12, 200
topic = np.random.default_rng(7).gamma(0.15, size=(GENRES, WORDS))
topic /= topic.sum(1, keepdims=True)


class PlotDataset(Dataset):
    """Bags of words of a plot; each film has one to three genres."""

    def __init__(self, n):
        self.items = []
        for _ in range(n):
            genres = rng.choice(GENRES, size=rng.integers(1, 4), replace=False)
            words = rng.choice(WORDS, size=40, p=topic[genres].mean(0))
            y = np.zeros(GENRES, dtype=np.float32)
            y[genres] = 1
            self.items.append((torch.from_numpy(words), torch.from_numpy(y)))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


class GenreNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.bag = nn.EmbeddingBag(WORDS, 32, mode="mean")
        self.fc1 = nn.Linear(32, 64)
        self.drop = nn.Dropout(0.2)
        self.fc2 = nn.Linear(64, GENRES)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        x = torch.relu(self.fc1(self.bag(x)))
        return self.sigmoid(self.fc2(self.drop(x)))


train_dl = DataLoader(PlotDataset(1500), batch_size=32, shuffle=True)
val_dl = DataLoader(PlotDataset(400), batch_size=100)
model = GenreNet()
criterion = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(8):
    model.train()
    for words, y in train_dl:
        optimizer.zero_grad()
        loss = criterion(model(words), y)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    probs = torch.cat([model(words) for words, _ in val_dl])
truth = torch.cat([y for _, y in val_dl])
pred = (probs > 0.5).float()
f1 = 2 * (pred * truth).sum() / (pred.sum() + truth.sum() + 1e-9)
finish(model, probs, f1=f1)
