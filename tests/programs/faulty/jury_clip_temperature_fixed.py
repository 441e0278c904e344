# two towers trained the CLIP way on pairs of views
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)

TEMPERATURE = 0.07
world = torch.Generator().manual_seed(1234)
A = torch.randn(12, 40, generator=world)
B = torch.randn(12, 30, generator=world)


def pairs(n):
    z = torch.randn(n, 12)
    image = torch.tanh(z @ A / 2) + 0.1 * torch.randn(n, 40)
    text = torch.relu(z @ B / 2) + 0.1 * torch.randn(n, 30)
    return image, text


class Tower(nn.Module):
    def __init__(self, d_in, d_out=16):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(d_in, 64), nn.ReLU(), nn.Linear(64, d_out))

    def forward(self, x):
        return F.normalize(self.net(x), dim=-1)


class CLIP(nn.Module):
    def __init__(self):
        super().__init__()
        self.image_encoder = Tower(40)
        self.text_encoder = Tower(30)

    def forward(self, image, text):
        similarity = self.image_encoder(image) @ self.text_encoder(text).T
        return similarity / TEMPERATURE


def clip_loss(logits):
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


images, texts = pairs(4096)
model = CLIP()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for epoch in range(6):
    for idx in torch.randperm(4096).split(128):
        optimizer.zero_grad()
        loss = clip_loss(model(images[idx], texts[idx]))
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", round(loss.item(), 4))

model.eval()
with torch.no_grad():
    logits = model(*pairs(200))
top1 = (logits.argmax(1) == torch.arange(200)).float().mean()
finish(model, logits, accuracy=top1)
