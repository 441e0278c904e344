import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
raw = mnist()
train_x = raw.train_images[:3000, None].float() / 255
train_y = raw.train_labels[:3000].long()
val_x = raw.test_images[:600, None].float() / 255
val_y = raw.test_labels[:600].long()


class VGGish(nn.Module):
    cfg = [8, "M", 16, 16, "M", 32, 32]

    def __init__(self):
        super().__init__()
        layers, c_in = [], 1
        for c in self.cfg:
            if c == "M":
                layers.append(nn.MaxPool2d(2))
            else:
                layers += [nn.Conv2d(c_in, c, 3, padding=1), nn.BatchNorm2d(c), nn.ReLU()]
                c_in = c
        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2))
        self.fc = nn.Linear(128, 10)

    def forward(self, x):
        return self.fc(self.body(x).flatten(1))


def accuracy(model):
    model.eval()
    with torch.no_grad():
        out = torch.cat([model(b) for b in val_x.split(200)])
    model.train()
    return out, (out.argmax(1) == val_y).float().mean()


model = VGGish()
sgd = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
print("before training: %.3f" % accuracy(model)[1])
for epoch in range(2):
    for idx in torch.randperm(3000).split(60):
        loss = F.cross_entropy(model(train_x[idx]), train_y[idx])
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    print("after epoch %d: loss %.3f, accuracy %.3f" % (epoch, loss.item(), accuracy(model)[1]))

out, acc = accuracy(model)
finish(model, out, accuracy=acc)
