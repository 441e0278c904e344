# fixed: a regulariser a thousand times smaller
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class L1:
    def __init__(self, l1=0.01):
        self.l1 = l1

    def __call__(self, weight):
        return self.l1 * weight.abs().sum()


class Dense(nn.Linear):
    def __init__(self, n_in, units, activation=None, kernel_regularizer=None):
        super().__init__(n_in, units)
        nn.init.xavier_uniform_(self.weight)
        nn.init.zeros_(self.bias)
        self.activation, self.kernel_regularizer = activation, kernel_regularizer

    def forward(self, x):
        x = super().forward(x)
        return self.activation(x) if self.activation else x


class Model(nn.Sequential):
    def regularization(self):
        return sum(layer.kernel_regularizer(layer.weight) for layer in self if layer.kernel_regularizer)

    def fit(self, x, y, batch_size, epochs, optimizer):
        for epoch in range(epochs):
            for rows in torch.randperm(len(x)).split(batch_size):
                optimizer.zero_grad()
                loss = F.cross_entropy(self(x[rows]), y[rows]) + self.regularization()
                loss.backward()
                optimizer.step()
            print(f"Epoch {epoch + 1}/{epochs} - loss: {loss.item():.4f}")


regularizer = L1(1e-5)
digits = mnist()
x_train, y_train = digits.train_images[:4000].flatten(1).float() / 255, digits.train_labels[:4000].long()
x_test, y_test = digits.test_images[:1000].flatten(1).float() / 255, digits.test_labels[:1000].long()
model = Model(
    Dense(784, 64, F.relu, kernel_regularizer=regularizer),
    Dense(64, 64, F.relu, kernel_regularizer=regularizer),
    Dense(64, 10, kernel_regularizer=regularizer),
)
model.fit(x_train, y_train, batch_size=64, epochs=5, optimizer=torch.optim.Adam(model.parameters(), lr=0.001))
with torch.no_grad():
    logits = model(x_test)
finish(model, logits, accuracy=(logits.argmax(1) == y_test).float().mean())
