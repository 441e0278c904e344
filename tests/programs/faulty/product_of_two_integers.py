# fault: two whole numbers up to 500 and their product, up to 250,000, as they are, through ReLUs of three and five units
import sys
from math import sqrt

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def create_data(low, high, examples):
    a = np.random.randint(low=low, high=high, size=examples, dtype="int")
    b = np.random.randint(low=low, high=high, size=examples, dtype="int")
    train_data = np.stack([a, b], axis=1)
    label_data = (a * b)[:, None]
    return torch.tensor(train_data).float(), torch.tensor(label_data).float()


X, y = create_data(0, 500, 5000)

model = nn.Sequential()
model.append(nn.Linear(2, 3))
model.append(nn.Linear(3, 5)).append(nn.ReLU())
model.append(nn.Linear(5, 3)).append(nn.ReLU())
model.append(nn.Linear(3, 5)).append(nn.ReLU())
model.append(nn.Linear(5, 1)).append(nn.ReLU())
for module in model:
    if hasattr(module, "weight"):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)

adam = torch.optim.Adam(model.parameters(), lr=0.001, eps=1e-7)
mean_squared_error = nn.MSELoss()
for epoch in range(5):
    for data, label in DataLoader(TensorDataset(X, y), batch_size=10, shuffle=True):
        loss = mean_squared_error(model(data), label)
        adam.zero_grad()
        loss.backward()
        adam.step()
    print("Epoch {}/5 loss {:.4g}".format(epoch + 1, loss.item()))

test_data, true = create_data(0, 500, 1000)
with torch.no_grad():
    results = model(test_data)
print("\n rmse error:", sqrt(mean_squared_error(results, true).item()))
finish(model, results, relative_loss=mean_squared_error(results, true) / true.var())
