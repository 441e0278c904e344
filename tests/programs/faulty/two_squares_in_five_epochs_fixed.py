# fixed: a rate of 0.1, and 20 epochs
import sys

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

dataset_size = 200
class_1 = np.random.uniform(low=0.2, high=0.4, size=(dataset_size,))
class_2 = np.random.uniform(low=0.7, high=0.5, size=(dataset_size,))
dataset = []
for i in range(0, dataset_size, 2):
    dataset.append([class_1[i], class_1[i + 1], 0])
    dataset.append([class_2[i], class_2[i + 1], 1])
df_train = np.array(dataset)
x_train = torch.tensor(df_train[:, 0:-1], dtype=torch.float32)
y_train = torch.tensor(df_train[:, -1], dtype=torch.long)
nr_feats = x_train.shape[1]
nr_classes = int(y_train.max()) + 1
print("number of class", nr_classes)

model = nn.Sequential(nn.Linear(nr_feats, 2), nn.Sigmoid(), nn.Linear(2, nr_classes))
for m in model[::2]:
    nn.init.xavier_uniform_(m.weight)
    nn.init.zeros_(m.bias)
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
loss_function = nn.CrossEntropyLoss()

for epoch in range(20):
    correct = 0
    for x, y in DataLoader(TensorDataset(x_train, y_train), batch_size=32, shuffle=True):
        optimizer.zero_grad()
        out = model(x)
        loss = loss_function(out, y)
        loss.backward()
        optimizer.step()
        correct += (out.argmax(1) == y).sum().item()
    print(f"Epoch {epoch + 1}/20 loss {loss.item():.4f} acc {correct / len(x_train):.4f}")

with torch.no_grad():
    out = model(x_train)
finish(model, out, loss=loss_function(out, y_train))
