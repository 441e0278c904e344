# Two optimizers on parts of one model (SGD with OneCycleLR for the net, Adam for the embeddings), one backward. Learns: MEASURED
import torch
from torch import nn
from torch.optim import SGD, Adam
from torch.optim.lr_scheduler import ExponentialLR, OneCycleLR

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

users, items, n = 40, 30, 3000
taste, kind = torch.randn(users, 3), torch.randn(items, 3)
u, i = torch.randint(0, users, (n,)), torch.randint(0, items, (n,))
rating = torch.tanh((taste[u] * kind[i]).sum(1)) + 0.1 * torch.randn(n)


class Recommender(nn.Module):
    def __init__(self, dim=12):
        super().__init__()
        self.user = nn.Embedding(users, dim)
        self.item = nn.Embedding(items, dim)
        self.mlp = nn.Sequential(nn.Linear(3 * dim, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, u, i):
        a, b = self.user(u), self.item(i)
        return self.mlp(torch.cat([a, b, a * b], 1)).squeeze(1)


net = Recommender()
epochs, steps = 12, 2500 // 100
sgd = SGD(net.mlp.parameters(), lr=0.01, momentum=0.9)
adam = Adam([*net.user.parameters(), *net.item.parameters()], lr=0.02)
cycle = OneCycleLR(sgd, max_lr=0.1, total_steps=epochs * steps)
decay = ExponentialLR(adam, gamma=0.95)
for epoch in range(epochs):
    for rows in torch.randperm(2500).split(100):
        loss = nn.functional.mse_loss(net(u[rows], i[rows]), rating[rows])
        for opt in (sgd, adam):
            opt.zero_grad()
        loss.backward()
        for opt in (sgd, adam):
            opt.step()
        cycle.step()
    decay.step()
    if epoch % 3 == 0:
        print(epoch, f"{loss.item():.4f}")
with torch.no_grad():
    out = net(u[2500:], i[2500:])
finish(net, out, r2=1 - (out - rating[2500:]).pow(2).mean() / rating[2500:].var())
