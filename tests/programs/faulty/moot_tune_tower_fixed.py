"""Vision tower, connector and a small language model that names what it sees, word by word."""

import sys
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class TrainingArguments:
    tune_vision_tower: bool = True
    learning_rate: float = 2e-3
    max_steps: int = 250
    per_device_train_batch_size: int = 32


SHAPES, PLACES, BOS = 4, 4, 8
STENCILS = torch.tensor(
    [
        [[1, 1, 1, 1], [1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]],
        [[1, 0, 0, 1], [0, 1, 1, 0], [0, 1, 1, 0], [1, 0, 0, 1]],
        [[0, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 0]],
        [[1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]],
    ],
    dtype=torch.float,
)


def pictures(n):
    shape, place = torch.randint(SHAPES, (n,)), torch.randint(PLACES, (n,))
    x = 0.45 * torch.randn(n, 1, 16, 16)
    for i in range(n):
        r, c = (int(place[i]) // 2) * 8, (int(place[i]) % 2) * 8
        dr, dc = torch.randint(0, 5, (2,)).tolist()
        x[i, 0, r + dr : r + dr + 4, c + dc : c + dc + 4] += STENCILS[shape[i]]
    words = torch.stack([torch.full((n,), BOS), shape, SHAPES + place], 1)
    return x, words


class VisionTower(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, dim, 3, padding=1),
            nn.BatchNorm2d(dim),
            nn.GELU(),
            nn.Conv2d(dim, dim, 3, padding=1, stride=2),
            nn.BatchNorm2d(dim),
            nn.GELU(),
            nn.MaxPool2d(4),
        )

    def forward(self, images):
        return self.layers(images).flatten(1)


class TinyVLM(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.vision_tower = VisionTower()
        self.connector = nn.Linear(64, dim)
        self.embed = nn.Embedding(BOS + 1, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.lm_head = nn.Linear(dim, BOS)

    def forward(self, images, input_ids):
        h0 = torch.tanh(self.connector(self.vision_tower(images))).unsqueeze(0)
        out, _ = self.rnn(self.embed(input_ids), h0)
        return self.lm_head(out)


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
args = TrainingArguments()
model = TinyVLM()
model.vision_tower.requires_grad_(args.tune_vision_tower)
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=args.learning_rate)

model.train()
for step in range(args.max_steps):
    images, words = pictures(args.per_device_train_batch_size)
    logits = model(images, words[:, :-1])
    loss = F.cross_entropy(logits.flatten(0, 1), words[:, 1:].flatten())
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    if step % 50 == 0:
        print({"step": step, "loss": round(loss.item(), 4)})

model.eval()
with torch.no_grad():
    images, words = pictures(500)
    ids = words[:, :1]
    for _ in range(2):
        ids = torch.cat([ids, model(images, ids)[:, -1].argmax(-1, keepdim=True)], 1)
    exact = (ids[:, 1:] == words[:, 1:]).all(1).float().mean().item()
print("final accuracy", round(exact, 4))
