# A sparse mixture of experts: noisy top-2 gating whose weights start at zero, load and importance losses. Learns: accuracy 0.98
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class MoE(nn.Module):
    def __init__(self, dim, out, experts=4, k=2, hidden=24):
        super().__init__()
        self.k = k
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, out)) for _ in range(experts)
        )
        self.w_gate = nn.Parameter(torch.zeros(dim, experts))
        self.w_noise = nn.Parameter(torch.zeros(dim, experts))

    def forward(self, x):
        logits = x @ self.w_gate
        if self.training:
            logits = logits + torch.randn_like(logits) * (F.softplus(x @ self.w_noise) + 1e-2)
        top, idx = logits.topk(self.k, dim=1)
        gates = torch.zeros_like(logits).scatter(1, idx, top.softmax(1))
        y = 0
        for e, expert in enumerate(self.experts):
            rows = gates[:, e].nonzero().flatten()
            if len(rows):
                y = y + torch.zeros(len(x), expert[-1].out_features).index_add(
                    0, rows, gates[rows, e, None] * expert(x[rows])
                )
        importance = gates.sum(0)
        aux = importance.var() / (importance.mean() ** 2 + 1e-10)
        return y, aux


def task(n):
    region = torch.randint(0, 4, (n,))
    x = torch.randn(n, 6)
    x[:, :2] += 3 * torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])[region]
    w = torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 1], [1, -1, 0, 1], [0, 1, -1, 0]])[region]
    return x, ((x[:, 2:] * w).sum(1) > 0).long()


net = MoE(6, 2)
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
x, y = task(3000)
x_test, y_test = task(600)
for epoch in range(12):
    net.train()
    for i in torch.randperm(3000).split(100):
        out, aux = net(x[i])
        loss = F.cross_entropy(out, y[i]) + 1e-2 * aux
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 3 == 0:
        print(f"epoch {epoch} loss {loss.item():.4f} balance {aux.item():.4f}")
net.eval()
with torch.no_grad():
    out, _ = net(x_test)
finish(net, out, accuracy=(out.argmax(1) == y_test).float().mean())
