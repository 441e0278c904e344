# fixed: rows are shuffled before they are divided
import sys

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_wine
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)

wine = load_wine()
dataset = np.column_stack([wine.data, wine.target])
dataset = np.random.permutation(dataset)
X = dataset[:, :-1].astype(np.float32)
X = (X - X.mean(axis=0)) / X.std(axis=0)
Y = dataset[:, -1].astype(np.int64)
validation_split = 0.25
split_at = int(len(X) * (1 - validation_split))
x_train, x_val = torch.from_numpy(X[:split_at]), torch.from_numpy(X[split_at:])
y_train, y_val = torch.from_numpy(Y[:split_at]), torch.from_numpy(Y[split_at:])

model = nn.Sequential(nn.Linear(13, 12), nn.ReLU(), nn.Linear(12, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
criterion = nn.CrossEntropyLoss()
for epoch in range(40):
    model.train()
    for inputs, targets in DataLoader(TensorDataset(x_train, y_train), batch_size=10, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        outputs = model(x_val)
        val_loss = criterion(outputs, y_val)
        val_acc = (outputs.argmax(1) == y_val).float().mean()
    if epoch % 8 == 7:
        print(f"Epoch {epoch + 1}/40 - loss: {loss:.4f} - val_loss: {val_loss:.4f} - val_acc: {val_acc:.4f}")
finish(model, outputs, accuracy=val_acc)
