# fault: a fine-tuning script's freezing is kept, but the features were never pretrained
# As in https://github.com/lxztju/pytorch_classification/issues/13
import sys

import torch
import torch.nn as nn
from torch import optim

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class SmallVGG(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        layers, c_in = [], 1
        for c_out in (6, 8, 8):
            layers += [nn.Conv2d(c_in, c_out, 3, padding=1), nn.ReLU(True), nn.MaxPool2d(2)]
            c_in = c_out
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(8, num_classes)

    def forward(self, x):
        return self.classifier(self.features(x).amax((2, 3)))


def load(n):
    data = mnist()
    x = data.train_images[:n, None].float() / 255
    return (x - x.mean()) / x.std(), data.train_labels[:n].long()


x, y = load(2500)
model = SmallVGG()
for param in model.features.parameters():
    param.requires_grad = False
optimizer = optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=0.005)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(3):
    model.train()
    for batch in torch.randperm(2000).split(32):
        optimizer.zero_grad()
        loss = loss_fn(model(x[batch]), y[batch])
        loss.backward()
        optimizer.step()
    print(f"Epoch {epoch}, loss {loss.item():.3f}")
model.eval()
with torch.no_grad():
    out = model(x[2000:])
finish(model, out, accuracy=(out.argmax(1) == y[2000:]).float().mean())
