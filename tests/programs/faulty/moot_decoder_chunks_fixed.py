"""Stage one of a representation autoencoder: a decoder learns to paint images from frozen features."""

import argparse
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--global-batch-size", type=int, default=64)
    parser.add_argument("--grad-accum-steps", type=int, default=8)
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--lr", type=float, default=0.5)
    return parser.parse_args([])


class Encoder(nn.Module):
    def __init__(self, width=48):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 3, padding=1)
        self.proj = nn.Linear(16 * 16, width)

    @torch.no_grad()
    def forward(self, x):
        h = F.avg_pool2d(F.gelu(self.conv(x)), 2)
        h = self.proj(h.flatten(1))
        return (h - h.mean(1, keepdim=True)) / h.std(1, keepdim=True)


class Decoder(nn.Module):
    def __init__(self, width=48):
        super().__init__()
        self.stem = nn.Linear(width, 32 * 4 * 4)
        self.up = nn.ConvTranspose2d(32, 16, 2, stride=2)
        self.out = nn.Conv2d(16, 1, 3, padding=1)

    def forward(self, z):
        h = F.gelu(self.stem(z)).unflatten(1, (32, 4, 4))
        return self.out(F.gelu(self.up(h)))


def main(args):
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    images = torch.tensor(load_digits().images, dtype=torch.float32).unsqueeze(1) / 8 - 1
    images = images[torch.randperm(len(images))]
    train, test = images[:1500], images[1500:]

    encoder, decoder = Encoder(), Decoder()
    optimizer = torch.optim.SGD(decoder.parameters(), lr=args.lr)
    micro = args.global_batch_size // args.grad_accum_steps

    for step in range(args.steps):
        running = 0.0
        optimizer.zero_grad(set_to_none=True)
        for _ in range(args.grad_accum_steps):
            x = train[torch.randint(len(train), (micro,))]
            recon = decoder(encoder(x))
            loss = F.mse_loss(recon, x) / args.grad_accum_steps
            loss.backward()
            running += loss.item()
        optimizer.step()
        if step % 50 == 0:
            print(f"step {step:4d}  rec_loss {running:.4f}")

    decoder.eval()
    with torch.no_grad():
        return F.mse_loss(decoder(encoder(test)), test).item()


if __name__ == "__main__":
    print("final loss", round(main(parse_args()), 4))
