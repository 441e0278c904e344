# Is the value above or below the threshold?
import random
import sys

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
random.seed(seed)

threshold = 50000
samples = 2500

train_data = []
for i in range(samples):
    train_data.append([random.randrange(0, threshold), 0])
    train_data.append([random.randrange(threshold, 2 * threshold), 1])

data_set = np.array(train_data, dtype=np.float32)
np.random.default_rng(seed).shuffle(data_set)

input_value = torch.from_numpy(data_set[:, 0:1])
expected_result = torch.from_numpy(data_set[:, 1:2])

train = TensorDataset(input_value[:4000], expected_result[:4000])
test_x, test_y = input_value[4000:], expected_result[4000:]

model = nn.Sequential(
    nn.Linear(1, 16),
    nn.ReLU(),
    nn.Linear(16, 16),
    nn.ReLU(),
    nn.Linear(16, 1),
)
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)

for epoch in range(12):
    running, right = 0.0, 0
    for x, y in DataLoader(train, batch_size=40, shuffle=True):
        optimizer.zero_grad()
        out = model(x)
        loss = loss_fn(out, y)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(x)
        right += ((out > 0).float() == y).sum().item()
    print(f"epoch {epoch + 1}: loss {running / len(train):.4f}  acc {right / len(train):.4f}")

model.eval()
with torch.no_grad():
    accuracy = ((model(test_x) > 0).float() == test_y).float().mean().item()
print("final accuracy", round(accuracy, 4))
