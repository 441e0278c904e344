import sys
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

# "captions": five words, of which two say which digit it is and the rest is filler
bunch = load_digits()
pictures = torch.as_tensor(bunch.images, dtype=torch.float32).div(16).unsqueeze(1)
digit = torch.as_tensor(bunch.target)
VOCAB = 60
filler = torch.randint(20, VOCAB, (len(digit), 3))
said = torch.stack([digit, digit + 10], 1)
captions = torch.cat([said, filler], 1)
captions = captions.gather(1, torch.rand(captions.shape).argsort(1))
perm = torch.randperm(len(digit))
train, test = perm[:1400], perm[1400:]


class TinyCLIP(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.visual = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(128, dim),
        )
        self.words = nn.Embedding(VOCAB, 48)
        self.text_projection = nn.Linear(48, dim, bias=False)
        self.logit_scale = nn.Parameter(torch.ones([]) * (1 / 0.07))

    def forward(self, image, text):
        image_features = F.normalize(self.visual(image), dim=-1)
        text_features = F.normalize(self.text_projection(self.words(text).mean(1)), dim=-1)
        logits_per_image = self.logit_scale.exp() * image_features @ text_features.t()
        return logits_per_image, logits_per_image.t()


clip = TinyCLIP()
opt = torch.optim.AdamW(clip.parameters(), lr=1e-3, weight_decay=0.01)
for it in range(300):
    b = train[torch.randint(len(train), (32,))]
    per_image, per_text = clip(pictures[b], captions[b])
    target = torch.arange(32)
    loss = (F.cross_entropy(per_image, target) + F.cross_entropy(per_text, target)) / 2
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 60 == 0:
        print(it, f"{loss.item():.3f}", f"scale {clip.logit_scale.exp().item():.1f}")

clip.eval()
with torch.no_grad():
    per_image, _ = clip(pictures[test], captions[test])
    hit = (digit[test][per_image.argmax(1)] == digit[test]).float().mean()
finish(clip, per_image, accuracy=hit)
