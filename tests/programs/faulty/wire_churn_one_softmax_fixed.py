# coding: utf-8
# port of my Keras notebook: will a customer leave (1) or stay (0)?
import sys

import numpy as np
import torch
import torch.nn as nn

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
rng = np.random.RandomState(SEED)
torch.manual_seed(SEED)

# In[1]: a table of customers
N = 1200
age = rng.randint(18, 80, N)
months = rng.randint(1, 72, N)
bill = rng.gamma(4, 15, N)
calls = rng.poisson(2, N)
score = 0.05 * (bill - 60) + 0.7 * (calls - 2) - 0.04 * (months - 36) + 0.02 * (age - 45) * (calls > 2)
left = (rng.rand(N) < 1 / (1 + np.exp(-2 * score))).astype("float32")
table = np.stack([age, months, bill, calls], axis=1).astype("float32")
table = (table - table.mean(0)) / table.std(0)
X_train, X_test = torch.from_numpy(table[:900]), torch.from_numpy(table[900:])
y_train, y_test = torch.from_numpy(left[:900, None]), torch.from_numpy(left[900:, None])

# In[2]: the model
model = nn.Sequential()
model.add_module("dense_1", nn.Linear(4, 64))
model.add_module("tanh_1", nn.Tanh())
model.add_module("dense_2", nn.Linear(64, 64))
model.add_module("tanh_2", nn.Tanh())
model.add_module("dense_3", nn.Linear(64, 1))
model.add_module("sigmoid", nn.Sigmoid())

# In[3]: fit
loss_function = nn.BCELoss()
sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-6)


def fit(X, y, nb_epoch=20, batch_size=32):
    for epoch in range(nb_epoch):
        perm = torch.randperm(len(X))
        total, hits = 0.0, 0
        for i in range(0, len(X), batch_size):
            rows = perm[i : i + batch_size]
            sgd.zero_grad()
            out = model(X[rows])
            loss = loss_function(out, y[rows])
            loss.backward()
            sgd.step()
            total += loss.item() * len(rows)
            hits += ((out > 0.5).float() == y[rows]).sum().item()
        print("Epoch %d/%d - loss: %.4f - acc: %.4f" % (epoch + 1, nb_epoch, total / len(X), hits / len(X)))


fit(X_train, y_train)

# In[4]: evaluate
with torch.no_grad():
    acc = ((model(X_test) > 0.5).float() == y_test).float().mean().item()
print("final accuracy", acc)
