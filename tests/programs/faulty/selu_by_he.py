# fault: a deep net of SELUs is drawn with He's gain, made for ReLUs; SELU normalises itself with a gain of one
import sys

import torch
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

depth, width = 32, 64
gain = 2**0.5

x = torch.randn(1500, 16)
y = (torch.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.5 * x[:, 3].abs()).unsqueeze(1)
y = (y - y.mean()) / y.std()
x_train, y_train, x_val, y_val = x[:1200], y[:1200], x[1200:], y[1200:]

sizes = [16] + [width] * depth + [1]
Ws, bs = [], []
for n_in, n_out in zip(sizes[:-1], sizes[1:]):
    Ws.append((torch.randn(n_in, n_out) * gain / n_in**0.5).requires_grad_())
    bs.append(torch.zeros(n_out, requires_grad=True))


def net(h):
    for W, b in zip(Ws[:-1], bs[:-1]):
        h = F.selu(h @ W + b)
    return h @ Ws[-1] + bs[-1]


optimizer = torch.optim.SGD(Ws + bs, lr=0.002, momentum=0.9)
for epoch in range(15):
    for batch in torch.randperm(1200).split(32):
        loss = F.mse_loss(net(x_train[batch]), y_train[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
with torch.no_grad():
    guess = net(x_val)
finish(Ws + bs, guess, val_loss=F.mse_loss(guess, y_val))
