# LeNet as in the book, with its learning rate of 0.9; train_l, train_acc and test_acc do not move
import sys

import torch
from sklearn.datasets import load_digits
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

images, labels = load_digits(return_X_y=True)
images = torch.tensor(images, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
images = nn.functional.interpolate(images, size=(14, 14), mode="bilinear")
labels = torch.tensor(labels)
perm = torch.randperm(len(images))
train_iter = torch.utils.data.DataLoader(
    torch.utils.data.TensorDataset(images[perm[:1500]], labels[perm[:1500]]), batch_size=32, shuffle=True
)
test_X, test_y = images[perm[1500:]], labels[perm[1500:]]

net = nn.Sequential(
    nn.Conv2d(1, 6, kernel_size=5, padding=2),
    nn.Sigmoid(),
    nn.AvgPool2d(kernel_size=2, stride=2),
    nn.Conv2d(6, 16, kernel_size=3, padding=1),
    nn.Sigmoid(),
    nn.AvgPool2d(kernel_size=2, stride=2),
    nn.Flatten(),
    nn.Linear(16 * 3 * 3, 120),
    nn.Sigmoid(),
    nn.Linear(120, 84),
    nn.Sigmoid(),
    nn.Linear(84, 10),
)


def train_ch6(net, train_iter, num_epochs, lr):
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    loss = nn.CrossEntropyLoss()
    for epoch in range(num_epochs):
        net.train()
        total, correct, n = 0.0, 0, 0
        for X, y in train_iter:
            optimizer.zero_grad()
            y_hat = net(X)
            l = loss(y_hat, y)
            l.backward()
            optimizer.step()
            total += l.item() * len(y)
            correct += (y_hat.argmax(1) == y).sum().item()
            n += len(y)
        print(f"epoch {epoch + 1}, train_l {total / n:.3f}, train_acc {correct / n:.3f}")


lr, num_epochs = 0.9, 25
train_ch6(net, train_iter, num_epochs, lr)
net.eval()
with torch.no_grad():
    out = net(test_X)
finish(net, out, accuracy=(out.argmax(1) == test_y).float().mean())
