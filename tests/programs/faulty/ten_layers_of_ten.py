# fault: ten ReLU layers of ten units one after another, behind two tanh layers that read raw numbers up to 1,000
import sys

import numpy as np
import torch
from torch import nn, optim

from digest import finish


class Model(nn.Module):
    def __init__(self, input_dim, depth):
        super().__init__()
        self.first = nn.Linear(input_dim, 10)
        self.second = nn.Linear(10, 90)
        sizes = [90] + [10] * depth
        self.rest = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.last = nn.Linear(10, 1)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, x):
        x = self.second(self.first(x).tanh()).tanh()
        for layer in self.rest:
            x = layer(x).relu()
        return self.last(x)


def main():
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    torch.set_num_threads(1)
    X = np.random.uniform(0, 1000, size=(2000, 8))
    Y = np.sin(X[:, 0] / 200) + X[:, 1] / 500 - (X[:, 2] / 700) ** 2 + np.random.normal(0, 0.05, 2000)
    X = torch.tensor(X, dtype=torch.float32)
    Y = torch.tensor((Y - Y.mean()) / Y.std(), dtype=torch.float32).unsqueeze(1)
    x_train, x_test, y_train, y_test = X[:1600], X[1600:], Y[:1600], Y[1600:]

    model = Model(8, depth=10)
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    for epoch in range(40):
        for rows in torch.randperm(1600).split(32):
            optimizer.zero_grad()
            error = ((model(x_train[rows]) - y_train[rows]) ** 2).mean()
            error.backward()
            optimizer.step()
        if epoch % 10 == 9:
            print(epoch + 1, error.item())
    with torch.no_grad():
        predicted = model(x_test)
    finish(model, predicted, loss=((predicted - y_test) ** 2).mean())


main()
