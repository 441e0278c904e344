# fixed: tanh and an orthogonal matrix
import sys

import torch
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
T, H = 25, 32

Wx = (torch.randn(4, H) * 0.5).requires_grad_()
Wh = torch.nn.init.orthogonal_(torch.empty(H, H)).requires_grad_()
b = torch.zeros(H, requires_grad=True)
Wo = (torch.randn(H, 4) * 0.2).requires_grad_()
params = [Wx, Wh, b, Wo]


def remember_first(n):
    x = torch.zeros(n, T, 4)
    first = torch.randint(0, 4, (n,))
    x[torch.arange(n), 0, first] = 1
    x[:, 1:] += 0.1 * torch.randn(n, T - 1, 4)
    return x, first


def run(x):
    h = torch.zeros(len(x), H)
    for t in range(T):
        h = torch.tanh(x[:, t] @ Wx + h @ Wh + b)
    return h @ Wo


opt = torch.optim.Adam(params, lr=3e-3)
for step in range(150):
    x, y = remember_first(50)
    loss = F.cross_entropy(run(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(step, loss.item())
x, y = remember_first(400)
with torch.no_grad():
    out = run(x)
finish(params, out, accuracy=(out.argmax(1) == y).float().mean())
