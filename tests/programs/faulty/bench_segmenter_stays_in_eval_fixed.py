import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish


def shapes(n):
    """Discs, squares and background, in pictures of differing exposure."""
    yy, xx = torch.meshgrid(torch.arange(20.0), torch.arange(20.0), indexing="ij")
    lbl = torch.zeros(n, 20, 20, dtype=torch.long)
    for i in range(n):
        for kind in (1, 2):
            r, c, s = torch.randint(3, 17, (), dtype=torch.float), torch.randint(3, 17, (), dtype=torch.float), 2.5
            d = ((yy - r) ** 2 + (xx - c) ** 2).sqrt() if kind == 1 else torch.maximum((yy - r).abs(), (xx - c).abs())
            lbl[i][d < s] = kind
    tone = torch.tensor([0.45, 0.5, 0.55])[lbl]
    return (tone + 0.02 * torch.randn(n, 20, 20)).unsqueeze(1), lbl


def block(i, o, stride=1):
    return nn.Sequential(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class FCN(nn.Module):
    def __init__(self, n_class=3):
        super(FCN, self).__init__()
        self.conv1 = nn.Sequential(block(1, 12), block(12, 12))
        self.conv2 = nn.Sequential(block(12, 24, 2), block(24, 24))
        self.conv3 = nn.Sequential(block(24, 32, 2), block(32, 32))
        self.score_fr = nn.Conv2d(32, n_class, 1)
        self.score_pool2 = nn.Conv2d(24, n_class, 1)
        self.score_pool1 = nn.Conv2d(12, n_class, 1)

    def forward(self, x):
        p1 = self.conv1(x)
        p2 = self.conv2(p1)
        h = F.interpolate(self.score_fr(self.conv3(p2)), scale_factor=2, mode="bilinear") + self.score_pool2(p2)
        return F.interpolate(h, scale_factor=2, mode="bilinear") + self.score_pool1(p1)


class Trainer(object):
    def __init__(self, model, optimizer, train_loader, val_loader, max_epoch, interval_validate):
        self.model, self.optim = model, optimizer
        self.train_loader, self.val_loader = train_loader, val_loader
        self.max_epoch, self.interval_validate = max_epoch, interval_validate
        self.iteration = 0

    def validate(self):
        self.model.eval()
        hits = union = torch.zeros(3)
        for data, target in self.val_loader:
            with torch.no_grad():
                score = self.model(data)
            pred = score.argmax(1)
            hits = hits + torch.stack([((pred == c) & (target == c)).sum() for c in range(3)])
            union = union + torch.stack([((pred == c) | (target == c)).sum() for c in range(3)])
        self.mean_iu = (hits / union).mean().item()
        self.score = score
        print("iteration %d mean IU %.4f" % (self.iteration, self.mean_iu))

    def train_epoch(self):
        self.model.train()
        for data, target in self.train_loader:
            if self.iteration % self.interval_validate == 0:
                self.validate()
                self.model.train()
            self.iteration += 1
            self.optim.zero_grad()
            loss = F.cross_entropy(self.model(data), target)
            loss.backward()
            self.optim.step()

    def train(self):
        for epoch in range(self.max_epoch):
            self.train_epoch()
        self.validate()


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
train_loader = DataLoader(TensorDataset(*shapes(240)), batch_size=12, shuffle=True)
val_loader = DataLoader(TensorDataset(*shapes(60)), batch_size=30)
model = FCN()
optim = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
trainer = Trainer(model, optim, train_loader, val_loader, max_epoch=4, interval_validate=20)
trainer.train()
finish(model, trainer.score, accuracy=trainer.mean_iu)
