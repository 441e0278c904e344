# fault: four weight matrices straight from torch.randn, without a scale
import math
import sys

import torch
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

centres = torch.randn(6, 32)
y = torch.randint(0, 6, (1600,))
x = centres[y] + 1.3 * torch.randn(1600, 32)

sizes = [32, 128, 128, 128, 6]
Ws = [torch.randn(i, o) for i, o in zip(sizes, sizes[1:])]
bs = [torch.zeros(o) for o in sizes[1:]]
for p in Ws + bs:
    p.requires_grad_(True)


def forward(h):
    for W, b in zip(Ws[:-1], bs[:-1]):
        h = torch.relu(h @ W + b)
    return h @ Ws[-1] + bs[-1]


for step in range(400):
    i = torch.randint(0, 1200, (64,))
    loss = F.cross_entropy(forward(x[i]), y[i])
    grads = torch.autograd.grad(loss, Ws + bs)
    with torch.no_grad():
        for p, g in zip(Ws + bs, grads):
            p -= 0.02 * g
    if step % 80 == 0:
        print(step, loss.item())
with torch.no_grad():
    out = forward(x[1200:])
finish(Ws + bs, out, accuracy=(out.argmax(1) == y[1200:]).float().mean())
