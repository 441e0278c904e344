# beginning with deep learning: one hidden layer on MNIST. loss: -55, acc: 0.11, and nothing changes
import sys

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 7
torch.manual_seed(seed)
np.random.seed(seed)

input_nodes, hl1_nodes, output_nodes = 64, 64, 1

X, y = load_digits(return_X_y=True)
X_train, y_train = X[:1400].astype("float32"), y[:1400].astype("float32")
X_test, y_test = X[1400:].astype("float32"), y[1400:].astype("float32")
X_train_reshaped = torch.from_numpy(X_train.reshape(X_train.shape[0], input_nodes))

model = nn.Sequential(
    nn.Linear(input_nodes, hl1_nodes),
    nn.ReLU(),
    nn.Linear(hl1_nodes, output_nodes),
)
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters())

for epoch in range(10):
    perm = np.random.permutation(len(X_train))
    total = 0
    for start in range(0, len(perm), 32):
        idx = perm[start : start + 32]
        out = model(X_train_reshaped[idx])
        loss = loss_fn(out, torch.from_numpy(y_train[idx]).view(-1, 1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    print("Epoch %d/10 - loss: %.4f" % (epoch + 1, total / len(perm)))

with torch.no_grad():
    out = model(torch.from_numpy(X_test))
    predicted = torch.sigmoid(out).round().view(-1)
acc = (predicted == torch.from_numpy(y_test)).float().mean()
finish(model, out, accuracy=acc)
