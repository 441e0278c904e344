#!/usr/bin/env python3
# A layer of my own, in two-layer nets on the digits
import sys

import torch
from digest import finish
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(SEED)


class Layer(torch.nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        scale = in_features**-0.5
        self.w = torch.nn.Parameter(scale * torch.randn(in_features, out_features))
        self.b = torch.nn.Parameter(torch.zeros(out_features))

    def forward(self, input):
        return torch.matmul(input, self.w) + self.b


X, Y = load_digits(return_X_y=True)
X = (X - X.mean()) / X.std()
x, x_test, y, y_test = (torch.tensor(a) for a in train_test_split(X.astype("float32"), Y, random_state=SEED))

net = torch.nn.Sequential()
net.add_module("first", Layer(64, 48))
net.add_module("act", torch.nn.Tanh())
net.add_module("second", Layer(48, 10))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
criterion = torch.nn.CrossEntropyLoss()

for i in range(400):
    rows = torch.randint(len(x), (50,))
    out = net(x[rows])
    optimizer.zero_grad()
    loss = criterion(out, y[rows])
    loss.backward()
    optimizer.step()
    if i % 100 == 0:
        print(i, loss.item())

with torch.no_grad():
    answers = net(x_test)
score = (answers.argmax(1) == y_test).float().mean()
print("test", score.item())
finish(net, answers, accuracy=score)
