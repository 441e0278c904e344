# fault: raw weights of a four-layer tanh net are multiplied by 0.001
import sys

import torch

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
x = torch.rand(800, 3) * 4 - 2
y = x[:, 0].sin() + x[:, 1] * x[:, 2] / 3

n = [3, 50, 50, 50, 1]
params = []
for fan_in, fan_out in zip(n, n[1:]):
    params.append([torch.randn(fan_in, fan_out) * 0.001, torch.zeros(fan_out)])
    for p in params[-1]:
        p.requires_grad_()


def model(h):
    for w, b in params[:-1]:
        h = torch.tanh(h.mm(w) + b)
    w, b = params[-1]
    return (h.mm(w) + b).squeeze(1)


lr = 0.05
for epoch in range(60):
    for i in torch.randperm(600).split(60):
        loss = (model(x[i]) - y[i]).pow(2).mean()
        loss.backward()
        with torch.no_grad():
            for w, b in params:
                w.sub_(lr * w.grad)
                b.sub_(lr * b.grad)
                w.grad.zero_()
                b.grad.zero_()
    if epoch % 15 == 0:
        print(epoch, loss.item())
out = model(x[600:])
finish([p for pair in params for p in pair], out, r2=1 - (out - y[600:]).pow(2).mean() / y[600:].var())
