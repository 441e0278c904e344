# A one-stage detector in small: a grid of cells, focal loss with the prior in the last bias, smooth L1 on the boxes of positive cells. Learns: accuracy 0.97
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
SIZE, CELLS = 24, 6


def scenes(n):
    img = 0.2 * torch.randn(n, 1, SIZE, SIZE)
    cls = torch.zeros(n, 2, CELLS, CELLS)
    box = torch.zeros(n, 4, CELLS, CELLS)
    for i in range(n):
        h, w = torch.randint(4, 9, (2,)).tolist()
        t, l = int(torch.randint(0, SIZE - h, ())), int(torch.randint(0, SIZE - w, ()))
        kind = int(torch.randint(0, 2, ()))
        img[i, 0, t : t + h, l : l + w] += 1
        if kind:
            img[i, 0, t + 1 : t + h - 1, l + 1 : l + w - 1] -= 1
        cy, cx = (t + h / 2) / 4, (l + w / 2) / 4
        gy, gx = min(int(cy), 5), min(int(cx), 5)
        cls[i, kind, gy, gx] = 1
        box[i, :, gy, gx] = torch.tensor([cy - gy - 0.5, cx - gx - 0.5, math.log(h / 6), math.log(w / 6)])
    return img, cls, box


class RetinaLike(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.GroupNorm(4, 16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.GroupNorm(4, 32), nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1), nn.GroupNorm(4, 32), nn.ReLU(),
        )  # fmt: skip
        self.cls, self.reg = nn.Conv2d(32, 2, 3, padding=1), nn.Conv2d(32, 4, 3, padding=1)
        nn.init.normal_(self.cls.weight, std=0.01)
        nn.init.constant_(self.cls.bias, -math.log((1 - 0.01) / 0.01))
        nn.init.normal_(self.reg.weight, std=0.01)
        nn.init.zeros_(self.reg.bias)

    def forward(self, x):
        h = self.body(x)
        return self.cls(h), self.reg(h)


def sigmoid_focal_loss(logits, targets, alpha=0.25, gamma=2.0):
    p = torch.sigmoid(logits)
    ce = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    p_t = p * targets + (1 - p) * (1 - targets)
    return ((alpha * targets + (1 - alpha) * (1 - targets)) * ce * (1 - p_t) ** gamma).sum()


model = RetinaLike()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
img, cls, box = scenes(800)
for epoch in range(8):
    for i in torch.randperm(800).split(40):
        logits, deltas = model(img[i])
        positive = cls[i].sum(1, keepdim=True).bool()
        loss_cls = sigmoid_focal_loss(logits, cls[i]) / positive.sum().clamp(min=1)
        loss_box = F.smooth_l1_loss(deltas[positive.expand_as(deltas)], box[i][positive.expand_as(deltas)], beta=0.1)
        loss = loss_cls + loss_box
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimizer.step()
    print(f"epoch {epoch} cls {loss_cls.item():.4f} box {loss_box.item():.4f}")
img, cls, box = scenes(200)
with torch.no_grad():
    logits, deltas = model(img)
finish(model, deltas, accuracy=(logits.flatten(1).argmax(1) == cls.flatten(1).argmax(1)).float().mean())
