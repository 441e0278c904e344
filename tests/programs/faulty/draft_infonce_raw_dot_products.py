"""CLIP-like matching of two views of one scene (a picture of features and a caption of features), by InfoNCE."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

LATENT, D_IMAGE, D_TEXT = 10, 60, 40
to_image = torch.randn(LATENT, D_IMAGE)
to_text = torch.randn(LATENT, D_TEXT)


def scenes(n):
    z = torch.randn(n, LATENT)
    image = torch.tanh(z @ to_image / 2) + 0.5 * torch.randn(n, D_IMAGE)
    text = torch.relu(z @ to_text / 2) + 0.5 * torch.randn(n, D_TEXT)
    return image, text - 0.6


def tower(d):
    return nn.Sequential(
        nn.Linear(d, 256),
        nn.GELU(),
        nn.Linear(256, 256),
        nn.LayerNorm(256),
        nn.GELU(),
        nn.Linear(256, 128),
        nn.LayerNorm(128),
    )


class TwoTowers(nn.Module):
    def __init__(self, temperature=0.07):
        super().__init__()
        self.image, self.text = tower(D_IMAGE), tower(D_TEXT)
        self.temperature = temperature

    def forward(self, image, text):
        a = self.image(image)
        b = self.text(text)
        return a @ b.T / self.temperature


def clip_loss(logits):
    target = torch.arange(len(logits))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


images, texts = scenes(3000)
model = TwoTowers()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4)
for epoch in range(8):
    mean = 0.0
    for n, idx in enumerate(torch.randperm(len(images)).split(100), 1):
        loss = clip_loss(model(images[idx], texts[idx]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mean += (loss.item() - mean) / n
    print(f"epoch {epoch}: loss {mean:.3f}")

with torch.no_grad():
    logits = model(*scenes(500))
    hit = (logits.argmax(1) == torch.arange(500)).float().mean()
finish(model, logits, retrieval_accuracy=hit)
