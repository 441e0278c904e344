import sys

import numpy as np
import torch
from torch.nn import Linear, ReLU, Sequential
from torch.optim import SGD

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

# Create the neural network
model = Sequential(Linear(1, 20), ReLU(), Linear(20, 20), ReLU(), Linear(20, 1))
sgd = SGD(model.parameters(), lr=0.001)

# Create the training data
inputs = np.zeros((100, 1), dtype=np.float32)
targets = np.zeros((100, 1), dtype=np.float32)
for i in range(100):
    inputs[i] = 0.01 * i
    targets[i, 0] = np.power((inputs[i, 0] - 0.5), 2)
inputs, targets = torch.from_numpy(inputs), torch.from_numpy(targets)


def train_on_batch(x, y):
    sgd.zero_grad()
    loss = torch.mean((model(x) - y) ** 2)
    loss.backward()
    sgd.step()
    return loss.item()


# Training loop
update = 0
while update < 4000:
    # Perform one weight update
    loss = train_on_batch(inputs, targets)
    update += 1
    if update % 500 == 0:
        print(update, loss)

predictions = model(inputs)
finish(model, predictions, loss=loss)
