# fault: a vanilla RNN over 40 steps by SGD at a rate of 1 without gradient clipping: one steep gradient throws it away
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
T = 40


class Memory(nn.Module):
    """Adds up what it has seen; the recurrent matrix starts near the identity."""

    def __init__(self, hidden=32):
        super().__init__()
        self.rnn = nn.RNN(2, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)
        nn.init.orthogonal_(self.rnn.weight_hh_l0)

    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])


def batch(n):
    v = 2 * torch.rand(n, T) - 1
    mark = torch.zeros(n, T)
    mark.scatter_(1, torch.randint(T - 4, T, (n, 1)), 1.0)
    return torch.stack([v, mark], 2), (v * mark).sum(1, keepdim=True)


model = Memory()
optimizer = torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.9)
for step in range(300):
    x, y = batch(32)
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, round(loss.item(), 4))
x, y = batch(500)
with torch.no_grad():
    out = model(x)
finish(model, out, r2=1 - nn.functional.mse_loss(out, y) / y.var())
