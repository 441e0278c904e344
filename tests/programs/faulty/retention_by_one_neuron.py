# fault: one sigmoid unit reads a number around 20,000, a softmax of one unit answers, the error is an absolute one
import sys

import numpy
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)
numpy.random.seed(7)

# load the dataset: a value, and whether it was right
values = numpy.random.randint(15000, 25000, size=(1000, 1)).astype("float32")
answers = (values < 20500).astype("float32")

# split into train and test sets
train_size = int(len(values) * 0.80)
Xtrain, Xtest = torch.tensor(values[:train_size]), torch.tensor(values[train_size:])
Ytrain, Ytest = torch.tensor(answers[:train_size]), torch.tensor(answers[train_size:])

model = nn.Sequential()
model.add_module("hidden", nn.Linear(1, 1))
model.add_module("sigmoid", nn.Sigmoid())
model.add_module("out", nn.Linear(1, 1))
model.add_module("softmax", nn.Softmax(dim=1))
nn.init.xavier_uniform_(model.hidden.weight)
nn.init.normal_(model.out.weight, std=0.05)
nn.init.zeros_(model.hidden.bias)
nn.init.zeros_(model.out.bias)

loss_fn = nn.L1Loss()
opt = torch.optim.RMSprop(model.parameters(), lr=0.001, alpha=0.9, eps=1e-7)

for epoch in range(100):
    for x, y in DataLoader(TensorDataset(Xtrain, Ytrain), batch_size=200, shuffle=True):
        opt.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        opt.step()
    if epoch % 10 == 9:
        print(epoch + 1, loss.item())

model.eval()
with torch.no_grad():
    out = model(Xtest)
finish(model, out, accuracy=((out > 0.5).float() == Ytest).float().mean())
