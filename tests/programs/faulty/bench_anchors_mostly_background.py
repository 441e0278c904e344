"""One-stage detector on 24x24 scenes: each of 36 cells says whether an object's centre lies in it, and where."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def scenes(n):
    image = torch.randn(n, 1, 24, 24) * 0.55
    objectness = torch.zeros(n, 6, 6)
    offset = torch.zeros(n, 2, 6, 6)
    for i in range(n):
        if torch.rand(()) < 0.7:
            r, c = torch.randint(2, 22, (2,)).tolist()
            image[i, 0, r - 1 : r + 2, c] += 1.2
            image[i, 0, r, c - 1 : c + 2] += 1.2
            objectness[i, r // 4, c // 4] = 1
            offset[i, :, r // 4, c // 4] = torch.tensor([r % 4, c % 4]) / 4.0
    return image, objectness, offset


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1),
            nn.BatchNorm2d(12),
            nn.LeakyReLU(0.1),
            nn.Conv2d(12, 24, 3, stride=2, padding=1),
            nn.BatchNorm2d(24),
            nn.LeakyReLU(0.1),
            nn.Conv2d(24, 24, 3, stride=2, padding=1),
            nn.BatchNorm2d(24),
            nn.LeakyReLU(0.1),
        )
        self.head = nn.Conv2d(24, 3, 1)

    def forward(self, x):
        out = self.head(self.body(x))
        return out[:, 0], out[:, 1:]


images, objects, offsets = scenes(640)
images_t, objects_t, offsets_t = scenes(320)
net = Detector()
optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
class_loss = nn.BCEWithLogitsLoss()

for epoch in range(5):
    net.train()
    for idx in torch.randperm(len(images)).split(32):
        conf, where = net(images[idx])
        mask = objects[idx].unsqueeze(1)
        box = (F.smooth_l1_loss(where, offsets[idx], reduction="none") * mask).sum() / mask.sum().clamp(min=1)
        loss = class_loss(conf, objects[idx]) + box
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        conf, where = net(images_t)
    said = conf > 0
    recall = (said & (objects_t > 0)).sum() / objects_t.sum()
    spurious = (said & (objects_t == 0)).float().sum() / (objects_t == 0).sum()
    print(f"epoch {epoch} loss {loss.item():.4f} recall {recall:.3f} false alarms {spurious:.4f}")

finish(net, conf, balanced=0.5 * (recall + 1 - spurious))
