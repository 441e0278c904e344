# Sparse autoencoder whose encoder starts as the transposed decoder. Own Adam, with the fused update of a kernel.
import sys

import torch
from torch import nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)

D, H = 24, 64
features = nn.functional.normalize(torch.randn(48, D), dim=1)


def batch(n):
    active = (torch.rand(n, 48) < 0.06).float() * torch.rand(n, 48)
    return active @ features


class SAE(nn.Module):
    def __init__(self):
        super().__init__()
        w = nn.functional.normalize(torch.randn(D, H), dim=0)
        self.W_dec = nn.Parameter(w.t().contiguous())
        self.W_enc = nn.Parameter(self.W_dec.data.t().clone())
        self.b_enc = nn.Parameter(torch.zeros(H))
        self.b_dec = nn.Parameter(torch.zeros(D))

    def forward(self, x):
        code = torch.relu((x - self.b_dec) @ self.W_enc + self.b_enc)
        return code @ self.W_dec + self.b_dec, code


def kernel_addcdiv(flat, m, v, step_size, eps):
    """Works on dense memory only."""
    flat.addcdiv_(m, v.sqrt().add_(eps), value=-step_size)


class FusedAdam(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                if not s:
                    s["t"], s["m"], s["v"] = 0, torch.zeros(p.numel()), torch.zeros(p.numel())
                s["t"] += 1
                g = p.grad.contiguous().view(-1)
                s["m"].mul_(b1).add_(g, alpha=1 - b1)
                s["v"].mul_(b2).addcmul_(g, g, value=1 - b2)
                size = group["lr"] * (1 - b2 ** s["t"]) ** 0.5 / (1 - b1 ** s["t"])
                flat = p.data.contiguous().view(-1)
                kernel_addcdiv(flat, s["m"], s["v"], size, group["eps"])


sae = SAE()
adam = FusedAdam(sae.parameters(), lr=2e-3)
for step in range(1500):
    x = batch(128)
    y, code = sae(x)
    mse = (y - x).pow(2).sum(1).mean()
    loss = mse + 0.02 * code.abs().sum(1).mean()
    adam.zero_grad()
    loss.backward()
    adam.step()
    if step % 300 == 0:
        print(f"step {step} loss {loss.item():.4f} mse {mse.item():.4f} active {(code > 0).float().mean().item():.3f}")

with torch.no_grad():
    x = batch(2000)
    y, code = sae(x)
    total = (y - x).pow(2).sum(1).mean() + 0.02 * code.abs().sum(1).mean()
finish(sae, y, loss=total)
