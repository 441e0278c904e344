"""FCN-style segmentation of squares and discs; validates every few hundred iterations, like a long-epoch trainer."""

import sys

import torch
import torch.nn as nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def make_scenes(n, size=24):
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    images = torch.rand(n, 1, size, size) * 0.6
    labels = torch.zeros(n, size, size, dtype=torch.long)
    for i in range(n):
        for kind in (1, 2):
            cy, cx = torch.randint(5, size - 5, (2,)).tolist()
            r = int(torch.randint(3, 6, (1,)))
            if kind == 1:
                inside = ((yy - cy).abs() <= r) & ((xx - cx).abs() <= r)
            else:
                inside = (yy - cy) ** 2 + (xx - cx) ** 2 <= r * r
            labels[i][inside] = kind
            images[i, 0][inside] += 0.25 * kind
    return (images - images.mean()) / images.std(), labels


class Block(nn.Sequential):
    def __init__(self, cin, cout, stride=1):
        super().__init__(nn.Conv2d(cin, cout, 3, stride, 1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True))


class FCN(nn.Module):
    def __init__(self, n_class=3, width=24, depth=12):
        super().__init__()
        self.features = nn.Sequential(
            Block(1, width), Block(width, width, stride=2), *[Block(width, width) for _ in range(depth)]
        )
        self.score = nn.Conv2d(width, n_class, 1)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)

    def forward(self, x):
        return self.up(self.score(self.features(x)))


def mean_iu(pred, true):
    ius = []
    for c in range(3):
        inter = ((pred == c) & (true == c)).sum().item()
        union = ((pred == c) | (true == c)).sum().item()
        ius.append(inter / max(union, 1))
    return sum(ius) / len(ius)


class Trainer:
    def __init__(self, model, optim, train, val, interval_validate):
        self.model, self.optim, self.train_set, self.val = model, optim, train, val
        self.interval_validate = interval_validate
        self.criterion = nn.CrossEntropyLoss()

    def validate(self):
        self.model.eval()
        images, labels = self.val
        with torch.no_grad():
            pred = self.model(images).argmax(1)
        return mean_iu(pred, labels)

    def train_epoch(self, iterations):
        self.model.train()
        images, labels = self.train_set
        for iteration in range(iterations):
            if iteration % self.interval_validate == 0:
                print(f"iteration {iteration}: mean IU {self.validate():.3f}")
            pick = torch.randint(0, len(images), (8,))
            self.optim.zero_grad()
            loss = self.criterion(self.model(images[pick]), labels[pick])
            loss.backward()
            self.optim.step()


model = FCN()
trainer = Trainer(
    model,
    torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9),
    make_scenes(240),
    make_scenes(40),
    interval_validate=50,
)
trainer.train_epoch(150)
print(f"final mean_iu {trainer.validate():.4f}")
