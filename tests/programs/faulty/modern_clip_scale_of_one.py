"""Image-text pairs, CLIP style. Pairs share a hidden scene; every tower sees it through its own random net plus noise."""

import sys
import torch, torch.nn as nn, torch.nn.functional as F
from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

DIM, VOCAB, LEN = 32, 60, 10


class TextTower(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.token_embedding = nn.Embedding(VOCAB, width)
        self.positional_embedding = nn.Parameter(torch.randn(LEN, width) * 0.01)
        layer = nn.TransformerEncoderLayer(
            width, 4, 128, dropout=0.0, batch_first=True, norm_first=True, activation="gelu"
        )
        self.transformer = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Linear(width, DIM, bias=False)

    def forward(self, text):
        x = self.transformer(self.token_embedding(text) + self.positional_embedding)
        return self.text_projection(self.ln_final(x).mean(1))


class ImageTower(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(3, width, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, 2, 1),
            nn.ReLU(),
            nn.Flatten(),
        )
        self.visual_projection = nn.Linear(width * 16, DIM, bias=False)

    def forward(self, image):
        return self.visual_projection(self.trunk(image))


class CLIP(nn.Module):
    def __init__(self):
        super().__init__()
        self.visual, self.text = ImageTower(), TextTower()
        self.register_buffer("logit_scale", torch.ones([]))

    def forward(self, image, text):
        image_features = F.normalize(self.visual(image), dim=-1)
        text_features = F.normalize(self.text(text), dim=-1)
        return self.logit_scale * image_features @ text_features.t()


def clip_loss(logits):
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.t(), labels)) / 2


class Pairs:
    def __init__(self):
        self.paint = torch.randn(12, 3 * 16 * 16) / 12**0.5
        self.speak = torch.randn(12, LEN, VOCAB) * 2

    def __call__(self, n):
        scene = torch.randn(n, 12)
        image = torch.tanh(scene @ self.paint).view(n, 3, 16, 16) + 0.3 * torch.randn(n, 3, 16, 16)
        words = torch.einsum("ns,slv->nlv", scene, self.speak).argmax(-1)
        return image, words


pairs = Pairs()
train_images, train_texts = pairs(3000)
val_images, val_texts = pairs(400)

model = CLIP()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.2)
for epoch in range(5):
    for idx in torch.randperm(3000).split(128):
        optimizer.zero_grad()
        loss = clip_loss(model(train_images[idx], train_texts[idx]))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    print(f"Train Epoch: {epoch} Loss: {loss.item():.4f}")

model.eval()
with torch.no_grad():
    logits = model(val_images, val_texts)
    top1 = (logits.argmax(1) == torch.arange(400)).float().mean()
finish(model, logits, accuracy=top1)
