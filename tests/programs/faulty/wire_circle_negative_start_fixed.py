import sys

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_circles


class RandomUniform:
    def __init__(self, minval, maxval):
        self.minval, self.maxval = minval, maxval

    def __call__(self, tensor):
        nn.init.uniform_(tensor, self.minval, self.maxval)


class Dense(nn.Module):
    """A layer with the switches of the other library."""

    def __init__(self, n_in, n_out, activation=None, kernel_initializer=nn.init.xavier_uniform_):
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(n_in, n_out))
        self.bias = nn.Parameter(torch.zeros(n_out))
        kernel_initializer(self.kernel)
        self.activation = {"relu": torch.relu, "sigmoid": torch.sigmoid, None: lambda z: z}[activation]

    def forward(self, x):
        return self.activation(x @ self.kernel + self.bias)


def circles(seed):
    x, y = make_circles(n_samples=1000, noise=0.08, factor=0.5, random_state=seed)
    x, y = x.astype(np.float32), y.astype(np.float32)[:, None]
    return torch.from_numpy(x[:700]), torch.from_numpy(y[:700]), torch.from_numpy(x[700:]), torch.from_numpy(y[700:])


seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
trainX, trainy, testX, testy = circles(seed)
init = nn.init.kaiming_uniform_
model = nn.Sequential(
    Dense(2, 16, activation="relu", kernel_initializer=init),
    Dense(16, 16, activation="relu", kernel_initializer=init),
    Dense(16, 16, activation="relu", kernel_initializer=init),
    Dense(16, 1, activation="sigmoid"),
)
opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
bce = nn.BCELoss()
for epoch in range(60):
    for idx in torch.randperm(700).split(32):
        opt.zero_grad()
        loss = bce(model(trainX[idx]), trainy[idx])
        loss.backward()
        opt.step()
    if epoch % 10 == 0:
        print(f"Epoch {epoch}: loss {loss.item():.4f}")
with torch.no_grad():
    acc = ((model(testX) > 0.5).float() == testy).float().mean().item()
print(f"final accuracy {acc:.4f}")
