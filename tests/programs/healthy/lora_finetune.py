# LoRA: a trained and frozen net gets low-rank adapters, B starts at zero; only they learn a shifted task. Learns: MEASURED
import math

import torch
import torch.nn as nn

from digest import finish


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, r: int = 4, alpha: int = 8):
        super().__init__()
        self.base = base
        self.lora_A = nn.Parameter(torch.empty(r, base.in_features))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, r))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scaling = alpha / r

    def forward(self, x):
        return self.base(x) + (x @ self.lora_A.T @ self.lora_B.T) * self.scaling


def train(model, x, y, params, lr, steps):
    optimizer = torch.optim.AdamW(params, lr=lr, weight_decay=0.01)
    for step in range(steps):
        i = torch.randint(0, len(x), (64,))
        loss = nn.functional.mse_loss(model(x[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


torch.manual_seed(0)
torch.set_num_threads(1)
net = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
x = torch.randn(1000, 4)
target = lambda x, shift: torch.sin(x[:, :1] + shift) + 0.5 * x[:, 1:2] * x[:, 2:3]
print("pretrained", train(net, x, target(x, 0.0), net.parameters(), 3e-3, 250))

for p in net.parameters():
    p.requires_grad = False
for i in (0, 2, 4):
    net[i] = LoRALinear(net[i])
trainable = [p for p in net.parameters() if p.requires_grad]
new = target(x, 1.5)
with torch.no_grad():
    before = nn.functional.mse_loss(net(x), new)
print("before", before.item(), "trainable", sum(p.numel() for p in trainable))
print("tuned", train(net, x, new, trainable, 5e-3, 350))
with torch.no_grad():
    out = net(x)
finish(net, out, r2=1 - nn.functional.mse_loss(out, new) / new.var())
