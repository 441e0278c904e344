import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
bunch = load_digits()
images = (torch.tensor(bunch.data, dtype=torch.float32) - 4.9) / 6.0
labels = torch.tensor(bunch.target)
order = torch.randperm(len(labels))
images, labels = images[order], labels[order]


class MixerBlock(nn.Module):
    def __init__(self, rows, width):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.rows = nn.Sequential(nn.Linear(rows, 32), nn.GELU(), nn.Linear(32, rows))
        self.cols = nn.Sequential(nn.Linear(width, 64), nn.GELU(), nn.Linear(64, width))

    def forward(self, x):
        x = x + self.rows(self.n1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.cols(self.n2(x))


class Mixer(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(8, 32)
        self.blocks = nn.ModuleList([MixerBlock(8, 32) for _ in range(3)])
        self.norm = nn.LayerNorm(32)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        x = self.stem(x.view(-1, 8, 8))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x).mean(1))


model = Mixer()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.3)
for epoch in range(10):
    model.train()
    for i in range(0, 1440, 48):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(model(images[i : i + 48]), labels[i : i + 48])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    shuffle = torch.randperm(1440)
    images[:1440], labels[:1440] = images[shuffle], labels[shuffle]
    print(f"epoch {epoch} loss {loss.item():.3f}")

model.eval()
with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
    out = model(images[1440:]).float()
finish(model, out, accuracy=(out.argmax(1) == labels[1440:]).float().mean())
