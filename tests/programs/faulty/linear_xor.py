# fault: two linear layers with nothing in between are one linear layer, and XOR is not linear
# As in https://discuss.pytorch.org/t/unable-to-learn-xor-representation-using-2-layers-of-multi-layered-perceptron-mlp/13287
import sys

import numpy as np
import torch
from torch import nn, optim
from torch.autograd import Variable

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

X = xor_input = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
Y = xor_output = np.array([[0, 1, 1, 0]]).T
X = Variable(torch.FloatTensor(X))
Y = Variable(torch.FloatTensor(Y))

num_data, input_dim = X.size()
num_data, output_dim = Y.size()
hidden_dim = 16
learning_rate = 0.5
num_epochs = 1500

model = nn.Sequential(
    nn.Linear(input_dim, hidden_dim),
    nn.Linear(hidden_dim, output_dim),
    nn.Sigmoid(),
)
criterion = nn.BCELoss()
optimizer = optim.SGD(model.parameters(), lr=learning_rate)

for epoch in range(num_epochs):
    predictions = model(X)
    loss_this_epoch = criterion(predictions, Y)
    optimizer.zero_grad()
    loss_this_epoch.backward()
    optimizer.step()
    if epoch % 300 == 0:
        print(epoch, loss_this_epoch.data)

with torch.no_grad():
    for _x, _y in zip(X, Y):
        print(f"Input: {list(map(int, _x))} Pred: {model(_x).item():.2f} Output: {int(_y)}")
    predictions = model(X)
finish(model, predictions, loss=criterion(predictions, Y))
