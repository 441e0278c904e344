"""A small DETR: queries, Hungarian matching, auxiliary losses; the (randomly pretrained) stem learns at a tenth of the rate."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
QUERIES, CLASSES = 6, 2


def scenes(n):
    image = 0.1 * torch.randn(n, 1, 16, 16)
    targets = []
    for i in range(n):
        k = int(torch.randint(1, 4, ()))
        cls = torch.randint(CLASSES, (k,))
        pos = torch.randint(1, 15, (k, 2))
        for c, (r, q) in zip(cls.tolist(), pos.tolist()):
            image[i, 0, r - 1 : r + 2, q] += 1.5
            if c:
                image[i, 0, r, q - 1 : q + 2] += 1.5
        targets.append((cls, pos / 15.0))
    return image, targets


class Detr(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, 16, 3, 1, 1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, dim, 3, 2, 1),
            nn.BatchNorm2d(dim),
            nn.ReLU(),
        )
        self.places = nn.Parameter(torch.randn(64, dim) * 0.5)
        self.queries = nn.Parameter(torch.randn(QUERIES, dim))
        self.layers = nn.ModuleList(nn.TransformerDecoderLayer(dim, 4, 64, 0.0, batch_first=True) for _ in range(2))
        self.cls, self.box = (
            nn.Linear(dim, CLASSES + 1),
            nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, 2)),
        )

    def forward(self, x):
        memory = self.stem(x).flatten(2).transpose(1, 2) + self.places
        h = self.queries.expand(len(x), -1, -1)
        outs = []
        for layer in self.layers:
            h = layer(h, memory)
            outs.append((self.cls(h), self.box(h).sigmoid()))
        return outs


def set_loss(logits, boxes, targets):
    weight = torch.tensor([1.0, 1.0, 0.3])
    want = torch.full(logits.shape[:2], CLASSES)
    l1 = 0.0
    for i, (cls, pos) in enumerate(targets):
        with torch.no_grad():
            cost = -logits[i].softmax(-1)[:, cls] + 4 * torch.cdist(boxes[i], pos, p=1)
        rows, cols = (torch.as_tensor(v) for v in linear_sum_assignment(cost.numpy()))
        want[i, rows] = cls[cols]
        l1 = l1 + (boxes[i, rows] - pos[cols]).abs().sum()
    return F.cross_entropy(logits.transpose(1, 2), want, weight=weight) + 4 * l1 / sum(len(c) for c, _ in targets)


model = Detr()
stem = list(model.stem.parameters())
rest = [p for n, p in model.named_parameters() if not n.startswith("stem")]
opt = torch.optim.AdamW([{"params": rest, "lr": 2e-3}, {"params": stem, "lr": 5e-4}], weight_decay=1e-4)
sched = torch.optim.lr_scheduler.StepLR(opt, 4, 0.3)
images, targets = scenes(320)
losses = []
for epoch in range(6):
    for idx in torch.randperm(320).split(16):
        outs = model(images[idx])
        batch = [targets[i] for i in idx.tolist()]
        loss = sum(set_loss(c, b, batch) for c, b in outs)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        losses.append(loss.item())
    sched.step()
    print(f"epoch {epoch} loss {sum(losses[-20:]) / 20:.3f}")
finish(model, outs[-1][0], loss=sum(losses[-20:]) / 20)
