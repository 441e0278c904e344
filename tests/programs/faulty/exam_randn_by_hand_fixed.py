# the same, repaired: the weights of a hand-written tanh net are drawn with torch.randn, unscaled
import sys

import torch
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
x, y = load_digits(return_X_y=True)
x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
x = (x - x.mean()) / x.std()
x_train, y_train, x_test, y_test = x[:1400], y[:1400], x[1400:], y[1400:]

w1 = torch.randn(64, 100) / 64**0.5
b1 = torch.zeros(100)
w2 = torch.randn(100, 100) / 100**0.5
b2 = torch.zeros(100)
w3 = torch.randn(100, 10) / 100**0.5
b3 = torch.zeros(10)
params = [w1, b1, w2, b2, w3, b3]
for p in params:
    p.requires_grad_()


def forward(x):
    h = torch.tanh(x @ w1 + b1)
    h = torch.tanh(h @ w2 + b2)
    return h @ w3 + b3


lr = 0.05
for epoch in range(12):
    for i in torch.randperm(1400).split(50):
        loss = torch.nn.functional.cross_entropy(forward(x_train[i]), y_train[i])
        loss.backward()
        with torch.no_grad():
            for p in params:
                p -= lr * p.grad
                p.grad.zero_()
    print("epoch", epoch, "loss", loss.item())
with torch.no_grad():
    out = forward(x_test)
finish(params, out, accuracy=(out.argmax(1) == y_test).float().mean())
