# fixed: 16 units a layer, drawn as Glorot and Bengio do, a rate of 0.01
import sys

import numpy
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
numpy.random.seed(7)

# the dataset: SIN, SIN-1, Direction
wave = numpy.sin(numpy.arange(300) * 2 * numpy.pi / 100)
now, before = wave[1:], wave[:-1]
direction = (now > before).astype(int)
X = numpy.stack([now, before], axis=1)
# split into train and test sets
train_size = int(len(X) * 0.80)
as_tensor = lambda a: torch.tensor(a, dtype=torch.float32)
Xtrain, Xtest = as_tensor(X[0:train_size, :]), as_tensor(X[train_size:, :])
Ytrain, Ytest = as_tensor(direction[0:train_size, None]), as_tensor(direction[train_size:, None])
print(len(Xtrain), len(Xtest))

# create and fit Multilayer Perceptron model
model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
for name, p in model.named_parameters():
    if name.endswith("weight"):
        nn.init.xavier_uniform_(p)
    else:
        nn.init.zeros_(p)
criterion = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, eps=1e-7)
for epoch in range(20):
    for x, y in DataLoader(TensorDataset(Xtrain, Ytrain), batch_size=2, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()

# Estimate model performance
with torch.no_grad():
    out = model(Xtrain)
    print("Train Score: %.4f" % criterion(out, Ytrain).item())
    out = model(Xtest)
finish(model, out, loss=criterion(out, Ytest))
