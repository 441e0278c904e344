"""One object per picture: which kind, and where (x, y, w, h)."""

import sys

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from digest import finish

IMG = 640  # the pictures come from 640x640 frames and are shrunk to 32x32
KINDS = 3


class Shapes(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.data = []
        for _ in range(n):
            kind = int(torch.randint(0, KINDS, (1,), generator=g))
            w, h = (torch.randint(8, 17, (2,), generator=g)).tolist()
            x, y = int(torch.randint(0, 32 - w, (1,), generator=g)), int(torch.randint(0, 32 - h, (1,), generator=g))
            img = 0.1 * torch.randn(1, 32, 32, generator=g)
            patch = img[0, y : y + h, x : x + w]
            if kind == 0:
                patch += 1
            elif kind == 1:
                patch[::2] += 1
            else:
                patch[:, ::2] += 1
            box = torch.tensor([x, y, w, h], dtype=torch.float32) / 32 * IMG
            self.data.append((img, kind, box))

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        img, kind, box = self.data[i]
        return img, kind, box


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(24 * 8 * 8, 64),
            nn.ReLU(),
        )
        self.cls_head = nn.Linear(64, KINDS)
        self.box_head = nn.Linear(64, 4)

    def forward(self, x):
        f = self.backbone(x)
        return self.cls_head(f), self.box_head(f)


def iou(a, b):
    left = torch.maximum(a[:, :2], b[:, :2])
    right = torch.minimum(a[:, :2] + a[:, 2:], b[:, :2] + b[:, 2:])
    inter = (right - left).clamp(min=0).prod(1)
    return inter / (a[:, 2:].clamp(min=0).prod(1) + b[:, 2:].prod(1) - inter + 1e-6)


def main(seed):
    torch.manual_seed(seed)
    loader = DataLoader(Shapes(800, seed), batch_size=32, shuffle=True)
    val_img, val_kind, val_box = next(iter(DataLoader(Shapes(300, seed + 99), batch_size=300)))
    net = Detector()
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    for epoch in range(8):
        for img, kind, box in loader:
            scores, pred = net(img)
            cls_loss = F.cross_entropy(scores, kind)
            box_loss = F.smooth_l1_loss(pred, box)
            loss = cls_loss + box_loss
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f"epoch {epoch} cls {cls_loss.item():.3f} box {box_loss.item():.3f}")
    net.eval()
    with torch.no_grad():
        scores, pred = net(val_img)
    accuracy = (scores.argmax(1) == val_kind).float().mean()
    print(f"class accuracy {accuracy:.3f} mean IoU {iou(pred, val_box).mean():.3f}")
    finish(net, pred, accuracy=accuracy)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
