"""Salient objects, with depth as a second task (batches of two, as memory allows)."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils import data

from digest import finish


class MyData(data.Dataset):
    def __init__(self, n):
        self.items = []
        for _ in range(n):
            img = 0.2 * torch.randn(3, 16, 16)
            lbl = torch.zeros(1, 16, 16)
            slope, level = torch.randn(2).tolist()
            depth = level + slope * torch.linspace(-1, 1, 16)[:, None].expand(16, 16).clone()
            y, x = torch.randint(0, 11, (2,)).tolist()
            lbl[0, y : y + 5, x : x + 5] = 1
            depth[y : y + 5, x : x + 5] += 1
            img[0] += depth
            img[1] += lbl[0]
            self.items.append((img, lbl, depth))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


class CoNet(nn.Module):
    def __init__(self):
        super(CoNet, self).__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU()
        )
        self.sal = nn.Conv2d(16, 1, 3, padding=1)
        self.high_depth = nn.Conv2d(16, 1, 3, padding=1)

    def forward(self, x):
        x = self.backbone(x)
        return self.sal(x), self.high_depth(x)


class Trainer(object):
    def __init__(self, model, optimizer, train_loader, max_epoch):
        self.model, self.optim, self.train_loader, self.max_epoch = model, optimizer, train_loader, max_epoch

    def train_epoch(self):
        self.model.train()
        for batch_idx, (img, lbl, depth) in enumerate(self.train_loader):
            n, c, h, w = img.size()
            self.optim.zero_grad()
            sal, high_depth = self.model(img)
            loss1 = F.binary_cross_entropy_with_logits(sal, lbl, reduction="sum")
            loss4 = F.smooth_l1_loss(high_depth, depth, reduction="sum")
            loss_all = (loss1 + loss4) / (n * h * w)
            loss_all.backward()
            self.optim.step()
            if batch_idx % 100 == 0:
                print("epoch %d iter %d sal %.3f depth %.3f" % (self.epoch, batch_idx, loss1.item(), loss4.item()))

    def train(self):
        for epoch in range(self.max_epoch):
            self.epoch = epoch
            self.train_epoch()


if __name__ == "__main__":
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    train_loader = data.DataLoader(MyData(400), batch_size=2, shuffle=True)
    model = CoNet()
    optim = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    Trainer(model, optim, train_loader, max_epoch=4).train()

    model.eval()
    img, lbl, depth = (torch.stack(part) for part in zip(*MyData(100).items))
    with torch.no_grad():
        sal, high_depth = model(img)
    print("saliency right at", ((sal > 0).float() == lbl).float().mean().item())
    finish(model, high_depth, depth_loss=F.mse_loss(high_depth[:, 0], depth))
