# a llama in a hundred lines
import sys, math
import torch, torch.nn as nn, torch.nn.functional as F
from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 17)

cfg = dict(d_model=48, n_heads=4, n_layers=5, vocab_size=28, max_seq_len=24)


def rms_norm(x, weight=None, eps=1e-5):
    output = x / torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps)
    if weight is not None:
        return output * weight
    return output


class RMSNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return rms_norm(x.float(), self.weight).to(x.dtype)


def rotary(n, dim):
    freq = 1.0 / 10000 ** (torch.arange(0, dim, 2) / dim)
    angle = torch.outer(torch.arange(n), freq)
    return angle.cos(), angle.sin()


def rotate(x, cos, sin):
    a, b = x[..., ::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)


class Block(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.h = h
        self.norm_1, self.norm_2 = RMSNorm(d), RMSNorm(d)
        self.Wqkv = nn.Linear(d, 3 * d, bias=False)
        self.out_proj = nn.Linear(d, d, bias=False)
        self.gate, self.up, self.down = (
            nn.Linear(d, 2 * d, bias=False),
            nn.Linear(d, 2 * d, bias=False),
            nn.Linear(2 * d, d, bias=False),
        )

    def forward(self, x, cos, sin):
        b, n, d = x.shape
        q, k, v = self.Wqkv(self.norm_1(x)).view(b, n, 3, self.h, -1).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(rotate(q, cos, sin), rotate(k, cos, sin), v, is_causal=True)
        x = x + self.out_proj(a.transpose(1, 2).reshape(b, n, d))
        z = self.norm_2(x)
        return x + self.down(F.silu(self.gate(z)) * self.up(z))


class MPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(cfg["vocab_size"], cfg["d_model"])
        self.blocks = nn.ModuleList(Block(cfg["d_model"], cfg["n_heads"]) for _ in range(cfg["n_layers"]))
        self.norm_f = RMSNorm(cfg["d_model"])
        self.lm_head = nn.Linear(cfg["d_model"], cfg["vocab_size"], bias=False)
        for name, p in self.named_parameters():  # init_fn: kaiming_normal_, init_div_is_residual: True
            if p.dim() > 1 and "wte" not in name:
                nn.init.kaiming_normal_(p, nonlinearity="linear")
                if name.endswith(("out_proj.weight", "down.weight")):
                    p.data.div_((2 * cfg["n_layers"]) ** 0.5)

    def forward(self, ids):
        x = self.wte(ids)
        cos, sin = rotary(ids.shape[1], cfg["d_model"] // cfg["n_heads"])
        for block in self.blocks:
            x = block(x, cos, sin)
        return self.lm_head(self.norm_f(x))


table = torch.randint(0, cfg["vocab_size"], (cfg["vocab_size"], 4, 2))


def batch(n):
    ids = torch.randint(0, cfg["vocab_size"], (n, cfg["max_seq_len"] + 1))
    for t in range(2, ids.shape[1]):
        ids[:, t] = table[ids[:, t - 1], ids[:, t - 2] % 4, torch.randint(0, 2, (n,))]
    return ids[:, :-1], ids[:, 1:]


model = MPT()
opt = torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.95), weight_decay=0.1)
steps, warmup = 200, 20
for step in range(steps):
    lr = 2e-3 * (min(1, (step + 1) / warmup)) * (0.55 + 0.45 * math.cos(math.pi * step / steps))
    for g in opt.param_groups:
        g["lr"] = lr
    x, y = batch(24)
    loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    if step % 40 == 0:
        print(f"[batch={step}/{steps}] loss/train/total: {loss.item():.4f}")
x, y = batch(100)
with torch.no_grad():
    out = model(x)
finish(model, out, loss=F.cross_entropy(out.flatten(0, 1), y.flatten()))
