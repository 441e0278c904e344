# fault: pixels from 0 to 255 go straight into an MLP that SGD trains
import sys

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
digits = load_digits()
pixels = np.round(digits.data / 16 * 255).astype(np.uint8)
x_train, x_test, y_train, y_test = train_test_split(pixels, digits.target, test_size=0.25, random_state=1)
x_train, x_test = torch.FloatTensor(x_train), torch.FloatTensor(x_test)
y_train, y_test = torch.LongTensor(y_train), torch.LongTensor(y_test)

model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(20):
    order = torch.randperm(len(x_train))
    total = 0
    for i in range(0, len(order), 64):
        batch = order[i : i + 64]
        output = model(x_train[batch])
        loss = criterion(output, y_train[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(epoch, total)
with torch.no_grad():
    out = model(x_test)
finish(model, out, accuracy=(out.argmax(dim=1) == y_test).float().mean())
