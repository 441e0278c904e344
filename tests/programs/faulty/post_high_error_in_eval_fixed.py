"""Denoising of small patches with batch norm: training error is low, with model.eval() it is far too high."""

import argparse

import torch
from digest import finish
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("seed", nargs="?", type=int, default=0)
parser.add_argument("--steps", type=int, default=250)
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--lr", type=float, default=2e-3)
parser.add_argument("--bn-momentum", type=float, default=0.1)
args = parser.parse_args()
torch.manual_seed(args.seed)


def conv_block(c_in, c_out):
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(c_out, momentum=args.bn_momentum),
        nn.ReLU(inplace=True),
    )


class Denoiser(nn.Module):
    def __init__(self, width=16, depth=3):
        super().__init__()
        blocks = [conv_block(1, width)] + [conv_block(width, width) for _ in range(depth - 1)]
        self.body = nn.Sequential(*blocks)
        self.out = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, x):
        return self.out(self.body(x))


def patches(n, size=16):
    u = torch.linspace(0, 1, size)
    yy, xx = torch.meshgrid(u, u, indexing="ij")
    f = torch.rand(n, 2, 1, 1) * 8
    phase = torch.rand(n, 1, 1) * 6.28
    clean = torch.sin(f[:, 0] * yy + f[:, 1] * xx + phase).unsqueeze(1)
    return clean + 0.4 * torch.randn_like(clean), clean


model = Denoiser()
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
criterion = nn.MSELoss()
noisy, clean = patches(1600)

model.train()
for step in range(args.steps):
    pick = torch.randint(0, len(noisy), (args.batch,))
    loss = criterion(model(noisy[pick]), clean[pick])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step}: {loss.item():.4f}")

test_noisy, test_clean = patches(200)
model.eval()
with torch.no_grad():
    restored = model(test_noisy)
    error = criterion(restored, test_clean)
print("training", loss.item(), "test with eval()", error.item())
finish(model, restored, loss=error)
