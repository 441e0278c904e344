# stacked autoencoder, pretrained layer by layer, then unrolled
import sys

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
np.random.seed(0)

X = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
train, test = X[:1500], X[1500:]


def mean_squared(output, reference):
    return torch.sqrt(torch.mean((reference - output) ** 2))


def cross_entropy(output, reference):
    output = torch.clamp(output, 1e-6, 1 - 1e-6)
    return -torch.mean(reference * torch.log(output) + (1 - reference) * torch.log(1 - output))


class Layer(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.encode, self.decode = nn.Linear(n_in, n_out), nn.Linear(n_out, n_in)

    def forward(self, x):
        return self.decode(torch.relu(self.encode(x)))


def fit(module, data, epochs, rate, loss_func):
    optimizer = torch.optim.Adam(module.parameters(), lr=rate)
    for epoch in range(epochs):
        for batch in data[torch.randperm(len(data))].split(25):
            cost = loss_func(module(batch), batch)
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
        print(f"   epoch {epoch} cost {cost.item():.4f}")


first, second = Layer(64, 48), Layer(48, 24)
print("layer 1")
fit(first, train, 3, 0.01, mean_squared)
with torch.no_grad():
    hidden = torch.relu(first.encode(train))
print("layer 2")
fit(second, hidden, 3, 0.01, mean_squared)


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([first.encode, second.encode, second.decode, first.decode])

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return torch.sigmoid(self.layers[-1](x))


deep = Deep()
print("finetuning")
fit(deep, train, 8, 0.002, cross_entropy)
with torch.no_grad():
    reconstruction = deep(test)
finish(deep, reconstruction, loss=((reconstruction - test) ** 2).mean())
