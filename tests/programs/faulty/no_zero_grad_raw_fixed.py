# fixed: w.grad is zeroed after the update
import sys

import torch

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
x = torch.linspace(-3, 3, 400).unsqueeze(1)
y = torch.sin(x) + 0.05 * torch.randn_like(x)
w1, b1 = torch.randn(1, 50), torch.randn(50)
w2, b2 = torch.randn(50, 1) / 50**0.5, torch.zeros(1)
parameters = (w1, b1, w2, b2)
for p in parameters:
    p.requires_grad_(True)
for step in range(1000):
    i = torch.randperm(400)[:80]
    prediction = torch.tanh(x[i] @ w1 + b1) @ w2 + b2
    loss = ((prediction - y[i]) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        for p in parameters:
            p -= 0.02 * p.grad
            p.grad.zero_()
    if step % 200 == 0:
        print(step, loss.item())
prediction = torch.tanh(x @ w1 + b1) @ w2 + b2
finish(list(parameters), prediction, r2=1 - (prediction - y).pow(2).mean() / y.var())
