# A pre-norm decoder with all weights of std 0.02 and a stem convolution over byte pairs, smoothed labels written out, weight averaging in the end. Learns: accuracy 1
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
V, T, D = 16, 20, 32


class RMSNorm(nn.Module):
    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.eps, self.weight = eps, nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = RMSNorm(D), RMSNorm(D)
        self.wq, self.wk, self.wv, self.wo = (nn.Linear(D, D, bias=False) for _ in range(4))
        self.w1, self.w2, self.w3 = (
            nn.Linear(D, 64, bias=False),
            nn.Linear(64, D, bias=False),
            nn.Linear(D, 64, bias=False),
        )

    def forward(self, x):
        h = self.norm1(x)
        q, k, v = (w(h).view(*h.shape[:2], 4, D // 4).transpose(1, 2) for w in (self.wq, self.wk, self.wv))
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
        x = x + self.wo(a)
        h = self.norm2(x)
        return x + self.w2(F.silu(self.w1(h)) * self.w3(h))


class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv1d(V, D, 2)
        self.blocks = nn.ModuleList(Block() for _ in range(3))
        self.norm, self.out = RMSNorm(D), nn.Linear(D, V, bias=False)
        for p in self.parameters():
            if p.ndim > 1:
                nn.init.normal_(p, std=0.02)

    def forward(self, ids):
        x = F.one_hot(ids, V).float().transpose(1, 2)
        x = self.stem(F.pad(x, (1, 0))).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        return self.out(self.norm(x))


def batch(n):
    a, b = torch.randint(V, (n, 1)), torch.randint(1, 4, (n, 1))
    return (a + b * torch.arange(T + 1)) % V


model = LM()
opt = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.95), weight_decay=0.1)
averaged = [torch.zeros_like(p) for p in model.parameters()]
for step in range(220):
    for g in opt.param_groups:
        g["lr"] = 3e-3 * min(1, (step + 1) / 20) * (1 - step / 240)
    ids = batch(32)
    logp = F.log_softmax(model(ids[:, :-1]), -1)
    nll = -logp.gather(-1, ids[:, 1:, None]).squeeze(-1)
    loss = 0.9 * nll.mean() - 0.1 * logp.mean(-1).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    if step >= 200:
        for a, p in zip(averaged, model.parameters()):
            a += p.detach() / 20
    if step % 50 == 0:
        print(step, f"{loss.item():.4f}")
with torch.no_grad():
    for a, p in zip(averaged, model.parameters()):
        p.copy_(a)
    ids = batch(100)
    out = model(ids[:, :-1])
finish(model, out, accuracy=(out.argmax(-1) == ids[:, 1:])[:, 2:].float().mean())
