# fault: a ReLU RNN over 30 steps is trained by SGD without clipping
import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Adder(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(2, 32, nonlinearity="relu", batch_first=True)
        self.linear = nn.Linear(32, 1)
        nn.init.eye_(self.rnn.weight_hh_l0)

    def forward(self, x):
        out, h = self.rnn(x)
        return self.linear(out[:, -1])


# the adding problem: the sum of the values whose flag is up
value = torch.rand(1000, 30)
flag = (torch.rand(1000, 30) < 0.2).float()
x, y = torch.stack([value, flag], 2), (value * flag).sum(1, keepdim=True)
model = Adder()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
loss_fn = nn.MSELoss()
for epoch in range(8):
    for i in torch.randperm(800).split(40):
        loss = loss_fn(model(x[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "mse", loss.item())
with torch.no_grad():
    out = model(x[800:])
finish(model, out, test_loss=loss_fn(out, y[800:]))
