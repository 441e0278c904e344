"""Segment surfaces in small volumes' slices. Run: python train.py --scheduler diffusers_cosine_warmup"""

import math
import sys
from torch.optim.lr_scheduler import LambdaLR
import torch
from torch import nn
from digest import finish


class ConfigManager:
    def __init__(self):
        self.max_epoch = 6
        self.max_steps_per_epoch = 35
        self.train_batch_size = 12
        self.initial_lr = 3e-3
        self.scheduler = "diffusers_cosine_warmup"
        self.warmup = 0.05


def cosine_with_warmup(optimizer, num_warmup_steps, num_training_steps):
    def factor(step):
        if step < num_warmup_steps:
            return (step + 1) / (num_warmup_steps + 1)
        progress = (step - num_warmup_steps) / max(1, num_training_steps - num_warmup_steps)
        return 0.0 if progress >= 1 else 0.5 * (1 + math.cos(math.pi * progress))

    return LambdaLR(optimizer, factor)


def get_scheduler(name, optimizer, max_steps, warmup):
    if name == "diffusers_cosine_warmup":
        return cosine_with_warmup(optimizer, int(warmup * max_steps), max_steps)
    raise ValueError(name)


class UNet(nn.Module):
    def __init__(self, c=12):
        super().__init__()

        def double(i, o):
            return nn.Sequential(
                nn.Conv2d(i, o, 3, padding=1, bias=False),
                nn.InstanceNorm2d(o, affine=True),
                nn.LeakyReLU(0.01),
                nn.Conv2d(o, o, 3, padding=1, bias=False),
                nn.InstanceNorm2d(o, affine=True),
                nn.LeakyReLU(0.01),
            )

        self.enc1, self.enc2, self.bottom = double(1, c), double(c, 2 * c), double(2 * c, 4 * c)
        self.pool = nn.MaxPool2d(2)
        self.up2, self.dec2 = nn.ConvTranspose2d(4 * c, 2 * c, 2, 2), double(4 * c, 2 * c)
        self.up1, self.dec1 = nn.ConvTranspose2d(2 * c, c, 2, 2), double(2 * c, c)
        self.head = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        a = self.enc1(x)
        b = self.enc2(self.pool(a))
        y = self.bottom(self.pool(b))
        y = self.dec2(torch.cat([self.up2(y), b], 1))
        y = self.dec1(torch.cat([self.up1(y), a], 1))
        return self.head(y)


def slices(n):
    """A curved sheet in noise, with a distractor of the other slope."""
    u = torch.linspace(-1, 1, 24)
    yy, xx = torch.meshgrid(u, u, indexing="ij")
    p = torch.rand(n, 5, 1, 1) * 2 - 1
    sheet = (yy - 0.5 * p[:, 0] - 0.6 * xx.abs() * (0.5 + p[:, 1].abs())).abs() < 0.13
    other = (yy - 0.5 * p[:, 2] + 0.6 * xx.abs() * (0.5 + p[:, 3].abs())).abs() < 0.13
    image = sheet.float() + other.float() + 0.8 * torch.randn(n, 24, 24)
    return image[:, None], sheet.float()[:, None]


def dice(logits, target):
    p = (logits > 0).float()
    return 2 * (p * target).sum() / (p.sum() + target.sum()).clamp(min=1)


class Trainer:
    def __init__(self, mgr):
        self.mgr = mgr
        self.model = UNet()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=mgr.initial_lr, weight_decay=1e-4)
        self.scheduler = self._get_scheduler()

    def _get_scheduler(self):
        return get_scheduler(self.mgr.scheduler, self.optimizer, max_steps=self.mgr.max_epoch, warmup=self.mgr.warmup)

    def train(self):
        loss_fn = nn.BCEWithLogitsLoss()
        for epoch in range(self.mgr.max_epoch):
            for _ in range(self.mgr.max_steps_per_epoch):
                image, target = slices(self.mgr.train_batch_size)
                loss = loss_fn(self.model(image), target)
                self.optimizer.zero_grad(set_to_none=True)
                loss.backward()
                self.optimizer.step()
                self.scheduler.step()
            print(f"epoch {epoch} loss {loss.item():.4f}")


if __name__ == "__main__":
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    trainer = Trainer(ConfigManager())
    trainer.train()
    image, target = slices(100)
    with torch.no_grad():
        out = trainer.model(image)
    finish(trainer.model, out, dice=dice(out, target))
