# Linear regression from zero on house prices (three columns: LSTAT, CRIM, RM)
import random
import sys

import torch

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
random.seed(seed)

from digest import finish

# %% make the csv
lstat = 2 + 12 * torch.rand(506) + 8 * torch.rand(506)
crim = (torch.randn(506) * 1.6).exp().clamp(max=89)
rm = 6.3 + 0.7 * torch.randn(506)
medv = 5.0 * rm - 0.55 * lstat - 0.1 * crim + torch.randn(506)

# %% features and labels
features = torch.stack([lstat, crim, rm], dim=1)
labels = medv.reshape(-1, 1)


# %% helper functions
def data_iter(batch_size, features, labels):
    num_examples = len(features)
    indices = list(range(num_examples))
    random.shuffle(indices)
    for i in range(0, num_examples, batch_size):
        j = torch.tensor(indices[i : min(i + batch_size, num_examples)])
        yield features.index_select(0, j), labels.index_select(0, j)


def linreg(X, w, b):
    return torch.mm(X, w) + b


def squared_loss(y_hat, y):
    return (y_hat - y.view(y_hat.size())) ** 2 / 2


def sgd(params, lr, batch_size):
    for param in params:
        param.data -= lr * param.grad / batch_size


# %% training
w = torch.normal(0, 0.01, (3, 1), requires_grad=True)
b = torch.zeros(1, requires_grad=True)
lr = 0.03
num_epochs = 8
batch_size = 10
net = linreg
loss = squared_loss

for epoch in range(num_epochs):
    for X, y in data_iter(batch_size, features, labels):
        l = loss(net(X, w, b), y).sum()
        l.backward()
        sgd([w, b], lr, batch_size)
        w.grad.data.zero_()
        b.grad.data.zero_()
    train_l = loss(net(features, w, b), labels)
    print("epoch %d, loss %f" % (epoch + 1, train_l.mean().item()))

with torch.no_grad():
    y_hat = net(features, w, b)
    mean_loss = loss(y_hat, labels).mean()
finish([w, b], y_hat, loss=mean_loss)
