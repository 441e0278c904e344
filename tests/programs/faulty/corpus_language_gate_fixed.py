"""Referring segmentation, small: words reach the picture through a pixel-word attention and a gate."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

SIZE = 12


class PWAM(nn.Module):
    """Pixel-word attention: each pixel gathers the words."""

    def __init__(self, dim, l_dim):
        super().__init__()
        self.query = nn.Conv2d(dim, dim, 1)
        self.key = nn.Linear(l_dim, dim)
        self.value = nn.Linear(l_dim, dim)
        self.project = nn.Sequential(nn.Conv2d(dim, dim, 1), nn.GELU())

    def forward(self, x, words):
        b, c, h, w = x.shape
        q = self.query(x).flatten(2).transpose(1, 2)
        k, v = self.key(words), self.value(words)
        att = torch.softmax(q @ k.transpose(1, 2) / c**0.5, dim=-1)
        lang = (att @ v).transpose(1, 2).reshape(b, c, h, w)
        return self.project(x * lang)


class Stage(nn.Module):
    def __init__(self, cin, dim, l_dim):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(cin, dim, 3, padding=1), nn.GELU(), nn.Conv2d(dim, dim, 3, padding=1), nn.GELU()
        )
        self.fusion = PWAM(dim, l_dim)
        self.res_gate = nn.Sequential(
            nn.Linear(dim, dim, bias=False), nn.ReLU(), nn.Linear(dim, dim, bias=False), nn.Tanh()
        )
        # start as the plain visual backbone
        nn.init.zeros_(self.res_gate[2].weight)

    def forward(self, x, words):
        x = self.block(x)
        x_residual = self.fusion(x, words)
        gate = self.res_gate(x_residual.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return x + gate * x_residual


class LAVT(nn.Module):
    def __init__(self, dim=24, l_dim=16):
        super().__init__()
        self.text = nn.Embedding(10, l_dim)
        self.stage1 = Stage(3, dim, l_dim)
        self.stage2 = Stage(dim, dim, l_dim)
        self.classifier = nn.Conv2d(dim, 2, 1)

    def forward(self, image, sentence):
        words = self.text(sentence)
        x = self.stage1(image, words)
        x = self.stage2(x, words)
        return self.classifier(x)


def refer(n):
    """A square of each of three colours; the sentence names one of them among filler words."""
    image = 0.1 * torch.randn(n, 3, SIZE, SIZE)
    target = torch.zeros(n, SIZE, SIZE, dtype=torch.long)
    sentence = torch.randint(3, 10, (n, 4))
    for i in range(n):
        wanted = int(torch.randint(0, 3, (1,)))
        sentence[i, int(torch.randint(0, 4, (1,)))] = wanted
        corners = torch.randperm(4)[:3]
        for colour in range(3):
            y, x = 6 * (int(corners[colour]) // 2) + 1, 6 * (int(corners[colour]) % 2) + 1
            image[i, colour, y : y + 4, x : x + 4] += 1
            if colour == wanted:
                target[i, y : y + 4, x : x + 4] = 1
    return image, sentence, target


def criterion(input, target):
    weight = torch.FloatTensor([0.9, 1.1])
    return F.cross_entropy(input, target, weight=weight)


def main():
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    image, sentence, target = refer(1200)
    model = LAVT()
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=1e-2)
    for epoch in range(4):
        model.train()
        order = torch.randperm(len(image))
        for rows in order.split(24):
            loss = criterion(model(image[rows], sentence[rows]), target[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print("Epoch: [%d] loss: %.4f" % (epoch, loss.item()))
    model.eval()
    image, sentence, target = refer(200)
    with torch.no_grad():
        output = model(image, sentence)
    pred = output.argmax(1)
    iou = ((pred == 1) & (target == 1)).sum() / ((pred == 1) | (target == 1)).sum().clamp(min=1)
    finish(model, output, iou=iou)


main()
