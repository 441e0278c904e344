# credit scoring, effective batch of 128 out of four times 32
import sys

import numpy as np
import torch
from sklearn.datasets import make_classification
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
X, good = make_classification(2400, 20, n_informative=9, n_redundant=4, weights=[0.35], class_sep=0.9, random_state=7)
risk = np.where(good == 1, 1, 2)  # as in the data sheet: 1 = good, 2 = bad
X = (X - X.mean(0)) / X.std(0)
labels = torch.tensor(risk - 1, dtype=torch.float32)
data = torch.tensor(X, dtype=torch.float32)
train_dl = DataLoader(TensorDataset(data[:1900], labels[:1900]), batch_size=32, shuffle=True)

scorer = nn.Sequential(nn.Linear(20, 40), nn.GELU(), nn.Dropout(0.1), nn.Linear(40, 20), nn.GELU(), nn.Linear(20, 1))
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.AdamW(scorer.parameters(), lr=4e-3)
accumulation_steps = 4

for epoch in range(14):
    scorer.train()
    total = 0.0
    optimizer.zero_grad()
    for i, (xb, yb) in enumerate(train_dl):
        loss = criterion(scorer(xb).squeeze(1), yb)
        total += loss.item()
        (loss / accumulation_steps).backward()
        if (i + 1) % accumulation_steps == 0 or i + 1 == len(train_dl):
            optimizer.step()
            optimizer.zero_grad()
    print("Epoch", epoch, "loss", round(total / len(train_dl), 4))

scorer.eval()
with torch.no_grad():
    p = torch.sigmoid(scorer(data[1900:]).squeeze(1))
guess = torch.where(p > 0.5, 1, 0)
finish(scorer, p, accuracy=(guess == labels[1900:]).float().mean())
