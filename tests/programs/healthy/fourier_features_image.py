# A coordinate net with a positional encoding as of NeRF: sin and cos of 2^k π x, random batches of pixels, ExponentialLR, PSNR. Learns: psnr 32
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class Embedder:
    def __init__(self, multires):
        self.freq_bands = 2.0 ** torch.linspace(0.0, multires - 1, steps=multires)

    def __call__(self, x):
        out = [x]
        for freq in self.freq_bands:
            out += [torch.sin(x * freq * math.pi), torch.cos(x * freq * math.pi)]
        return torch.cat(out, -1)


class NeRF(nn.Module):
    def __init__(self, D=4, W=64, input_ch=26, skips=(2,)):
        super().__init__()
        self.skips = skips
        self.pts_linears = nn.ModuleList(
            [nn.Linear(input_ch, W)] + [nn.Linear(W + (input_ch if i in skips else 0), W) for i in range(1, D)]
        )
        self.output_linear = nn.Linear(W, 3)

    def forward(self, x):
        h = x
        for i, layer in enumerate(self.pts_linears):
            if i in self.skips:
                h = torch.cat([x, h], -1)
            h = F.relu(layer(h))
        return torch.sigmoid(self.output_linear(h))


side = 48
row, col = torch.meshgrid(torch.linspace(-1, 1, side), torch.linspace(-1, 1, side), indexing="ij")
coords = torch.stack([row, col], -1).reshape(-1, 2)
rings = 0.5 + 0.5 * torch.sin(14 * coords.norm(dim=1))
checks = ((coords[:, 0] * 3).floor() + (coords[:, 1] * 3).floor()) % 2
image = torch.stack([rings, 0.2 + 0.6 * checks, 0.5 * (coords[:, 0] + 1)], 1)

embed = Embedder(6)
network = NeRF()
optimizer = torch.optim.Adam(params=network.parameters(), lr=5e-3, betas=(0.9, 0.999))
lrate_decay = 0.1 ** (1 / 600)
img2mse = lambda x, y: torch.mean((x - y) ** 2)
mse2psnr = lambda x: -10.0 * torch.log(x) / torch.log(torch.Tensor([10.0]))
for i in range(600):
    select = torch.randint(len(coords), (256,))
    rgb = network(embed(coords[select]))
    optimizer.zero_grad()
    loss = img2mse(rgb, image[select])
    psnr = mse2psnr(loss)
    loss.backward()
    optimizer.step()
    for param_group in optimizer.param_groups:
        param_group["lr"] = 5e-3 * lrate_decay**i
    if i % 150 == 0:
        print(f"[TRAIN] Iter: {i} Loss: {loss.item():.5f} PSNR: {psnr.item():.2f}")
with torch.no_grad():
    rgb = network(embed(coords))
finish(network, rgb, psnr_r2=mse2psnr(img2mse(rgb, image)))
