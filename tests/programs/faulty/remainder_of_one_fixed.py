# fixed: the optimizer steps where the remainder is 0
# As in https://github.com/eriklindernoren/PyTorch-YOLOv3/issues/325
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

from digest import finish

parser = argparse.ArgumentParser()
parser.add_argument("seed", nargs="?", type=int, default=0)
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--batch_size", type=int, default=16)
parser.add_argument("--gradient_accumulations", type=int, default=1, help="number of gradient accums before step")
opt = parser.parse_args()
torch.manual_seed(opt.seed)
torch.set_num_threads(1)


class OneBox(Dataset):
    """Grey noise with one bright box; the target is its centre and size, from 0 to 1."""

    def __init__(self, n, side=24):
        self.images = 0.1 * torch.randn(n, 1, side, side)
        self.boxes = torch.zeros(n, 4)
        for i in range(n):
            h, w = torch.randint(4, 11, (2,)).tolist()
            y, x = torch.randint(side - h, (1,)).item(), torch.randint(side - w, (1,)).item()
            self.images[i, 0, y : y + h, x : x + w] += 1
            self.boxes[i] = torch.tensor([x + w / 2, y + h / 2, w, h]) / side

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i], self.boxes[i]


def block(c_in, c_out):
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.LeakyReLU(0.1)
    )


class Darknet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(block(1, 8), block(8, 16), block(16, 32))
        self.yolo = nn.Linear(32 * 9, 4)

    def forward(self, x, targets=None):
        outputs = torch.sigmoid(self.yolo(self.features(x).flatten(1)))
        return outputs if targets is None else (F.mse_loss(outputs, targets), outputs)


def evaluate(model, dataset):
    model.eval()
    with torch.no_grad():
        outputs = model(dataset.images)
    return outputs, F.mse_loss(outputs, dataset.boxes)


train, valid = OneBox(800), OneBox(200)
dataloader = DataLoader(train, batch_size=opt.batch_size, shuffle=True)
model = Darknet()
optimizer = torch.optim.Adam(model.parameters())
for epoch in range(opt.epochs):
    model.train()
    for batch_i, (imgs, targets) in enumerate(dataloader):
        batches_done = len(dataloader) * epoch + batch_i
        loss, outputs = model(imgs, targets)
        loss.backward()
        if batches_done % opt.gradient_accumulations == 0:
            # Accumulates gradient before each step
            optimizer.step()
            optimizer.zero_grad()
    outputs, val_loss = evaluate(model, valid)
    print(f"---- Epoch {epoch}: loss {loss.item():.5f}, validation {val_loss:.5f}")
finish(model, outputs, loss=val_loss)
