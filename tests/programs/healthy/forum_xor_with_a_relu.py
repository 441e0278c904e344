# The answer to "unable to learn XOR": a non-linearity between the two layers
import random
import sys

import numpy as np
import torch
from torch import nn, optim

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
random.seed(seed)
np.random.seed(seed)
torch.manual_seed(seed)

X = xor_input = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
Y = xor_output = np.array([[0, 1, 1, 0]]).T
X_pt = torch.from_numpy(X).float()
Y_pt = torch.from_numpy(Y).float()

num_data, input_dim = X_pt.shape
num_data, output_dim = Y_pt.shape
hidden_dim = 10

model = nn.Sequential(
    nn.Linear(input_dim, hidden_dim),
    nn.ReLU(),
    nn.Linear(hidden_dim, output_dim),
    nn.Sigmoid(),
)
criterion = nn.MSELoss()
optimizer = optim.SGD(model.parameters(), lr=0.5)
num_epochs = 3000

for _e in range(num_epochs):
    optimizer.zero_grad()
    predictions = model(X_pt)
    loss_this_epoch = criterion(predictions, Y_pt)
    loss_this_epoch.backward()
    optimizer.step()
    if _e % 500 == 0:
        print(_e, loss_this_epoch.item())

for _x, _y in zip(X_pt, Y_pt):
    prediction = model(_x)
    print("Input:", list(map(int, _x)), "Pred:", int(prediction > 0.5), "Output:", int(_y))
finish(model, predictions.detach(), loss=loss_this_epoch)
