"""A transformer sorts out which token came most often; decay for matrices, none for biases and norms."""

import argparse
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

cfg = SimpleNamespace(vocab=8, length=16, dim=32, heads=4, depth=2, batch=64, epochs=8, lr=3e-3, decay=0.01)


def make_data(n, seed):
    """Which token follows the marker 0? It stands once in each row."""
    g = torch.Generator().manual_seed(seed)
    x = torch.randint(1, cfg.vocab, (n, cfg.length), generator=g)
    at = torch.randint(0, cfg.length - 1, (n,), generator=g)
    x[torch.arange(n), at] = 0
    return TensorDataset(x, x[torch.arange(n), at + 1])


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.fc1, self.fc2 = nn.Linear(dim, 2 * dim), nn.Linear(2 * dim, dim)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        x = x + self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, t, d))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.token = nn.Embedding(cfg.vocab, cfg.dim)
        self.local = nn.Conv1d(cfg.dim, cfg.dim, 2, padding=1)
        self.blocks = nn.ModuleList(Block(cfg.dim, cfg.heads) for _ in range(cfg.depth))
        self.norm = nn.LayerNorm(cfg.dim)
        self.head = nn.Linear(cfg.dim, cfg.vocab)

    def forward(self, x):
        h = self.token(x)
        h = h + self.local(h.transpose(1, 2))[..., 1:].transpose(1, 2)
        for block in self.blocks:
            h = block(h)
        return self.head(self.norm(h).mean(1))


def configure_optimizer(model):
    decay = [p for p in model.parameters() if p.ndim >= 2]
    no_decay = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": decay, "weight_decay": cfg.decay}, {"params": no_decay, "weight_decay": 0.0}]
    print(f"{len(decay)} tensors with decay, {len(no_decay)} without")
    return torch.optim.AdamW(groups, lr=cfg.lr, betas=(0.9, 0.95))


class ExponentialMovingAverage:
    """Weights averaged over the steps; swapped in for the validation."""

    def __init__(self, model, decay):
        self.decay = decay
        self.shadow = {k: v.detach().clone() for k, v in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model):
        for k, v in model.state_dict().items():
            self.shadow[k].lerp_(v, 1 - self.decay)


@torch.no_grad()
def evaluate(model, weights, loader):
    kept = {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(weights)
    model.eval()
    right = total = 0
    for x, y in loader:
        logits = model(x)
        right += (logits.argmax(1) == y).sum().item()
        total += len(y)
    model.load_state_dict(kept)
    model.train()
    return right / total, logits


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    train_loader = DataLoader(make_data(2000, seed), cfg.batch, shuffle=True, drop_last=True)
    val_loader = DataLoader(make_data(500, seed + 1000), 250)
    model = Encoder()
    optimizer = configure_optimizer(model)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, cfg.lr, total_steps=cfg.epochs * len(train_loader))
    ema = ExponentialMovingAverage(model, 0.95)
    for epoch in range(cfg.epochs):
        for x, y in train_loader:
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            ema.update(model)
        accuracy, logits = evaluate(model, ema.shadow, val_loader)
        print(f"epoch {epoch} loss {loss.item():.3f} val {accuracy:.3f}")
    finish(model, logits, accuracy=accuracy)


if __name__ == "__main__":
    main()
