# A siamese net on digits by TripletMarginLoss, triplets drawn by the data set, judged by its nearest neighbours. Learns: recall at 1 0.91
import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset

from digest import finish

torch.manual_seed(0)
random.seed(0)
torch.set_num_threads(1)
digits = load_digits()
X = torch.tensor((digits.images - 4.9) / 6.0, dtype=torch.float32).unsqueeze(1)
Y = digits.target


class TripletDataset(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y
        self.by_class = {c: np.flatnonzero(y == c) for c in set(y.tolist())}

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        c = int(self.y[i])
        other = random.choice([k for k in self.by_class if k != c])
        return self.x[i], self.x[random.choice(self.by_class[c])], self.x[random.choice(self.by_class[other])]


class EmbeddingNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.convnet = nn.Sequential(
            nn.Conv2d(1, 16, 3), nn.PReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 2), nn.PReLU()
        )
        self.fc = nn.Sequential(nn.Linear(32 * 4, 32), nn.PReLU(), nn.Linear(32, 8))

    def forward(self, x):
        return F.normalize(self.fc(self.convnet(x).flatten(1)))


net = EmbeddingNet()
loader = DataLoader(TripletDataset(X[:1200], Y[:1200]), batch_size=64, shuffle=True, drop_last=True)
loss_fn = nn.TripletMarginLoss(margin=0.5)
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
for epoch in range(6):
    total = 0.0
    for a, p, n in loader:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_fn(net(a), net(p), net(n))
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch} loss {total / len(loader):.4f}")
net.eval()
with torch.inference_mode():
    gallery, query = net(X[:1200]), net(X[1200:])
    nearest = torch.cdist(query, gallery).argmin(1).numpy()
finish(net, query, recall_at_1=float((Y[:1200][nearest] == Y[1200:]).mean()))
