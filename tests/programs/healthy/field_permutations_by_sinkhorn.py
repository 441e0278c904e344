# Gumbel-Sinkhorn: a net sees numbers in disorder and learns the doubly stochastic matrix that sorts them. Learns: 0.87 in their place
import torch
from torch import nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
N = 6


def sinkhorn(scores, rounds=12):
    for _ in range(rounds):
        scores = scores - scores.logsumexp(-1, keepdim=True)
        scores = scores - scores.logsumexp(-2, keepdim=True)
    return scores.exp()


net = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, N))
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for step in range(500):
    x = torch.rand(64, N)
    gumbel = -torch.log(-torch.log(torch.rand(64, N, N) + 1e-20) + 1e-20)
    soft = sinkhorn((net(x[..., None]) + 0.1 * gumbel) / 0.3)
    loss = ((soft.transpose(1, 2) @ x[..., None])[..., 0] - x.sort(-1).values).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
x = torch.rand(500, N)
with torch.no_grad():
    soft = sinkhorn(net(x[..., None]) / 0.3)
rows = soft.argmax(-1)
finish(net, soft, right=(rows == x.argsort(-1).argsort(-1)).float().mean())
