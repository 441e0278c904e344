# Listener motion from a dual-speaker audio track: a small transformer decoder, lr 3e-3, accumulation of 16 sequences.
import argparse, sys

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader
from digest import finish

parser = argparse.ArgumentParser()
parser.add_argument("seed", nargs="?", type=int, default=3)
parser.add_argument("--lr", type=float, default=3e-3)
parser.add_argument("--gradient_accumulation_steps", type=int, default=16)
parser.add_argument("--max_epoch", type=int, default=4)
args = parser.parse_args()
torch.manual_seed(args.seed)
np.random.seed(args.seed)


class DualTrack(Dataset):
    """(audio of both speakers, 12 blendshapes) of 12 frames"""

    def __init__(self, n):
        g = np.random.RandomState(args.seed)
        w = g.randn(16, 12) / 4
        v = g.randn(16, 12) / 4
        self.items = []
        for _ in range(n):
            phase = np.random.rand(16) * 6.28
            t = np.arange(12)[:, None]
            audio = np.sin(0.3 * t * (1 + np.arange(16) / 8) + phase)
            motion = np.tanh(audio @ w) * np.cos(np.roll(audio, 2, 0) @ v)
            motion = (motion - 0.0) / 0.45 + 0.3 * np.random.randn(12, 12)
            self.items.append((audio.astype("float32"), motion.astype("float32")))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


class Listener(nn.Module):
    def __init__(self, d=48):
        super().__init__()
        self.audio_map = nn.Linear(16, d)
        self.pe = nn.Parameter(torch.randn(1, 12, d) * 0.02)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(d, 4, 96, dropout=0.0, batch_first=True, norm_first=True) for _ in range(2)
        )
        self.norm = nn.LayerNorm(d)
        self.motion_map = nn.Linear(d, 12)

    def forward(self, audio):
        h = self.audio_map(audio) + self.pe
        for b in self.blocks:
            h = b(h)
        return self.motion_map(self.norm(h))


def trainer(args, train_loader, dev_loader, model, optimizer, criterion):
    iteration = 0
    for e in range(args.max_epoch):
        loss_log = []
        model.train()
        for i, (audio, motion) in enumerate(train_loader, 1):
            iteration += 1
            loss = criterion(model(audio), motion)
            optimizer.zero_grad()
            loss.backward()
            loss_log.append(loss.item())
            if i % args.gradient_accumulation_steps == 0:
                optimizer.step()
                optimizer.zero_grad()
        print(f"(Epoch {e}, iteration {iteration}) TRAIN LOSS:{np.mean(loss_log):.7f}")
    model.eval()
    with torch.no_grad():
        outs = [(model(a), m) for a, m in dev_loader]
    return torch.cat([o for o, _ in outs]), np.mean([criterion(o, m).item() for o, m in outs])


data = DualTrack(900)
train_loader = DataLoader(torch.utils.data.Subset(data, range(800)), batch_size=1, shuffle=True)
dev_loader = DataLoader(torch.utils.data.Subset(data, range(800, 900)), batch_size=50)
model = Listener()
optimizer = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=args.lr)
out, dev = trainer(args, train_loader, dev_loader, model, optimizer, nn.MSELoss())
finish(model, out, loss=dev)
