# fixed: a new optimizer for the grown model
"""After "On the fly expansion of linear layers" and threads that ask why a network that grows while it trains stops
learning: the optimizer was made before, and still holds the small layer's parameters."""

import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class GrowingNet(nn.Module):
    def __init__(self, input_dims=2, output_dims=1, nodes=3):
        super().__init__()
        self.output_dims = output_dims
        self.linear = nn.Linear(input_dims, nodes)
        self.linear2 = nn.Linear(nodes, output_dims)

    def forward(self, x):
        return self.linear2(torch.tanh(self.linear(x)))

    def expand(self, new_node_count):
        new = nn.Linear(self.linear.in_features, new_node_count)
        zeros = torch.zeros(self.output_dims, new_node_count)
        self.linear2.weight = nn.Parameter(torch.cat((self.linear2.weight, zeros), dim=1))
        self.linear.weight = nn.Parameter(torch.cat((self.linear.weight, new.weight), dim=0))
        self.linear.bias = nn.Parameter(torch.cat((self.linear.bias, new.bias)))


x = 2 * torch.rand(1000, 2) - 1
y = torch.sin(4 * x[:, :1]) * torch.cos(3 * x[:, 1:])
model = GrowingNet()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
loss_fn = nn.MSELoss()
for epoch in range(60):
    if epoch == 15:
        model.expand(40)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        print("expanded")
    for i in torch.randperm(800).split(40):
        optimizer.zero_grad()
        loss = loss_fn(model(x[i]), y[i])
        loss.backward()
        optimizer.step()
    if epoch % 10 == 9:
        print(epoch + 1, loss.item())
with torch.no_grad():
    out = model(x[800:])
finish(model, out, loss=loss_fn(out, y[800:]))
