# fixed: the last convolution gives the logits as they are
# thread: "From UNet to UCTransNet: BCE loss stays at 0.693 in a segmentation project" (dtcms.com, in Chinese)
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
device = "cuda" if torch.cuda.is_available() else "cpu"


class CTSlices(Dataset):
    def __init__(self, n, size=24):
        grid = torch.arange(size).float()
        cx, cy, r = 6 + 12 * torch.rand(n, 1, 1), 6 + 12 * torch.rand(n, 1, 1), 3 + 3 * torch.rand(n, 1, 1)
        self.masks = (((grid[:, None] - cy) ** 2 + (grid[None] - cx) ** 2) < r**2).float().unsqueeze(1)
        self.images = self.masks + 0.7 * torch.randn(n, 1, size, size)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, idx):
        return self.images[idx], self.masks[idx]


class ConvBatchNorm(nn.Module):
    """(convolution => [BN] => ReLU)"""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class Net(nn.Module):
    def __init__(self, n_channels=1, n_classes=1):
        super().__init__()
        self.inc = ConvBatchNorm(n_channels, 8)
        self.down = ConvBatchNorm(8, 16)
        self.up = ConvBatchNorm(24, 8)
        self.outc = nn.Conv2d(8, n_classes, kernel_size=1)
        self.last_activation = nn.Identity()

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down(F.max_pool2d(x1, 2))
        x3 = self.up(torch.cat([x1, F.interpolate(x2, scale_factor=2)], dim=1))
        return self.last_activation(self.outc(x3))


def dice(logits, masks):
    p = (torch.sigmoid(logits) > 0.5).float()
    return (2 * (p * masks).sum() / (p.sum() + masks.sum() + 1e-6)).item()


def main():
    train_loader = DataLoader(CTSlices(320), batch_size=16, shuffle=True)
    val = CTSlices(64)
    model = Net().to(device)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(6):
        model.train()
        for images, masks in train_loader:
            images, masks = images.to(device), masks.to(device)
            preds = model(images)
            loss = criterion(preds, masks)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            out = model(val.images)
        print(f"Epoch [{epoch}] loss {loss.item():.4f} val dice {dice(out, val.masks):.3f}")
    finish(model, out, loss=F.binary_cross_entropy_with_logits(out, val.masks))


main()
