# Gaussian splatting in two dimensions: 60 blobs with learnt places, widths and heights are summed to a picture; no network at all. Learns: PSNR 27
import math

import torch
from sklearn.datasets import load_sample_image

from digest import finish

torch.manual_seed(0)
image = torch.from_numpy(load_sample_image("flower.jpg").copy()).float().mean(2) / 255
image = torch.nn.functional.adaptive_avg_pool2d(image[None, None], (32, 48))[0, 0]
H, W = image.shape
rows, cols = torch.meshgrid(torch.linspace(0, 1, H), torch.linspace(0, W / H, W), indexing="ij")

N = 60
place = torch.rand(N, 2) * torch.tensor([1.0, W / H])
log_width = torch.full((N, 2), math.log(0.08))
height = torch.randn(N) * 0.1
ground = image.mean().clone()
blobs = [t.requires_grad_() for t in (place, log_width, height, ground)]
adam = torch.optim.Adam([{"params": [place], "lr": 3e-3}, {"params": [log_width, height, ground], "lr": 1e-2}])


def render():
    dy = (rows[None] - place[:, 0, None, None]) / log_width[:, 0].exp()[:, None, None]
    dx = (cols[None] - place[:, 1, None, None]) / log_width[:, 1].exp()[:, None, None]
    return ground + (height[:, None, None] * torch.exp(-0.5 * (dy**2 + dx**2))).sum(0)


for step in range(400):
    adam.zero_grad(set_to_none=True)
    picture = render()
    loss = (picture - image).abs().mean() + ((picture - image) ** 2).mean()
    loss.backward()
    adam.step()
    if step % 100 == 0:
        print(step, loss.item())

with torch.no_grad():
    picture = render()
psnr = -10 * torch.log10(((picture - image) ** 2).mean())
finish(blobs, picture, psnr=psnr)
