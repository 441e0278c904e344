# ivadomed#55: the StepLR, made for num_epochs. Fixed: it is stepped after each epoch.
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

context = {
    "batch_size": 8,
    "num_epochs": 8,
    "initial_lr": 1e-3,
    "step_scheduler": {"name": "StepLR", "step_size": 3, "gamma": 0.3},
}


def spinal_cords(n, seed):
    """Axial slices, 24x24: an ellipse of grey matter near the middle of a noisy ground, its mask."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[0:24, 0:24]
    slices, masks = [], []
    for _ in range(n):
        cy, cx = rng.normal(12, 2, 2)
        inside = ((rows - cy) / rng.uniform(2, 5)) ** 2 + ((cols - cx) / rng.uniform(2, 5)) ** 2 < 1
        bright = 1.0 * inside + 0.7 * (rows > 18) + rng.normal(0, 0.5, (24, 24))
        slices.append((bright - bright.mean()) / bright.std())
        masks.append(inside)
    to = lambda a: torch.tensor(np.array(a), dtype=torch.float32)[:, None]
    return TensorDataset(to(slices), to(masks))


class DownConv(nn.Module):
    def __init__(self, in_feat, out_feat, drop_rate=0.1, bn_momentum=0.1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_feat, out_feat, kernel_size=3, padding=1)
        self.conv1_bn = nn.BatchNorm2d(out_feat, momentum=bn_momentum)
        self.conv1_drop = nn.Dropout2d(drop_rate)

    def forward(self, x):
        x = torch.relu(self.conv1_bn(self.conv1(x)))
        return self.conv1_drop(x)


class Unet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2 = DownConv(1, 8), DownConv(8, 16)
        self.pool = nn.MaxPool2d(2)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self.up1 = DownConv(24, 8)
        self.last = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(self.pool(a))
        return torch.sigmoid(self.last(self.up1(torch.cat([self.up(b), a], dim=1))))


def dice_loss(input, target):
    smooth = 1.0
    iflat = input.reshape(-1)
    tflat = target.reshape(-1)
    intersection = (iflat * tflat).sum()
    return 1.0 - (2.0 * intersection + smooth) / (iflat.sum() + tflat.sum() + smooth)


ds_train, ds_val = spinal_cords(320, 0), spinal_cords(80, 1)
train_loader = DataLoader(ds_train, batch_size=context["batch_size"], shuffle=True, drop_last=True)
val_loader = DataLoader(ds_val, batch_size=80)
model = Unet()
optimizer = optim.Adam(model.parameters(), lr=context["initial_lr"])
scheduler = optim.lr_scheduler.StepLR(
    optimizer, context["step_scheduler"]["step_size"], context["step_scheduler"]["gamma"]
)

for epoch in range(1, context["num_epochs"] + 1):
    model.train()
    train_loss_total = 0.0
    for i, (input_samples, gt_samples) in enumerate(train_loader):
        preds = model(input_samples)
        loss = dice_loss(preds, gt_samples)
        train_loss_total += loss.item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    scheduler.step()
    print(f"Epoch {epoch} training loss: {train_loss_total / len(train_loader):.4f}")

    model.eval()
    with torch.no_grad():
        for input_samples, gt_samples in val_loader:
            preds = model(input_samples)
            val_dice = 1 - dice_loss((preds > 0.5).float(), gt_samples)
    print(f"Epoch {epoch} validation dice: {val_dice:.4f}")

finish(model, preds, dice=val_dice)
