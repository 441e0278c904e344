# FCN trainer. At each new epoch the training loss jumps up
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def shapes(n, size=24):
    """Discs (1) and squares (2) of any brightness on a noisy ground (0)."""
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    images = torch.randn(n, 1, size, size) * 0.3 + 0.4
    labels = torch.zeros(n, size, size, dtype=torch.long)
    for k in range(n):
        cy, cx = torch.randint(5, size - 5, (2,)).tolist()
        r = int(torch.randint(3, 6, ()))
        disc = bool(torch.rand(()) < 0.5)
        inside = (yy - cy) ** 2 + (xx - cx) ** 2 <= r * r if disc else ((yy - cy).abs() <= r) & ((xx - cx).abs() <= r)
        labels[k][inside] = 1 if disc else 2
        images[k, 0][inside] += 1
    return images - 0.5, labels


class FCN(nn.Module):
    def __init__(self, n_class=3):
        super().__init__()

        def block(i, o):
            return [nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True)]

        self.features = nn.Sequential(
            *block(1, 16), *block(16, 16), nn.MaxPool2d(2), *[m for _ in range(7) for m in block(16, 16)]
        )
        self.score = nn.Conv2d(16, n_class, 1)

    def forward(self, x):
        return F.interpolate(self.score(self.features(x)), size=x.shape[2:], mode="nearest")


class Trainer(object):
    def __init__(self, model, optimizer, train, val, max_iter, interval_validate):
        self.model = model
        self.optim = optimizer
        self.train_x, self.train_y = train
        self.val_x, self.val_y = val
        self.max_iter = max_iter
        self.interval_validate = interval_validate
        self.iteration = 0
        self.epoch = 0

    def validate(self):
        self.model.eval()
        with torch.no_grad():
            score = self.model(self.val_x)
            loss = F.cross_entropy(score, self.val_y)
            lbl_pred = score.argmax(1)
            iu = [
                ((lbl_pred == c) & (self.val_y == c)).sum().item() / ((lbl_pred == c) | (self.val_y == c)).sum().item()
                for c in range(3)
            ]
        print("iteration", self.iteration, "valid loss", loss.item(), "mean IU", sum(iu) / 3)
        return score, loss

    def train_epoch(self):
        self.model.train()
        for batch in torch.randperm(len(self.train_x)).split(8):
            if self.iteration % self.interval_validate == 0:
                self.validate()
            self.optim.zero_grad()
            score = self.model(self.train_x[batch])
            loss = F.cross_entropy(score, self.train_y[batch])
            loss.backward()
            self.optim.step()
            self.iteration += 1
            if self.iteration >= self.max_iter:
                break

    def train(self):
        while self.iteration < self.max_iter:
            self.train_epoch()
            self.epoch += 1


model = FCN()
trainer = Trainer(
    model=model,
    optimizer=torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=0.0005),
    train=shapes(192),
    val=shapes(48),
    max_iter=192,
    interval_validate=24,
)
trainer.train()
score, loss = trainer.validate()
finish(model, score, loss=loss)
