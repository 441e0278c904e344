"""A small 3D U-Net for bright spots in volumes, with a trainer class."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


def volumes(n, size=10):
    grid = torch.stack(torch.meshgrid(*[torch.arange(size)] * 3, indexing="ij")).float()
    labels = torch.zeros(n, 1, size, size, size)
    for i in range(n):
        for _ in range(int(torch.randint(0, 9, (1,))) if i % 2 else 0):
            center = torch.randint(2, size - 2, (3, 1, 1, 1))
            labels[i, 0] += ((grid - center) ** 2).sum(0) <= 4
    labels.clamp_(max=1)
    raw = 1.2 * labels + 0.35 * torch.randn_like(labels)
    return TensorDataset(raw, labels)


def conv_bn(i, o):
    return nn.Sequential(nn.Conv3d(i, o, 3, padding=1, bias=False), nn.BatchNorm3d(o), nn.ReLU(inplace=True))


class UNet3D(nn.Module):
    def __init__(self, f=6):
        super().__init__()
        self.encoder1 = conv_bn(1, f)
        self.encoder2 = conv_bn(f, 2 * f)
        self.decoder1 = conv_bn(3 * f, f)
        self.final_conv = nn.Conv3d(f, 1, 1)

    def forward(self, x):
        e1 = self.encoder1(x)
        e2 = self.encoder2(F.max_pool3d(e1, 2))
        up = F.interpolate(e2, size=e1.shape[2:], mode="nearest")
        return self.final_conv(self.decoder1(torch.cat([e1, up], 1)))


class Trainer:
    def __init__(self, model, optimizer, loss_criterion, loaders, max_num_epochs):
        self.model = model
        self.optimizer = optimizer
        self.loss_criterion = loss_criterion
        self.loaders = loaders
        self.max_num_epochs = max_num_epochs

    def fit(self):
        for epoch in range(self.max_num_epochs):
            self.model.train()
            for raw, target in self.loaders["train"]:
                loss = self.loss_criterion(self.model(raw), target)
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
            score = self.validate()
            print(f"epoch {epoch} loss {loss.item():.4f} IoU {score:.4f}")
        return score

    def validate(self):
        inter, union = 0.0, 0.0
        self.model.eval()
        with torch.no_grad():
            for raw, target in self.loaders["val"]:
                prediction = self.model(raw) > 0
                inter += (prediction & (target > 0)).sum().item()
                union += (prediction | (target > 0)).sum().item()
        return inter / max(union, 1)


if __name__ == "__main__":
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    loaders = {
        "train": DataLoader(volumes(192), batch_size=16, shuffle=True),
        "val": DataLoader(volumes(60), batch_size=1),
    }
    model = UNet3D()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    trainer = Trainer(model, optimizer, nn.BCEWithLogitsLoss(), loaders, 14)
    print("final IoU", round(trainer.fit(), 4))
