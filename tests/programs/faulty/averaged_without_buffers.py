# fault: a moving average of the weights is tested, but the running statistics of its batch norms are never copied
import copy
import sys

import torch
import torch.nn as nn

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class ModelEMA:
    def __init__(self, model, decay=0.95):
        self.module = copy.deepcopy(model).eval()
        self.decay = decay
        for p in self.module.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        for ema_p, p in zip(self.module.parameters(), model.parameters()):
            ema_p.mul_(self.decay).add_(p, alpha=1 - self.decay)


def conv_block(cin, cout, stride):
    return [nn.Conv2d(cin, cout, 3, stride, 1, bias=False), nn.BatchNorm2d(cout), nn.SiLU()]


def build_model():
    return nn.Sequential(
        *conv_block(1, 8, 2),
        *conv_block(8, 16, 2),
        *conv_block(16, 32, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 10),
    )


data = mnist()
images = data.train_images[:2048].unsqueeze(1).float() / 255
labels = data.train_labels[:2048].long()
val_images, val_labels = data.test_images[:600].unsqueeze(1).float() / 255, data.test_labels[:600].long()

model = build_model()
ema = ModelEMA(model)
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(6):
    model.train()
    perm = torch.randperm(len(images))
    for start in range(0, len(images), 64):
        batch = perm[start : start + 64]
        loss = criterion(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        ema.update(model)
    with torch.no_grad():
        val_out = ema.module(val_images)
    acc = (val_out.argmax(1) == val_labels).float().mean()
    print(f"epoch {epoch} train loss {loss.item():.3f} ema acc {acc:.3f}")
finish([model, ema.module], val_out, accuracy=acc)
