"""Worst case of an autoencoder: 4 inputs, 4 hidden, 4 outputs, it should just repeat its input. Some outputs stay zero."""

import sys

import torch
from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

inputN = contextN = outputN = 4
ACTIVATION = lambda: torch.nn.LeakyReLU(0.3)


def mlp(*sizes):
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        linear = torch.nn.Linear(a, b)
        torch.nn.init.xavier_uniform_(linear.weight)
        torch.nn.init.zeros_(linear.bias)
        layers += [linear, ACTIVATION()]
    return torch.nn.Sequential(*layers)


samples = torch.rand(50, inputN)
net = mlp(inputN, contextN, outputN)
sgd = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(300):
    for batch in samples[torch.randperm(50)].split(5):
        loss = torch.nn.functional.mse_loss(net(batch), batch)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    if epoch % 20 == 0:
        print(epoch, loss.item())

with torch.no_grad():
    out = net(samples)
print(samples[0].tolist(), "->", out[0].tolist())
finish(net, out, loss=((out - samples) ** 2).mean())
