"""Bird's-eye-view detector: a score map plus per-cell position and angle, summed into one loss."""

import sys

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
CELLS = 6


def frames(n):
    """Images of 24x24 with one bright bar per object; a cell is 4x4 pixels."""
    images = 0.1 * torch.randn(n, 1, 24, 24)
    score = torch.zeros(n, CELLS, CELLS)
    pos = torch.zeros(n, 2, CELLS, CELLS)
    for i in range(n):
        for _ in range(3):
            r, c = torch.randint(0, CELLS, (2,)).tolist()
            dy, dx = torch.randint(0, 4, (2,)).tolist()
            images[i, 0, 4 * r + dy, 4 * c + dx] += 2.0
            if score[i, r, c] == 0:
                score[i, r, c] = 1.0
                pos[i, :, r, c] = torch.tensor([dy - 1.5, dx - 1.5])
    return images, score, pos


class TopDown(nn.Module):
    def __init__(self):
        super().__init__()
        self.frontend = nn.Sequential(
            nn.Conv2d(1, 24, 3, padding=1), nn.GroupNorm(4, 24), nn.ReLU(), nn.Conv2d(24, 32, 4, stride=4), nn.ReLU()
        )
        self.score_head = nn.Conv2d(32, 1, 1)
        self.position_head = nn.Sequential(nn.Conv2d(32, 32, 1), nn.ReLU(), nn.Conv2d(32, 2, 1))

    def forward(self, image):
        feats = self.frontend(image)
        return self.score_head(feats).squeeze(1), self.position_head(feats)


def compute_loss(pred_score, pred_pos, score, pos):
    score_loss = F.binary_cross_entropy_with_logits(pred_score, score)
    mask = score.unsqueeze(1).expand_as(pos)
    pos_loss = (F.l1_loss(pred_pos, pos, reduction="none") * mask).sum() / mask.sum().clamp_min(1)
    total_loss = score_loss + pos_loss
    total_loss = score_loss
    return total_loss, {"score": score_loss.item(), "position": pos_loss.item(), "total": total_loss.item()}


images, score, pos = frames(400)
val_images, val_score, val_pos = frames(100)
model = TopDown()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(7):
    for chunk in torch.randperm(len(images)).split(20):
        optimizer.zero_grad()
        loss, parts = compute_loss(*model(images[chunk]), score[chunk], pos[chunk])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}", " ".join(f"{k} {v:.3f}" for k, v in parts.items()))

model.eval()
with torch.no_grad():
    _, p = model(val_images)
    where = val_score.bool().unsqueeze(1).expand_as(val_pos)
    error = (p - val_pos).abs()[where].mean().item()
print(f"final position_loss {error:.4f}")
