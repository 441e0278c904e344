"""Post-training a small world model with LoRA: same frames, another camera."""

import math
import sys

import torch
from torch import nn
import torch.nn.functional as F
from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 11
torch.manual_seed(SEED)


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, r: int = 8, alpha: int = 16):
        super().__init__()
        self.base = base
        self.lora_A = nn.Linear(base.in_features, r, bias=False)
        self.lora_B = nn.Linear(r, base.out_features, bias=False)
        nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_B.weight)
        self.scaling = alpha / r

    def forward(self, x):
        return self.base(x) + self.lora_B(self.lora_A(x)) * self.scaling


class Block(nn.Module):
    def __init__(self, dim, heads=4):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(dim, dim) for _ in range(3))
        self.output_proj = nn.Linear(dim, dim)
        self.layer1, self.layer2 = nn.Linear(dim, 3 * dim), nn.Linear(3 * dim, dim)
        self.adaln_lora_down = nn.Linear(4, 8, bias=False)
        self.adaln_lora_up = nn.Linear(8, 2 * dim, bias=False)

    def forward(self, x, cond):
        b, n, d = x.shape
        scale, gate = self.adaln_lora_up(F.silu(self.adaln_lora_down(cond)))[:, None].chunk(2, -1)
        h = self.norm1(x) * (1 + scale)
        q, k, v = (p(h).view(b, n, self.heads, -1).transpose(1, 2) for p in (self.q_proj, self.k_proj, self.v_proj))
        a = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, d)
        x = x + self.output_proj(a) * (1 + gate)
        return x + self.layer2(F.gelu(self.layer1(self.norm2(x))))


class WorldModel(nn.Module):
    def __init__(self, dim=32, depth=2):
        super().__init__()
        self.patch = nn.Linear(12, dim)
        self.pos = nn.Parameter(torch.randn(1, 8, dim) * 0.1)
        self.blocks = nn.ModuleList(Block(dim) for _ in range(depth))
        self.final = nn.Linear(dim, 12)

    def init_weights(self):
        for name, m in self.named_modules():
            if isinstance(m, nn.Linear):
                if "lora" in name and not name.endswith("down"):  # adaLN-Zero: starts as the identity
                    nn.init.zeros_(m.weight)
                else:
                    nn.init.trunc_normal_(m.weight, std=1 / math.sqrt(m.in_features))

    def forward(self, x, cond):
        h = self.patch(x) + self.pos
        for blk in self.blocks:
            h = blk(h, cond)
        return self.final(h)


def add_lora(model, targets=("q_proj", "k_proj", "v_proj", "output_proj", "layer1", "layer2")):
    model.requires_grad_(False)
    for blk in model.blocks:
        for t in targets:
            setattr(blk, t, LoRALinear(getattr(blk, t)))


def load_pretrained(model, state):
    own = model.state_dict()
    for key, value in state.items():
        head, leaf = key.rsplit(".", 1) if "." in key else ("", key)
        own[key if key in own else f"{head}.base.{leaf}"].copy_(value)


def frames(n, turn, gen):
    x, cond = torch.randn(n, 8, 12, generator=gen), torch.randn(n, 4, generator=gen)
    return x, cond, x @ turn + 0.5 * cond[:, :1, None] + 0.5 * x.mean(1, keepdim=True)


def fit(model, turn, gen, steps, lr):
    opt = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr, weight_decay=0.01)
    for step in range(steps):
        x, cond, y = frames(32, turn, gen)
        loss = F.mse_loss(model(x, cond), y)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        if step % 100 == 0:
            print(f"iteration {step} loss {loss.item():.4f}")


def main():
    gen = torch.Generator().manual_seed(SEED)
    turn, other = (torch.linalg.qr(torch.randn(12, 12, generator=gen))[0] for _ in range(2))
    pretrained = WorldModel()
    pretrained.init_weights()
    fit(pretrained, turn, gen, 250, 3e-3)

    model = WorldModel()
    add_lora(model)
    model.init_weights()
    load_pretrained(model, pretrained.state_dict())
    fit(model, other, gen, 300, 3e-3)
    with torch.no_grad():
        x, cond, y = frames(512, other, gen)
        out = model(x, cond)
    finish(model, out, loss=F.mse_loss(out, y))


if __name__ == "__main__":
    main()
