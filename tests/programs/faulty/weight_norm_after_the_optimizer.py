# fault: weight_norm replaces each weight by two new parameters after the optimizer was made
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.parametrizations import weight_norm

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Chomp1d(nn.Module):
    def __init__(self, chomp_size):
        super().__init__()
        self.chomp_size = chomp_size

    def forward(self, x):
        return x[:, :, : -self.chomp_size]


def temporal_block(n_in, n_out, kernel_size, dilation):
    padding = (kernel_size - 1) * dilation
    return nn.Sequential(
        nn.Conv1d(n_in, n_out, kernel_size, padding=padding, dilation=dilation), Chomp1d(padding), nn.ReLU()
    )


class TCN(nn.Module):
    def __init__(self, channels=(24, 24, 24)):
        super().__init__()
        sizes = [2, *channels]
        self.network = nn.Sequential(*(temporal_block(sizes[i], sizes[i + 1], 3, 2**i) for i in range(len(channels))))
        self.linear = nn.Linear(channels[-1], 1)

    def forward(self, x):
        return self.linear(self.network(x)[:, :, -1])


def data_generator(n, seq_length=14):
    """The adding problem: values, and marks at the two that are to be added."""
    values = torch.rand(n, 1, seq_length)
    marks = torch.zeros(n, 1, seq_length)
    for row in marks:
        row[0, torch.randperm(seq_length)[:2]] = 1
    return torch.cat([values - 0.5, marks], dim=1), (values * marks).sum(2)


X_train, Y_train = data_generator(2000)
X_test, Y_test = data_generator(500)
model = TCN()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
for module in model.modules():
    if isinstance(module, (nn.Conv1d, nn.Linear)):
        weight_norm(module)
for epoch in range(12):
    for i in range(0, 2000, 50):
        optimizer.zero_grad()
        loss = F.mse_loss(model(X_train[i : i + 50]), Y_train[i : i + 50])
        loss.backward()
        optimizer.step()
    print("Train Epoch: {:2d} \tLoss: {:.6f}".format(epoch, loss.item()))
with torch.no_grad():
    output = model(X_test)
finish(model, output, loss=F.mse_loss(output, Y_test))
