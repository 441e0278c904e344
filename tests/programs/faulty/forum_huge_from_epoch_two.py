# Centre points: since the 2nd epoch the loss is huge and unchanged
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish


def _neg_loss(pred, gt):
    """The focal loss of CornerNet."""
    pos, neg = gt.eq(1).float(), gt.lt(1).float()
    pred = pred.clamp(1e-4, 1 - 1e-4)
    pos_loss = torch.log(pred) * (1 - pred) ** 2 * pos
    neg_loss = torch.log(1 - pred) * pred**2 * (1 - gt) ** 4 * neg
    return -(pos_loss.sum() + neg_loss.sum()) / pos.sum().clamp(min=1)


class CtdetLoss(nn.Module):
    def forward(self, out, hm, wh, mask):
        hm_loss = _neg_loss(torch.sigmoid(out["hm"]), hm)
        wh_loss = (F.l1_loss(out["wh"], wh, reduction="none") * mask).sum() / mask.sum()
        return hm_loss + 0.1 * wh_loss, {"hm_loss": hm_loss, "wh_loss": wh_loss}


class Detector(nn.Module):
    def __init__(self, heads, head_conv=32):
        super().__init__()
        self.base = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(inplace=True),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(inplace=True),
        )
        self.heads = heads
        for head, classes in heads.items():
            fc = nn.Sequential(
                nn.Conv2d(32, head_conv, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(head_conv, classes, 1)
            )
            if head == "hm":
                fc[-1].bias.data.fill_(-2.19)
            self.__setattr__(head, fc)

    def forward(self, x):
        x = self.base(x)
        return {head: self.__getattr__(head)(x) for head in self.heads}


def batch_of_boxes(n, size=16):
    image = torch.rand(n, 1, size, size) * 0.3
    hm, wh, mask = torch.zeros(n, 1, size, size), torch.zeros(n, 2, size, size), torch.zeros(n, 1, size, size)
    grid = torch.arange(size).float()
    for k in range(n):
        cx, cy = torch.randint(4, size - 4, (2,)).tolist()
        w, h = torch.randint(1, 4, (2,)).tolist()
        image[k, 0, cy - h : cy + h + 1, cx - w : cx + w + 1] += 0.7
        hm[k, 0] = torch.exp(-((grid[None] - cx) ** 2 + (grid[:, None] - cy) ** 2) / 2)
        wh[k, 0], wh[k, 1] = w, h
        mask[k, 0, cy, cx] = 1
    return image - 0.4, hm, wh, mask


def main(opt):
    torch.manual_seed(opt.seed)
    model = Detector({"hm": 1, "wh": 2})
    optimizer = torch.optim.Adam(model.parameters(), opt.lr)
    criterion = CtdetLoss()
    train, val = batch_of_boxes(320), batch_of_boxes(64)
    for epoch in range(1, opt.num_epochs + 1):
        model.train()
        for idx in torch.randperm(320).split(opt.batch_size):
            image, hm, wh, mask = (part[idx] for part in train)
            loss, stats = criterion(model(image), hm, wh, mask)
            loss.backward()
            optimizer.step()
        print("epoch", epoch, "loss", loss.item(), {k: round(v.item(), 3) for k, v in stats.items()})
    model.eval()
    with torch.no_grad():
        out = model(val[0])
        loss, _ = criterion(out, *val[1:])
        found = (out["hm"].flatten(1).argmax(1) == val[3].flatten(1).argmax(1)).float().mean()
    print("val loss", loss.item())
    finish(model, out["hm"], accuracy=found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", nargs="?", type=int, default=317)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--num_epochs", type=int, default=6)
    parser.add_argument("--batch_size", type=int, default=16)
    main(parser.parse_args())
