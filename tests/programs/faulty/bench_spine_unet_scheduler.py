"""U-Net for the cross-section of a cord in slices, Dice loss, cosine annealing over the epochs."""

import sys
import warnings

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

warnings.simplefilter("ignore")
torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
context = {"num_epochs": 14, "batch_size": 16, "initial_lr": 0.003}


def slices(n):
    yy, xx = torch.meshgrid(torch.arange(20.0), torch.arange(20.0), indexing="ij")
    r, c = torch.rand(2, n, 1, 1) * 10 + 5
    ring = ((yy - r) ** 2 + ((xx - c) / 1.4) ** 2).sqrt()
    gt = (ring < 3).float()
    image = 0.7 * gt - 0.5 * ((ring >= 3) & (ring < 4.5)).float() + 0.7 * torch.randn(n, 20, 20)
    return image.unsqueeze(1), gt.unsqueeze(1)


def double(i, o):
    return nn.Sequential(
        nn.Conv2d(i, o, 3, padding=1), nn.ReLU(), nn.GroupNorm(4, o), nn.Conv2d(o, o, 3, padding=1), nn.ReLU()
    )


class Unet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2, self.up = double(1, 8), double(8, 16), double(24, 8)
        self.pool, self.upsample, self.out = nn.MaxPool2d(2), nn.Upsample(scale_factor=2), nn.Conv2d(8, 1, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.upsample(self.down2(self.pool(a)))
        return torch.sigmoid(self.out(self.up(torch.cat([a, b], 1))))


def dice_loss(pred, target):
    smooth = 1.0
    intersection = (pred * target).sum()
    return 1 - (2 * intersection + smooth) / (pred.sum() + target.sum() + smooth)


model = Unet()
train_loader = DataLoader(TensorDataset(*slices(320)), batch_size=context["batch_size"], shuffle=True)
val_image, val_gt = slices(100)
optimizer = torch.optim.Adam(model.parameters(), lr=context["initial_lr"])
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.85)

for epoch in range(1, context["num_epochs"] + 1):
    model.train()
    train_loss_total, num_steps = 0.0, 0
    for image, gt in train_loader:
        preds = model(image)
        loss = dice_loss(preds, gt)
        train_loss_total += loss.item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        num_steps += 1
    model.eval()
    with torch.no_grad():
        preds = model(val_image)
        val_loss = dice_loss(preds, val_gt)
    print(f"Epoch {epoch} training loss: {train_loss_total / num_steps:.4f}. validation loss: {val_loss:.4f}")

finish(model, preds, loss=val_loss)
