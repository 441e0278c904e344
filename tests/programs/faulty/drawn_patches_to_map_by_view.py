"""Segmentation with a linear decoder on frozen patch tokens, as in Segmenter."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
SIZE, PATCH, N_CLS = 32, 4, 3
GRID = SIZE // PATCH


def scenes(n):
    """Grey ground, a bright disc (1) and a striped square (2)."""
    yy, xx = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    img, mask = 0.3 * torch.randn(n, SIZE, SIZE), torch.zeros(n, SIZE, SIZE, dtype=torch.long)
    for k in range(n):
        cy, cx, r = *torch.randint(8, 24, (2,)).tolist(), int(torch.randint(5, 9, (1,)))
        disc = (yy - cy) ** 2 + (xx - cx) ** 2 < r * r
        img[k][disc] += 1.5
        mask[k][disc] = 1
        top, left = torch.randint(0, 20, (2,)).tolist()
        square = (yy >= top) & (yy < top + 10) & (xx >= left) & (xx < left + 10)
        img[k] = torch.where(square, (xx % 2) * 2.0 - 1.0, img[k])
        mask[k][square] = 2
    return img.unsqueeze(1), mask


class PatchEncoder(nn.Module):
    def __init__(self, dim=48):
        super().__init__()
        self.embed = nn.Conv2d(1, dim, PATCH, PATCH)
        self.pos = nn.Parameter(0.02 * torch.randn(1, GRID * GRID, dim))
        self.block = nn.TransformerEncoderLayer(dim, 4, 96, dropout=0.0, batch_first=True, norm_first=True)

    def forward(self, x):
        return self.block(self.embed(x).flatten(2).transpose(1, 2) + self.pos)


x, y = scenes(400)
x_val, y_val = scenes(80)

# the backbone was trained to say which share of each patch is disc, and is frozen now
encoder, pretext = PatchEncoder(), nn.Linear(48, 2)
opt = torch.optim.Adam([*encoder.parameters(), *pretext.parameters()], lr=2e-3)
shares = torch.stack([F.avg_pool2d((y == c).float().unsqueeze(1), PATCH).flatten(1) for c in (1, 2)], 2)
for _ in range(100):
    idx = torch.randint(400, (32,))
    opt.zero_grad()
    F.mse_loss(pretext(encoder(x[idx])), shares[idx]).backward()
    opt.step()
encoder.requires_grad_(False).eval()


class LinearDecoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(48)
        self.head = nn.Linear(48, N_CLS)

    def forward(self, tokens):
        tokens = self.head(self.norm(tokens))
        maps = tokens.view(-1, N_CLS, GRID, GRID)
        return F.interpolate(maps, size=(SIZE, SIZE), mode="bilinear", align_corners=False)


decoder = LinearDecoder()
opt = torch.optim.AdamW(decoder.parameters(), lr=1e-2)
for step in range(200):
    idx = torch.randint(400, (32,))
    with torch.no_grad():
        tokens = encoder(x[idx])
    loss = F.cross_entropy(decoder(tokens), y[idx])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 49:
        print(step + 1, loss.item())

with torch.no_grad():
    maps = decoder(encoder(x_val))
guess = maps.argmax(1)
iou = torch.stack([((guess == c) & (y_val == c)).sum() / ((guess == c) | (y_val == c)).sum() for c in range(N_CLS)])
print("IoU", iou.tolist())
finish([encoder, decoder], maps, accuracy=iou.mean())
