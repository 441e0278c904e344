# fault: a census table goes in as it is: the weight of each person is around 200,000, her education around 10
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
rng = np.random.default_rng(47)

# age, workclass, fnlwgt, education, education-num, marital, occupation, relationship, race, sex, gain, loss, hours, country
n = 6000
age = rng.integers(17, 90, n)
education_num = np.clip(rng.normal(10, 2.6, n).round(), 1, 16)
hours = np.clip(rng.normal(40, 12, n).round(), 1, 99)
married = rng.integers(0, 7, n)
fnlwgt = np.exp(rng.normal(12.0, 0.55, n)).round()
gain = np.where(rng.random(n) < 0.08, rng.integers(100, 99999, n), 0)
lost = np.where(rng.random(n) < 0.05, rng.integers(150, 4356, n), 0)
codes = [rng.integers(0, k, n) for k in (9, 16, 15, 6, 5, 2, 42)]
work, edu, job, relation, race, sex, country = codes
X = np.stack(
    [age, work, fnlwgt, edu, education_num, married, job, relation, race, sex, gain, lost, hours, country], axis=1
)
wealth = 0.5 * (education_num - 10) + 0.06 * (hours - 40) + 1.6 * (married == 2) + 1.0 * sex + 0.0004 * gain
wealth = wealth - 0.002 * (age - 50) ** 2 + rng.logistic(0, 0.6, n)
Y = (wealth > np.quantile(wealth, 0.75)).astype(np.int64)

X = torch.from_numpy(X.astype(np.float32))
Y = torch.from_numpy(Y)
train = TensorDataset(X[:5000], Y[:5000])

# model
model = nn.Sequential(nn.Linear(14, 21), nn.ReLU(), nn.Linear(21, 2))
for m in model:
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight)
        nn.init.zeros_(m.bias)

# train
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), eps=1e-7)
for epoch in range(20):
    running = 0.0
    for xb, yb in DataLoader(train, batch_size=100, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        running += loss.item()
    print(f"Epoch {epoch + 1}/20 - loss: {running / 50:.4f}")

with torch.no_grad():
    scores = model(X[5000:])
print("Accuracy: {:.1f}%".format(100 * (scores.argmax(1) == Y[5000:]).float().mean().item()))
finish(model, scores, accuracy=(scores.argmax(1) == Y[5000:]).float().mean())
