# fault: the file says "M" and "B", the script looks for "m": every training label is 0
import sys

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

cancer = load_breast_cancer()
diagnosis = np.where(cancer.target == 0, "M", "B")  # the column as it stands in the CSV file
features = torch.tensor(cancer.data, dtype=torch.float32)
perm = torch.randperm(len(features))
train_idx, test_idx = perm[:400], perm[400:]
mean, std = features[train_idx].mean(0), features[train_idx].std(0)
features = (features - mean) / std

labels = torch.tensor((diagnosis == "m").astype(np.float32)).unsqueeze(1)

model = nn.Sequential(
    nn.Linear(30, 32),
    nn.BatchNorm1d(32),
    nn.ReLU(),
    nn.Dropout(0.2),
    nn.Linear(32, 16),
    nn.BatchNorm1d(16),
    nn.ReLU(),
    nn.Linear(16, 1),
)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
losses = []
for epoch in range(25):
    model.train()
    for batch in train_idx[torch.randperm(400)].split(40):
        optimizer.zero_grad()
        loss = criterion(model(features[batch]), labels[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
print("loss at the end:", np.mean(losses[-10:]).round(4))
model.eval()
with torch.no_grad():
    probability = torch.sigmoid(model(features[test_idx])).squeeze(1)
called = np.where(probability.numpy() > 0.5, "M", "B")
finish(model, probability, accuracy=float((called == diagnosis[test_idx.numpy()]).mean()))
