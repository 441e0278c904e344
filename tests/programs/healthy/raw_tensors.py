# Raw tensors and SGD by hand under no_grad, two hidden layers on a spiral. Learns: MEASURED
import math

import torch
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

# three arms of a spiral
n = 200
r = torch.linspace(0.05, 1, n).repeat(3)
arm = torch.arange(3).repeat_interleave(n)
t = r * 4 + arm * 2 * math.pi / 3 + 0.15 * torch.randn(3 * n)
x = torch.stack([r * torch.sin(t), r * torch.cos(t)], 1)
x = (x - x.mean(0)) / x.std(0)

w1 = torch.randn(2, 64) * math.sqrt(2 / 2)
b1 = torch.zeros(64)
w2 = torch.randn(64, 64) * math.sqrt(2 / 64)
b2 = torch.zeros(64)
w3 = torch.randn(64, 3) * math.sqrt(1 / 64)
b3 = torch.zeros(3)
params = [w1, b1, w2, b2, w3, b3]
for p in params:
    p.requires_grad_()


def net(x):
    h = (x @ w1 + b1).relu()
    h = (h @ w2 + b2).relu()
    return h @ w3 + b3


lr = 0.1
for step in range(1000):
    i = torch.randint(0, 3 * n, (64,))
    loss = F.cross_entropy(net(x[i]), arm[i])
    loss.backward()
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad
            p.grad.zero_()
    if step % 200 == 0:
        print(step, loss.item())

out = net(x)
accuracy = (out.argmax(1) == arm).float().mean()
finish(params, out, accuracy=accuracy)
