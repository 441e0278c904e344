"""Predict the next bit of a binary sequence from the three before it (a Keras model, ported)."""

import sys

import numpy as np
import torch
from torch import nn

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(SEED)
torch.manual_seed(SEED)

# the bits tend to alternate
train = [0]
for _ in range(6000):
    train.append(1 - train[-1] if np.random.rand() < 0.9 else train[-1])

look_back = 3
vecX = np.array([train[i : i + look_back] for i in range(len(train) - look_back)], dtype="float32")[..., None]
vecY = np.array(train[look_back:], dtype="float32")[:, None]


class LSTM_net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 1, batch_first=True)
        self.dense = nn.Linear(1, 1)

    def forward(self, x):
        seq, _ = self.lstm(x)
        return torch.softmax(self.dense(seq[:, -1]), dim=-1)


net = LSTM_net()
opt = torch.optim.Adagrad(net.parameters(), lr=0.05)
bce = nn.BCELoss()
X, Y = torch.from_numpy(vecX), torch.from_numpy(vecY)

for epoch in range(100):
    perm = torch.randperm(len(X))
    for k in range(0, len(X), 256):
        idx = perm[k : k + 256]
        opt.zero_grad()
        loss = bce(net(X[idx]), Y[idx])
        loss.backward()
        opt.step()
    if epoch % 20 == 0:
        acc = ((net(X) > 0.5).float() == Y).float().mean()
        print(f"Epoch {epoch} - loss: {loss.item():.4f} - acc: {acc:.4f}")

with torch.no_grad():
    predicted = net(X)
finish(net, predicted, accuracy=((predicted > 0.5).float() == Y).float().mean())
