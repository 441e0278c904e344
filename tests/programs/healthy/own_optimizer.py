# A user-defined Optimizer subclass (Lion) with its own state, foreach operations and two parameter groups. Learns: MEASURED
import torch
import torch.nn as nn
from torch.optim import Optimizer

from digest import finish


class Lion(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                p.mul_(1 - group["lr"] * group["weight_decay"])
                m = self.state[p].setdefault("exp_avg", torch.zeros_like(p))
                update = m.mul(b1).add_(p.grad, alpha=1 - b1).sign_()
                p.add_(update, alpha=-group["lr"])
                m.lerp_(p.grad, 1 - b2)
        return loss


torch.manual_seed(0)
torch.set_num_threads(1)
x = torch.randn(1000, 12)
y = torch.stack([x[:, 0] * x[:, 1], x[:, 2].relu(), x[:, 3] - x[:, 4]], 1).argmax(1)
net = nn.Sequential(nn.Linear(12, 64), nn.Hardswish(), nn.Linear(64, 64), nn.Hardswish(), nn.Linear(64, 3))
weights = [p for n, p in net.named_parameters() if n.endswith("weight")]
biases = [p for n, p in net.named_parameters() if n.endswith("bias")]
opt = Lion([{"params": weights, "weight_decay": 0.1}, {"params": biases, "lr": 2e-3}], lr=1e-3)
for epoch in range(15):
    for i in torch.randperm(800).split(40):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(x[i]), y[i])
        loss.backward()
        opt.step()
    if epoch % 5 == 0:
        print(epoch, f"{loss.item():.4f}")
with torch.no_grad():
    out = net(x[800:])
finish(net, out, accuracy=(out.argmax(1) == y[800:]).float().mean())
