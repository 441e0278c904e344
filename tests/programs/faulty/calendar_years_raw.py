# fault: a tanh net by hand reads calendar years (1980 to 2020), so that every unit saturates
import sys

import torch
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

year = torch.rand(700, 1) * 40 + 1980
demand = torch.sin((year - 1980) / 5) + 0.05 * torch.randn_like(year)
t = year

w1 = torch.randn(1, 40, requires_grad=True)
b1 = torch.randn(40, requires_grad=True)
w2 = (torch.randn(40, 40) / 40**0.5).requires_grad_()
b2 = torch.zeros(40, requires_grad=True)
w3 = (torch.randn(40, 1) / 40**0.5).requires_grad_()
b3 = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.Adam([w1, b1, w2, b2, w3, b3], lr=0.01)


def predict(t):
    h = torch.tanh(F.linear(t, w1.T, b1))
    h = torch.tanh(F.linear(h, w2.T, b2))
    return F.linear(h, w3.T, b3)


for step in range(500):
    i = torch.randint(0, 500, (100,))
    loss = F.mse_loss(predict(t[i]), demand[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
with torch.no_grad():
    out = predict(t[500:])
finish([w1, b1, w2, b2, w3, b3], out, r2=1 - F.mse_loss(out, demand[500:]) / demand[500:].var())
