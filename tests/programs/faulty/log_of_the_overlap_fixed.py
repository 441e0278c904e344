# fixed: the logarithm is taken of IoU + 0.01
# thread: "loss becomes nan while training" (miemie2013/Paddle-DIOU-YOLOv3 #1: no small constant in log())
import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
EPS = 0.01


def boxes(n):
    centre, size = 0.15 + 0.7 * torch.rand(n, 2), 0.15 + 0.15 * torch.rand(n, 2)
    return torch.cat([centre - size / 2, centre + size / 2], 1)


def render(box, res=12):
    at = (torch.arange(res) + 0.5) / res
    x = ((at > box[:, :1]) & (at < box[:, 2:3])).float()
    y = ((at > box[:, 1:2]) & (at < box[:, 3:])).float()
    return y[:, None, :, None] * x[:, None, None, :] + 0.1 * torch.randn(len(box), 1, res, res)


def iou(a, b):
    left_top = torch.max(a[:, :2], b[:, :2])
    right_bottom = torch.min(a[:, 2:], b[:, 2:])
    inter = (right_bottom - left_top).clamp(min=0).prod(1)
    area = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1)
    return inter / (area - inter)


class YOLOHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.LeakyReLU(0.1),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(288, 64),
            nn.LeakyReLU(0.1),
        )
        self.box = nn.Linear(64, 4)

    def forward(self, x):
        xy, wh = torch.sigmoid(self.box(self.features(x))).chunk(2, dim=1)
        return torch.cat([xy - wh / 2, xy + wh / 2], 1)


target = boxes(2000)
images = render(target)
head = YOLOHead()
optimizer = torch.optim.Adam(head.parameters(), lr=2e-3)
for epoch in range(6):
    for i in range(0, 1600, 32):
        overlap = iou(head(images[i : i + 32]), target[i : i + 32])
        loss = -torch.log(overlap + EPS).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch %d loss %.4f mean iou %.3f" % (epoch, loss.item(), overlap.mean().item()))
with torch.no_grad():
    out = head(images[1600:])
finish(head, out, mean_iou=iou(out, target[1600:]).mean())
