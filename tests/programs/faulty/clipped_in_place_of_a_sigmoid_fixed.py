# fixed: a sigmoid before the clipping
import sys

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_classification

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)

EPSILON = 1e-7


def binary_crossentropy(y_true, y_pred):
    y_pred = torch.clip(y_pred, EPSILON, 1 - EPSILON)
    return -(y_true * torch.log(y_pred) + (1 - y_true) * torch.log(1 - y_pred)).mean()


class PacketClassifier(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.dense_1 = nn.Linear(n_features, 24)
        self.dense_2 = nn.Linear(24, 12)
        self.dense_3 = nn.Linear(12, 1)

    def forward(self, x):
        x = torch.relu(self.dense_1(x))
        x = torch.relu(self.dense_2(x))
        return torch.sigmoid(self.dense_3(x))


def fit(model, X, y, epochs, batch_size=25):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for epoch in range(epochs):
        losses = []
        for rows in np.array_split(np.random.permutation(len(X)), len(X) // batch_size):
            optimizer.zero_grad()
            loss = binary_crossentropy(y[rows], model(X[rows]))
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(f"Epoch {epoch + 1}/{epochs} - loss: {np.mean(losses):.4f}")


X, attack = make_classification(n_samples=1500, n_features=11, n_informative=8, class_sep=1.2, random_state=0)
X = torch.from_numpy((X - X.mean(0)) / X.std(0)).float()
attack = torch.from_numpy(attack).float().unsqueeze(1)
model = PacketClassifier(11)
fit(model, X[:1200], attack[:1200], epochs=20)
with torch.no_grad():
    y_pred = model(X[1200:])
finish(model, y_pred, accuracy=((y_pred > 0.5) == (attack[1200:] > 0.5)).float().mean())
