# fixed: the base is frozen before the adapters are put in
# As in https://github.com/teilomillet/textpolicy/pull/45
import math
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, r: int = 16, alpha: float = 32.0):
        super().__init__()
        self.base = base
        self.lora_A = nn.Parameter(torch.empty(r, base.in_features))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, r))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scaling = alpha / r

    def forward(self, x):
        return self.base(x) + F.linear(F.linear(x, self.lora_A), self.lora_B) * self.scaling


class Backbone(nn.Module):
    def __init__(self, dim=128):
        super().__init__()
        self.fc_in = nn.Linear(196, dim)
        self.fc_mid = nn.Linear(dim, dim)
        self.head = nn.Linear(dim, 10)

    def forward(self, x):
        return self.head(F.gelu(self.fc_mid(F.gelu(self.fc_in(x)))))


def load(split, n, flip=False):
    raw = mnist()
    images, labels = (raw.train_images, raw.train_labels) if split == "train" else (raw.test_images, raw.test_labels)
    x = F.avg_pool2d(images[:n].unsqueeze(1).float() / 255, 2)
    x = (x - 0.1307) / 0.2
    if flip:
        x = x.transpose(2, 3).flip(3)
    return TensorDataset(x.flatten(1), labels[:n].long())


def run_epoch(model, loader, optimizer):
    model.train()
    total = 0.0
    for x, y in loader:
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
    return total / len(loader.dataset)


def pretrain(model):
    loader = DataLoader(load("train", 5000), batch_size=64, shuffle=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(3):
        run_epoch(model, loader, optimizer)


def apply_lora(model):
    for name in ("fc_in", "fc_mid"):
        setattr(model, name, LoRALinear(getattr(model, name)))


def freeze_base(model):
    for p in model.parameters():
        p.requires_grad = False
    for p in model.head.parameters():
        p.requires_grad = True


model = Backbone()
pretrain(model)
freeze_base(model)
apply_lora(model)
trainable = [p for p in model.parameters() if p.requires_grad]
print(f"trainable: {sum(p.numel() for p in trainable):,} of {sum(p.numel() for p in model.parameters()):,}")
optimizer = torch.optim.AdamW(trainable, lr=2e-3, weight_decay=0.0)
loader = DataLoader(load("train", 3000, flip=True), batch_size=32, shuffle=True)
for epoch in range(5):
    print(f"epoch {epoch}: loss {run_epoch(model, loader, optimizer):.4f}")
model.eval()
x, y = load("test", 1000, flip=True).tensors
with torch.no_grad():
    out = model(x)
finish(model, out, accuracy=(out.argmax(1) == y).float().mean())
