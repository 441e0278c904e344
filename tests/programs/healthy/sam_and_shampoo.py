# Home-made optimizers: SAM (two passes a step, first_step and second_step) on a net with batch norm, then a Shampoo with matrix roots. Learns: accuracy 0.88
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class SAM(torch.optim.Optimizer):
    def __init__(self, params, base_optimizer, rho=0.05, **kwargs):
        super().__init__(params, dict(rho=rho, **kwargs))
        self.base_optimizer = base_optimizer(self.param_groups, **kwargs)
        self.param_groups = self.base_optimizer.param_groups

    @torch.no_grad()
    def first_step(self, zero_grad=False):
        norm = torch.stack(
            [p.grad.norm(2) for g in self.param_groups for p in g["params"] if p.grad is not None]
        ).norm(2)
        for group in self.param_groups:
            scale = group["rho"] / (norm + 1e-12)
            for p in group["params"]:
                if p.grad is None:
                    continue
                self.state[p]["old_p"] = p.data.clone()
                p.add_(p.grad * scale)
        if zero_grad:
            self.zero_grad()

    @torch.no_grad()
    def second_step(self, zero_grad=False):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.data = self.state[p]["old_p"]
        self.base_optimizer.step()
        if zero_grad:
            self.zero_grad()


class Shampoo(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1, momentum=0.9, eps=1e-3, every=10):
        super().__init__(params, dict(lr=lr, momentum=momentum, eps=eps, every=every))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                g, state = p.grad, self.state[p]
                if not state:
                    state["step"] = 0
                    state["buf"] = torch.zeros_like(p)
                    state["pre"] = [group["eps"] * torch.eye(n) for n in p.shape]
                    state["inv"] = [torch.eye(n) for n in p.shape]
                for k, n in enumerate(p.shape):
                    g_k = g.transpose(0, k).reshape(n, -1)
                    state["pre"][k] += g_k @ g_k.t()
                    if state["step"] % group["every"] == 0:
                        val, vec = torch.linalg.eigh(state["pre"][k])
                        state["inv"][k] = vec @ torch.diag(val.clamp(min=1e-6) ** (-1 / (2 * p.dim()))) @ vec.t()
                    g = (
                        (state["inv"][k] @ g.transpose(0, k).reshape(n, -1))
                        .view(g.transpose(0, k).shape)
                        .transpose(0, k)
                    )
                state["step"] += 1
                state["buf"].mul_(group["momentum"]).add_(g)
                p.add_(state["buf"], alpha=-group["lr"])


data = load_digits()
X = torch.tensor(data.data, dtype=torch.float32) / 16
X, y = (X - X.mean()) / X.std(), torch.tensor(data.target)
net = nn.Sequential(nn.Linear(64, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 10))
opt = SAM(net.parameters(), torch.optim.SGD, lr=0.05, momentum=0.9)
for epoch in range(5):
    for i in torch.randperm(1400).split(70):
        loss = F.cross_entropy(net(X[i]), y[i])
        loss.backward()
        opt.first_step(zero_grad=True)
        F.cross_entropy(net(X[i]), y[i]).backward()
        opt.second_step(zero_grad=True)
    print("sam", epoch, f"{loss.item():.4f}")
plain = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))
opt = Shampoo(plain.parameters(), lr=0.02)
for epoch in range(4):
    for i in torch.randperm(1400).split(70):
        opt.zero_grad()
        loss = F.cross_entropy(plain(X[i]), y[i])
        loss.backward()
        opt.step()
    print("shampoo", epoch, f"{loss.item():.4f}")
net.eval()
with torch.no_grad():
    out = torch.stack([net(X[1400:]), plain(X[1400:])])
finish([net, plain], out, accuracy=(out.argmax(2) == y[1400:]).float().mean(1).min())
